"""DescribeClientQuotas (48): the quotas that a filter selects. They are kept as data and not enforced.

Match types: 0 this name, 1 the default entity, 2 any name. `strict` leaves out entities with further parts. Not allowed
31; unknown type 42.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request

_TYPES = ("user", "client-id", "ip")


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    code = broker.security.refusal(request, security.DESCRIBE_CONFIGS, security.CLUSTER, security.CLUSTER_NAME)
    code = code or broker.deny(request)
    text = errors.name_of(code) if code else None
    for one in body.components:
        if not code and (one.entity_type not in _TYPES or one.match_type not in (0, 1, 2)):
            code, text = errors.INVALID_REQUEST, f"there is no quota entity type {one.entity_type!r}, or match type"
    if code:
        return {"error_code": code, "error_message": text, "entries": None}
    entries: list[dict[str, Any]] = []
    for entity, values in broker.quotas.items():
        if _matches(dict(entity), body):
            rows = [{"entity_type": kind, "entity_name": name} for kind, name in entity]
            entries.append(
                {"entity": rows, "values": [{"key": key, "value": value} for key, value in sorted(values.items())]}
            )
    return {"error_code": 0, "error_message": None, "entries": entries}


def _matches(entity: dict[str, str | None], body: Any) -> bool:
    for one in body.components:
        if one.entity_type not in entity:
            return False
        name = entity[one.entity_type]
        if (one.match_type == 0 and name != one.match) or (one.match_type == 1 and name is not None):
            return False
    return not body.strict or len(entity) == len(body.components)
