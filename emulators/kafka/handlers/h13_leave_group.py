"""LeaveGroup (13): members go, and the others rebalance.

v0-2 one member by id; v3+ several, by id or by instance id (what an administrator does to static members); v5 reasons.
A member of a KIP-848 group can be removed by an administrator this way too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    code = broker.security.refusal(request, security.READ, security.GROUP, body.group_id)
    code = code or broker.groups.misplaced(request, body.group_id)
    if not code and not body.group_id:
        code = errors.INVALID_GROUP_ID
    if code:
        return {"error_code": code, "members": []}
    if request.version < 3:
        return {"error_code": _leave(broker, body.group_id, body.member_id, None)}
    rows: list[dict[str, Any]] = [
        {
            "member_id": one.member_id,
            "group_instance_id": one.group_instance_id,
            "error_code": _leave(broker, body.group_id, one.member_id, one.group_instance_id),
        }
        for one in body.members
    ]
    return {"error_code": 0, "members": rows}


def _leave(broker: KafkaEmulator, group_id: str, member_id: str, instance_id: str | None) -> int:
    group = broker.groups.groups.get(group_id)
    leave = getattr(group, "leave", None)
    return int(leave(member_id, instance_id)) if leave is not None else errors.UNKNOWN_MEMBER_ID
