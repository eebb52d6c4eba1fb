"""What people do with the page, as they would; not a test itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import expect
from tests.web.texts import Texts, bn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page
    from tests.web.rooms import Room


_CLICKS: Final = 6
_LOOK_MS: Final = 5_000
_A_NOTCH: Final = 3


class Person:
    """Somebody in front of a page, who reads it in the language of `text`."""

    def __init__(self, page: Page, name: str, text: Texts = bn) -> None:
        """`name` is given when the page asks for one."""
        self.page = page
        self.name = name
        self.text = text

    # ------------------------------------------------------------------ places

    def enter(self, room: Room) -> None:
        """Opens the room's address, gives the name if it is asked for, and is in."""
        self.page.goto(room.path)
        self.give_name()
        self.is_in(room)

    def give_name(self) -> None:
        """Answers the form that asks for it."""
        self.page.get_by_label(self.text("name.label")).fill(self.name)
        self.button("name.enter").click()
        expect(self.button("name.enter")).to_be_hidden()

    def is_in(self, room: Room) -> None:
        """Waits until the room answers."""
        expect(self.page.get_by_role("heading", level=1, name=room.name)).to_be_visible()
        something = self.history.locator("[data-message], [role=status] > *")
        expect(something.first).to_be_visible()

    def come_back(self, room: Room) -> None:
        """Reloads the page and waits until the room answers."""
        self.page.reload()
        self.is_in(room)

    # ------------------------------------------------------------------ what is in sight

    @property
    def history(self) -> Locator:
        """What scrolls."""
        return self.page.get_by_role("region", name=self.text("history.label"))

    @property
    def said(self) -> Locator:
        """Texts of the messages that are drawn, in their order; not of those that wait."""
        return self.page.locator("[data-message] .bubble > p[dir=auto]")

    @property
    def pending(self) -> Locator:
        """Texts of what was written and has not arrived yet."""
        return self.page.locator("[data-pending] .bubble > p[dir=auto]")

    @property
    def field(self) -> Locator:
        """Where one writes."""
        return self.page.get_by_role("textbox", name=self.text("composer.label"))

    @property
    def panel(self) -> Locator:
        """Who is here."""
        return self.page.get_by_role("complementary", name=self.text("room.people"))

    @property
    def menu(self) -> Locator:
        """Of a message."""
        return self.page.get_by_role("menu")

    def row(self, content: str) -> Locator:
        """The message that says `content`."""
        found = self.page.locator("[data-message]")
        return found.filter(has=self.page.get_by_text(content, exact=True))

    def dialog(self, title: str) -> Locator:
        """The open dialog with this title, given by its key."""
        return self.page.get_by_role("dialog", name=self.text(title), exact=True)

    def button(self, key: str, **fillings: str | int) -> Locator:
        """A button by the key of its name."""
        return self.page.get_by_role("button", name=self.text(key, **fillings), exact=True)

    @contextmanager
    def sees(self, text: str) -> Iterator[None]:
        """Waits at the end until `text` has been in sight since the beginning, or is.

        For what goes away by itself, perhaps before a busy machine has looked.
        """
        self.page.evaluate(_WATCH, text)
        yield
        self.page.wait_for_function("text => window.seen.has(text)", arg=text)

    # ------------------------------------------------------------------ what one does

    def say(self, *contents: str) -> None:
        """Writes each and presses Enter."""
        for content in contents:
            self.field.press_sequentially(content)
            self.field.press("Enter")

    def open_menu(self, content: str) -> None:
        """Of the message that says `content`.

        A message that comes just then moves the row away between press and release, and no click
        comes of it: as a person would, one clicks again. A late menu is in the way of that.
        """
        for _ in range(_CLICKS):
            if self.menu.is_visible():
                return
            with suppress(PlaywrightTimeout):
                self.row(content).hover(timeout=_LOOK_MS)
                self.row(content).locator("[aria-haspopup=menu]").click(timeout=_LOOK_MS)
                self.menu.wait_for(timeout=_LOOK_MS)
        expect(self.menu).to_be_visible()

    def choose(self, content: str, action: str) -> None:
        """Takes an action, given by its key, from the menu of a message."""
        self.open_menu(content)
        self.menu.get_by_role("menuitem", name=self.text(action)).click()

    def settings(self) -> Locator:
        """Opens them; they stay open."""
        self.button("room.settings").locator("visible=true").first.click()
        return self.dialog("settings.title")

    def kept_offline(self) -> None:
        """Waits until the browser keeps the page."""
        self.page.evaluate("navigator.serviceWorker.ready.then(() => true)")

    # ------------------------------------------------------------------ reading

    def scroll(self, pixels: int) -> None:
        """Turns the mouse wheel above the history."""
        self.history.hover()
        self.page.mouse.wheel(0, pixels)

    def scroll_up_to(self, content: str) -> None:
        """Turns the wheel until `content` is in sight.

        Only the rows near the sight are drawn, so notches must not pile up while the page is busy:
        together they would lead past it.
        """
        for _ in range(400):
            if self.row(content).evaluate_all(_IS_IN_SIGHT):
                return
            before = self.history.evaluate("history => history.scrollTop")
            self.scroll(-350)
            self.history.evaluate(_HAS_MOVED, [before, _LOOK_MS])
            self.settle(frames=_A_NOTCH)
        raise AssertionError(f"never came to {content!r}")

    def settle(self, frames: int = 12) -> None:
        """Waits until nothing moves for some frames."""
        self.history.evaluate(_STANDS_STILL, frames)

    def first_in_sight(self) -> tuple[str, float]:
        """The topmost message that is whole in sight, and how far below the top it begins."""
        found = self.history.evaluate(_FIRST_IN_SIGHT)
        return str(found["text"]), float(found["top"])

    def top_of(self, content: str) -> float:
        """How far below the top of the history the message `content` begins."""
        box, frame = self.row(content).bounding_box(), self.history.bounding_box()
        assert box is not None
        assert frame is not None
        return box["y"] - frame["y"]


