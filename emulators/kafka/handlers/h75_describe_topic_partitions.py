"""DescribeTopicPartitions (75): topics with their partitions, in pages. No topics: all, by name. Unknown 3, illegal
name 17, bad cursor 42, 29.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request

_NOT_ASKED = -(1 << 31)


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    names = sorted({one.name for one in body.topics}) if body.topics else sorted(broker.topics)
    start = 0
    if body.cursor is not None:
        if body.cursor.partition_index < 0:
            return {"topics": []}
        names = [name for name in names if name >= body.cursor.topic_name]
        if names and names[0] == body.cursor.topic_name:
            start = body.cursor.partition_index
    room = min(body.response_partition_limit, broker.configs.broker_int("max.request.partition.size.limit"))
    room = max(room, 1)
    topics: list[dict[str, Any]] = []
    for name in names:
        refused = broker.security.refusal(request, security.DESCRIBE, security.TOPIC, name)
        topic = broker.topics.get(name)
        if refused and not body.topics:
            continue
        code = refused or broker.deny(request, topic=name)
        if not code and topic is None:
            code = errors.UNKNOWN_TOPIC_OR_PARTITION
        if code or topic is None:
            topics.append({"name": name, "error_code": code, "topic_authorized_operations": _NOT_ASKED})
            continue
        if room <= 0:
            return {"topics": topics, "next_cursor": {"topic_name": name, "partition_index": 0}}
        shown = topic.partitions[start : start + room]
        topics.append(
            {
                "name": name,
                "topic_id": topic.id,
                "error_code": 0,
                "topic_authorized_operations": broker.security.operations(request, security.TOPIC, name),
                "partitions": [_row(broker, one) for one in shown],
            }
        )
        room -= len(shown)
        if start + len(shown) < len(topic.partitions):
            return {"topics": topics, "next_cursor": {"topic_name": name, "partition_index": start + len(shown)}}
        start = 0
    return {"topics": topics, "next_cursor": None}


def _row(broker: KafkaEmulator, partition: Any) -> dict[str, Any]:
    return {
        "error_code": 0 if partition.leader >= 0 else errors.LEADER_NOT_AVAILABLE,
        "partition_index": partition.index,
        "leader_id": partition.leader,
        "leader_epoch": partition.leader_epoch,
        "replica_nodes": partition.replicas,
        "isr_nodes": partition.isr,
        "eligible_leader_replicas": [],
        "last_known_elr": [],
        "offline_replicas": [node for node in partition.replicas if not broker.nodes[node].up],
    }
