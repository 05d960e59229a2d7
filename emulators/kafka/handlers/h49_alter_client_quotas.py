"""AlterClientQuotas (49): set and remove quotas of users, client ids and addresses. They are kept as data and not
enforced.

Unknown entity type, no entity, or unknown key 42; not allowed 31.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request

_KEYS = {
    "user": {"producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate"},
    "client-id": {"producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate"},
    "ip": {"connection_creation_rate"},
}


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    code = broker.security.refusal(request, security.ALTER_CONFIGS, security.CLUSTER, security.CLUSTER_NAME)
    code = code or broker.deny(request)
    return {"entries": [_alter(broker, request, one, code) for one in request.body.entries]}


def _alter(broker: KafkaEmulator, request: Request, wanted: Any, code: int) -> dict[str, Any]:
    entity = tuple(sorted((one.entity_type, one.entity_name) for one in wanted.entity))
    row: dict[str, Any] = {
        "entity": [{"entity_type": kind, "entity_name": name} for kind, name in entity],
        "error_message": errors.name_of(code) if code else None,
    }
    kinds = [kind for kind, _ in entity]
    if not code and (not kinds or len(set(kinds)) != len(kinds) or any(kind not in _KEYS for kind in kinds)):
        code, row["error_message"] = errors.INVALID_REQUEST, "a quota is for a user, a client-id, both, or an ip"
    for op in wanted.ops:
        if not code and op.key not in _KEYS[kinds[0]]:
            code, row["error_message"] = (
                errors.INVALID_REQUEST,
                f"there is no quota {op.key!r} for {' and '.join(kinds)}",
            )
    if not code and not request.body.validate_only:
        values = dict(broker.quotas.get(entity, {}))
        for op in wanted.ops:
            if op.remove:
                values.pop(op.key, None)
            else:
                values[op.key] = op.value
        if values:
            broker.quotas[entity] = values
        else:
            broker.quotas.pop(entity, None)
    return row | {"error_code": code}
