"""The texts that the page shows, read from its own catalogues; not a test itself."""

from __future__ import annotations

import json
import re
from typing import Final

from tests.conftest import ROOT

_FOLDER: Final = ROOT / "gateway" / "web" / "src" / "text"
_ENTRY: Final = re.compile(r'^\s*"(?P<key>[\w.]+)":\s*(?P<text>"(?:[^"\\]|\\.)*"),$', re.MULTILINE)
_BANGLA_DIGITS: Final = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")


class Texts:
    """One catalogue: `bn("rooms.online", count=3)` is `৩ জন আছেন`."""

    def __init__(self, language: str) -> None:
        """`language` is the name of a file, such as `bn`."""
        self.language = language
        files = (_FOLDER / f"{name}{language}.ts" for name in ("", "staff_"))
        source = "\n".join(file.read_text(encoding="utf-8") for file in files)
        self._texts = {one["key"]: str(json.loads(one["text"])) for one in _ENTRY.finditer(source)}

    def __call__(self, key: str, **fillings: str | int) -> str:
        """The text of `key`, with numbers in the digits of the language."""
        text = self._texts[key]
        for name, value in fillings.items():
            filled = value if isinstance(value, str) else self.number(value)
            text = text.replace(f"{{{name}}}", filled)
        return text

    def number(self, value: int) -> str:
        """As the page writes it."""
        if self.language != "bn":
            return f"{value:,}"
        # The last three digits are a group, and above them each two: ১,২৩,৪৫৬.
        grouped = re.sub(r"\d(?=(\d\d)*\d{3}$)", r"\g<0>,", str(value))
        return grouped.translate(_BANGLA_DIGITS)


bn: Final = Texts("bn")
en: Final = Texts("en")
