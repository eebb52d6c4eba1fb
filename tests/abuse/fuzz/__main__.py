"""Feeds what reads bytes of strangers with bytes of strangers.

    python -m tests.abuse.fuzz --runs 1000000
    python -m tests.abuse.fuzz --lives 1300000   the state machine of sessions alone, in long lives

With atheris, which finds new ways through the code and follows them, where somebody has installed
it (there are wheels for Linux on x86-64 alone, so it is in no lock file); otherwise, or with
`--plain`, with inputs made of seeds by chance.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

INSTRUMENTED: Final = ("shared", "ws_service", "api_service.pagination", "altcha")
LONGEST: Final = 4096


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.abuse.fuzz", description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000, help="inputs, over all targets")
    parser.add_argument("--target", action="append", help="only this; repeatable")
    parser.add_argument("--seed", type=int, default=1971)
    parser.add_argument("--plain", action="store_true", help="without atheris")
    parser.add_argument("--lives", type=int, help="so many inputs to long lives of sessions alone")
    parser.add_argument("--out", type=Path, help="file for the figures of these")
    parser.add_argument("--input", type=Path, help="only this file, as a fuzzer has left it")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Runs the program; an input that finds a fault ends it with a traceback."""
    options = _options(arguments)
    if options.lives is not None:
        return _lives(options)
    if options.plain or find_spec("atheris") is None:
        return plainly(options)
    return _with_atheris(options)


def plainly(options: argparse.Namespace) -> int:
    """Every target gets its share of the runs."""
    from tests.abuse.fuzz.corpus import seeds  # noqa: PLC0415 - atheris wants to import it first
    from tests.abuse.fuzz.mutation import Mutator  # noqa: PLC0415 - as above
    from tests.abuse.fuzz.targets import TARGETS  # noqa: PLC0415 - as above

    if options.input is not None:
        _split(options.input.read_bytes())
        return 0
    chosen = options.target or list(TARGETS)
    for name in chosen:
        mutator = Mutator(seeds()[name], random.Random(options.seed))
        runs = options.runs // len(chosen)
        began = time.perf_counter()
        for _ in range(runs):
            data = mutator.next()
            try:
                TARGETS[name](data)
            except Exception:  # whatever it is: the input that did it is told, and it goes on up
                print(f"{name} failed on {data!r}")
                raise
        seconds = time.perf_counter() - began
        print(f"{name}: {runs} inputs in {seconds:.1f} s, {runs / seconds:,.0f}/s", flush=True)
    return 0


def _lives(options: argparse.Namespace) -> int:
    from tests.abuse.fuzz.lives import figures  # noqa: PLC0415 - as above

    found = figures(options.lives, options.seed)
    text = json.dumps(found, indent=1, sort_keys=True)
    print(text, flush=True)
    if options.out is not None:
        options.out.write_text(text + "\n")
    return 0


def _with_atheris(options: argparse.Namespace) -> int:
    import atheris  # noqa: PLC0415 - there is not a wheel of it for each machine

    with atheris.instrument_imports(include=list(INSTRUMENTED)):
        from tests.abuse.fuzz import targets  # noqa: PLC0415 - instrumented while it is imported
    from tests.abuse.fuzz.corpus import PIECES, seeds  # noqa: PLC0415 - as above

    numbers = {name: number for number, name in enumerate(targets.TARGETS)}
    chosen = options.target or list(numbers)
    with tempfile.TemporaryDirectory(prefix="adda-fuzz-") as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for name in chosen:
            for number, seed in enumerate(seeds()[name]):
                (corpus / f"{name}-{number}").write_bytes(bytes([numbers[name]]) + seed)
        pieces = Path(folder) / "pieces"
        lines = ("".join(f"\\x{byte:02x}" for byte in piece) for piece in PIECES if len(piece) < 64)
        pieces.write_text("".join(f'"{line}"\n' for line in lines))
        own = [f"-runs={options.runs}", f"-seed={options.seed}", f"-max_len={LONGEST}"]
        more = [f"-dict={pieces}", "-print_final_stats=1", "-rss_limit_mb=4096"]
        atheris.Setup([sys.argv[0], *own, *more, str(corpus)], _only(_split, chosen, numbers))
        atheris.Fuzz()
    return 0


def _only(
    split: Callable[[bytes], None], chosen: list[str], numbers: dict[str, int]
) -> Callable[[bytes], None]:
    """Turns the first byte into one of the chosen targets' numbers."""
    wanted = [numbers[name] for name in chosen]

    def one(data: bytes) -> None:
        if data:
            split(bytes([wanted[data[0] % len(wanted)]]) + data[1:])

    return one if len(chosen) < len(numbers) else split


def _split(data: bytes) -> None:
    """The first byte says which target the others are for."""
    from tests.abuse.fuzz.targets import TARGETS  # noqa: PLC0415 - see above

    if data:
        found: Any = list(TARGETS.values())
        found[data[0] % len(found)](data[1:])


if __name__ == "__main__":
    sys.exit(main())
