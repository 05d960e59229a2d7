"""DescribeProducers (61): what partitions remember of their producers. Unknown partition 3, not the leader 6, not
allowed 29.
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
        refused = broker.security.refusal(request, security.READ, security.TOPIC, topic.name)
        rows = [_partition(broker, request, topic.name, index, refused) for index in topic.partition_indexes]
        topics.append({"name": topic.name, "partitions": rows})
    return {"topics": topics}


def _partition(broker: KafkaEmulator, request: Request, topic: str, index: int, refused: int) -> dict[str, Any]:
    partition = broker.find_partition(topic, index)
    code = refused or broker.deny(request, topic=topic, partition=index)
    if not code and partition is None:
        code = errors.UNKNOWN_TOPIC_OR_PARTITION
    if not code and partition is not None and partition.leader != request.node:
        code = errors.NOT_LEADER_OR_FOLLOWER
    if code or partition is None:
        return {"partition_index": index, "error_code": code, "error_message": errors.name_of(code)}
    active = [
        {
            "producer_id": producer_id,
            "producer_epoch": entry.epoch,
            "last_sequence": entry.last_sequence,
            "last_timestamp": entry.last_timestamp,
            "coordinator_epoch": entry.coordinator_epoch,
            "current_txn_start_offset": entry.txn_first_offset,
        }
        for producer_id, entry in sorted(partition.log.producers.items())
    ]
    return {"partition_index": index, "error_code": 0, "active_producers": active}
