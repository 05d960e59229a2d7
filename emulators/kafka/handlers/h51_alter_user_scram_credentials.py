"""AlterUserScramCredentials (51): set and delete users' SCRAM credentials, which SASL then uses.

Unknown mechanism 33, iterations outside 4096..16384 or empty name 93, nothing to delete 91, named twice 92, not allowed
31.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request

_ITERATIONS = range(4096, 16385)


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    from emulators.kafka.sasl import credential_of, mechanism_name

    body = request.body
    code = broker.security.refusal(request, security.ALTER, security.CLUSTER, security.CLUSTER_NAME)
    code = code or broker.deny(request)
    named = [(one.name, one.mechanism) for one in (*body.deletions, *body.upsertions)]
    results: dict[str, tuple[int, str | None]] = {}

    def note(user: str, row_code: int, text: str | None = None) -> None:
        if row_code or user not in results:
            results[user] = (row_code, text)

    for one in (*body.deletions, *body.upsertions):
        mechanism = mechanism_name(one.mechanism)
        if code:
            note(one.name, code, errors.name_of(code))
        elif named.count((one.name, one.mechanism)) > 1:
            text = "A user credential cannot be altered twice in the same request"
            note(one.name, errors.DUPLICATE_RESOURCE, text)
        elif not one.name:
            note(one.name, errors.UNACCEPTABLE_CREDENTIAL, "Username must not be empty")
        elif mechanism is None:
            note(one.name, errors.UNSUPPORTED_SASL_MECHANISM, "Unknown SCRAM mechanism")
        elif not hasattr(one, "iterations"):
            if broker.security.scram.pop((one.name, mechanism), None) is None:
                text = "Attempt to delete a user credential that does not exist"
                note(one.name, errors.RESOURCE_NOT_FOUND, text)
            else:
                note(one.name, 0)
        elif one.iterations not in _ITERATIONS:
            word = "few" if one.iterations < _ITERATIONS.start else "many"
            note(one.name, errors.UNACCEPTABLE_CREDENTIAL, f"Too {word} iterations")
        else:
            credential = credential_of(mechanism, one.iterations, one.salt, one.salted_password)
            broker.security.scram[one.name, mechanism] = credential
            note(one.name, 0)
    rows: list[dict[str, Any]] = [
        {"user": user, "error_code": row_code, "error_message": text} for user, (row_code, text) in results.items()
    ]
    return {"results": rows}
