"""DescribeShareGroupOffsets (90): where a share group's windows begin. null topics: all. Group not there 69; partition
it has not: -1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    return {"groups": [_describe(broker, request, one) for one in request.body.groups]}


def _describe(broker: KafkaEmulator, request: Request, asked: Any) -> dict[str, Any]:
    group_id = asked.group_id
    code = broker.security.refusal(request, security.DESCRIBE, security.GROUP, group_id)
    code = code or broker.groups.misplaced(request, group_id)
    group = broker.groups.share(group_id, create=False)
    if not code and group is None:
        code = errors.GROUP_ID_NOT_FOUND
    if code or group is None:
        return {"group_id": group_id, "topics": [], "error_code": code, "error_message": errors.name_of(code)}
    if asked.topics is None:
        wanted: dict[str, list[int]] = {}
        for topic_id, index in sorted(group.partitions):
            topic = broker.topics_by_id.get(topic_id)
            if topic is not None:
                wanted.setdefault(topic.name, []).append(index)
    else:
        wanted = {one.topic_name: list(one.partitions) for one in asked.topics}
    topics = []
    for name, indexes in wanted.items():
        topic = broker.topics.get(name)
        rows = []
        for index in indexes:
            window = group.partitions.get((topic.id, index)) if topic is not None else None
            start = -1 if window is None else window.start
            rows.append({"partition_index": index, "start_offset": start, "leader_epoch": 0, "error_code": 0})
        topics.append({"topic_name": name, "topic_id": topic.id if topic else bytes(16), "partitions": rows})
    return {"group_id": group_id, "topics": topics, "error_code": 0}
