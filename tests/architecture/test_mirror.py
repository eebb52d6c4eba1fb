"""Tests mirror the code: who changes a module finds its tests by its name."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
SOURCE_ROOTS = (
    *("shared/src", "api_service/src", "ws_service/src", "worker/src"),
    *("gateway/src", "deploy/local/src", "deploy/planner/src"),
)
SCRIPTS = ("deploy/compose", "deploy/local")
"""Folders of programs that are run by path."""

NO_TWIN_NEEDED = {"__init__.py", "__main__.py"}

TESTED_ELSEWHERE = {
    # Pure declarations and wiring: whatever runs the service runs them.
    "api_service/app": "integration/api_service/test_layers.py",
    "api_service/paths": "unit/api_service/test_openapi.py",
    "api_service/wiring": "integration/api_service/test_main.py",
    "ws_service/app": "integration/ws_service/test_bad_input.py",
    "ws_service/settings": "unit/shared/runtime/test_settings.py",
    "ws_service/wiring": "integration/ws_service/test_chat.py",
    "worker/wiring": "integration/worker/test_worker_process.py",
    "local_stack/errors": "e2e/test_local_stack_faults.py",
    "shared/runtime/redis_pool": "integration/shared/runtime/test_redis_client.py",
    "shared/runtime/redis_topology": "integration/shared/runtime/test_redis_cluster.py",
    "shared/message_log/outcomes": "integration/shared/message_log/test_message_publisher.py",
    "shared/message_log/seen_places": "integration/shared/message_log/test_message_log.py",
    "shared/redis_schema/removal_calls": "integration/shared/message_log/test_log_removal.py",
    "shared/redis_schema/login_call": "integration/api_service/admin/test_throttle.py",
    "shared/redis_schema/publish_call": "integration/shared/message_log/test_message_publisher.py",
    # Parts that only mean something over a connection.
    "api_service/middleware/cors": "integration/api_service/test_layers.py",
    "api_service/middleware/guard": "integration/api_service/test_layers.py",
    # The pages of administrators, seen as a whole.
    "api_service/admin/deed_page": "integration/api_service/admin/test_moderation.py",
    "api_service/admin/door": "integration/api_service/admin/test_gate.py",
    "api_service/admin/view": "integration/api_service/admin/views/test_lists.py",
    "api_service/admin/views/connections": "integration/api_service/admin/views/test_lists.py",
    "api_service/admin/views/records": "integration/api_service/admin/views/test_lists.py",
    "api_service/admin/views/reviews": "integration/api_service/admin/test_moderation.py",
    "api_service/admin/views/sanctions": "integration/api_service/admin/test_moderation.py",
    "api_service/tally": "integration/api_service/test_readings.py",
    "api_service/middleware/measured": "integration/api_service/test_readings.py",
    "api_service/ranking": "integration/api_service/test_rooms.py",
    "api_service/room_settings": "integration/api_service/test_rooms.py",
    "api_service/routes/probes": "integration/api_service/test_status.py",
    "ws_service/connection": "integration/ws_service/test_bad_input.py",
    "ws_service/grace_ends": "integration/ws_service/test_storms.py",
    "api_service/middleware/request_context": "integration/api_service/test_layers.py",
    # Decisions of staff are felt by people at two replicas, or not at all.
    "api_service/moderation_requests": "abuse/test_moderation.py",
    "api_service/presenting_moderation": "abuse/test_moderation.py",
    "api_service/speech": "abuse/test_moderation.py",
    "api_service/staff": "abuse/test_moderation.py",
    "api_service/routes/moderation": "abuse/test_moderation.py",
    "shared/protocol/moderation_views": "abuse/test_moderation.py",
    "shared/message_log/queues": "integration/worker/test_readings.py",
    "shared/redis_schema/call_times": "integration/worker/test_readings.py",
    "shared/runtime/log_events": "architecture/test_log_events.py",
    "shared/redis_schema/pipelines": "integration/shared/redis_schema/test_scripts.py",
    "shared/rooms/origins": "abuse/test_moderation.py",
    "ws_service/enforcement": "abuse/test_moderation.py",
    "ws_service/effects": "unit/ws_service/test_session.py",
    "ws_service/fetching": "integration/ws_service/test_bad_input.py",
    "ws_service/room_tally": "unit/ws_service/test_tick_frames.py",
    "ws_service/replica": "integration/ws_service/test_bad_input.py",
    "ws_service/unheard": "abuse/test_moderation.py",
    "ws_service/delivery_spans": "e2e/test_traces.py",
    "ws_service/listener": "integration/ws_service/test_set_back.py",
    "ws_service/parts": "integration/ws_service/test_chat.py",
    "ws_service/hub": "integration/ws_service/test_chat.py integration/ws_service/test_storms.py",
    "ws_service/room_channel": "integration/ws_service/test_recovery.py",
    "ws_service/server": "integration/ws_service/test_recovery.py",
    "ws_service/transport": "integration/ws_service/test_bad_input.py",
    # The client, as a program uses it.
    "adda_client/answers": "integration/adda_client/test_client.py",
    # Parts of the worker's loop, driven as a whole.
    "worker/tally": "integration/worker/test_readings.py",
    "worker/acknowledger": "integration/worker/test_consumer.py",
    "worker/dead_letter": "integration/worker/test_consumer.py",
    "worker/reclaim": "integration/worker/test_consumer.py",
    "worker/periodic": "integration/worker/test_pruner.py",
    "worker/supervisor": "integration/worker/test_worker_process.py",
    # What PostgreSQL alone can judge: statements, tables, connections.
    "shared/message_store/bulk_statements": "integration/shared/message_store/test_bulk_writer.py",
    "shared/message_store/erasures": "integration/worker/test_eraser.py",
    "shared/message_store/retention": "integration/worker/test_pruner.py",
    "shared/message_store/own_data": "integration/api_service/test_me.py",
    "shared/usecases/export_user": "integration/api_service/test_me.py",
    "shared/message_store/records": "unit/shared/message_store/test_ingest_entries.py",
    "shared/message_store/tables": "integration/worker/test_migrate.py",
    "shared/message_store/totals": "integration/shared/message_store/test_room_directory.py",
    # The stack starts, fails and stops as a whole.
    "local_stack/admin": "e2e/test_admin.py",
    "local_stack/child": "e2e/test_local_stack_faults.py",
    "local_stack/cli": "e2e/test_local_stack.py",
    "local_stack/gateway": "e2e/test_gateway.py",
    "local_stack/launch": "e2e/test_local_stack_faults.py",
    "local_stack/secret_files": "unit/deploy/local_stack/test_valkey.py",
    "local_stack/services": "e2e/test_local_stack.py",
    "local_stack/stack": "e2e/test_local_stack.py",
    "local_stack/supervisor": "e2e/test_local_stack_faults.py",
    "local_stack/wheels": "e2e/test_local_stack.py",
}
"""Modules without a twin, and the tests below `tests/` that fail when they break."""


def modules() -> set[str]:
    """Every module that needs a twin, such as `shared/domain/ids`."""
    found = {
        path.relative_to(ROOT / root).with_suffix("").as_posix()
        for root in SOURCE_ROOTS
        for path in (ROOT / root).rglob("*.py")
        if path.name not in NO_TWIN_NEEDED and "migrations" not in path.parts
    }
    return found | {path.stem for folder in SCRIPTS for path in (ROOT / folder).glob("*.py")}


def twins(module: str) -> list[Path]:
    """Its tests: `test_<name>.py` in a folder of its package or of one around that."""
    *package, name = module.split("/")
    folders = ["/".join(package[:end]) for end in range(1, len(package) + 1)] or ["deploy"]
    return [
        path
        for path in TESTS.rglob(f"test_{name}.py")
        if path.parent.as_posix().endswith(tuple(f"/{folder}" for folder in folders))
    ]


def test_every_module_has_a_twin_or_a_reason() -> None:
    alone = {module for module in modules() if not twins(module)}
    assert sorted(alone - set(TESTED_ELSEWHERE)) == []


def test_the_list_of_reasons_names_only_modules_that_need_it() -> None:
    alone = {module for module in modules() if not twins(module)}
    assert sorted(set(TESTED_ELSEWHERE) - alone) == []


def test_what_a_reason_refers_to_is_there() -> None:
    missing = [
        place
        for reason in TESTED_ELSEWHERE.values()
        for place in reason.split()
        if place.endswith(".py") and not (TESTS / place).is_file()
    ]
    assert missing == []
