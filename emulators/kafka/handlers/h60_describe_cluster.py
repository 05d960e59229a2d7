"""DescribeCluster (60): nodes, controller and cluster id. v1 asks brokers (1) or controllers (2, answered with 115 by a
broker), v2 fenced ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request

_NOT_ASKED = -(1 << 31)


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    code = broker.deny(request)
    if not code and body.endpoint_type != 1:
        code = errors.MISMATCHED_ENDPOINT_TYPE if body.endpoint_type == 2 else errors.UNSUPPORTED_ENDPOINT_TYPE
    fields: dict[str, Any] = {
        "error_code": code,
        "error_message": errors.name_of(code) if code else None,
        "cluster_id": broker.cluster_id,
        "controller_id": broker.controller,
        "cluster_authorized_operations": _NOT_ASKED,
        "brokers": [
            {"broker_id": node.id, "host": node.host, "port": node.port, "rack": node.rack, "is_fenced": not node.up}
            for node in broker.nodes.values()
            if (node.up or body.include_fenced_brokers) and not code
        ],
    }
    if body.include_cluster_authorized_operations:
        fields["cluster_authorized_operations"] = broker.security.operations(
            request, security.CLUSTER, security.CLUSTER_NAME
        )
    return fields
