"""OffsetCommit (8): where a group has read to.

v5 no retention time; v6 leader epochs; v7 static members; v9 KIP-848 groups (69 for a group that is not there); v10
topic ids. Without members (generation -1) anyone may commit to an empty group, which makes it. Errors per partition: 3
or 100, 12 metadata over `offset.metadata.max.bytes`, and the group's own: 22, 25, 27, 82, 113. A commit refreshes the
member's session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security
from emulators.kafka.groups.base import Committed, Group

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    code = broker.security.refusal(request, security.READ, security.GROUP, body.group_id)
    code = code or broker.groups.misplaced(request, body.group_id)
    group = None
    if not code:
        group, code = _group(broker, request)
    if not code and group is not None:
        code = group.check_commit(
            body.member_id, body.group_instance_id, body.generation_id_or_member_epoch, request.version, False
        )
        group.committed_by(body.member_id)
    return {"topics": commit_topics(broker, request, group, code, -1)}


def _group(broker: KafkaEmulator, request: Request) -> tuple[Group | None, int]:
    body = request.body
    group = broker.groups.groups.get(body.group_id)
    if group is None:
        if body.generation_id_or_member_epoch >= 0:
            return None, errors.GROUP_ID_NOT_FOUND if request.version >= 9 else errors.ILLEGAL_GENERATION
        group = broker.groups.classic(body.group_id, create=True)
    elif group.kind == "share":
        return None, errors.GROUP_ID_NOT_FOUND
    return group, errors.NONE


def commit_topics(
    broker: KafkaEmulator, request: Request, group: Group | None, code: int, producer_id: int
) -> list[dict[str, Any]]:
    """Store the offsets of an OffsetCommit or TxnOffsetCommit; `code` is what stops all of them."""
    body = request.body
    now = broker.now_ms()
    limit = broker.configs.broker_int("offset.metadata.max.bytes")
    retention = getattr(body, "retention_time_ms", -1)
    topics = []
    for topic in body.topics:
        topic_id = getattr(topic, "topic_id", bytes(16))
        by_id = request.key == 8 and request.version >= 10
        found = broker.topics_by_id.get(topic_id) if by_id else broker.topics.get(topic.name)
        rows = []
        for one in topic.partitions:
            row_code = code or _check(broker, request, found, topic, one, limit, by_id)
            if not row_code and group is not None and found is not None:
                expires = now + retention if retention > 0 else -1
                value = Committed(
                    one.committed_offset,
                    one.committed_leader_epoch,
                    one.committed_metadata or "",
                    now,
                    found.id,
                    expires,
                )
                group.commit((found.name, one.partition_index), value, producer_id)
                row_code = broker.deny_after(
                    request, topic=found.name, partition=one.partition_index, group=body.group_id
                )
            rows.append({"partition_index": one.partition_index, "error_code": row_code})
        topics.append({"name": topic.name, "topic_id": topic_id, "partitions": rows})
    return topics


def _check(broker: KafkaEmulator, request: Request, found: Any, topic: Any, one: Any, limit: int, by_id: bool) -> int:
    if by_id and found is None:
        return errors.UNKNOWN_TOPIC_ID
    name = found.name if found is not None else topic.name
    refused = broker.security.refusal(request, security.READ, security.TOPIC, name)
    if refused:
        return refused
    if found is None or not 0 <= one.partition_index < len(found.partitions):
        return errors.UNKNOWN_TOPIC_OR_PARTITION
    if len((one.committed_metadata or "").encode()) > limit:
        return errors.OFFSET_METADATA_TOO_LARGE
    return broker.deny(request, topic=name, partition=one.partition_index, group=request.body.group_id)
