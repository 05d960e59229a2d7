"""Redis tests without sockets: an emulator on a frozen clock, clients in memory, and scripts of commands with their replies.

A script has one command a line, `=>` and the reply in a notation that shows the reply's type:

    SET a 1 => OK                 a status is bare
    GET a => "1"                  a bulk string has quotes; bytes that are not printable ASCII are \\x escapes
    INCR a => 2                   an integer
    GET b => nil                  (an array that is null: nil-array)
    LRANGE l 0 -1 => ["a", "b"]   an array; RESP3 has also {map}, ~[set], >[push], ,1.5, #t, =txt:text
    INCR l => !WRONGTYPE ...      an error

`@advance 1.5` moves the clock, `@client b` goes on with another connection, `@pushed => ...` shows what it was sent unasked,
`@resp 3` switches the connection's protocol.
The replies of `cases/*.txt` were given by redis-server 7.0.15: `python -m tests.redis.helpers PORT FILE...` writes them anew
from a server on that port.
"""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

from emulators.kernel import Environment, MemoryLink
from emulators.redis import RedisEmulator
from emulators.redis.resp import split_words
from emulators.redis.session import RedisSession

CASES = Path(__file__).parent / "cases"


def pack(words: list[bytes]) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def show(data: bytes) -> str:
    """All replies in a piece of output, in the notation above."""
    shown, place = [], 0
    while place < len(data):
        text, place = _show_one(data, place)
        shown.append(text)
    return " ".join(shown)


def _quoted(text: bytes) -> str:
    parts = []
    for byte in text:
        if byte in b'"\\':
            parts.append("\\" + chr(byte))
        elif 0x20 <= byte < 0x7F:
            parts.append(chr(byte))
        else:
            parts.append(f"\\x{byte:02x}")
    return '"' + "".join(parts) + '"'


_BRACKETS = {"*": ("[", "]"), "~": ("~[", "]"), ">": (">[", "]"), "%": ("{", "}")}


def _show_one(data: bytes, place: int) -> tuple[str, int]:
    end = data.index(b"\r\n", place)
    kind, head, place = chr(data[place]), data[place + 1 : end].decode("latin-1"), end + 2
    if kind == "+":
        return head, place
    if kind == "-":
        return "!" + head, place
    if kind == ":":
        return head, place
    if kind in "$=":
        if head == "-1":
            return "nil", place
        text, place = data[place : place + int(head)], place + int(head) + 2
        return (_quoted(text) if kind == "$" else "=" + _quoted(text)), place
    if kind in _BRACKETS:
        if head == "-1":
            return "nil-array", place
        items = []
        for _ in range(int(head) * (2 if kind == "%" else 1)):
            item, place = _show_one(data, place)
            items.append(item)
        if kind == "%":
            items = [f"{items[i]}: {items[i + 1]}" for i in range(0, len(items), 2)]
        opening, closing = _BRACKETS[kind]
        return opening + ", ".join(items) + closing, place
    if kind == "_":
        return "nil", place
    return kind + head, place


class Client:
    """One connection to a `Lab`."""

    def __init__(self, lab: Lab, number: int) -> None:
        self.link = MemoryLink()
        lab.environment.log.connected(lab.clock.now_us(), number, "redis", "main", self.link.peer)
        session = lab.server.open_session(self.link, number, "main")
        assert isinstance(session, RedisSession)
        self.session = session

    def send(self, data: bytes) -> bytes:
        """Send bytes; returns what came back at once."""
        self.session.receive(data)
        return self.link.take()

    def raw(self, *words: bytes | str | int) -> bytes:
        """Run one command; its reply as bytes."""
        return self.send(pack([word if isinstance(word, bytes) else str(word).encode() for word in words]))

    def __call__(self, *words: bytes | str | int) -> str:
        """Run one command, given as words, or as a line with quotes; its reply as shown in scripts."""
        if len(words) == 1 and isinstance(words[0], str):
            split = split_words(words[0].encode("latin-1"))
            assert split is not None, f"unbalanced quotes: {words[0]}"
            return show(self.raw(*split))
        return show(self.raw(*words))

    def bulk(self, *words: bytes | str | int) -> bytes:
        """Run one command whose reply is a bulk string."""
        reply = self.raw(*words)
        assert reply.startswith(tuple(b"$%d" % digit for digit in range(10))), reply
        return reply.split(b"\r\n", 1)[1][:-2]


class Lab:
    """A server on a frozen clock. `client()` opens connections; `lab("GET a")` uses the first one."""

    def __init__(self, version: str = "7.0", seed: int = 0, **options: object) -> None:
        self.environment = Environment.alone("redis", seed=seed)
        self.clock = self.environment.clock
        self.server = RedisEmulator(self.environment, version=version, **options)  # type: ignore[arg-type]
        self._count = 0
        self.first = self.client()

    def client(self) -> Client:
        self._count += 1
        return Client(self, self._count)

    def __call__(self, *words: bytes | str | int) -> str:
        return self.first(*words)

    def run(self, script: str) -> None:
        """Run a script and compare every reply; the server's invariants are checked at the end."""
        clients = {"a": self.first}
        current = self.first
        for number, line in enumerate(script.splitlines(), 1):
            text, _, expected = (part.strip() for part in line.strip().partition(" =>"))
            if not text or text.startswith("#"):
                continue
            if text.startswith("@advance"):
                self.clock.advance(float(text.split()[1]))
                continue
            if text.startswith("@client"):
                name = text.split()[1]
                if name not in clients:
                    clients[name] = self.client()
                current = clients[name]
                continue
            if text.startswith("@resp"):
                current("HELLO", text.split()[1])
                continue
            got = show(current.link.take()) if text == "@pushed" else current(text)
            assert got == expected, f"line {number}: {text}\n  expected {expected}\n  but got  {got}"
        self.server.check()


def run(script: str, version: str = "7.0") -> None:
    """Run a script on a fresh server."""
    Lab(version).run(script)


# -- recording -----------------------------------------------------------------------------------------------


class _Wire:
    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __call__(self, words: list[bytes] | None) -> str:
        if words is not None:
            self._socket.sendall(pack(words))
        self._socket.settimeout(0.05 if words is None else 5)
        data = b""
        while True:
            try:
                data += self._socket.recv(1 << 20)
            except TimeoutError:
                return show(data)
            try:
                text = show(data)
            except (ValueError, IndexError):
                continue
            if words is not None:
                return text


def record(path: Path, port: int) -> None:
    """Write a case file's replies anew from a real server, which is emptied first."""
    wires = {"a": _Wire(port)}
    wires["a"]([b"FLUSHALL"])
    wires["a"]([b"CONFIG", b"SET", b"notify-keyspace-events", b""])
    current = wires["a"]
    lines = []
    for line in path.read_text().splitlines():
        text = line.strip().partition(" => ")[0]
        if not text or text.startswith("#"):
            lines.append(line)
            continue
        if text.startswith("@advance"):
            time.sleep(float(text.split()[1]))
            lines.append(text)
        elif text.startswith("@client"):
            name = text.split()[1]
            current = wires.get(name) or wires.setdefault(name, _Wire(port))
            lines.append(text)
        elif text.startswith("@resp"):
            current([b"HELLO", text.split()[1].encode()])
            lines.append(text)
        elif text == "@pushed":
            lines.append(f"{text} => {current(None)}")
        else:
            words = split_words(text.encode("latin-1"))
            assert words is not None, text
            lines.append(f"{text} => {current(words)}")
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    for name in sys.argv[2:]:
        record(Path(name), int(sys.argv[1]))
