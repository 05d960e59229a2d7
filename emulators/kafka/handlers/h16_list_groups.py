"""ListGroups (16): the groups that this node coordinates.

v4 filters by state, v5 by type (classic, consumer, share), both without regard to case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.kafka import security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    code = broker.deny(request)
    if code:
        return {"error_code": code, "groups": []}
    states = {state.lower() for state in body.states_filter or ()}
    kinds = {kind.lower() for kind in body.types_filter or ()}
    found = []
    for group in broker.groups.groups.values():
        if broker.coordinator(0, group.id) != request.node:
            continue
        if (states and group.state.lower() not in states) or (kinds and group.kind not in kinds):
            continue
        if broker.security.refusal(request, security.DESCRIBE, security.GROUP, group.id):
            continue
        found.append(
            {
                "group_id": group.id,
                "protocol_type": group.protocol_type,
                "group_state": group.state,
                "group_type": group.kind,
            }
        )
    return {"error_code": 0, "groups": found}
