"""JoinGroup (11): become a member of a classic group, and wait for its next generation.

v1 rebalance timeout; v4 a member without id gets one with error 79 and joins again; v5 static members; v7 protocol type
in the answer; v8 reason; v9 `skip_assignment`. Errors: 24 no group id, 26 session timeout out of range, 23 protocols,
25, 81, 82. See `groups/classic.py`.
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
    low = broker.configs.broker_int("group.min.session.timeout.ms")
    high = broker.configs.broker_int("group.max.session.timeout.ms")
    if not code and not low <= body.session_timeout_ms <= high:
        code = errors.INVALID_SESSION_TIMEOUT
    if code:
        return _refused(request, code)
    # Only one that has no id yet may make the group.
    group = broker.groups.classic(body.group_id, create=body.member_id == "")
    if group is None:
        taken = body.group_id in broker.groups.groups
        return _refused(request, errors.INCONSISTENT_GROUP_PROTOCOL if taken else errors.UNKNOWN_MEMBER_ID)
    return group.join(request)


def _refused(request: Request, code: int) -> dict[str, Any]:
    return {
        "error_code": code,
        "generation_id": -1,
        "protocol_name": None,
        "leader": "",
        "member_id": request.body.member_id,
        "members": [],
    }
