"""A client's socket on the host's loop, and a listener that accepts them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulators.kernel import oplog
from emulators.kernel.emulator import Session

if TYPE_CHECKING:
    from emulators.kernel.host import Host, Runtime

__all__ = ["Connection", "Listener"]


class Connection(asyncio.Protocol):
    """A client's socket: feeds its session, and is the session's `Link`."""

    __slots__ = ("_closing", "_host", "_pending", "_runtime", "_transport", "endpoint", "peer", "session", "session_id")

    def __init__(self, host: Host, runtime: Runtime, endpoint: str) -> None:
        self._host = host
        self._runtime = runtime
        self.endpoint = endpoint
        self._pending: list[bytes] = []
        self._closing = False
        self.peer = ""
        self.session: Session | None = None
        self.session_id = 0
        self._transport: asyncio.Transport | None = None

    # -- asyncio's side --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        host, runtime = self._host, self._runtime
        self._transport = transport
        emulator = runtime.emulator
        if emulator is None:
            transport.abort()
            return
        peer = transport.get_extra_info("peername")
        sock = transport.get_extra_info("socket")
        if isinstance(peer, tuple):
            self.peer = f"{peer[0]}:{peer[1]}"
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self.peer = "unix:" + str(transport.get_extra_info("sockname") or "")
        now = host.clock.sync()
        self.session_id = host.next_session_id()
        host.log.connected(now, self.session_id, runtime.name, self.endpoint, self.peer)
        runtime.connections[self.session_id] = self
        try:
            self.session = emulator.open_session(self, self.session_id, self.endpoint)
        except Exception as error:
            host.internal_error(runtime, error)
            self.abort()
        host.flush()

    def data_received(self, data: bytes) -> None:
        session = self.session
        if session is None or session.closed:
            return
        host = self._host
        host.clock.sync()
        try:
            session.receive(data)
        except Exception as error:
            host.internal_error(self._runtime, error)
            self.abort()
        host.flush()

    def eof_received(self) -> bool | None:
        return False

    def pause_writing(self) -> None:
        # The client does not read: stop reading from it, so that its own requests cannot grow our memory.
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            session = self.session
            if session is None or not session.held:
                self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.end()
        self._host.flush()

    # -- the session's side (Link) ---------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if not self._pending:
            self._host.dirty.append(self)
        self._pending.append(data)

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            if not self._pending:
                self._host.dirty.append(self)

    def abort(self) -> None:
        self._pending.clear()
        self._closing = True
        transport = self._transport
        if transport is not None:
            sock = transport.get_extra_info("socket")
            if sock is not None and sock.family != getattr(socket, "AF_UNIX", None):
                # Linger 0 makes the close a reset, which is what a killed server's peer sees.
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()

    def pause_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def buffered(self) -> int:
        size = self._transport.get_write_buffer_size() if self._transport is not None else 0
        return size + sum(map(len, self._pending))

    # -- the host's side -------------------------------------------------------------------------------------

    def send(self) -> None:
        """Hand what was written to the transport; the host calls it once per step."""
        pending = self._pending
        transport = self._transport
        if transport is None:
            pending.clear()
            return
        if pending:
            transport.write(pending[0] if len(pending) == 1 else b"".join(pending))
            pending.clear()
        if self._closing:
            transport.close()

    def end(self) -> None:
        """The connection is gone: log it and let the session clean up. Only the first call does anything."""
        if self._runtime.connections.pop(self.session_id, None) is None:
            return
        host = self._host
        now = host.clock.sync()
        host.log.append((oplog.DISCONNECT, now, self.session_id, None))
        session = self.session
        if session is not None:
            try:
                session.ended()
            except Exception as error:
                host.internal_error(self._runtime, error)

    def drop_silently(self) -> None:
        """Reset the socket without a DISCONNECT record or cleaning up: the whole service has crashed."""
        self._runtime.connections.pop(self.session_id, None)
        if self.session is not None:
            self.session.closed = True
        self.abort()


@dataclass(slots=True)
class Listener:
    """A bound socket and the server that accepts on it."""

    sock: socket.socket
    port: int
    path: str | None = None
    task: asyncio.Task[asyncio.Server] | None = None

    def close(self) -> None:
        """Stop accepting; a unix socket's path is removed."""
        task = self.task
        if task is not None and task.done() and not task.cancelled() and task.exception() is None:
            task.result().close()
        elif task is not None:
            task.cancel()
        self.sock.close()
        if self.path is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)
