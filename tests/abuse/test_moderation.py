"""What staff decide holds at every replica within a second, and whatever somebody tries then.

People talk through the gateway to one of two replicas each; staff act by REST, at either of two.
"""

from __future__ import annotations

import asyncio

import pytest
from tests.abuse.scene import OTHERS, TROLL, Scene, code_of, refused
from tests.patience import PATIENCE_SECONDS, eventually

from shared.domain.default_words import DEFAULT_WORDS


@pytest.mark.parametrize("replica", [1, 2])
async def test_who_is_banned_is_out_at_every_replica_and_stays_out(
    scene: Scene, replica: int
) -> None:
    troll = await scene.person("ট্রল", TROLL)
    client = await scene.come(troll, replica)
    await scene.sanction("ban", user_id=troll.id, seconds=600, reason="গালাগালি")
    error = await client.wait_for("error")
    assert error["code"] == "banned"
    assert 590 < error["retry_after"] <= 600
    assert await client.wait_closed() == 4003
    for again in (1, 2):
        assert await refused(scene, troll, again) == "banned"
        assert await refused(scene, troll, again, username="ভালো মানুষ") == "banned"
    assert code_of(await troll.say(scene.room, "আমি ফিরেছি")) == "banned"
    join = {"room_id": scene.room, "username": "অন্য নাম"}
    assert code_of(await troll.call("POST", "/api/join-room/", **join)) == "banned"


async def test_a_ban_of_an_address_meets_everybody_who_comes_from_there(scene: Scene) -> None:
    troll, twin = [await scene.person(name, TROLL) for name in ("ট্রল", "যমজ")]
    other = await scene.person("অন্যজন", OTHERS)
    here, there, beside = [
        await scene.come(person, n) for person, n in ((troll, 1), (twin, 2), (other, 1))
    ]
    await scene.sanction("ban", user_id=troll.id, by_address=True)
    assert await here.wait_closed() == 4003
    assert await there.wait_closed() == 4003
    assert await refused(scene, await scene.person("নতুন", TROLL), 2) == "banned"
    await beside.say("আমি আছি")
    assert (await beside.wait_for("message"))["message"] == "আমি আছি"
    [shown] = (await scene.decide("GET", "", 200))["sanctions"]
    assert (shown["by"], shown["name"], shown["user_id"]) == ("address", "ট্রল", None)
    assert shown["until"] is not None  # no longer than the name of the address is kept


async def test_a_ban_of_names_meets_who_bears_one_and_who_takes_one(scene: Scene) -> None:
    good = await scene.person("ভালো মানুষ", OTHERS)
    client = await scene.come(good, 2)
    await scene.sanction("ban", name="স্প্যাম*")
    assert await refused(scene, await scene.person("স্প্যাম ১২", TROLL), 1) == "banned"
    await client.send(type="user_update", username="স্প্যাম ৯")
    assert await client.wait_closed() == 4003


async def test_who_is_lifted_may_come_and_speak_again(scene: Scene) -> None:
    troll = await scene.person("ট্রল", TROLL)
    ban = await scene.sanction("ban", user_id=troll.id)
    assert await refused(scene, troll, 1) == "banned"
    await scene.decide("DELETE", f"sanctions/{ban['id']}/", 204)
    client = await scene.come(troll, 1)
    await client.say("ধন্যবাদ")
    assert (await client.wait_for("message"))["message"] == "ধন্যবাদ"


