"""SyncGroup (14): the leader hands out the assignment, the others wait for theirs.

v3 static members; v5 the protocol's type and name are checked (23). Errors: 22, 25, 27, 82. See `groups/classic.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    code = broker.security.refusal(request, security.READ, security.GROUP, body.group_id)
    code = code or broker.groups.misplaced(request, body.group_id)
    if code:
        return {"error_code": code}
    group = broker.groups.classic(body.group_id, create=False)
    return {"error_code": errors.UNKNOWN_MEMBER_ID} if group is None else group.sync(request)
