"""DescribeUserScramCredentials (50): which mechanisms and iterations users have. null users: all. Nothing known 91,
named twice 92, 31.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    from emulators.kafka.sasl import SCRAM_NUMBERS

    code = broker.security.refusal(request, security.DESCRIBE, security.CLUSTER, security.CLUSTER_NAME)
    code = code or broker.deny(request)
    if code:
        return {"error_code": code, "error_message": errors.name_of(code)}
    known: dict[str, list[dict[str, int]]] = {}
    for (user, mechanism), credential in broker.security.scram.items():
        row = {"mechanism": SCRAM_NUMBERS[mechanism], "iterations": credential.iterations}
        known.setdefault(user, []).append(row)
    asked = request.body.users
    names = sorted(known) if not asked else [one.name for one in asked]
    results: list[dict[str, Any]] = []
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            text = f"Cannot describe SCRAM credentials for the same user twice in a single request: {name}"
            results.append({"user": name, "error_code": errors.DUPLICATE_RESOURCE, "error_message": text})
        elif name not in known:
            text = f"Attempt to describe a user credential that does not exist: {name}"
            results.append({"user": name, "error_code": errors.RESOURCE_NOT_FOUND, "error_message": text})
        else:
            rows = sorted(known[name], key=lambda row: row["mechanism"])
            results.append({"user": name, "error_code": 0, "credential_infos": rows})
    return {"error_code": 0, "results": results}
