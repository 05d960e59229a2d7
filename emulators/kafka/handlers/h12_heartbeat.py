"""Heartbeat (12): a member of a classic group is alive, and hears that a rebalance runs (27).

v3 static members. Errors: 22 generation, 25 unknown member, 27 rebalance, 82 fenced.
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
    if not code:
        group = broker.groups.classic(body.group_id, create=False)
        code = errors.UNKNOWN_MEMBER_ID if group is None else group.heartbeat(request)
    return {"error_code": code}
