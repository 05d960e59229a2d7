"""DescribeQuorum (55): the controllers' Raft quorum, which here is every node, all caught up. v2 adds the nodes'
addresses. Other topics 3; 31.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request

_METADATA = "__cluster_metadata"


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    code = broker.security.refusal(request, security.DESCRIBE, security.CLUSTER, security.CLUSTER_NAME)
    code = code or broker.deny(request)
    if code:
        return {"error_code": code}
    now = broker.now_ms()
    offset = 1 + broker.topic_count
    voters: list[dict[str, Any]] = [
        {
            "replica_id": node.id,
            "log_end_offset": offset,
            "last_fetch_timestamp": now,
            "last_caught_up_timestamp": now,
        }
        for node in broker.live_nodes()
    ]
    topics = []
    for topic in request.body.topics:
        rows: list[dict[str, Any]] = []
        for one in topic.partitions:
            row: dict[str, Any] = {"partition_index": one.partition_index, "leader_id": -1, "leader_epoch": -1}
            if topic.topic_name != _METADATA or one.partition_index != 0:
                rows.append(row | {"error_code": errors.UNKNOWN_TOPIC_OR_PARTITION})
                continue
            row |= {"leader_id": broker.controller, "leader_epoch": 1, "high_watermark": offset}
            rows.append(row | {"error_code": 0, "current_voters": voters, "observers": []})
        topics.append({"topic_name": topic.topic_name, "partitions": rows})
    nodes = [
        {"node_id": node.id, "listeners": [{"name": "PLAINTEXT", "host": node.host, "port": node.port}]}
        for node in broker.live_nodes()
    ]
    return {"error_code": 0, "topics": topics, "nodes": nodes}
