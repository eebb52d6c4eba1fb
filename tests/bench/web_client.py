"""Measures the web client in a real Chromium on a real stack; writes JSON for its page.

    python -m tests.bench.web_client [--quick] [--out FILE]

Four figures: what Lighthouse says of the two pages; how smooth the page stays while a thousand
messages a second come into its room; whether its memory stays level over as many messages as a busy
hour brings; and how smoothly a hundred thousand messages scroll.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import os
import re
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
from playwright.sync_api import sync_playwright
from tests.bench.adda import OPEN_DOORS
from tests.load.results import machine
from websockets.sync.client import connect

from local_stack.ports import free_ports
from local_stack.services import PAGE, StackOptions
from local_stack.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, ViewportSize

ROOT: Final = Path(__file__).parents[2]
WEB: Final = ROOT / "gateway" / "web"
PHONE: Final[ViewportSize] = {"width": 360, "height": 740}
TALKERS: Final = 2
TICK_SECONDS: Final = 0.02
TEXT: Final = "আজকের খেলায় কী হবে কে জানে, চলুন দেখি 🏏"
TYPED: Final = "ami ekhane likhchi ebong shob thik ache "
WATCH_FRAMES: Final = """() => {
  window.__frames = []; window.__keys = [];
  let last = performance.now();
  const step = (now) => { __frames.push(now - last); last = now; requestAnimationFrame(step); };
  requestAnimationFrame(step);
  document.querySelector("textarea").addEventListener("keydown", (event) => {
    const begun = event.timeStamp;
    requestAnimationFrame(() => setTimeout(() => __keys.push(performance.now() - begun)));
  });
}"""

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything."""

    rate: int = 1_000
    """Messages per second into the room."""
    flood_seconds: float = 20.0
    hour_messages: int = 60_000
    """A busy hour: a message every 60 ms, in a minute."""
    long_room: int = 100_000
    scrolls: int = 6_000
    """At most; a turn of the wheel is 3,000 pixels."""
    audits: int = 3


QUICK: Final = Sizes(
    rate=100, flood_seconds=6.0, hour_messages=400, long_room=400, scrolls=20, audits=1
)


def talk(url: str, room: str, rate: float, count: int, talker: int) -> None:
    """Sends `count` messages, `rate` per second, over one socket; a process of its own."""
    address = f"{url}/ws/chat/{room}/?username=talker{talker}&roster=delta"
    with connect(address, compression=None, max_size=None) as socket:
        begun, sent = time.monotonic(), 0
        while sent < count:
            due = min(count, int((time.monotonic() - begun) * rate))
            for number in range(sent, due):
                content = f"{talker}-{number}: {TEXT}"
                socket.send(json.dumps({"type": "message", "content": content}))
            sent = max(sent, due)
            _hear_all(socket, TICK_SECONDS)
        _hear_all(socket, 1.0)


def _hear_all(socket: Any, seconds: float) -> None:
    """What comes for a talker is taken and let go, or its socket would be a slow one."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            socket.recv(timeout=left)
        except TimeoutError:
            return


@contextmanager
def talking(stack: Stack, room: str, rate: float, count: int) -> Iterator[None]:
    """Others send `count` messages meanwhile; ends when all are sent."""
    spawn = multiprocessing.get_context("spawn")
    talkers = [
        spawn.Process(target=talk, args=(stack.ws_url, room, rate / TALKERS, count // TALKERS, at))
        for at in range(TALKERS)
    ]
    for talker in talkers:
        talker.start()
    try:
        yield
        for talker in talkers:
            talker.join()
    finally:
        for talker in talkers:
            talker.kill()


def make_room(stack: Stack) -> str:
    """A new room's id."""
    answer = httpx.post(
        f"{stack.url}/api/rooms/", json={"name": "খেলা", "max_users": 1000}, trust_env=False
    )
    answer.raise_for_status()
    return str(answer.json()["id"])


