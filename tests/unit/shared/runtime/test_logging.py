from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from shared.runtime.logging import configure
from shared.runtime.settings import CommonSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

SESSION = "s3ss10n-of-somebody"
NOISY = ("uvicorn.access", "uvicorn.error", "websockets", "asyncio")


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Logging is global to a process; the next test finds it as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in NOISY}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, held in levels.items():
        logging.getLogger(name).setLevel(held)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def use(log_format: str, level: str = "info") -> None:
    values = {"log_format": log_format, "log_level": level, "instance": "ws-7"}
    configure(CommonSettings.model_validate(values), "ws_service")


def json_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_json_lines_carry_event_fields_level_time_and_who_speaks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    use("json")
    structlog.stdlib.get_logger().warning("room_opened", room="আড্ডা", people=3)
    (line,) = json_lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "room_opened",
        "level": "warning",
        "room": "আড্ডা",
        "people": 3,
        "service": "ws_service",
        "instance": "ws-7",
    }


def test_bangla_is_readable_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    use("json")
    structlog.stdlib.get_logger().info("x", room="আড্ডা")
    assert "আড্ডা" in capsys.readouterr().out


def test_console_lines_carry_event_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    use("console")
    structlog.stdlib.get_logger().info("room_opened", people=3)
    (line,) = capsys.readouterr().out.splitlines()
    assert "room_opened" in line
    assert "people=3" in line
    assert "instance=ws-7" in line


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("trick", ["\x1b[2J", "\x85", "\x9b2J", "\u2028", "\u202e", "\ud800"])
def test_no_text_of_a_stranger_breaks_a_line_or_commands_a_terminal(
    capsys: pytest.CaptureFixture[str], log_format: str, trick: str
) -> None:
    use(log_format)
    structlog.stdlib.get_logger().info("http_request", path=f"/a{trick}b")
    logging.getLogger("alembic").error("it_failed", exc_info=ValueError(trick))
    written = capsys.readouterr().out
    assert trick[0] not in written
    assert "http_request" in written.splitlines()[0]
    assert "b" in written.splitlines()[0]
    assert "ValueError" in written


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_the_standard_librarys_loggers_speak_the_same_form(
    capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    use(log_format)
    logging.getLogger("alembic").warning("moved to %s", "0001")
    (line,) = capsys.readouterr().out.splitlines()
    assert "moved to 0001" in line
    assert "alembic" in line
    assert "ws_service" in line


def test_less_severe_lines_than_asked_for_are_not_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    use("json", "error")
    structlog.stdlib.get_logger().warning("quiet")
    logging.getLogger("alembic").warning("quiet too")
    structlog.stdlib.get_logger().error("loud")
    assert [line["event"] for line in json_lines(capsys)] == ["loud"]


@pytest.mark.parametrize("level", ["debug", "info"])
def test_access_lines_with_query_strings_are_never_written(
    capsys: pytest.CaptureFixture[str], level: str
) -> None:
    use("json", level)
    target = f"/ws/chat/x/?session_id={SESSION}"
    logging.getLogger("uvicorn.access").info('%s - "%s %s" %d', "1.2.3.4", "GET", target, 200)
    logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" [accepted]', "1.2.3.4", target)
    logging.getLogger("uvicorn.error").debug("< GET %s HTTP/1.1", target)
    logging.getLogger("websockets.server").debug("< GET %s HTTP/1.1", target)
    logging.getLogger("asyncio").debug("Using selector: %s", target)
    assert capsys.readouterr().out == ""


def fail(session: str) -> None:
    secret = {"session": session}
    raise ValueError(f"bad, {len(secret)} in hand")


@pytest.mark.parametrize("source", ["structlog", "standard library"])
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_an_exception_is_rendered_with_its_place_and_without_local_variables(
    capsys: pytest.CaptureFixture[str], log_format: str, source: str
) -> None:
    use(log_format)
    try:
        fail(SESSION)
    except ValueError:
        if source == "structlog":
            structlog.stdlib.get_logger().exception("it_failed")
        else:
            logging.getLogger("alembic").exception("it_failed")
    written = capsys.readouterr().out
    assert "it_failed" in written
    assert "ValueError: bad, 1 in hand" in written
    assert "in fail" in written
    assert SESSION not in written
    if log_format == "json":
        (line,) = written.splitlines()
        assert "Traceback" in json.loads(line)["exception"]


def test_an_exception_that_is_passed_as_a_value_is_rendered(
    capsys: pytest.CaptureFixture[str],
) -> None:
    use("json")
    structlog.stdlib.get_logger().error("task_failed", exc_info=ValueError("why"))
    (line,) = json_lines(capsys)
    assert "ValueError: why" in line["exception"]


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_secret_that_somebody_logs_is_hidden(
    capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    use(log_format)
    log = structlog.stdlib.get_logger()
    log.info("asked", query=f"session_id={SESSION}", error=ValueError(f"Bearer {SESSION}"))
    log.error("failed", exc_info=ValueError(f"GET /ws/?session_id={SESSION}"))
    logging.getLogger("library").warning("got %s", f"redis://:{SESSION}@redis/0")
    written = capsys.readouterr().out
    assert "asked" in written
    assert "ValueError" in written
    assert SESSION not in written
