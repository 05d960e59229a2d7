"""OffsetFetch (9): where groups have read to.

v2 null topics for all; v7 `require_stable`: an offset that waits for a transaction is 88; v8 several groups; v9 KIP-848
members (25, 113); v10 topic ids. A group or partition that nothing is known of has offset -1 and no error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.groups.base import Group
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    if request.version >= 8:
        return {"groups": [_fetch(broker, request, one, one.group_id) for one in body.groups]}
    return _fetch(broker, request, body, body.group_id)


def _fetch(broker: KafkaEmulator, request: Request, asked: Any, group_id: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"group_id": group_id, "topics": []}
    code = broker.security.refusal(request, security.DESCRIBE, security.GROUP, group_id)
    code = code or broker.groups.misplaced(request, group_id)
    group = broker.groups.groups.get(group_id)
    if not code and group is not None and request.version >= 9:
        code = group.check_fetch(asked.member_id, asked.member_epoch)
    if code:
        if request.version < 2 and asked.topics:
            # There is no place for the group's error before v2: every partition carries it.
            fields["topics"] = [
                {"name": topic.name, "partitions": [_row(index, None, code) for index in topic.partition_indexes]}
                for topic in asked.topics
            ]
        return fields | {"error_code": code}
    if asked.topics is None:
        fields["topics"] = _all(broker, request, group)
    else:
        fields["topics"] = [_topic(broker, request, group, topic) for topic in asked.topics]
    return fields


def _row(index: int, value: Any, code: int = 0) -> dict[str, Any]:
    if value is None or code:
        return {
            "partition_index": index,
            "committed_offset": -1,
            "committed_leader_epoch": -1,
            "metadata": "",
            "error_code": code,
        }
    return {
        "partition_index": index,
        "committed_offset": value.offset,
        "committed_leader_epoch": value.leader_epoch,
        "metadata": value.metadata,
        "error_code": 0,
    }


def _look(request: Request, group: Group | None, name: str, index: int) -> dict[str, Any]:
    if group is None:
        return _row(index, None)
    if request.body.require_stable and group.unstable((name, index)):
        return _row(index, None, errors.UNSTABLE_OFFSET_COMMIT)
    return _row(index, group.committed.get((name, index)))


def _topic(broker: KafkaEmulator, request: Request, group: Group | None, asked: Any) -> dict[str, Any]:
    name, topic_id, code = asked.name, getattr(asked, "topic_id", bytes(16)), 0
    if request.version >= 10:
        found = broker.topics_by_id.get(topic_id)
        if found is None:
            code = errors.UNKNOWN_TOPIC_ID
        else:
            name = found.name
    code = code or broker.security.refusal(request, security.DESCRIBE, security.TOPIC, name)
    rows = []
    for index in asked.partition_indexes:
        row_code = code or broker.deny(request, topic=name, partition=index)
        rows.append(_row(index, None, row_code) if row_code else _look(request, group, name, index))
    return {"name": name, "topic_id": topic_id, "partitions": rows}


def _all(broker: KafkaEmulator, request: Request, group: Group | None) -> list[dict[str, Any]]:
    topics: dict[str, list[int]] = {}
    if group is not None:
        keys = set(group.committed)
        for rows in group.pending.values():
            keys |= set(rows)
        for name, index in sorted(keys):
            topics.setdefault(name, []).append(index)
    found = []
    for name, indexes in topics.items():
        topic = broker.topics.get(name)
        if request.version >= 10 and topic is None:
            continue
        if broker.security.refusal(request, security.DESCRIBE, security.TOPIC, name):
            continue
        rows_out = [_look(request, group, name, index) for index in indexes]
        found.append({"name": name, "topic_id": topic.id if topic else bytes(16), "partitions": rows_out})
    return found
