"""Plays a script on one connection, and takes out of the answers what is truly free.

Free are ids (they become labels in order of appearance), addresses, the present time, throttle times, and the wording of
messages. Everything else is compared.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

from conformance.cases.kafka.scripts import Saved, Step
from conformance.kafka.raw import Raw
from emulators.kafka.wire.records import decode_records, read_header, split_batches

__all__ = ["normalized", "play", "resolve", "run_case"]

#: Answers with these codes mean that a real broker is not ready yet.
_NOT_READY = {5, 14, 15, 16, 51}
_FREE = {
    *("throttle_time_ms", "error_message", "cluster_id", "host", "port", "authorized_operations", "controller_id"),
    *("batch_index_error_message", "client_host", "documentation", "node_endpoints", "coordinator_epoch"),
}
#: Settings whose default differs on purpose, see `configs.py`.
_OURS = {"message.timestamp.after.max.ms"}
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def resolve(value: Any, kept: Saved) -> Any:
    if callable(value):
        return resolve(value(kept), kept)
    if isinstance(value, dict):
        return {key: resolve(item, kept) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [resolve(item, kept) for item in value]
    return value


def run_case(connection: Raw, steps: list[Step], patient: bool = False) -> list[Any]:
    """The answers to a case's steps."""
    return list(play(connection, steps, patient))


def play(connection: Raw, steps: list[Step], patient: bool = False) -> Iterator[Any]:
    """The answer to each step in turn; `patient` waits for what a real broker does in the background."""
    kept: Saved = {}
    names: dict[Any, str] = {}
    for step in steps:
        api, version, fields = step[:3]
        asked = resolve(fields, kept)
        for _ in range(100):
            answer = connection.call(api, version, **asked)
            if (
                not patient
                or not _codes(answer) & _NOT_READY
                or (api == "init_producer_id" and kept.get("pid") is not None)
            ):
                break
            time.sleep(0.1)
        if patient and api in (
            "create_topics",
            "delete_topics",
            "create_partitions",
            "incremental_alter_configs",
            "end_txn",
        ):
            time.sleep(0.3)
        if patient and (
            api in ("alter_client_quotas", "alter_user_scram_credentials")
            or (api, kept.get("pid")) != ("init_producer_id", None)
        ):
            time.sleep(0.05)
        for name, part in (step[3] if len(step) > 3 else {}).items():
            kept[name] = part(answer)
        yield normalized(answer, names)


def _codes(value: Any) -> set[int]:
    if isinstance(value, dict):
        own = {item for key, item in value.items() if key.endswith("error_code")}
        return own.union(*(_codes(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(_codes(item) for item in value)) if value else set()
    return set()


def normalized(value: Any, names: dict[Any, str], key: str = "") -> Any:
    """An answer as JSON without what is free: ids become labels in order of appearance."""
    if isinstance(value, dict):
        return {name: normalized(item, names, name) for name, item in value.items() if name not in _FREE}
    if isinstance(value, list):
        rows = [normalized(item, names, key) for item in value]
        rows = [row for row in rows if not (isinstance(row, dict) and row.get("name") in _OURS)]
        if rows and all(isinstance(row, dict) for row in rows):
            rows.sort(key=lambda row: json.dumps(row, sort_keys=True))
        return rows
    if isinstance(value, bytes):
        if key == "topic_id":
            return "none" if value == bytes(16) else names.setdefault(value, f"id{len(names)}")
        if key == "records":
            return [_batch(data, names) for _, data in split_batches(value)]
        return value.decode("latin-1")
    if isinstance(value, str) and _UUID.search(value):
        return names.setdefault(value, f"id{len(names)}")
    if key in ("producer_id", "session_id") and isinstance(value, int) and value > 0:
        return names.setdefault((key, value), f"id{len(names)}")
    if isinstance(value, int) and value > 1_710_000_000_000 and value < 1 << 62:
        return "now"
    return value


def _batch(data: bytes, names: dict[Any, str]) -> list[Any]:
    """A batch without what is free: times of markers, checksums, producer ids."""
    header = read_header(data)
    rows = [
        [
            row.offset,
            None if header.control else normalized(row.timestamp, names),
            str(row.key),
            None if header.control else str(row.value),
        ]
        for row in decode_records(data)
    ]
    pid = normalized(header.producer_id, names, "producer_id")
    return [
        header.base_offset,
        header.leader_epoch,
        header.attributes,
        pid,
        header.producer_epoch,
        header.base_sequence,
        rows,
    ]
