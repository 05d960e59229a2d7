"""DescribeTransactions (65): transactional ids with state and partitions. Not there 105, not allowed 53."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    return {"transaction_states": [_describe(broker, request, name) for name in request.body.transactional_ids]}


def _describe(broker: KafkaEmulator, request: Request, name: str) -> dict[str, Any]:
    row: dict[str, Any] = {"transactional_id": name, "transaction_state": ""}
    code = broker.security.refusal(request, security.DESCRIBE, security.TRANSACTIONAL_ID, name)
    code = code or broker.deny(request, transactional_id=name)
    found = broker.transactions.transactions.get(name)
    if not code and broker.coordinator(1, name) != request.node:
        code = errors.NOT_COORDINATOR
    if not code and found is None:
        code = errors.TRANSACTIONAL_ID_NOT_FOUND
    if code or found is None:
        return row | {"error_code": code}
    topics: dict[str, list[int]] = {}
    for topic, index in sorted(found.partitions):
        topics.setdefault(topic, []).append(index)
    return row | {
        "error_code": 0,
        "transaction_state": found.state,
        "transaction_timeout_ms": found.timeout_ms,
        "transaction_start_time_ms": found.start_ms,
        "producer_id": found.producer_id,
        "producer_epoch": found.epoch,
        "topics": [{"topic": topic, "partitions": indexes} for topic, indexes in topics.items()],
    }
