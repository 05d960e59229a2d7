"""ListOffsets (2): offsets by time, and the ends of a log.

Timestamps below 0 are questions: -1 end, -2 start, -3 (v7) the record with the greatest time, -4 (v8) local start, -5
(v9) tiered end; others, or one that is newer than the version, 35. A time finds the first record in offset order that
is not older; nothing found is -1. With isolation 1 the end is the last stable offset. v4 leader epochs. A partition
named twice is 42.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request

LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED = -1, -2, -3, -4, -5
_SINCE = {LATEST: 0, EARLIEST: 0, MAX_TIMESTAMP: 7, EARLIEST_LOCAL: 8, LATEST_TIERED: 9}


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    seen: set[tuple[str, int]] = set()
    twice: set[tuple[str, int]] = set()
    for topic in request.body.topics:
        for wanted in topic.partitions:
            key = (topic.name, wanted.partition_index)
            (twice if key in seen else seen).add(key)
    topics = []
    for topic in request.body.topics:
        rows = []
        for wanted in topic.partitions:
            row: dict[str, Any] = {
                "partition_index": wanted.partition_index,
                "offset": -1,
                "timestamp": -1,
                "leader_epoch": -1,
            }
            if (topic.name, wanted.partition_index) in twice:
                row["error_code"] = errors.INVALID_REQUEST
            else:
                row["error_code"] = _look(broker, request, topic.name, wanted, row)
            rows.append(row)
        topics.append({"name": topic.name, "partitions": rows})
    return {"topics": topics}


def _look(broker: KafkaEmulator, request: Request, topic: str, wanted: Any, row: dict[str, Any]) -> int:
    index, timestamp = wanted.partition_index, wanted.timestamp
    code = broker.security.refusal(request, security.DESCRIBE, security.TOPIC, topic)
    code = code or broker.deny(request, topic=topic, partition=index)
    if code:
        return code
    partition = broker.find_partition(topic, index)
    if partition is None:
        return errors.UNKNOWN_TOPIC_OR_PARTITION
    if partition.leader != request.node:
        return errors.NOT_LEADER_OR_FOLLOWER
    if wanted.current_leader_epoch >= 0 and wanted.current_leader_epoch != partition.leader_epoch:
        fenced = wanted.current_leader_epoch < partition.leader_epoch
        return errors.FENCED_LEADER_EPOCH if fenced else errors.UNKNOWN_LEADER_EPOCH
    if timestamp < 0 and request.version < _SINCE.get(timestamp, 1 << 15):
        return errors.UNSUPPORTED_VERSION
    log = partition.log
    upper = log.upper(request.body.isolation_level == 1)
    if timestamp == LATEST:
        row["offset"] = upper
        row["leader_epoch"] = partition.leader_epoch
    elif timestamp in (EARLIEST, EARLIEST_LOCAL):
        row["offset"] = log.start
        row["leader_epoch"] = log.epoch_at(log.start)
    elif timestamp == LATEST_TIERED:
        row["offset"] = -1
    else:
        hit = log.max_timestamp() if timestamp == MAX_TIMESTAMP else log.by_timestamp(timestamp, upper)
        if hit is not None:
            row["offset"], row["timestamp"], row["leader_epoch"] = hit.offset, hit.timestamp, hit.epoch
    return errors.NONE
