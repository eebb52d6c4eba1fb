"""Every event name of the logs: one table, as of metrics. `deploy/docs/logs.md` is made of it.

A test holds the code against it. Fields stand beside the name: `request_id`, `room` and
`connection` wherever they are known, `service` and `instance` always.
"""

from __future__ import annotations

from typing import Final

EVENTS: Final[dict[str, str]] = {
    # every service
    "starting": "the process has opened its clients and begins to serve",
    "tracing": "messages are traced; where to, and which share of them",
    "background_task_failed": "a bug: a task beside the others ended by an error",
    "question_failed": "what several asked for together could not be answered",
    # PostgreSQL and Redis
    "postgres_away": "PostgreSQL did not answer; callers are refused at once from here on",
    "postgres_answers_again": "the end of that",
    "node_does_not_tell": "a node of the Cluster did not say who serves what",
    "answer_failed": "a bug: who waited for an answer of Redis failed on it",
    "rules_not_known": "the rules of a room could not be read; the last known ones hold",
    # fan-out
    "delivery_not_traced": "a message of another version could not be read for its trace",
    "notice_lost": "a notice of typing did not reach Redis",
    "broker_link_lost": "a link on which replicas hear each other broke; it is built anew",
    "broker_link_broken": "a bug: such a link ended by something else than an outage",
    "broker_places_broken": "a bug: channels could not be given a link",
    "broker_link_deaf": "a probe did not come back: the link is dead and is built anew",
    "channel_without_node": "nobody serves a channel just now",
    "probe_broken": "a bug: a probe could not be sent",
    # limits
    "limit_reached": "a budget is overdrawn, or would be in a dry run",
    "limits_not_kept": "Redis is away: nobody is limited meanwhile",
    "passed_by_proof": "somebody got in by a proof of work",
    "proofs_not_kept": "Redis is away: a proof may be used twice",
    "address_not_counted": "Redis is away: an address is not counted",
    "address_names_not_known": "Redis is away: bans by address of earlier days do not hold",
    "connections_not_counted": "Redis is away: connections by address are not counted",
    # sockets
    "connected": "a socket has its welcome",
    "disconnected": "it has ended; `code` says how",
    "refused": "a socket was not let in, or its beginning failed",
    "command_refused": "a part that was needed is away or full; the sender was told",
    "command_failed": "a bug: the sender was told `internal_error`",
    "frame_failed": "a bug in reading a frame; the sender was told `internal_error`",
    "connection_failed": "a bug: the socket was closed as overloaded",
    "turn_failed": "a bug in handling what waited for its turn; the connection was cut",
    "door_shut": "an address floods: for some seconds nobody new comes in from there",
    "flush_failed": "a bug: what a tick had collected was not written",
    "envelope_failed": "a bug: an event of Redis could not be worked on",
    # rooms
    "gap_filled": "messages that pub/sub had lost were read from the log",
    "room_check_failed": "a room could not be compared with Redis; it is tried again",
    "room_gone": "a room was deleted while people were in it",
    "room_was_set_back": "Redis had lost messages that were shown; the room goes on above them",
    "room_continuity_lost": "what was missed could not be read; everybody reloads",
    # presence
    "leave_not_told": "Redis is away: a leave is told when the connection expires",
    "presence_restored": "Redis had lost who is here; connections were put in again",
    "rejoin_postponed": "one of them could not be, yet",
    "reap_postponed": "the end of a grace is told by the worker instead",
    "heartbeat_failed": "a periodic work met an outage; the next round tries again",
    "heartbeat_broken": "a bug in a periodic work; the next round tries again",
    # stopping
    "stopping": "a signal came; requests under way are finished",
    "drain_started": "a signal came; sockets are closed over a while",
    "drain_finished": "all have gone, or the time is over",
    "server_ended": "the HTTP server ended by itself",
    # REST
    "http_request": "one request was answered",
    "unexpected_error": "a bug: the caller was told `internal_error`",
    "answer_broken_off": "an answer failed after it had begun",
    "user_not_stored_yet": "Redis has a new user, PostgreSQL not yet",
    "session_not_ended_yet": "a session that was erased may live a moment longer in Redis",
    "purged_already": "a message was deleted by somebody else meanwhile",
    # worker
    "waiting": "a part is away; `what` waits for it",
    "works_again": "the end of that",
    "batch_written": "a transaction was committed",
    "batch_had_leftovers": "entries that were stored before, or belong to nothing any more",
    "session_of_another_user": "a snapshot of a user has a session that another one holds",
    "entry_buried": "an entry can never be stored; it is a dead letter now",
    "reclaimed": "entries of a silent worker were taken over",
    "left_pending": "stopped with entries in hand; the next worker has them again",
    "entries_not_on_replicas": "replicas of Redis did not confirm; entries are read again",
    "consumer_groups_created": "the queues were new, or Redis had lost them",
    "presence_reaped": "connections expired, or graces ended",
    "messages_removed": "a room's messages were older than they are kept",
    "room_emptied": "the last messages of a deleted room were removed",
    "users_removed": "people were away for longer than they are kept",
    "erased": "nothing is left of somebody who wanted that",
    "stopped_in_the_middle": "a part did not finish in time",
    "part_failed": "a bug: a part ended by an error, and the process with it",
    # programs that run once
    "migrated": "the tables are of this version now",
    "migration_check": "which version the tables have",
    "waiting_for_postgresql": "it is not there yet",
    "postgresql_unavailable": "it did not come; the program gives up",
    "granted": "the roles have their rights",
    "no_roles_to_grant_to": "there are no roles; the owner of the tables does everything",
    "roles_made": "the roles of the services are there",
    "roles_not_made": "they could not be made",
    "demo_rooms_made": "there are rooms to begin with",
    "demo_rooms_known": "they were there already",
}
"""Name and meaning."""
