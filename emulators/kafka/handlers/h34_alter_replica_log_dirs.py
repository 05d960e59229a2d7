"""AlterReplicaLogDirs (34): there is one log directory, so a replica is there already (0) or the directory is not (57);
unknown partition 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    code = broker.security.refusal(request, security.ALTER, security.CLUSTER, security.CLUSTER_NAME)
    only = broker.configs.broker("log.dirs").value
    topics: dict[str, list[dict[str, Any]]] = {}
    for wanted in request.body.dirs:
        for topic in wanted.topics:
            for index in topic.partitions:
                row_code = code or broker.deny(request, topic=topic.name, partition=index)
                if not row_code and broker.find_partition(topic.name, index) is None:
                    row_code = errors.UNKNOWN_TOPIC_OR_PARTITION
                if not row_code and wanted.path != only:
                    row_code = errors.LOG_DIR_NOT_FOUND
                topics.setdefault(topic.name, []).append({"partition_index": index, "error_code": row_code})
    return {"results": [{"topic_name": name, "partitions": rows} for name, rows in topics.items()]}
