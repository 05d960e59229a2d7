"""ListConfigResources (74): what has configurations: topics (2), brokers (4, 8), groups (32), client metrics (16). v0
only client metrics. 31, 35.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request

_SUPPORTED = (2, 4, 8, 16, 32)


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    code = broker.security.refusal(request, security.DESCRIBE_CONFIGS, security.CLUSTER, security.CLUSTER_NAME)
    code = code or broker.deny(request)
    asked = [16] if request.version == 0 else list(request.body.resource_types) or list(_SUPPORTED)
    if not code and any(kind not in _SUPPORTED for kind in asked):
        code = errors.UNSUPPORTED_VERSION
    if code:
        return {"error_code": code}
    rows: list[dict[str, Any]] = []
    for kind in asked:
        names: list[str] = []
        if kind == 2:
            names = sorted(broker.topics)
        elif kind in (4, 8):
            names = [str(node) for node in broker.nodes]
        elif kind == 32:
            names = sorted(set(broker.configs.groups) | set(broker.groups.groups))
        rows += [{"resource_name": name, "resource_type": kind} for name in names]
    return {"error_code": 0, "config_resources": rows}