def enter(browser: Browser, stack: Stack, room: str) -> Page:
    """A phone's page in the room."""
    context = browser.new_context(viewport=PHONE, base_url=stack.url, locale="bn-BD")
    page = context.new_page()
    page.on("pageerror", lambda error: sys.exit(f"the page failed: {error}"))
    identity = {"sessionId": secrets.token_urlsafe(24), "username": "দর্শক", "color": "#1565c0"}
    text = json.dumps(json.dumps(identity))
    page.add_init_script(f"localStorage.setItem('adda:identity', {text})")
    page.goto(f"/r/{room}")
    page.get_by_role("textbox", name="বার্তা লিখুন").wait_for()
    return page


def flood(browser: Browser, stack: Stack, sizes: Sizes) -> Figures:
    """Frames and typing while messages pour in."""
    room = make_room(stack)
    page = enter(browser, stack, room)
    with talking(stack, room, sizes.rate, int(sizes.rate * sizes.flood_seconds)):
        page.locator("[data-message]").first.wait_for()
        page.evaluate(WATCH_FRAMES)
        until = time.monotonic() + sizes.flood_seconds / 2
        field = page.get_by_role("textbox", name="বার্তা লিখুন")
        while time.monotonic() < until:
            field.press_sequentially(TYPED, delay=60)
        frames, keys = page.evaluate("[__frames, __keys]")
    shown = _shown_at_end(page, stack, room)
    page.context.close()
    return {
        "rate": sizes.rate,
        **smoothness(frames),
        "all_shown": shown,
        "key_to_paint_p50_ms": _quantile(keys, 0.5),
        "key_to_paint_p95_ms": _quantile(keys, 0.95),
    }


def smoothness(frames: list[float]) -> Figures:
    """Frames per second over all, and in the worst whole second; milliseconds in, figures out."""
    seconds: list[int] = [0]
    spent = 0.0
    for frame in frames:
        spent += frame
        while spent >= len(seconds) * 1_000:
            seconds.append(0)
        seconds[-1] += 1
    return {
        "frames_per_second": round(1_000 * len(frames) / sum(frames), 1),
        "worst_second": min(seconds[:-1], default=0),
        "frame_p95_ms": _quantile(frames, 0.95),
        "frame_max_ms": round(max(frames), 1),
    }


def hour(browser: Browser, stack: Stack, sizes: Sizes) -> Figures:
    """Memory, after garbage collection, while an hour's messages pass."""
    room = make_room(stack)
    page = enter(browser, stack, room)
    heaps: list[float] = []
    with talking(stack, room, sizes.rate, sizes.hour_messages):
        for _ in range(6):
            page.wait_for_timeout(1_000 * sizes.hour_messages / sizes.rate / 6)
            heaps.append(_heap_megabytes(page))
    shown = _shown_at_end(page, stack, room)
    heaps.append(_heap_megabytes(page))
    nodes = page.evaluate("document.querySelectorAll('*').length")
    page.context.close()
    return {"messages": sizes.hour_messages, "heap_mb": heaps, "nodes": nodes, "all_shown": shown}


def long_room(browser: Browser, stack: Stack, sizes: Sizes) -> Figures:
    """Scrolling up through a room with very many messages, as fast as a wheel goes."""
    room = make_room(stack)
    with talking(stack, room, 2 * sizes.rate, sizes.long_room):
        pass
    page = enter(browser, stack, room)
    page.locator("[data-message]").first.wait_for()
    page.evaluate(WATCH_FRAMES)
    newest = _seqs(page)[-1]
    page.mouse.move(180, 300)
    for turn in range(sizes.scrolls):
        page.mouse.wheel(0, -3_000)
        page.wait_for_timeout(12)
        if turn % 100 == 0 and _seqs(page)[:1] == [1]:
            break
    frames = page.evaluate("__frames")
    page.wait_for_timeout(1_000)
    passed, heap = newest - _seqs(page)[0] + 1, _heap_megabytes(page)
    page.context.close()
    return {
        "messages": sizes.long_room,
        "passed": passed,
        "heap_mb": heap,
        **smoothness(frames),
    }


def _seqs(page: Page) -> list[int]:
    script = "[...document.querySelectorAll('[data-message]')].map((e) => +e.dataset.message)"
    return [int(seq) for seq in page.evaluate(script)]


