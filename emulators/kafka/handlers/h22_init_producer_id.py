"""InitProducerId (22): an id and an epoch for an idempotent or transactional producer.

v3 a producer that knows its id and epoch asks for the next epoch (KIP-360); v4 fencing is 90 instead of 47. Empty
transactional id, or only one of id and epoch, 42; timeout out of range 50; an open transaction is aborted and answered
with 51. v6 (two-phase commit) is not offered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    name = body.transactional_id
    if name is None:
        code = broker.deny(request)
        if code:
            return _refused(code)
        return {"error_code": 0, "producer_id": broker.transactions.fresh_producer_id(), "producer_epoch": 0}
    code = broker.security.refusal(request, security.WRITE, security.TRANSACTIONAL_ID, name)
    code = code or broker.deny(request, transactional_id=name)
    if not code and (not name or (body.producer_id < 0) != (body.producer_epoch < 0)):
        code = errors.INVALID_REQUEST
    if not code and broker.coordinator(1, name) != request.node:
        code = errors.NOT_COORDINATOR
    if code:
        return _refused(code)
    code, producer_id, epoch = broker.transactions.init(
        name, body.transaction_timeout_ms, body.producer_id, body.producer_epoch
    )
    code = code or broker.deny_after(request, transactional_id=name)
    if code == errors.PRODUCER_FENCED and request.version < 4:
        code = errors.INVALID_PRODUCER_EPOCH
    if code:
        return _refused(code)
    return {"error_code": 0, "producer_id": producer_id, "producer_epoch": epoch}


def _refused(code: int) -> dict[str, Any]:
    return {"error_code": code, "producer_id": -1, "producer_epoch": -1}
