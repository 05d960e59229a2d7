"""DeleteRecords (21): move the start of logs forward. Offset -1 is the end; behind the end or below 0, error 1; unknown
3; not the leader 6; 29.

Differs from Kafka: a topic that is only compacted is refused there by policy (44), as here.
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
        refused = broker.security.refusal(request, security.DELETE, security.TOPIC, topic.name)
        rows = [_delete(broker, request, topic.name, one, refused) for one in topic.partitions]
        topics.append({"name": topic.name, "partitions": rows})
    return {"topics": topics}


def _delete(broker: KafkaEmulator, request: Request, topic: str, wanted: Any, refused: int) -> dict[str, Any]:
    index = wanted.partition_index
    partition = broker.find_partition(topic, index)
    code = refused or broker.deny(request, topic=topic, partition=index)
    if not code and partition is None:
        code = errors.UNKNOWN_TOPIC_OR_PARTITION
    if not code and partition is not None:
        offset = partition.log.end if wanted.offset == -1 else wanted.offset
        if partition.leader != request.node:
            code = errors.NOT_LEADER_OR_FOLLOWER
        elif not broker.settings(partition.topic)["delete"]:
            code = errors.POLICY_VIOLATION
        elif not 0 <= offset <= partition.log.end:
            code = errors.OFFSET_OUT_OF_RANGE
        else:
            partition.log.delete_before(offset)
            broker.wake(partition)
            return {"partition_index": index, "low_watermark": partition.log.start, "error_code": 0}
    return {"partition_index": index, "low_watermark": -1, "error_code": code}
