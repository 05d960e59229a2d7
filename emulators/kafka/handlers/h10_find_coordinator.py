"""FindCoordinator (10): the node for a group (key type 0), a transactional id (1) or a share partition (2).

v4 asks for several at once; v6 adds key type 2 (`group:topic-id:partition`). Unknown type or empty transactional id 42;
not allowed 30 or 53; no node up 15.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    if request.version >= 4:
        return {"coordinators": [_find(broker, request, body.key_type, key) for key in body.coordinator_keys]}
    return _find(broker, request, body.key_type, body.key)


def _find(broker: KafkaEmulator, request: Request, kind: int, key: str) -> dict[str, Any]:
    row: dict[str, Any] = {"key": key, "node_id": -1, "host": "", "port": -1}
    if kind not in (0, 1, 2) or (kind == 2 and key.count(":") < 2):
        return row | {"error_code": errors.INVALID_REQUEST, "error_message": "the key type or key is not valid"}
    if kind == 1:
        code = broker.security.refusal(request, security.DESCRIBE, security.TRANSACTIONAL_ID, key)
        site = {"transactional_id": key}
    else:
        code = broker.security.refusal(request, security.DESCRIBE, security.GROUP, key)
        site = {"group": key}
    code = code or broker.deny(request, **site)
    node_id = broker.coordinator(kind, key)
    if not code and node_id < 0:
        code = errors.COORDINATOR_NOT_AVAILABLE
    if code:
        return row | {"error_code": code, "error_message": errors.name_of(code)}
    node = broker.nodes[node_id]
    return row | {"error_code": 0, "node_id": node.id, "host": node.host, "port": node.port}
