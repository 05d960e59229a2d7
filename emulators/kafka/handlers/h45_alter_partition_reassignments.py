"""AlterPartitionReassignments (45): give partitions other replicas. Done at once, since all replicas share one log; so
a cancel (null) is 85.

Unknown partition 3, bad replicas 39, a changed replication factor where the client forbids it 38, not allowed 31.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    code = broker.security.refusal(request, security.ALTER, security.CLUSTER, security.CLUSTER_NAME)
    code = code or broker.deny(request)
    if code:
        return {"error_code": code, "error_message": errors.name_of(code)}
    responses = []
    for topic in body.topics:
        rows = [_reassign(broker, topic.name, one, body.allow_replication_factor_change) for one in topic.partitions]
        responses.append({"name": topic.name, "partitions": rows})
    return {
        "error_code": 0,
        "allow_replication_factor_change": body.allow_replication_factor_change,
        "responses": responses,
    }


def _reassign(broker: KafkaEmulator, topic: str, wanted: Any, may_change_factor: bool) -> dict[str, Any]:
    partition = broker.find_partition(topic, wanted.partition_index)
    row: dict[str, Any] = {"partition_index": wanted.partition_index}
    if partition is None:
        return row | {"error_code": errors.UNKNOWN_TOPIC_OR_PARTITION, "error_message": errors.UNKNOWN_TOPIC}
    if wanted.replicas is None:
        return row | {
            "error_code": errors.NO_REASSIGNMENT_IN_PROGRESS,
            "error_message": "no reassignment is in progress",
        }
    replicas = list(wanted.replicas)
    if not replicas or len(set(replicas)) != len(replicas) or any(node not in broker.nodes for node in replicas):
        text = "replicas are different, registered brokers"
        return row | {"error_code": errors.INVALID_REPLICA_ASSIGNMENT, "error_message": text}
    if not may_change_factor and len(replicas) != len(partition.replicas):
        text = "the replication factor would change"
        return row | {"error_code": errors.INVALID_REPLICATION_FACTOR, "error_message": text}
    partition.replicas = replicas
    partition.isr = [node for node in replicas if broker.nodes[node].up]
    if partition.leader not in partition.isr:
        broker.elect(partition, partition.isr[0] if partition.isr else -1)
    return row | {"error_code": 0, "error_message": None}
