"""What a health check says to a service, and how a healthy one's answer begins.

Redis: PING; any reply will do, for a server that wants a password is alive as well. Postgres: the request for TLS that every
version answers with one letter, S or N. Kafka: ApiVersions version 0, whose answer begins with the length's high byte. A server
that wants TLS from the first byte answers our plain text with an alert: it is alive as well.
"""

from __future__ import annotations

import struct

__all__ = ["PROBES"]

_TLS_ALERT = b"\x15"
_SSL_REQUEST = struct.pack(">ii", 8, 80877103)


def _api_versions() -> bytes:
    client_id = b"parlel-health"
    body = struct.pack(">hhih", 18, 0, 1, len(client_id)) + client_id
    return struct.pack(">i", len(body)) + body


#: By kind of service: the request, and the first bytes that a healthy service's answer may have.
PROBES: dict[str, tuple[bytes, frozenset[bytes]]] = {
    "redis": (b"*1\r\n$4\r\nPING\r\n", frozenset((b"+", b"-", _TLS_ALERT))),
    "postgres": (_SSL_REQUEST, frozenset((b"S", b"N", _TLS_ALERT))),
    "kafka": (_api_versions(), frozenset((b"\x00", _TLS_ALERT))),
}
