"""Metadata (3): nodes, topics, partitions and their leaders.

v0 an empty list means all topics, from v1 null does. v4 lets the client forbid auto-creation; v8 authorized operations;
v10 topic ids; v12 asks by topic id; v13 a top-level error. Unknown names: created when `auto.create.topics.enable` and
the client allows it, else 3; unknown ids 100; illegal names 17. Differs from Kafka: an auto-created topic is there at
once, where Kafka first answers 5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security
from emulators.kafka.topics import NO_ID, Partition, Topic, TopicError, validate_name

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request

_NOT_ASKED = -(1 << 31)


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    everything = body.topics is None or (request.version == 0 and not body.topics)
    fields: dict[str, Any] = {
        "brokers": [
            {"node_id": node.id, "host": node.host, "port": node.port, "rack": node.rack}
            for node in broker.live_nodes()
        ],
        "cluster_id": broker.cluster_id,
        "controller_id": broker.controller,
        "cluster_authorized_operations": _NOT_ASKED,
    }
    if everything:
        fields["topics"] = [
            _topic(broker, request, topic)
            for topic in broker.topics.values()
            if broker.security.allowed(request, security.DESCRIBE, security.TOPIC, topic.name)
        ]
    else:
        fields["topics"] = [_asked(broker, request, wanted) for wanted in body.topics]
    if body.include_cluster_authorized_operations:
        fields["cluster_authorized_operations"] = broker.security.operations(
            request, security.CLUSTER, security.CLUSTER_NAME
        )
    return fields


def _asked(broker: KafkaEmulator, request: Request, wanted: Any) -> dict[str, Any]:
    if wanted.topic_id != NO_ID:
        topic = broker.topics_by_id.get(wanted.topic_id)
        if topic is None or not broker.security.allowed(request, security.DESCRIBE, security.TOPIC, topic.name):
            return {"error_code": errors.UNKNOWN_TOPIC_ID, "topic_id": wanted.topic_id, "name": None}
        return _topic(broker, request, topic)
    name = wanted.name
    refused = broker.security.refusal(request, security.DESCRIBE, security.TOPIC, name or "")
    if refused:
        return {"error_code": refused, "name": name}
    topic = broker.topics.get(name)
    if topic is not None:
        return _topic(broker, request, topic)
    code = broker.deny(request, topic=name)
    if not code:
        code = _create(broker, request, name)
    if code:
        return {"error_code": code, "name": name}
    return _topic(broker, request, broker.topics[name])


def _create(broker: KafkaEmulator, request: Request, name: str) -> int:
    try:
        validate_name(name)
        if not (request.body.allow_auto_topic_creation and broker.configs.broker_flag("auto.create.topics.enable")):
            return errors.UNKNOWN_TOPIC_OR_PARTITION
        can = broker.security.allowed(request, security.CREATE, security.TOPIC, name) or broker.security.allowed(
            request, security.CREATE, security.CLUSTER, security.CLUSTER_NAME
        )
        if not can:
            return errors.TOPIC_AUTHORIZATION_FAILED
        broker.create_topic(name)
    except TopicError as error:
        return error.code
    return errors.NONE


def _topic(broker: KafkaEmulator, request: Request, topic: Topic) -> dict[str, Any]:
    operations = _NOT_ASKED
    if request.body.include_topic_authorized_operations:
        operations = broker.security.operations(request, security.TOPIC, topic.name)
    code = broker.deny(request, topic=topic.name)
    return {
        "error_code": code,
        "name": topic.name,
        "topic_id": topic.id,
        "is_internal": False,
        "partitions": [] if code else [_partition(broker, partition) for partition in topic.partitions],
        "topic_authorized_operations": operations,
    }


def _partition(broker: KafkaEmulator, partition: Partition) -> dict[str, Any]:
    nodes = broker.nodes
    return {
        "error_code": errors.NONE if partition.leader >= 0 else errors.LEADER_NOT_AVAILABLE,
        "partition_index": partition.index,
        "leader_id": partition.leader,
        "leader_epoch": partition.leader_epoch,
        "replica_nodes": partition.replicas,
        "isr_nodes": partition.isr,
        "offline_replicas": [node for node in partition.replicas if not nodes[node].up] if len(nodes) > 1 else (),
    }
