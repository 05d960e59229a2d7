"""DeleteShareGroupOffsets (92): forget what an empty share group has of topics. With members 68, not there 69, unknown
topic 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    code = broker.security.refusal(request, security.DELETE, security.GROUP, body.group_id)
    code = code or broker.groups.misplaced(request, body.group_id)
    group = broker.groups.share(body.group_id, create=False)
    if not code and group is None:
        code = errors.GROUP_ID_NOT_FOUND
    if not code and group is not None and not group.empty:
        code = errors.NON_EMPTY_GROUP
    if code or group is None:
        return {"error_code": code, "error_message": errors.name_of(code), "responses": []}
    responses: list[dict[str, Any]] = []
    for topic in body.topics:
        found = broker.topics.get(topic.topic_name)
        row: dict[str, Any] = {"topic_name": topic.topic_name, "topic_id": found.id if found else bytes(16)}
        if found is None:
            row |= {"error_code": errors.UNKNOWN_TOPIC_OR_PARTITION, "error_message": errors.UNKNOWN_TOPIC}
        else:
            group.forget_topic(found)
        responses.append(row)
    return {"error_code": 0, "responses": responses}
