from __future__ import annotations

import json
from typing import Any

import pytest
from audit import HOLES, NOT_ASKED, NOTHING_KNOWN, Answer, judge_npm, judge_pip, main, told, verdict

LOCKED = {"a", "b", "typing-extensions"}


def pip_report(*dependencies: dict[str, Any]) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


def clean(name: str) -> dict[str, Any]:
    return {"name": name, "version": "1", "vulns": []}


def npm_report(**vulnerabilities: dict[str, Any]) -> str:
    dependencies = {"total": 5}
    return json.dumps(
        {"vulnerabilities": vulnerabilities, "metadata": {"dependencies": dependencies}}
    )


def test_pip_says_that_nothing_is_known() -> None:
    report = pip_report(clean("a"), clean("b"), clean("typing_extensions"))
    assert judge_pip("x", report, LOCKED) == Answer("x", asked=True)


def test_pip_names_a_hole() -> None:
    hole = {"id": "PYSEC-1", "fix_versions": ["2"], "aliases": [], "description": ""}
    report = pip_report(
        clean("a"), clean("typing-extensions"), {"name": "b", "version": "1", "vulns": [hole]}
    )
    answer = judge_pip("x", report, LOCKED)
    assert answer.holes == ["b 1: PYSEC-1, mended in ['2']"]
    assert verdict([answer]) == HOLES


@pytest.mark.parametrize(
    "report",
    [
        "",  # its traceback went to the other stream
        "not JSON",
        "[]",
        "{}",
        pip_report(),
        pip_report(clean("a")),
        pip_report(clean("a"), clean("b"), {"name": "typing_extensions", "skip_reason": "404"}),
    ],
)
def test_who_could_not_ask_pips_service_is_not_green(report: str) -> None:
    answer = judge_pip("x", report, LOCKED)
    assert verdict([answer]) == NOT_ASKED
    assert "COULD NOT ASK" in told([answer])


def test_npm_says_that_nothing_is_known() -> None:
    assert judge_npm("x", npm_report()) == Answer("x", asked=True)


def test_npm_names_a_hole() -> None:
    answer = judge_npm("x", npm_report(left={"range": "<2", "severity": "high"}))
    assert answer.holes == ["left <2: high"]
    assert verdict([answer]) == HOLES


@pytest.mark.parametrize(
    "report",
    [
        "",
        '{"message": "405 Method Not Allowed", "statusCode": 405, "body": ""}',
        '{"vulnerabilities": {}, "metadata": {"dependencies": {"total": 0}}}',
        '{"vulnerabilities": {}}',
    ],
)
def test_who_could_not_ask_npms_service_is_not_green(report: str) -> None:
    answer = judge_npm("x", report)
    assert verdict([answer]) == NOT_ASKED
    assert "COULD NOT ASK" in told([answer])


def test_a_hole_weighs_more_than_a_question_without_an_answer() -> None:
    answers = [Answer("x", asked=False), Answer("y", asked=True, holes=["z"])]
    assert verdict(answers) == HOLES
    assert verdict([Answer("x", asked=True)]) == NOTHING_KNOWN


def test_everything_is_asked_about_and_the_verdict_is_the_exit_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    about: list[str] = []

    def ask(part: str) -> Answer:
        about.append(part)
        return Answer(part, asked=part != "web")

    assert main(ask, ask) == NOT_ASKED
    assert about == ["tests", "bootstrap", "node", "web"]
    assert "✓ tests" in capsys.readouterr().out
