"""AddPartitionsToTxn (24): partitions become part of a transaction.

v0-3 from producers, one transaction; v4-5 between brokers, several, or only to verify (120 for what is not in). All or
nothing: when one partition is refused (3, 29), the others are 55. Fencing is 90 from v2, before 47.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    if request.version >= 4:
        rows = [
            {
                "transactional_id": one.transactional_id,
                "topic_results": _add(
                    broker,
                    request,
                    one.transactional_id,
                    one.producer_id,
                    one.producer_epoch,
                    one.topics,
                    one.verify_only,
                ),
            }
            for one in body.transactions
        ]
        return {"error_code": 0, "results_by_transaction": rows}
    rows = _add(
        broker,
        request,
        body.v3_and_below_transactional_id,
        body.v3_and_below_producer_id,
        body.v3_and_below_producer_epoch,
        body.v3_and_below_topics,
        False,
    )
    return {"results_by_topic_v3_and_below": rows}


def _add(
    broker: KafkaEmulator, request: Request, name: str, producer_id: int, epoch: int, topics: Any, verify_only: bool
) -> list[dict[str, Any]]:
    code = broker.security.refusal(request, security.WRITE, security.TRANSACTIONAL_ID, name)
    code = code or broker.deny(request, transactional_id=name)
    if not code and broker.coordinator(1, name) != request.node:
        code = errors.NOT_COORDINATOR
    coordinator = broker.transactions
    asked = {(topic.name, index) for topic in topics for index in topic.partitions}
    found: dict[tuple[str, int], int] = dict.fromkeys(asked, code)
    if not code:
        for topic, index in asked:
            refused = broker.security.refusal(request, security.WRITE, security.TOPIC, topic)
            if not refused and broker.find_partition(topic, index) is None:
                refused = errors.UNKNOWN_TOPIC_OR_PARTITION
            found[topic, index] = refused or broker.deny(request, topic=topic, partition=index, transactional_id=name)
        if any(found.values()):
            found = {key: value or errors.OPERATION_NOT_ATTEMPTED for key, value in found.items()}
        elif verify_only:
            code = coordinator.check(name, producer_id, epoch)
            for key in found:
                there = coordinator.holds(name, producer_id, epoch, key)
                found[key] = code or (errors.NONE if there else errors.TRANSACTION_ABORTABLE)
        else:
            code = coordinator.add(name, producer_id, epoch, asked)
            code = code or broker.deny_after(request, transactional_id=name)
            if code == errors.PRODUCER_FENCED and request.version < 2:
                code = errors.INVALID_PRODUCER_EPOCH
            found = dict.fromkeys(asked, code)
    return [
        {
            "name": topic.name,
            "results_by_partition": [
                {"partition_index": index, "partition_error_code": found[topic.name, index]}
                for index in topic.partitions
            ],
        }
        for topic in topics
    ]
