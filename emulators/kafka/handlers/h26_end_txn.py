"""EndTxn (26): commit or abort. Markers are written and offsets shown before the answer leaves.

v2 fencing is 90 (before 47); v5 (TV2) answers with the bumped epoch. The same end again is 0, the other one, or an end
of nothing, 48.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    name = body.transactional_id
    code = broker.security.refusal(request, security.WRITE, security.TRANSACTIONAL_ID, name)
    code = code or broker.deny(request, transactional_id=name)
    if not code and broker.coordinator(1, name) != request.node:
        code = errors.NOT_COORDINATOR
    producer_id = epoch = -1
    if not code:
        code, producer_id, epoch = broker.transactions.end(
            name, body.producer_id, body.producer_epoch, body.committed, request.version >= 5
        )
        code = code or broker.deny_after(request, transactional_id=name)
    if code == errors.PRODUCER_FENCED and request.version < 2:
        code = errors.INVALID_PRODUCER_EPOCH
    return {"error_code": code, "producer_id": producer_id, "producer_epoch": epoch}
