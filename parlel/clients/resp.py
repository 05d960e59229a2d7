"""A blocking Redis client in one file: RESP2 and RESP3 over TCP or a unix socket, decoded by hiredis.

Text comes back as `str`, and bytes that are not UTF-8 as `bytes`. An error reply is raised as `ReplyError`.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Iterable
from typing import Any

import hiredis

from parlel.errors import ParlelError

__all__ = ["ReplyError", "RespClient", "pack_command"]

_READ_SIZE = 65_536


class ReplyError(ParlelError):
    """An error reply, such as `WRONGTYPE Operation against a key holding the wrong kind of value`."""

    @property
    def code(self) -> str:
        """Its first word: `ERR`, `WRONGTYPE`, `MOVED`, ..."""
        return str(self).split(" ", 1)[0]


class _Protocol(ParlelError):
    """The server sent something that is not RESP."""


def pack_command(arguments: Iterable[object]) -> bytes:
    """A command as the array of bulk strings that servers read; numbers become text."""
    parts = [_encode(argument) for argument in arguments]
    packed = [b"*%d\r\n" % len(parts)]
    for part in parts:
        packed += (b"$%d\r\n" % len(part), part, b"\r\n")
    return b"".join(packed)


class RespClient:
    """One connection. Not to be shared by threads.

    timeout   seconds to wait for a connection or a reply; TimeoutError after it, and the connection is closed
    protocol  2, or 3 to begin with HELLO 3
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 6379,
        *,
        unix_socket: str | None = None,
        password: str | None = None,
        database: int = 0,
        protocol: int = 2,
        timeout: float | None = 30.0,
    ) -> None:
        self.address: tuple[str, int] | str = unix_socket if unix_socket is not None else (host, port)
        self._greeting: list[tuple[object, ...]] = []
        if protocol == 3:
            self._greeting.append(("HELLO", "3", "AUTH", "default", password) if password else ("HELLO", "3"))
        elif password:
            self._greeting.append(("AUTH", password))
        if database:
            self._greeting.append(("SELECT", database))
        self.timeout = timeout
        self._socket: socket.socket | None = None
        self._reader = hiredis.Reader()

    def execute(self, *arguments: object) -> Any:
        """Send one command and return its reply; connects first if need be. ReplyError, ConnectionError, TimeoutError."""
        self.send(*arguments)
        return self.read()

    def pipeline(self, commands: Iterable[Iterable[object]]) -> list[Any]:
        """Send many commands at once and return their replies; error replies stand in the list as `ReplyError`."""
        packed = [pack_command(command) for command in commands]
        self._transmit(b"".join(packed))
        return [self._answer() for _ in packed]

    def send(self, *arguments: object) -> None:
        """Send one command without waiting for its reply."""
        self._transmit(pack_command(arguments))

    def read(self) -> Any:
        """The next reply (or pushed message); an error reply is raised."""
        reply = self._answer()
        if isinstance(reply, ReplyError):
            raise reply
        return reply

    def close(self) -> None:
        """Close the connection; the next command opens a new one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> RespClient:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # -- inside ----------------------------------------------------------------------------------------------

    def _transmit(self, data: bytes) -> None:
        if self._socket is not None and self._gone(self._socket):
            self.close()
        if self._socket is None:
            self._connect()
        assert self._socket is not None
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise self._lost(error) from error

    def _connect(self) -> None:
        if isinstance(self.address, str):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._socket.settimeout(self.timeout)
            self._socket.connect(self.address)
        else:
            self._socket = socket.create_connection(self.address, self.timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = hiredis.Reader(protocolError=_Protocol, replyError=ReplyError)
        for command in self._greeting:
            self._socket.sendall(pack_command(command))
            try:
                self.read()
            except ReplyError:
                self.close()
                raise

    def _answer(self) -> Any:
        if self._socket is None:
            raise ConnectionError(f"not connected to {self._where()}: send a command first")
        try:
            while True:
                reply = self._reader.gets()
                if reply is not False:
                    return _decode(reply)
                data = self._socket.recv(_READ_SIZE)
                if not data:
                    raise ConnectionResetError("the server closed the connection")
                self._reader.feed(data)
        except (OSError, _Protocol) as error:
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> Exception:
        self.close()
        if isinstance(error, TimeoutError):
            return TimeoutError(f"no reply from {self._where()} within {self.timeout:g} s")
        return ConnectionError(f"lost the connection to {self._where()}: {error}")

    def _gone(self, sock: socket.socket) -> bool:
        """Whether the server has closed an idle connection, for instance in a crash."""
        try:
            readable, _, _ = select.select([sock], [], [], 0)
            return bool(readable) and not sock.recv(1, socket.MSG_PEEK)
        except OSError:
            return True
        except ValueError:  # more descriptors than select can take: find out by writing
            return False

    def _where(self) -> str:
        return self.address if isinstance(self.address, str) else f"{self.address[0]}:{self.address[1]}"


def _encode(argument: object) -> bytes:
    if isinstance(argument, str):
        return argument.encode()
    if isinstance(argument, (bytes, bytearray, memoryview)):
        return bytes(argument)
    if isinstance(argument, bool) or not isinstance(argument, (int, float)):
        raise TypeError(f"a command takes text, bytes and numbers, not {argument!r}")
    return repr(argument).encode()


def _decode(reply: Any) -> Any:
    if isinstance(reply, bytes):
        try:
            return reply.decode()
        except UnicodeDecodeError:
            return reply
    if isinstance(reply, list):
        # hiredis marks pushed messages with a subclass of list, which is kept.
        reply[:] = [_decode(item) for item in reply]
        return reply
    if isinstance(reply, dict):
        return {_decode(key): _decode(value) for key, value in reply.items()}
    return reply
