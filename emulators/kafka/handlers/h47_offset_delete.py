"""OffsetDelete (47): forget a group's offsets of some partitions. Group not there 69, topic still read by a member 86,
unknown partition 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    code = broker.security.refusal(request, security.DELETE, security.GROUP, body.group_id)
    code = code or broker.groups.misplaced(request, body.group_id)
    group = broker.groups.groups.get(body.group_id)
    if not code and group is None:
        code = errors.GROUP_ID_NOT_FOUND
    if not code and group is not None and not group.empty and group.protocol_type != "consumer":
        code = errors.NON_EMPTY_GROUP
    if code or group is None:
        return {"error_code": code, "topics": []}
    topics = []
    for topic in body.topics:
        rows = []
        for one in topic.partitions:
            row_code = broker.security.refusal(request, security.READ, security.TOPIC, topic.name)
            if not row_code and broker.find_partition(topic.name, one.partition_index) is None:
                row_code = errors.UNKNOWN_TOPIC_OR_PARTITION
            if not row_code and group.subscribes(topic.name):
                row_code = errors.GROUP_SUBSCRIBED_TO_TOPIC
            if not row_code:
                group.committed.pop((topic.name, one.partition_index), None)
            rows.append({"partition_index": one.partition_index, "error_code": row_code})
        topics.append({"name": topic.name, "partitions": rows})
    return {"error_code": 0, "topics": topics}