async def test_who_is_muted_reads_but_says_types_changes_and_renames_nothing(scene: Scene) -> None:
    troll, other = await scene.person("ট্রল", TROLL), await scene.person("অন্যজন", OTHERS)
    loud, ears = await scene.come(troll, 1), await scene.come(other, 2)
    before = (await troll.say(scene.room, "আগের কথা")).json()
    await ears.wait_for("message")
    await scene.sanction("mute", user_id=troll.id, seconds=600)
    await scene.settle(loud, ears)
    await loud.say("শুনছ?", client_id="ক")
    error = await loud.wait_for("error")
    assert (error["code"], error["client_id"]) == ("muted", "ক")
    await loud.send(type="typing", typing=True)
    await loud.send(type="user_update", username="চিৎকার")
    await loud.wait_for("error", lambda e: e["client_id"] is None)
    assert code_of(await troll.say(scene.room, "শুনছ?")) == "muted"
    change = await troll.call("PATCH", f"/api/messages/{before['id']}/", content="গালি")
    assert code_of(change) == "muted"
    # A reconnect at another replica helps nobody, under whichever name.
    again = await scene.come(troll, 2, username="চিৎকার")
    assert again.events[0]["username"] == "ট্রল"
    await again.say("এবার?", client_id="খ")
    assert (await again.wait_for("error"))["code"] == "muted"
    await ears.say("আমি বলছি")
    for client in (loud, ears):
        await client.wait_for("message", lambda e: e["message"] == "আমি বলছি")
    assert ears.texts == ["আগের কথা", "আমি বলছি"]
    assert ears.of("typing") == []
    assert all("চিৎকার" not in event["message"] for event in ears.of("system"))


async def test_a_shadow_hears_itself_and_nobody_else_hears_it(scene: Scene) -> None:
    troll, other = await scene.person("ট্রল", TROLL), await scene.person("অন্যজন", OTHERS)
    loud, ears = await scene.come(troll, 1), await scene.come(other, 2)
    await scene.sanction("shadow_mute", user_id=troll.id)
    await scene.settle(loud, ears)
    await loud.say("শুনছ?", client_id="ক")
    assert (await loud.wait_for("ack"))["client_id"] == "ক"
    assert (await loud.wait_for("message"))["message"] == "শুনছ?"
    sent = await troll.say(scene.room, "শুনছ?")
    assert (sent.status_code, sent.json()["content"]) == (201, "শুনছ?")
    await ears.say("কেউ নেই?")
    for client in (loud, ears):
        await client.wait_for("message", lambda e: e["message"] == "কেউ নেই?")
    assert ears.texts == ["কেউ নেই?"]
    assert [event["seq"] for event in ears.of("message")] == [1]  # and no gap tells of it
    history = await other.call("GET", f"/api/rooms/{scene.room}/messages/")
    assert [m["content"] for m in history.json()["messages"]] == ["কেউ নেই?"]


async def test_a_locked_room_keeps_who_is_in_and_lets_nobody_new_in(scene: Scene) -> None:
    inside = await scene.person("ভেতরে", OTHERS)
    client = await scene.come(inside, 1)
    assert client.events[0]["rules"] == {"locked": False, "slow_seconds": 0, "notice": None}
    await scene.decide("PATCH", "", 200, locked=True)
    assert (await client.wait_for("room_rules"))["rules"]["locked"] is True
    assert await refused(scene, await scene.person("নতুন", TROLL), 2) == "room_locked"
    again = await scene.come(inside, 2)  # a second tab, or a reload
    assert again.events[0]["rules"]["locked"] is True
    owner = await scene.come(scene.owner, 2)
    assert (owner.events[0]["type"], owner.events[0]["role"]) == ("welcome", "owner")


async def test_slow_mode_counts_over_replicas_and_rest_and_not_for_staff(scene: Scene) -> None:
    other = await scene.person("অন্যজন", OTHERS)
    client, owner = await scene.come(other, 1), await scene.come(scene.owner, 1)
    await scene.decide("PATCH", "", 200, slow_seconds=600)
    assert (await client.wait_for("room_rules"))["rules"]["slow_seconds"] == 600
    await client.say("এক", client_id="১")
    await client.wait_for("ack")
    await client.say("দুই", client_id="২")
    error = await client.wait_for("error")
    assert (error["code"], error["client_id"]) == ("slow_mode", "২")
    assert 590 < error["retry_after"] <= 600
    slowed = None
    async with asyncio.timeout(PATIENCE_SECONDS):
        # What was spent at one replica is told to the others soon.
        while slowed is None or slowed.status_code == 201:
            slowed = await other.say(scene.room, "তিন")
    assert code_of(slowed) == "slow_mode"
    for n in range(3):
        await owner.say(f"মালিক {n}")
    await client.wait_for("message", lambda e: e["message"] == "মালিক 2")


