"""SaslHandshake (17): choose a mechanism. v0 is followed by raw tokens, which is refused (35 here); v1 by
SaslAuthenticate.

A mechanism that is not offered is 33, with the list of those that are. Without SASL on the listener 34.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.kafka import errors

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    mechanisms = list(broker.security.mechanisms)
    exchange = request.session.sasl
    if exchange is None:
        return {"error_code": errors.ILLEGAL_SASL_STATE, "mechanisms": []}
    code = broker.deny(request)
    if not code and request.version == 0:
        code = errors.UNSUPPORTED_VERSION
    if not code and request.body.mechanism not in mechanisms:
        code = errors.UNSUPPORTED_SASL_MECHANISM
    if not code:
        exchange.choose(request.body.mechanism)
    return {"error_code": code, "mechanisms": mechanisms}
