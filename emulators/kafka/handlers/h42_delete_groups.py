"""DeleteGroups (42): groups without members go, with their offsets. Not there 69, with members 68, not allowed 30."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.kafka import security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    results = []
    for group_id in request.body.groups_names:
        code = broker.security.refusal(request, security.DELETE, security.GROUP, group_id)
        code = code or broker.groups.misplaced(request, group_id)
        results.append({"group_id": group_id, "error_code": code or broker.groups.delete(group_id)})
    return {"results": results}
