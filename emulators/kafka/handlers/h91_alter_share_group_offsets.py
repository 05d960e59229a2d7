"""AlterShareGroupOffsets (91): set where an empty share group begins. With members 68, not there 69, unknown partition
3, bad offset 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security
from emulators.kafka.groups.share import SharePartition

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    code = broker.security.refusal(request, security.READ, security.GROUP, body.group_id)
    code = code or broker.groups.misplaced(request, body.group_id)
    group = broker.groups.share(body.group_id, create=False)
    if not code and group is None:
        code = errors.GROUP_ID_NOT_FOUND
    if not code and group is not None and not group.empty:
        code = errors.NON_EMPTY_GROUP
    if code or group is None:
        return {"error_code": code, "error_message": errors.name_of(code), "responses": []}
    responses = []
    for topic in body.topics:
        found = broker.topics.get(topic.topic_name)
        rows: list[dict[str, Any]] = []
        for one in topic.partitions:
            partition = broker.find_partition(topic.topic_name, one.partition_index)
            row_code = broker.security.refusal(request, security.READ, security.TOPIC, topic.topic_name)
            if not row_code and partition is None:
                row_code = errors.UNKNOWN_TOPIC_OR_PARTITION
            if not row_code and one.start_offset < 0:
                row_code = errors.OFFSET_OUT_OF_RANGE
            if not row_code and partition is not None:
                slot = (partition.topic.id, one.partition_index)
                group.partitions[slot] = SharePartition(group, slot, one.start_offset)
            rows.append({"partition_index": one.partition_index, "error_code": row_code})
        topic_id = found.id if found is not None else bytes(16)
        responses.append({"topic_name": topic.topic_name, "topic_id": topic_id, "partitions": rows})
    return {"error_code": 0, "responses": responses}