async def test_a_notice_is_seen_by_who_is_there_and_who_comes(scene: Scene) -> None:
    other = await scene.person("অন্যজন", OTHERS)
    client = await scene.come(other, 1)
    await scene.decide("PATCH", "", 200, notice="খেলা চলছে")
    assert (await client.wait_for("room_rules"))["rules"]["notice"] == "খেলা চলছে"
    assert (await scene.come(other, 2)).events[0]["rules"]["notice"] == "খেলা চলছে"
    await scene.decide("PATCH", "", 200, notice="")
    await client.wait_for("room_rules", lambda e: e["rules"]["notice"] is None)


async def test_unwanted_words_are_masked_refused_or_held_for_staff(scene: Scene) -> None:
    other = await scene.person("অন্যজন", OTHERS)
    client = await scene.come(other, 2)
    for word, action in (("বোকা", "mask"), ("গাধা", "block"), ("ছাগল", "hold")):
        await scene.decide("POST", "words/", word=word, action=action)
    await scene.settle(client)
    await client.say("তুমি বোকা", client_id="১")
    masked = await client.wait_for("message")
    assert "বোকা" not in masked["message"]
    assert masked["message"].startswith("তুমি ")
    await client.say("তুমি গাধা", client_id="২")
    assert (await client.wait_for("error"))["code"] == "words_refused"
    await client.say("তুমি ছাগল", client_id="৩")
    held = await client.wait_for("error", lambda e: e["client_id"] == "৩")
    assert held["code"] == "held_for_review"
    assert code_of(await other.say(scene.room, "তুমি গাধা")) == "words_refused"
    [waiting] = (await scene.decide("GET", "held/", 200))["held"]
    assert (waiting["content"], waiting["user_id"]) == ("তুমি ছাগল", other.id)
    await scene.decide("POST", f"held/{waiting['id']}/", 204, approve=True)
    said = await client.wait_for("message", lambda e: e["message"] == "তুমি ছাগল")
    assert said["user_id"] == other.id
    await scene.decide("POST", f"held/{waiting['id']}/", 404, approve=True)


async def test_a_held_picture_is_shown_to_staff_and_said_as_one(scene: Scene) -> None:
    other = await scene.person("অন্যজন", OTHERS)
    client = await scene.come(other, 2)
    await scene.decide("POST", "words/", word="ছাগল", action="hold")
    await scene.settle(client)
    pictures = [{"message_type": "image", "file_url": f"https://example.org/{n}.png"} for n in "১২"]
    await client.say("এই ছাগল", client_id="১", **pictures[0])
    await client.wait_for("error", lambda e: e["code"] == "held_for_review")
    answer = await other.call(
        "POST", "/api/messages/", room_id=scene.room, content="এই ছাগল", **pictures[1]
    )
    assert code_of(answer) == "held_for_review"
    waiting = (await scene.decide("GET", "held/", 200))["held"]
    fields = ("message_type", "file_url")
    assert [{name: held[name] for name in fields} for held in waiting] == pictures
    for held in waiting:
        await scene.decide("POST", f"held/{held['id']}/", 204, approve=True)
        said = await client.wait_for("message", lambda e: e["file_url"] == held["file_url"])  # noqa: B023
        assert (said["message"], said["user_id"]) == ("এই ছাগল", other.id)
        assert said["message_type"] == "image"


async def test_the_suggested_list_is_added_once_and_leaves_what_was_decided(scene: Scene) -> None:
    await scene.decide("POST", "words/", word="idiot", action="block")
    for _ in range(2):
        await scene.decide("POST", "words/suggested/", 204)
    words = {row["word"]: row["action"] for row in (await scene.decide("GET", "", 200))["words"]}
    assert words == {rule.text: rule.action.value for rule in DEFAULT_WORDS} | {"idiot": "block"}


