"""What is right, or nearly so: where those begin who look for what is wrong."""

from __future__ import annotations

from typing import Final

MESSAGE_ID: Final = "0199a3b2-0000-7000-8000-000000000001"

FRAMES: Final = (
    '{"type":"message","content":"সবাইকে সালাম","client_id":"1"}',
    '{"content":"হ্যালো"}',
    '{"type":"message","content":" মাস্ক আর কথা ","client_id":"1"}',
    '{"type":"message","content":"h.o.l.d this","client_id":"2"}',
    '{"type":"message","content":"block","client_id":"3"}',
    '{"type":"message","content":"\\u200d \\ufeff"}',
    '{"type":"message","content":"x","message_type":"image","file_url":"https://x.example/a"}',
    '{"type":"message","content":"x","message_type":"file"}',
    f'{{"type":"message","content":"x","reply_to":"{MESSAGE_ID.upper()}"}}',
    '{"type":"message","content":"x","reply_to":""}',
    '{"type":"message","content":"\\ud800"}',
    '{"type":"message","content":5,"client_id":"' + "x" * 65 + '"}',
    '{"type":"typing","typing":true}',
    '{"type":"typing","typing":false}',
    '{"type":"typing"}',
    '{"type":"user_update","username":"নতুন নাম","color":"#a1b2c3"}',
    '{"type":"user_update","username":"admin রাকিব"}',
    '{"type":"user_update","username":"  ","color":""}',
    '{"type":"user_update","username":"block"}',
    '{"type":"history","before":10,"limit":5}',
    '{"type":"history","before":10,"after":3}',
    '{"type":"history","after":0,"limit":100}',
    '{"type":"history","before":99999999999999999999999999}',
    '{"type":"ping","t":1.5e308}',
    '{"type":"ping","t":"x"}',
    '{"type":"ping","t":{"a":[]}}',
    '{"type":["message"]}',
    '{"type":{}}',
    '{"type":null,"client_id":null}',
    "[]",
    "nul",
    "",
    '{"type":"ping","t":1e999}',
    '{"a":' * 30 + "1" + "}" * 30,
)

BODY: Final = (
    '{"type":"message","message":"সালাম","user_id":"' + MESSAGE_ID + '","username":"রাকিব",'
    '"user_color":"#336699","message_id":"' + MESSAGE_ID + '","room_id":"' + MESSAGE_ID + '",'
    '"client_id":null,"message_type":"text","file_url":null,"reply_to":null}'
)
_PERSON: Final = '{"id":"' + MESSAGE_ID + '","username":"রাকিব","color":"#336699"}'

ENVELOPES: Final = (
    f"2m 1-2 7\n17 {BODY}\n18 {BODY}",
    f"1e 1-2 7 17 1 18 0 4\n{BODY}",
    f"1e 1-2 7 17 1 18 1 4\n{BODY}",
    f"1r 1-2 3 j 17\n{_PERSON}",
    f"1r 1-2 3 n 17\n{_PERSON}\n{_PERSON}",
    f"1t 1 17\n{_PERSON}",
    "1c closed\n",
    f"1x {MESSAGE_ID}\n",
    "1p token\n",
    "2m 1-2\n",
    "9z\n",
)

RULES: Final = (
    '3 {"v":1,"locked":true,"slow":5,"notice":null,"moderators":["' + MESSAGE_ID + '"],'
    '"sanctions":[["' + MESSAGE_ID + '","ban","user","' + MESSAGE_ID + '",null,"x"]],'
    '"words":[["x","mask"]]}',
    '3 {"v":1,"locked":false,"slow":0,"notice":"n","moderators":[],'
    '"sanctions":[["' + MESSAGE_ID + '","mute","address","20000:abc",17,"x",1]],"words":[]}',
)
