"""DeleteTopics (20): topics by name, from v6 also by id.

Unknown name 3, unknown id 100, not allowed 29, both or neither of name and id 42, deletion disabled 73. Logs,
producers' state and committed offsets go with the topic; one made again under the name has a new id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security
from emulators.kafka.topics import NO_ID

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    if request.version >= 6:
        wanted = [(one.name, one.topic_id) for one in body.topics]
    else:
        wanted = [(name, NO_ID) for name in body.topic_names]
    return {"responses": [_delete(broker, request, name, topic_id) for name, topic_id in wanted]}


def _delete(broker: KafkaEmulator, request: Request, name: str | None, topic_id: bytes) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "topic_id": topic_id}
    if (name is None) == (topic_id == NO_ID):
        return row | {"error_code": errors.INVALID_REQUEST, "error_message": "name a topic by name or by id"}
    topic = broker.topics.get(name) if name is not None else broker.topics_by_id.get(topic_id)
    refused = broker.security.refusal(request, security.DELETE, security.TOPIC, topic.name if topic else name or "")
    if refused and (topic is None or name is not None):
        return row | {"error_code": refused}
    if topic is None:
        if name is None:
            return row | {"error_code": errors.UNKNOWN_TOPIC_ID, "error_message": errors.UNKNOWN_ID}
        return row | {"error_code": errors.UNKNOWN_TOPIC_OR_PARTITION, "error_message": errors.UNKNOWN_TOPIC}
    row |= {"name": topic.name, "topic_id": topic.id}
    if refused:
        return row | {"error_code": refused}
    code = broker.deny(request, topic=topic.name)
    if not code and not broker.configs.broker_flag("delete.topic.enable"):
        code = errors.TOPIC_DELETION_DISABLED
    if not code:
        broker.delete_topic(topic)
        code = broker.deny_after(request, topic=topic.name)
    return row | {"error_code": code}
