"""ElectLeaders (43): make the preferred replica (type 0) the leader, or any (type 1, unclean). null topics: all
partitions.

Leader already right 84, preferred replica down 80, nobody up 83, unknown partition 3, not allowed 31.
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
        return {"error_code": code}
    everything = body.topic_partitions is None
    if everything:
        wanted = [(topic.name, one.index) for topic in broker.topics.values() for one in topic.partitions]
    else:
        wanted = [(one.topic, index) for one in body.topic_partitions for index in one.partitions]
    topics: dict[str, list[dict[str, Any]]] = {}
    for topic, index in wanted:
        row_code = _elect(broker, topic, index, body.election_type)
        if everything and row_code == errors.ELECTION_NOT_NEEDED:
            continue
        text = None if not row_code else errors.name_of(row_code)
        row = {"partition_id": index, "error_code": row_code, "error_message": text}
        topics.setdefault(topic, []).append(row)
    return {
        "error_code": 0,
        "replica_election_results": [{"topic": topic, "partition_result": rows} for topic, rows in topics.items()],
    }


def _elect(broker: KafkaEmulator, topic: str, index: int, kind: int) -> int:
    partition = broker.find_partition(topic, index)
    if partition is None:
        return errors.UNKNOWN_TOPIC_OR_PARTITION
    if kind == 0:
        preferred = partition.replicas[0]
        if partition.leader == preferred:
            return errors.ELECTION_NOT_NEEDED
        if preferred not in partition.isr:
            return errors.PREFERRED_LEADER_NOT_AVAILABLE
        broker.elect(partition, preferred)
        return errors.NONE
    if partition.leader >= 0:
        return errors.ELECTION_NOT_NEEDED
    up = [node for node in partition.replicas if broker.nodes[node].up]
    if not up:
        return errors.ELIGIBLE_LEADERS_NOT_AVAILABLE
    broker.elect(partition, up[0])
    return errors.NONE
