"""Who stands above the rules of a room: by their rank, by another way in, or from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from tests.abuse.scene import EVERYWHERE, OTHERS, TROLL, Scene, code_of, refused

if TYPE_CHECKING:
    from tests.abuse.scene import Person

SWEAR: Final = "গোবরগণেশ"


async def own_room(person: Person) -> str:
    answer = await person.call("POST", "/api/rooms/", name="নিজের রুম")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def moderator(scene: Scene, name: str, address: str) -> Person:
    """Somebody to whom the owner gave the key."""
    person = await scene.person(name, address)
    key = (await scene.decide("POST", "link/", 201))["key"]
    await scene.decide("POST", "moderators/", 204, by=person, key=key)
    return person


async def test_administrators_decide_for_all_rooms_at_once(scene: Scene) -> None:
    troll = await scene.person("ট্রল", TROLL)
    client = await scene.come(troll, 2)
    place = f"/api/rooms/{EVERYWHERE}/moderation/sanctions/"
    assert (await scene.owner.call("POST", place, kind="ban", name="স্প্যাম*")).status_code == 403
    ban = await scene.decide_everywhere("POST", "sanctions/", kind="ban", user_id=troll.id)
    assert await client.wait_closed() == 4003
    assert await refused(scene, troll, 1) == "banned"
    await scene.decide_everywhere("DELETE", f"sanctions/{ban['id']}/", 204)
    assert (await scene.come(troll, 1)).events[0]["type"] == "welcome"


async def test_who_is_banned_from_all_rooms_has_none_of_their_own(scene: Scene) -> None:
    troll = await scene.person("ট্রল", TROLL)
    room = await own_room(troll)
    client = await scene.come(troll, 1, room)
    assert client.events[0]["role"] == "owner"
    ban = await scene.decide_everywhere("POST", "sanctions/", kind="ban", user_id=troll.id)
    assert await client.wait_closed() == 4003
    assert code_of(await troll.say(room, "আমার রুম!")) == "banned"
    assert code_of(await troll.call("POST", "/api/rooms/", name="আরেকটা")) == "banned"
    rules = await troll.call("PATCH", f"/api/rooms/{room}/moderation/", notice="আমার নিয়ম")
    assert code_of(rules) == "forbidden"
    await scene.decide_everywhere("DELETE", f"sanctions/{ban['id']}/", 204)
    assert (await troll.say(room, "ফিরলাম")).status_code == 201


async def test_words_of_all_rooms_are_unwanted_from_owners_too(scene: Scene) -> None:
    await scene.come(scene.owner, 1)
    word = await scene.decide_everywhere("POST", "words/", 201, word=SWEAR, action="block")
    try:
        assert code_of(await scene.owner.say(scene.room, SWEAR)) == "words_refused"
        client = await scene.come(scene.owner, 2)
        await client.say(SWEAR, client_id="ক")
        assert (await client.wait_for("error"))["code"] == "words_refused"
    finally:
        await scene.decide_everywhere("DELETE", f"words/{word['id']}/", 204)
    await scene.decide("POST", "words/", 201, word=SWEAR, action="block")
    assert (await scene.owner.say(scene.room, SWEAR)).status_code == 201


async def test_a_moderator_whom_the_owner_bans_is_out_and_rules_no_more(scene: Scene) -> None:
    fallen = await moderator(scene, "পরিচালক", OTHERS)
    client = await scene.come(fallen, 2)
    assert client.events[0]["role"] == "moderator"
    ban = {"kind": "ban", "user_id": fallen.id}
    assert code_of(await fallen.call("POST", sanctions(scene), **ban)) == "forbidden"
    await scene.sanction(**ban)
    assert await client.wait_closed() == 4003
    assert await refused(scene, fallen, 1) == "banned"
    assert (
        code_of(await fallen.call("POST", sanctions(scene), kind="ban", name="সব*")) == "forbidden"
    )


async def test_a_locked_room_is_not_open_by_rest(scene: Scene) -> None:
    inside, outside = await scene.person("ভেতরে", OTHERS), await scene.person("বাইরে", TROLL)
    client = await scene.come(inside, 1)
    before = (await outside.say(scene.room, "আগের কথা")).json()["id"]
    await scene.decide("PATCH", "", 200, locked=True)
    assert code_of(await outside.say(scene.room, "আমিও আছি")) == "room_locked"
    join = {"room_id": scene.room, "username": "বাইরে"}
    assert code_of(await outside.call("POST", "/api/join-room/", **join)) == "room_locked"
    changed = await outside.call("PATCH", f"/api/messages/{before}/", content="হামলা!")
    assert code_of(changed) == "room_locked"
    assert (await inside.say(scene.room, "আমি ভেতরে")).status_code == 201
    assert (await scene.owner.say(scene.room, "আমি মালিক")).status_code == 201
    await client.wait_for("message", lambda event: event["message"] == "আমি মালিক")
    assert client.texts == ["আগের কথা", "আমি ভেতরে", "আমি মালিক"]


@pytest.mark.parametrize("kind", ["mute", "shadow_mute"])
async def test_nobody_who_is_silenced_speaks_by_a_new_name(scene: Scene, kind: str) -> None:
    troll, other = await scene.person("ট্রল", TROLL), await scene.person("অন্যজন", OTHERS)
    loud, ears = await scene.come(troll, 1), await scene.come(other, 2)
    await scene.sanction(kind, user_id=troll.id)
    await scene.settle(loud, ears)
    await loud.send(type="user_update", username="শুনছ?")
    join = {"room_id": scene.room, "username": "শুনছ না?"}
    assert (await troll.call("POST", "/api/join-room/", **join)).json()["username"] == "ট্রল"
    again = await scene.come(troll, 2, username="শোনো!")
    assert again.events[0]["username"] == "ট্রল"
    await loud.say("শেষ", client_id="শেষ")
    answer = "ack" if kind == "shadow_mute" else "error"
    await loud.wait_for(answer, lambda event: event["client_id"] == "শেষ")
    await ears.say("শুনি")
    await ears.wait_for("message", lambda event: event["message"] == "শুনি")
    told = [event["message"] for event in ears.of("system")]
    assert not [text for text in told if "শুনছ" in text or "শোনো" in text]


async def test_who_speaks_by_rest_alone_can_be_banned_by_address(scene: Scene) -> None:
    troll, twin = [await scene.person(name, TROLL) for name in ("ট্রল", "যমজ")]
    message = (await troll.say(scene.room, "বিজ্ঞাপন")).json()["id"]
    await scene.sanction("ban", message_id=message, by_address=True)
    for person in (troll, twin, await scene.person("নতুন", TROLL)):
        assert code_of(await person.say(scene.room, "বিজ্ঞাপন")) == "banned"
    other = await scene.person("অন্যজন", OTHERS)
    assert (await other.say(scene.room, "আমি না")).status_code == 201


async def test_the_id_that_stands_for_all_rooms_is_no_room(scene: Scene) -> None:
    troll = await scene.person("ট্রল", TROLL)
    client = await scene.come(troll, 1, EVERYWHERE)
    assert await client.wait_closed() == 4000
    assert client.events[0]["code"] == "room_not_found"
    join = {"room_id": EVERYWHERE, "username": "ট্রল"}
    assert code_of(await troll.call("POST", "/api/join-room/", **join)) == "room_not_found"
    assert code_of(await troll.say(EVERYWHERE, "সবাইকে")) == "room_not_found"


def sanctions(scene: Scene) -> str:
    return f"/api/rooms/{scene.room}/moderation/sanctions/"
