"""AddOffsetsToTxn (25): a group's offsets become part of a transaction. Errors as AddPartitionsToTxn: 42, 49, 90 (47
before v2), 53, 30.
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
    code = code or broker.security.refusal(request, security.READ, security.GROUP, body.group_id)
    code = code or broker.deny(request, transactional_id=name, group=body.group_id)
    if not code and broker.coordinator(1, name) != request.node:
        code = errors.NOT_COORDINATOR
    code = code or broker.transactions.add(name, body.producer_id, body.producer_epoch, set(), body.group_id)
    if code == errors.PRODUCER_FENCED and request.version < 2:
        code = errors.INVALID_PRODUCER_EPOCH
    return {"error_code": code}
