"""The one exception that ends a run with a clear line instead of a traceback."""

from __future__ import annotations

from typing_extensions import override


class StackError(Exception):
    """Something the person at the keyboard can mend.

    `problem` says what is wrong, `remedy` what to do; `details` are lines to show below them,
    such as the last lines of a child's log.
    """

    def __init__(self, problem: str, remedy: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(problem, remedy, details)
        self.problem = problem
        self.remedy = remedy
        self.details = details

    @override
    def __str__(self) -> str:
        return "\n".join([f"{self.problem} → {self.remedy}", *(f"  | {x}" for x in self.details)])