async def test_an_unwanted_word_is_not_borne_as_a_name(scene: Scene) -> None:
    other = await scene.person("অন্যজন", OTHERS)
    client = await scene.come(other, 1)
    await scene.decide("POST", "words/", word="গাধা", action="mask")
    await scene.settle(client)
    await client.send(type="user_update", username="গাধা")
    assert (await client.wait_for("error"))["errors"]["username"]
    late = await scene.come(await scene.person("গাধা", TROLL), 2)
    assert late.events[0]["code"] == "validation_error"


async def test_all_that_somebody_said_lately_goes_everywhere(scene: Scene) -> None:
    troll, other = await scene.person("ট্রল", TROLL), await scene.person("অন্যজন", OTHERS)
    loud, ears = await scene.come(troll, 1), await scene.come(other, 2)
    await ears.say("ভালো কথা")
    for n in range(30):
        await loud.say(f"গালি {n}")
    await ears.wait_for("message", lambda e: e["message"] == "গালি 29")
    ban = {"user_id": troll.id, "by_address": True, "delete_seconds": 3600}
    await scene.sanction("ban", **ban)
    await eventually(lambda: len(ears.of("message_deleted")) >= 30)
    history = await other.call("GET", f"/api/rooms/{scene.room}/messages/")
    assert [m["content"] for m in history.json()["messages"]] == ["ভালো কথা"]


async def test_who_holds_the_key_moderates_until_the_owner_ends_it(scene: Scene) -> None:
    helper, troll = await scene.person("সহায়ক", OTHERS), await scene.person("ট্রল", TROLL)
    key = (await scene.decide("POST", "link/"))["key"]
    wrong = await helper.call("POST", f"/api/rooms/{scene.room}/moderation/moderators/", key="x")
    assert code_of(wrong) == "forbidden"
    await scene.decide("POST", "moderators/", 204, by=helper, key=key)
    assert (await scene.come(helper, 2)).events[0]["role"] == "moderator"
    message = (await troll.say(scene.room, "গালি")).json()["id"]
    await scene.decide("POST", "sanctions/", by=helper, kind="mute", message_id=message)
    assert (await helper.call("DELETE", f"/api/messages/{message}/")).status_code == 204
    for whom in (scene.owner.id, helper.id):  # nobody acts against who stands as high
        await scene.decide("POST", "sanctions/", 403, by=helper, kind="ban", user_id=whom)
    await scene.decide("POST", "link/", 403, by=helper)
    await scene.decide("DELETE", f"moderators/{helper.id}/", 204)
    await scene.decide("GET", "", 403, by=helper)
    log = (await scene.decide("GET", "log/", 200))["deeds"]
    assert [(deed["action"], deed["made_by"].split(":")[0]) for deed in log] == [
        ("moderator_dropped", "owner"),
        ("deleted", "moderator"),
        ("mute", "moderator"),
        ("moderator", "moderator"),
        ("moderator_key", "owner"),
    ]


async def test_an_old_key_makes_nobody_a_moderator(scene: Scene) -> None:
    old = (await scene.decide("POST", "link/"))["key"]
    await scene.decide("POST", "link/")
    await scene.decide("POST", "moderators/", 403, by=await scene.person("চোর", TROLL), key=old)


async def test_reports_reach_staff_and_are_closed_by_what_they_do(scene: Scene) -> None:
    troll, other = await scene.person("ট্রল", TROLL), await scene.person("অন্যজন", OTHERS)
    first, second = [(await troll.say(scene.room, text)).json()["id"] for text in ("গালি", "ঠাট্টা")]
    for message in (first, first, second):  # a second report of one person is none
        report = f"/api/messages/{message}/report/"
        assert (await other.call("POST", report, reason="খারাপ")).status_code == 204
    waiting = (await scene.decide("GET", "reports/", 200))["reports"]
    assert [(report["message_id"], report["reason"]) for report in waiting] == [
        (first, "খারাপ"),
        (second, "খারাপ"),
    ]
    assert all(other.id not in str(report) for report in waiting)  # who reports stays unknown
    assert (await scene.owner.call("DELETE", f"/api/messages/{first}/")).status_code == 204
    await scene.decide("DELETE", f"reports/{second}/", 204)
    assert (await scene.decide("GET", "reports/", 200))["reports"] == []
