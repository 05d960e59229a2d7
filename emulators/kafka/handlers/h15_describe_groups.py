"""DescribeGroups (15): classic groups with their members.

v3 authorized operations; v4 instance ids; v6 a group that is not there is 69 (before: state Dead, no error).
Subscriptions and assignments are shown in state Stable only. KIP-848 and share groups are 69 here (v6), else Dead: they
have APIs of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security
from emulators.kafka.groups.classic import STABLE

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    return {"groups": [_describe(broker, request, group_id) for group_id in request.body.groups]}


def _describe(broker: KafkaEmulator, request: Request, group_id: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "group_id": group_id,
        "group_state": "",
        "protocol_type": "",
        "protocol_data": "",
        "members": [],
        "authorized_operations": -(1 << 31),
    }
    code = broker.security.refusal(request, security.DESCRIBE, security.GROUP, group_id)
    code = code or broker.groups.misplaced(request, group_id)
    if code:
        return row | {"error_code": code}
    if request.body.include_authorized_operations:
        row["authorized_operations"] = broker.security.operations(request, security.GROUP, group_id)
    group = broker.groups.classic(group_id, create=False)
    if group is None:
        if request.version >= 6:
            text = f"Group {group_id} not found."
            return row | {"error_code": errors.GROUP_ID_NOT_FOUND, "error_message": text, "group_state": "Dead"}
        return row | {"group_state": "Dead"}
    stable = group.phase == STABLE
    members = [
        {
            "member_id": member.id,
            "group_instance_id": member.instance_id,
            "client_id": member.client_id,
            "client_host": member.host,
            "member_metadata": member.metadata_for(group.protocol) if stable else b"",
            "member_assignment": member.assignment if stable else b"",
        }
        for member in group.members.values()
    ]
    return row | {
        "group_state": group.phase,
        "protocol_type": group.protocol_type,
        "protocol_data": (group.protocol or "") if stable else "",
        "members": members,
    }
