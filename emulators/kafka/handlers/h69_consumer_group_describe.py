"""ConsumerGroupDescribe (69): KIP-848 groups with members, what they have and what they are to have. Not there, or of
another kind: 69.

v1 tells the member's type (1: consumer protocol).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.groups.assignors import Slot
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    return {"groups": [_describe(broker, request, group_id) for group_id in request.body.group_ids]}


def _describe(broker: KafkaEmulator, request: Request, group_id: str) -> dict[str, Any]:
    row: dict[str, Any] = {"group_id": group_id, "group_state": "", "assignor_name": "", "members": []}
    code = broker.security.refusal(request, security.DESCRIBE, security.GROUP, group_id)
    code = code or broker.groups.misplaced(request, group_id)
    group = broker.groups.consumer(group_id, create=False)
    if not code and group is None:
        text = f"Group {group_id} not found." if group_id not in broker.groups.groups else None
        return row | {
            "error_code": errors.GROUP_ID_NOT_FOUND,
            "error_message": text or f"Group {group_id} is not a consumer group.",
        }
    if code or group is None:
        return row | {"error_code": code}
    members = [
        {
            "member_id": one.id,
            "instance_id": one.instance_id,
            "rack_id": one.rack_id,
            "member_epoch": one.epoch,
            "client_id": one.client_id,
            "client_host": one.host,
            "subscribed_topic_names": one.names,
            "subscribed_topic_regex": one.regex or "",
            "assignment": {"topic_partitions": named(broker, one.assigned)},
            "target_assignment": {"topic_partitions": named(broker, group.target.get(one.id, set()))},
            "member_type": 1,
        }
        for one in group.members.values()
    ]
    operations = -(1 << 31)
    if request.body.include_authorized_operations:
        operations = broker.security.operations(request, security.GROUP, group_id)
    assignor = next((one.assignor for one in group.members.values() if one.assignor), None) or "uniform"
    return row | {
        "error_code": 0,
        "group_state": group.state,
        "group_epoch": group.epoch,
        "assignment_epoch": group.assignment_epoch,
        "assignor_name": assignor,
        "members": members,
        "authorized_operations": operations,
    }


def named(broker: KafkaEmulator, slots: set[Slot]) -> list[dict[str, Any]]:
    """Slots by topic, with names."""
    found: dict[bytes, list[int]] = {}
    for topic_id, index in sorted(slots):
        found.setdefault(topic_id, []).append(index)
    return [
        {
            "topic_id": topic_id,
            "topic_name": broker.topics_by_id[topic_id].name if topic_id in broker.topics_by_id else "",
            "partitions": indexes,
        }
        for topic_id, indexes in found.items()
    ]
