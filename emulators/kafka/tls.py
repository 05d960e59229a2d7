"""TLS inside a session, without sockets: bytes from the wire go in, plain bytes come out, and the other way round.

The log holds plain requests, so a log of TLS connections plays back without keys.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulators.kafka.session import KafkaSession

__all__ = ["TlsLayer"]

_CHUNK = 1 << 16


class TlsLayer:
    """The server's side of one TLS connection."""

    def __init__(self, context: ssl.SSLContext, session: KafkaSession) -> None:
        self._session = session
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._ready = False

    def receive(self, data: bytes) -> bytes | None:
        """The plain bytes that `data` completes; None when the connection is to be closed."""
        self._in.write(data)
        parts: list[bytes] = []
        try:
            if not self._ready:
                self._tls.do_handshake()
                self._ready = True
            while part := self._tls.read(_CHUNK):
                parts.append(part)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            self._flush()
            return None
        self._flush()
        return b"".join(parts)

    def wrap(self, data: bytes) -> bytes:
        """What goes over the wire for plain bytes."""
        self._tls.write(data)
        return self._out.read()

    def _flush(self) -> None:
        data = self._out.read()
        if data:
            self._session.link.write(data)
