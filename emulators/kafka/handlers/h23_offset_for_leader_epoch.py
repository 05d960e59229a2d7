"""OffsetForLeaderEpoch (23): where a leader epoch ended. v2 the client's epoch (74, 75); v3 replica id; unknown
partition 3, not the leader 6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    topics = []
    for topic in request.body.topics:
        refused = broker.security.refusal(request, security.DESCRIBE, security.TOPIC, topic.topic)
        rows = [_look(broker, request, topic.topic, one, refused) for one in topic.partitions]
        topics.append({"topic": topic.topic, "partitions": rows})
    return {"topics": topics}


def _look(broker: KafkaEmulator, request: Request, topic: str, wanted: Any, refused: int) -> dict[str, Any]:
    partition = broker.find_partition(topic, wanted.partition)
    code = refused or broker.deny(request, topic=topic, partition=wanted.partition)
    if not code and partition is None:
        code = errors.UNKNOWN_TOPIC_OR_PARTITION
    if not code and partition is not None:
        if partition.leader != request.node:
            code = errors.NOT_LEADER_OR_FOLLOWER
        elif 0 <= wanted.current_leader_epoch < partition.leader_epoch:
            code = errors.FENCED_LEADER_EPOCH
        elif wanted.current_leader_epoch > partition.leader_epoch:
            code = errors.UNKNOWN_LEADER_EPOCH
    if code or partition is None:
        return {"partition": wanted.partition, "error_code": code}
    epoch, end = partition.log.epoch_end(wanted.leader_epoch, partition.leader_epoch)
    return {"partition": wanted.partition, "error_code": 0, "leader_epoch": epoch, "end_offset": end}