_IS_IN_SIGHT: Final = """(rows) => rows.some((row) => {
  const frame = row.closest('[role="region"]').getBoundingClientRect();
  const { top, bottom } = row.getBoundingClientRect();
  return top >= frame.top && bottom <= frame.bottom;
})"""

_FIRST_IN_SIGHT: Final = """(history) => {
  const edge = history.getBoundingClientRect().top;
  const rows = [...history.querySelectorAll("[data-message]")];
  const row = rows.find((one) => one.getBoundingClientRect().top >= edge);
  const text = row.querySelector(".bubble > p[dir=auto]").innerText;
  return { text, top: row.getBoundingClientRect().top - edge };
}"""

_HAS_MOVED: Final = """async (history, [before, most]) => {
  const end = performance.now() + most;
  while (history.scrollTop === before && before !== 0 && performance.now() < end)
    await new Promise((resolve) => requestAnimationFrame(resolve));
}"""
"""Comes back when it has, or stands at the top: a wheel may be heard late."""

_WATCH: Final = """(text) => {
  window.seen ??= new Set();
  const look = () => { if (document.body.innerText.includes(text)) window.seen.add(text); };
  const all = { subtree: true, childList: true, characterData: true, attributes: true };
  new MutationObserver(look).observe(document.body, all);
}"""

_STANDS_STILL: Final = """async (history, frames) => {
  const picture = () => `${history.scrollTop} ${history.scrollHeight}`;
  let last = picture();
  for (let still = 0; still < frames; ) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const now = picture();
    still = now === last ? still + 1 : 0;
    last = now;
  }
}"""

Enter = Callable[..., Person]
"""Takes a room, a name, and options of Playwright's `new_context`; that person is in the room."""

Options = dict[str, Any]


def remembering(url: str, **kept: bool | str | dict[str, str]) -> Options:
    """Options for somebody whose browser keeps `kept`, such as `language="en"`, from before."""
    items = [{"name": f"adda:{key}", "value": json.dumps(value)} for key, value in kept.items()]
    return {"storage_state": {"cookies": [], "origins": [{"origin": url, "localStorage": items}]}}
