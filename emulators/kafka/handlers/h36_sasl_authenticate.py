"""SaslAuthenticate (36): the tokens of the mechanism that SaslHandshake chose. Wrong credentials 58, out of order 34.

After 58 the next request of the connection closes it, as Kafka does. v1 session lifetime (0: none).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.kafka import errors

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    exchange = request.session.sasl
    if exchange is None or not exchange.mechanism:
        text = "SaslAuthenticate comes after SaslHandshake"
        return {"error_code": errors.ILLEGAL_SASL_STATE, "error_message": text, "auth_bytes": b""}
    code = broker.deny(request)
    if code:
        return {"error_code": code, "error_message": errors.name_of(code), "auth_bytes": b""}
    code, text, token = exchange.token(request.body.auth_bytes)
    if exchange.done:
        request.session.principal = "User:" + exchange.user
    return {"error_code": code, "error_message": text, "auth_bytes": token}
