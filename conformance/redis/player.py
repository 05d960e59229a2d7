"""Plays a case over sockets and says what every session saw.

Nothing sleeps: a control connection sends PING and waits for the answer, twice, after each step. A server with one thread has
then dealt with everything that was sent before, and what it wrote lies in our sockets. Only while the server holds all
clients back (CLIENT PAUSE ALL) does that not hold; cases pause writes only.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
from collections.abc import Iterator

from conformance.model import Case
from conformance.redis.resp import Parser, ProtocolError, Reply, encode_command, render_all
from conformance.redis.script import Action

__all__ = ["Client", "Player"]

BARRIER = b"conformance-barrier"
CONTROL_NAME = b"conformance-control"
REPLY_TIMEOUT_S = 8.0
_RESET = (
    b"FLUSHALL",
    b"FUNCTION FLUSH",
    b"SCRIPT FLUSH",
    b"CONFIG RESETSTAT",
    b"SLOWLOG RESET",
    b"ACL LOG RESET",
    b"LATENCY RESET",
)


class Client:
    """A connection that hands out whole replies."""

    def __init__(self, address: tuple[str, int], timeout_s: float = REPLY_TIMEOUT_S) -> None:
        self.socket = socket.create_connection(address, timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timeout_s = timeout_s
        self.parser = Parser()
        self.replies: list[Reply] = []
        self.ended = False

    def send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # a closed connection is seen when reading
            self.socket.sendall(data)

    def wait(self, timeout_s: float | None = None) -> None:
        """Read until at least one reply is there, or the end of the connection."""
        if self.ended:
            return
        self.socket.settimeout(self.timeout_s if timeout_s is None else timeout_s)
        while not self.replies and not self.ended:
            try:
                data = self.socket.recv(1 << 16)
            except TimeoutError:
                self.replies.append(Reply("<", b"<timeout>"))
                return
            except OSError:
                data = b""
            self._take(data)

    def drain(self) -> list[Reply]:
        """Everything that has come by now."""
        while not self.ended and select.select([self.socket], [], [], 0)[0]:
            try:
                data = self.socket.recv(1 << 16)
            except OSError:
                data = b""
            self._take(data)
        replies, self.replies = self.replies, []
        return replies

    def ask(self, *args: bytes) -> Reply:
        """Send a command and take its one reply."""
        self.send(encode_command(list(args)))
        self.wait()
        return self.replies.pop(0) if self.replies else Reply("<", b"<closed>")

    def close(self) -> None:
        self.socket.close()
        self.ended = True

    def _take(self, data: bytes) -> None:
        if not data:
            self.ended = True
            self.replies.append(Reply("<", b"<closed>"))
            return
        self.parser.feed(data)
        try:
            while (reply := self.parser.next()) is not None:
                # MONITOR shows our barrier; it is no part of the case.
                if BARRIER not in reply.text or reply.kind != "+":
                    self.replies.append(reply)
        except ProtocolError as error:
            self.replies.append(Reply("<", b"<no RESP: %s>" % str(error).replace(">", "").encode()))
            self.close()


class Player:
    """Plays cases on one address; reset the server in between with `reset`."""

    def __init__(self, address: tuple[str, int], timeout_s: float = REPLY_TIMEOUT_S) -> None:
        self.address = address
        self.timeout_s = timeout_s
        self.control = self._connect_control()

    def _connect_control(self) -> Client:
        control = Client(self.address, self.timeout_s)
        control.ask(b"CLIENT", b"SETNAME", CONTROL_NAME)
        return control

    def close(self) -> None:
        self.control.close()

    def reset(self) -> None:
        if self.control.ended:  # the case before made the server drop it
            self.control.close()
            self.control = self._connect_control()
        for command in _RESET:
            self.control.ask(*command.split())

    def barrier(self, sent: int = 0) -> None:
        """Wait until the server has dealt with the `sent` bytes of the step before; it reads up to 16 KiB a turn."""
        for _ in range(2 + sent // 8192):
            if self.control.ask(b"PING", BARRIER).text in (b"<timeout>", b"<closed>"):
                self.control.close()
                raise ConnectionError("the server no longer answers")

    def play(self, case: Case, mode: str) -> Iterator[str]:
        """The outcome of each step, then one line for what was left unread by any session."""
        sessions: dict[str, Client] = {}
        variables: dict[str, tuple[bytes, bool]] = {}
        try:
            for step in case.steps:
                action: Action = step.action
                if action.session not in sessions:
                    sessions[action.session] = self._connect(mode)
                client = sessions[action.session]
                yield hidden(self._step(client, action, variables), variables)
                if action.kind == "close":
                    del sessions[action.session]
            self.barrier()
            left = {name: render_all(client.drain()) for name, client in sorted(sessions.items())}
            yield hidden(" ".join(f"{name}: {text}" for name, text in left.items() if text), variables) or "<nothing>"
        finally:
            for client in sessions.values():
                client.close()
            if not self.control.ended:
                self.barrier()

    def _connect(self, mode: str) -> Client:
        client = Client(self.address, self.timeout_s)
        if mode == "resp3":
            client.ask(b"HELLO", b"3")
        else:
            client.ask(b"PING")
        return client

    def _step(self, client: Client, action: Action, variables: dict[str, tuple[bytes, bool]]) -> str:
        if action.kind == "close":
            client.close()
            self.barrier()
            return "<done>"
        data = b""
        if action.kind in ("command", "send"):
            data = encode_command([_fill(arg, variables) for arg in action.args])
        elif action.kind == "raw":
            data = action.args[0]
        client.send(data)
        if action.kind in ("command", "wait"):
            client.wait()
            if client.replies and client.replies[0].text == b"<timeout>":
                client.timeout_s = min(client.timeout_s, 0.2)  # what comes after a lost reply is lost too
        self.barrier(len(data))
        replies = client.drain()
        if action.capture is not None and replies:
            variables[action.capture] = (replies[0].text, action.hide)
            if action.hide:
                return f"<{action.capture}>"
        return render_all(replies) or "<nothing>"


_VARIABLE = re.compile(rb"\{([a-z][a-z0-9]*)\}")


def _fill(arg: bytes, variables: dict[str, tuple[bytes, bool]]) -> bytes:
    """The argument with `{name}` replaced, for names that were kept before; others are hash tags."""

    def value(match: re.Match[bytes]) -> bytes:
        known = variables.get(match.group(1).decode())
        return match.group() if known is None else known[0]

    return _VARIABLE.sub(value, arg) if variables else arg


def hidden(text: str, variables: dict[str, tuple[bytes, bool]]) -> str:
    """The outcome with hidden values shown by their names. A small number is one only behind `id=` or `redir=`."""
    for name, (value, hide) in variables.items():
        if hide and value:
            before = "(?<=\\bid=)|(?<=redir=)" if value.isdigit() and len(value) < 10 else "(?<![\\w.-])"
            pattern = f"(?:{before}){re.escape(value.decode('latin-1'))}(?![\\w.-])"
            text = re.sub(pattern, f"<{name}>", text)
    return text
