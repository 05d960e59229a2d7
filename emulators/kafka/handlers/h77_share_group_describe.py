"""ShareGroupDescribe (77): share groups with their members. Not there, or of another kind: 69."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security
from emulators.kafka.handlers.h69_consumer_group_describe import named

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    return {"groups": [_describe(broker, request, group_id) for group_id in request.body.group_ids]}


def _describe(broker: KafkaEmulator, request: Request, group_id: str) -> dict[str, Any]:
    row: dict[str, Any] = {"group_id": group_id, "group_state": "", "assignor_name": "", "members": []}
    code = broker.security.refusal(request, security.DESCRIBE, security.GROUP, group_id)
    code = code or broker.groups.misplaced(request, group_id)
    group = broker.groups.share(group_id, create=False)
    if code:
        return row | {"error_code": code}
    if group is None:
        return row | {"error_code": errors.GROUP_ID_NOT_FOUND, "error_message": f"Group {group_id} not found."}
    operations = -(1 << 31)
    if request.body.include_authorized_operations:
        operations = broker.security.operations(request, security.GROUP, group_id)
    return row | {
        "error_code": 0,
        "group_state": group.state,
        "group_epoch": group.epoch,
        "assignment_epoch": group.epoch,
        "assignor_name": "simple",
        "authorized_operations": operations,
        "members": [
            {
                "member_id": one.id,
                "rack_id": one.rack_id,
                "member_epoch": one.epoch,
                "client_id": one.client_id,
                "client_host": one.host,
                "subscribed_topic_names": one.names,
                "assignment": {"topic_partitions": named(broker, one.assigned)},
            }
            for one in group.members.values()
        ],
    }
