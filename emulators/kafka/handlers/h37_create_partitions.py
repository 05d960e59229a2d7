"""CreatePartitions (37): grow topics. Not more than now, or too many assignments, 37; bad assignment 39; unknown topic
3; named twice 42; 29.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    names = [one.name for one in request.body.topics]
    return {"results": [_grow(broker, request, one, names.count(one.name) > 1) for one in request.body.topics]}


def _grow(broker: KafkaEmulator, request: Request, wanted: Any, twice: bool) -> dict[str, Any]:
    topic = broker.topics.get(wanted.name)
    code = broker.security.refusal(request, security.ALTER, security.TOPIC, wanted.name)
    code = code or broker.deny(request, topic=wanted.name)
    text = errors.name_of(code) if code else None
    if not code and twice:
        code, text = errors.INVALID_REQUEST, errors.DUPLICATE_TOPIC
    if not code and topic is None:
        code, text = errors.UNKNOWN_TOPIC_OR_PARTITION, errors.UNKNOWN_TOPIC
    if not code and topic is not None:
        code, text = _check(broker, topic, wanted)
    if not code and topic is not None and not request.body.validate_only:
        given = None if wanted.assignments is None else [list(one.broker_ids) for one in wanted.assignments]
        broker.add_partitions(topic, wanted.count, given)
    return {"name": wanted.name, "error_code": code, "error_message": text}


def _check(broker: KafkaEmulator, topic: Any, wanted: Any) -> tuple[int, str | None]:
    present = len(topic.partitions)
    if wanted.count <= present:
        return errors.INVALID_PARTITIONS, errors.partitions_not_more(present, wanted.count)
    if wanted.assignments is not None:
        if len(wanted.assignments) != wanted.count - present:
            text = f"{wanted.count - present} partition(s) are added, but {len(wanted.assignments)} assignment(s) given"
            return errors.INVALID_REPLICA_ASSIGNMENT, text
        for one in wanted.assignments:
            replicas = list(one.broker_ids)
            known = all(node in broker.nodes for node in replicas)
            if not replicas or len(set(replicas)) != len(replicas) or not known:
                return errors.INVALID_REPLICA_ASSIGNMENT, "replicas are different, registered brokers"
            if len(replicas) != topic.replication_factor:
                return errors.INVALID_REPLICA_ASSIGNMENT, "all partitions have the same replication factor"
    return errors.NONE, None
