"""The statements of the bulk writer: few, each for a whole batch, each harmless when run again.

Every statement takes columns as arrays and locks its rows in the order of their keys. Together they
lock in this order, in every transaction: rooms, users, room_stats, messages, counters.
"""

from __future__ import annotations

from typing import Final

# A conflict of any kind leaves what is there: also a deleted room stays deleted.
INSERT_ROOMS: Final = """
INSERT INTO rooms (id, name, description, is_public, max_users, owner_id, created_at, updated_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bool[], $5::int[], $6::uuid[],
                     $7::timestamptz[], $8::timestamptz[]) AS incoming (id)
ORDER BY incoming.id
ON CONFLICT DO NOTHING
RETURNING is_public
"""

# Without a named constraint DO NOTHING also covers a session that belongs to another user. Who was
# erased does not come back by a snapshot that was on its way.
INSERT_USERS: Final = """
INSERT INTO users (id, session_hash, username, color, created_at, current_room_id, last_seen,
                   updated_at)
SELECT id, session_hash, username, color, created_at, current_room_id, taken_at, taken_at
FROM unnest($1::uuid[], $2::bytea[], $3::text[], $4::text[], $5::timestamptz[], $6::uuid[],
            $7::timestamptz[])
     AS incoming (id, session_hash, username, color, created_at, current_room_id, taken_at)
WHERE NOT EXISTS (SELECT FROM erasures e WHERE e.user_id = incoming.id)
ORDER BY id
ON CONFLICT DO NOTHING
RETURNING id
"""

UPDATE_USERS: Final = """
WITH incoming AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[])
                  AS t (id, username, color, current_room_id, taken_at)
), held AS (
    SELECT u.id FROM users u JOIN incoming i ON u.id = i.id AND u.updated_at < i.taken_at
    ORDER BY u.id FOR UPDATE OF u
)
UPDATE users u
SET username = i.username, color = i.color, current_room_id = i.current_room_id,
    last_seen = greatest(u.last_seen, i.taken_at), updated_at = i.taken_at
FROM incoming i JOIN held h ON h.id = i.id
WHERE u.id = i.id
RETURNING u.id
"""

KNOWN_USERS: Final = """
SELECT id FROM users WHERE id = ANY($1::uuid[])
UNION ALL SELECT user_id FROM erasures WHERE user_id = ANY($1::uuid[])
"""

LOCK_ROOM_STATS: Final = """
SELECT room_id FROM room_stats WHERE room_id = ANY($1::uuid[])
ORDER BY room_id FOR NO KEY UPDATE
"""

CREATE_ROOM_STATS: Final = """
INSERT INTO room_stats (room_id)
SELECT room_id FROM unnest($1::uuid[]) AS incoming (room_id)
WHERE NOT EXISTS (SELECT FROM rooms r WHERE r.id = room_id AND r.deleted_at IS NOT NULL)
ORDER BY room_id
ON CONFLICT DO NOTHING
"""

DELETED_ROOMS: Final = """
SELECT id FROM rooms WHERE id = ANY($1::uuid[]) AND deleted_at IS NOT NULL
"""

DROP_ROOM_STATS: Final = "DELETE FROM room_stats WHERE room_id = ANY($1::uuid[])"

INSERT_MESSAGES: Final = """
INSERT INTO messages (room_id, seq, id, user_id, username, color, content, message_type, file_url,
                      reply_to, client_id, created_at, revision, edited_at, deleted_at)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::text[], $6::text[],
                     $7::text[], $8::text[], $9::text[], $10::uuid[], $11::text[],
                     $12::timestamptz[], $13::int[], $14::timestamptz[], $15::timestamptz[])
ON CONFLICT DO NOTHING
RETURNING room_id, seq, id
"""

# For each message that was not inserted: who holds its seq, and at which seq its id stands.
HOLDERS: Final = """
SELECT i.room_id, i.seq, i.id, by_seq.id AS seq_holder, by_id.seq AS id_seq
FROM unnest($1::uuid[], $2::bigint[], $3::uuid[]) AS i (room_id, seq, id)
LEFT JOIN messages by_seq ON by_seq.room_id = i.room_id AND by_seq.seq = i.seq
LEFT JOIN messages by_id ON by_id.room_id = i.room_id AND by_id.id = i.id
"""

# What is emptied for good loses its author's name and its references too. A client_id is never put
# in here: the row may be stored without it, since another one has it.
REVISE_MESSAGES: Final = """
WITH incoming AS (
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::text[],
                         $7::text[], $8::text[], $9::uuid[], $10::text[], $11::int[],
                         $12::timestamptz[], $13::timestamptz[])
                  AS t (room_id, seq, id, username, color, content, message_type, file_url,
                        reply_to, client_id, revision, edited_at, deleted_at)
), held AS (
    SELECT m.room_id, m.seq, m.deleted_at
    FROM messages m
    JOIN incoming i ON m.room_id = i.room_id AND m.seq = i.seq AND m.id = i.id
    WHERE m.revision < i.revision
    ORDER BY m.room_id, m.seq FOR UPDATE OF m
)
UPDATE messages m
SET username = i.username, color = i.color, content = i.content, message_type = i.message_type,
    file_url = i.file_url, reply_to = i.reply_to,
    client_id = CASE WHEN i.client_id IS NULL THEN NULL ELSE m.client_id END,
    revision = i.revision, edited_at = i.edited_at, deleted_at = i.deleted_at
FROM incoming i JOIN held h ON h.room_id = i.room_id AND h.seq = i.seq
WHERE m.room_id = i.room_id AND m.seq = i.seq AND m.id = i.id
RETURNING m.room_id, (m.deleted_at IS NULL)::int - (h.deleted_at IS NULL)::int AS change
"""

ADD_TO_ROOM_STATS: Final = """
UPDATE room_stats s
SET total_messages = s.total_messages + i.change,
    last_seq = greatest(s.last_seq, i.last_seq),
    last_message_at = greatest(s.last_message_at, i.last_message_at)
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::timestamptz[])
     AS i (room_id, change, last_seq, last_message_at)
WHERE s.room_id = i.room_id
"""

ADD_TO_COUNTERS: Final = """
INSERT INTO counters (name, shard, value)
SELECT name, $1, change FROM unnest($2::text[], $3::bigint[]) AS i (name, change)
ORDER BY name
ON CONFLICT (name, shard) DO UPDATE SET value = counters.value + excluded.value
"""
