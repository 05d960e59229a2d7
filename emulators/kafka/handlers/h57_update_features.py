"""UpdateFeatures (57): set finalized feature levels; ApiVersions then tells them. v1 upgrade types; v2 one error for
all.

Unknown feature, level out of range, or a downgrade that is not allowed: 95. Not allowed 31.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    from emulators.kafka.handlers.h18_api_versions import FEATURES, finalized

    body = request.body
    code = broker.security.refusal(request, security.ALTER, security.CLUSTER, security.CLUSTER_NAME)
    code = code or broker.deny(request)
    if code:
        return {"error_code": code, "error_message": errors.name_of(code)}
    known = {name: (low, high) for name, low, high, _ in FEATURES[broker.version]}
    present = finalized(broker)
    results: list[dict[str, Any]] = []
    first: tuple[int, str | None] = (0, None)
    changes = {}
    for wanted in body.feature_updates:
        level, text = wanted.max_version_level, None
        downgrade = wanted.allow_downgrade if request.version == 0 else wanted.upgrade_type in (2, 3)
        if wanted.feature not in known:
            text = f"The feature {wanted.feature} is not known."
        elif level != 0 and not known[wanted.feature][0] <= level <= known[wanted.feature][1]:
            text = f"The level {level} of {wanted.feature} is not supported."
        elif level < present[wanted.feature] and not downgrade:
            text = f"{wanted.feature} has level {present[wanted.feature]}; going to {level} is a downgrade."
        else:
            changes[wanted.feature] = level
        row_code = errors.INVALID_UPDATE_VERSION if text else 0
        if row_code and not first[0]:
            first = (row_code, text)
        results.append({"feature": wanted.feature, "error_code": row_code, "error_message": text})
    if request.version >= 2 and first[0]:
        return {"error_code": first[0], "error_message": first[1]}
    if not body.validate_only:
        broker.features.update(changes)
    return {"error_code": 0, "results": results}
