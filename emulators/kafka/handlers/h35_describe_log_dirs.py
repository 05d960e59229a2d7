"""DescribeLogDirs (35): the sizes of this node's replicas, in its one log directory. v3 a top-level error (31), v4 the
volume's sizes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request

#: What the volume is said to hold, in bytes.
_TOTAL, _USABLE = 1 << 40, 1 << 39


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    code = broker.security.refusal(request, security.DESCRIBE, security.CLUSTER, security.CLUSTER_NAME)
    code = code or broker.deny(request)
    if code:
        return {"error_code": code, "results": []}
    asked = request.body.topics
    wanted = None if asked is None else {(one.topic, index) for one in asked for index in one.partitions}
    topics: list[dict[str, Any]] = []
    for topic in broker.topics.values():
        rows = [
            {
                "partition_index": one.index,
                "partition_size": one.log.size,
                "offset_lag": 0,
                "is_future_key": False,
            }
            for one in topic.partitions
            if request.node in one.replicas and (wanted is None or one.key in wanted)
        ]
        if rows:
            topics.append({"name": topic.name, "partitions": rows})
    directory = broker.configs.broker("log.dirs").value
    row = {
        "error_code": errors.NONE,
        "log_dir": directory,
        "topics": topics,
        "total_bytes": _TOTAL,
        "usable_bytes": _USABLE,
    }
    return {"error_code": 0, "results": [row]}