def _shown_at_end(page: Page, stack: Stack, room: str) -> bool:
    """Does the page end with the room's newest message?"""
    answer = httpx.get(f"{stack.url}/api/rooms/{room}/messages/?limit=1", trust_env=False).json()
    page.wait_for_timeout(1_500)
    return _seqs(page)[-1:] == [answer["messages"][0]["seq"]]


def _heap_megabytes(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = float(session.send("Runtime.getHeapUsage")["usedSize"])
    session.detach()
    return round(used / 2**20, 1)


def _quantile(values: list[float], share: float) -> float:
    return round(sorted(values)[min(len(values) - 1, int(len(values) * share))], 1)


# ------------------------------------------------------------------------------ Lighthouse, sizes


def audits(stack: Stack, chromium: str, sizes: Sizes) -> Figures:
    """Lighthouse on its mobile profile (simulated slow 4G, processor four times slower)."""
    paths = {"rooms": "/", "room": f"/r/{make_room(stack)}"}
    return {
        name: _median([_audit(stack.url + path, chromium) for _ in range(sizes.audits)])
        for name, path in paths.items()
    }


def _audit(url: str, chromium: str) -> Figures:
    node = Path(sys.executable).with_name("node")
    command = [
        str(node),
        str(WEB / "node_modules/lighthouse/cli/index.js"),
        url,
        "--quiet",
        "--chrome-flags=--headless=new --no-sandbox",
        "--output=json",
        "--only-categories=performance,accessibility,best-practices",
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
        env={**os.environ, "CHROME_PATH": chromium},
    )
    report = json.loads(done.stdout)
    scores = {name: round(100 * each["score"]) for name, each in report["categories"].items()}
    times = {
        "first_paint_ms": "first-contentful-paint",
        "largest_paint_ms": "largest-contentful-paint",
        "interactive_ms": "interactive",
        "blocking_ms": "total-blocking-time",
    }
    return {
        **{name.replace("-", "_"): score for name, score in scores.items()},
        **{name: round(report["audits"][key]["numericValue"]) for name, key in times.items()},
        "layout_shift": round(report["audits"]["cumulative-layout-shift"]["numericValue"], 3),
    }


def _median(runs: list[Figures]) -> Figures:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def first_load(built: Path) -> dict[str, int]:
    """Bytes that a first visit to a room fetches: scripts and styles gzipped, fonts as they are."""
    page = (built / "index.html").read_text(encoding="utf-8")
    assets = [built / name for name in re.findall(r'(?:src|href)="/(assets/[^"]+)"', page)]
    assets += (built / "assets").glob("room-*")
    gzipped = {path: len(gzip.compress(path.read_bytes(), 6)) for path in set(assets)}
    return {
        "javascript": sum(size for path, size in gzipped.items() if path.suffix == ".js"),
        "css": sum(size for path, size in gzipped.items() if path.suffix == ".css"),
        "fonts": sum(path.stat().st_size for path in (built / "assets").glob("*.woff2")),
    }


def measure(sizes: Sizes, chromium: str) -> Figures:
    """All figures."""
    folder = Path(tempfile.mkdtemp(prefix="adda-bench-"))
    folder.chmod(0o755)  # under root, PostgreSQL and nginx run as nobody
    options = StackOptions(
        directory=folder / "stack",
        port=free_ports(1)[0],
        durable=False,
        ws=2,
        page=PAGE,
        environment=OPEN_DOORS,
    )
    found: Figures = {"machine": machine(), "first_load": first_load(PAGE)}
    try:
        with Stack(options) as stack, sync_playwright() as playwright:
            found["lighthouse"] = audits(stack, chromium, sizes)
            flags = ["--no-sandbox", "--disable-dev-shm-usage"]
            browser = playwright.chromium.launch(executable_path=chromium, args=flags)
            for name, run in (("flood", flood), ("hour", hour), ("long_room", long_room)):
                found[name] = run(browser, stack, sizes)
                print(f"{name}: {found[name]}", flush=True)
            browser.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.web_client", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="does it work? figures mean nothing")
    parser.add_argument("--out", type=Path, default=Path(".adda-bench/web_client.json"))
    options = parser.parse_args(arguments)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("no browser: install chromium", file=sys.stderr)
        return 1
    found = measure(QUICK if options.quick else Sizes(), chromium)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
