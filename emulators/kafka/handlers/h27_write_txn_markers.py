"""WriteTxnMarkers (27): a broker's RPC that administrators use to end a hanging transaction on a partition.

Needs ALTER on the cluster. Unknown partition 3; an epoch older than the producer's 47.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    denied = broker.security.refusal(request, security.ALTER, security.CLUSTER, security.CLUSTER_NAME)
    markers = []
    now = broker.now_ms()
    for marker in request.body.markers:
        topics = []
        for topic in marker.topics:
            rows = []
            for index in topic.partition_indexes:
                partition = broker.find_partition(topic.name, index)
                code = denied or broker.deny(request, topic=topic.name, partition=index)
                if not code and partition is None:
                    code = errors.UNKNOWN_TOPIC_OR_PARTITION
                if not code and partition is not None:
                    entry = partition.log.producers.get(marker.producer_id)
                    if entry is not None and marker.producer_epoch < entry.epoch:
                        code = errors.INVALID_PRODUCER_EPOCH
                    else:
                        partition.log.mark(
                            marker.producer_id,
                            marker.producer_epoch,
                            marker.transaction_result,
                            marker.coordinator_epoch,
                            partition.leader_epoch,
                            now,
                        )
                        broker.wake(partition)
                rows.append({"partition_index": index, "error_code": code})
            topics.append({"name": topic.name, "partitions": rows})
        markers.append({"producer_id": marker.producer_id, "topics": topics})
    return {"markers": markers}
