"""Takes the pictures of the READMEs: a conversation of three, as they see it.

python -m tests.web.pictures [FOLDER]
"""

from __future__ import annotations

import json
import secrets
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
from playwright.sync_api import sync_playwright

from local_stack.ports import free_ports
from local_stack.services import PAGE, StackOptions
from local_stack.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER: Final = Path(__file__).parents[2] / "deploy" / "docs" / "pictures"
WRITE: Final = "textarea"


@dataclass(frozen=True, slots=True)
class Screen:
    """What somebody looks at."""

    width: int
    height: int
    theme: str = "light"
    language: str = "bn"
    phonetic: bool = False


TALK: Final = (
    ("mita", "আজকের খেলাটা দেখছেন তো সবাই? 🏏"),
    ("rakib", "দেখছি! শেষ ওভারে কী হয় কে জানে"),
    ("rakib", "আর মাত্র ১২ রান লাগে"),
    ("sumi", "মাঠে যা শব্দ, কিছুই শোনা যাচ্ছে না 😄"),
    ("mita", "চার! চার! 🔥"),
    ("sumi", "স্কোর এখানে: https://example.com/score"),
    ("rakib", "জিতে গেছি!! চা খাওয়াতে হবে কিন্তু"),
    ("mita", "🎉🎉🎉"),
    ("sumi", "কাল সন্ধ্যায় টিএসসিতে। সবাই আসবেন ☕"),
)


def person(browser: Browser, url: str, name: str, color: str, screen: Screen) -> Page:
    """A page of somebody who has been here before."""
    context = browser.new_context(
        viewport={"width": screen.width, "height": screen.height},
        base_url=url,
        locale="bn-BD",
        timezone_id="Asia/Dhaka",
        device_scale_factor=1.5 if screen.width < 500 else 1,
    )
    kept: dict[str, Any] = {
        "identity": {"sessionId": secrets.token_urlsafe(24), "username": name, "color": color},
        "theme": screen.theme,
        "language": screen.language,
        "phonetic": screen.phonetic,
    }
    page = context.new_page()
    for key, value in kept.items():
        page.add_init_script(f"localStorage.setItem('adda:{key}', {json.dumps(json.dumps(value))})")
    return page


def take(browser: Browser, url: str, folder: Path) -> None:
    """Lets them talk, and takes the pictures."""
    rooms = {room["name"]: room["id"] for room in _rooms(url)}
    room = rooms["খেলাধুলা"]
    people = {
        "rakib": person(browser, url, "রাকিব", "#c2571a", Screen(360, 740)),
        "mita": person(browser, url, "মিতা", "#2f7d32", Screen(1440, 900)),
        "sumi": person(browser, url, "সুমি", "#5e35b1", Screen(360, 740, "dark", phonetic=True)),
    }
    for page in people.values():
        page.goto(f"/r/{room}")
        page.locator(WRITE).wait_for()
    for name, text in TALK:
        people[name].fill(WRITE, text)
        people[name].keyboard.press("Enter")
        for page in people.values():
            page.locator("[data-message]", has_text=text).first.wait_for()
    people["sumi"].locator(WRITE).press_sequentially("ami banglay gan", delay=20)
    newcomer = person(browser, url, "তানিয়া", "#00796b", Screen(360, 740))
    newcomer.goto("/")
    newcomer.get_by_text("খেলাধুলা").first.wait_for()
    pages = {"rooms": newcomer, "phone": people["sumi"], "desk": people["mita"]}
    for name, page in pages.items():
        page.wait_for_timeout(800)
        page.screenshot(path=folder / f"{name}.png")


def _rooms(url: str) -> list[dict[str, Any]]:
    answer = httpx.get(f"{url}/api/public-rooms/", trust_env=False)
    found: list[dict[str, Any]] = answer.raise_for_status().json()["rooms"]
    return found


def main(arguments: list[str]) -> int:
    """Runs the program; returns its exit code."""
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    if chromium is None:
        print("no browser: install chromium", file=sys.stderr)
        return 1
    place = Path(tempfile.mkdtemp(prefix="adda-pictures-"))
    place.chmod(0o755)  # under root, PostgreSQL and nginx run as nobody
    options = StackOptions(
        directory=place / "stack", port=free_ports(1)[0], durable=False, page=PAGE
    )
    try:
        with Stack(options) as stack, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            take(browser, stack.url, folder)
            browser.close()
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
