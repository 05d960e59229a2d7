"""Plays generated command sequences on two servers and compares reply by reply, then the data that is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.fuzz.grammar import build
from conformance.fuzz.redis_grammar import GRAMMARS, KEYS, KINDS, LEFT_OUT, UNORDERED
from conformance.model import Step
from conformance.redis import normalise
from conformance.redis.player import Client
from conformance.redis.resp import Reply, encode_command, quote, render, unquote

__all__ = ["Difference", "Duel", "Program", "canary", "case_text", "minimise", "programs", "read_table"]

# Subcommands, cursors that are the server's own affair, and times to live of a few milliseconds.
_NOT_LOOSE = frozenset(["OBJECT", "XGROUP", "XINFO", "SCAN", "SSCAN", "HSCAN", "ZSCAN", "PSETEX", "PEXPIRE"])
Program = tuple[str, list[list[bytes]]]
_READS = {
    b"string": b"GET %b",
    b"list": b"LRANGE %b 0 -1",
    b"hash": b"HGETALL %b",
    b"set": b"SMEMBERS %b",
    b"zset": b"ZRANGE %b 0 -1 WITHSCORES",
    b"stream": b"XRANGE %b - +",
}


@dataclass(frozen=True)
class Difference:
    """Where two servers part: the step's number, and what each said (evened out)."""

    program: Program
    at: int
    command: list[bytes]
    expected: str
    actual: str

    @property
    def signature(self) -> tuple[str, str, str]:
        """Differences with the same signature are taken for one."""
        return (self.command[0].decode("latin-1").upper(), _kind(self.expected), _kind(self.actual))

    @property
    def size(self) -> tuple[int, int]:
        return len(self.program[1]), sum(len(arg) + 1 for command in self.program[1] for arg in command)


def _kind(text: str) -> str:
    return text[:25] if text.startswith("-") else text[:1]


def programs(table: list[tuple[str, int, int, int, int]]) -> SearchStrategy[Program]:
    """Sequences over the commands of a server's own table: (name, arity, first key, last key, step) each."""
    known: list[SearchStrategy[list[bytes]]] = []
    loose: list[SearchStrategy[list[bytes]]] = []
    for name, arity, first, last, step in sorted(table):
        upper = name.upper()
        if upper in LEFT_OUT:
            continue
        if upper in GRAMMARS:
            known.append(build(f"{upper} {GRAMMARS[upper]}", KINDS))
        if upper not in _NOT_LOOSE:
            loose.append(_by_arity(upper, arity, first, last, step))
    # One in ten has arguments made from nothing but its arity and key positions: mostly errors.
    command = st.integers(0, 9).flatmap(lambda n: st.one_of(loose) if n == 9 else st.one_of(known))
    return st.tuples(st.sampled_from(["resp2", "resp3"]), st.lists(command, min_size=1, max_size=20))


def _by_arity(name: str, arity: int, first: int, last: int, step: int) -> SearchStrategy[list[bytes]]:
    least = abs(arity) - 1

    def arguments(size: int) -> SearchStrategy[list[bytes]]:
        size = max(size, 0)
        stop = last if last >= 0 else size + 1 + last
        keys = set(range(first, stop + 1, step or 1)) if first else set()
        return st.tuples(*(KINDS["any"] if n in keys else KINDS["junk"] for n in range(1, size + 1))).map(list)

    return st.integers(least - 1, least + 3).flatmap(arguments).map(lambda args: [name.encode(), *args])


def read_table(client: Client) -> list[tuple[str, int, int, int, int]]:
    """The command table a server tells of itself."""
    table = []
    for entry in client.ask(b"COMMAND").items:
        name, arity, _flags, first, last, step = entry.items[:6]
        table.append((name.text.decode(), int(arity.text), int(first.text), int(last.text), int(step.text)))
    return table


def canary(command: list[bytes], reply: Reply) -> Reply:
    """A planted mistake: STRLEN counts one too many when a string is longer than two bytes."""
    if command[0] == b"STRLEN" and reply.kind == ":" and int(reply.text) > 2:
        return Reply(":", b"%d" % (int(reply.text) + 1))
    return reply


class Duel:
    """Two servers, and one connection a protocol on each."""

    def __init__(
        self,
        expected: tuple[str, int],
        actual: tuple[str, int],
        tamper: Callable[[list[bytes], Reply], Reply] = lambda command, reply: reply,
    ) -> None:
        self.addresses = (expected, actual)
        self.tamper = tamper
        self.clients: dict[tuple[int, str], Client] = {}

    def close(self) -> None:
        for client in self.clients.values():
            client.close()
        self.clients.clear()

    def client(self, side: int, mode: str) -> Client:
        client = self.clients.get((side, mode))
        if client is None or client.ended:
            client = Client(self.addresses[side])
            if mode == "resp3":
                client.ask(b"HELLO", b"3")
            self.clients[side, mode] = client
        return client

    def play(self, program: Program) -> Difference | None:
        """The first difference, in the replies or in what is left in the keys."""
        mode, commands = program
        commands = [*commands, [b"DISCARD"], [b"UNWATCH"]]
        expected = self._run(0, mode, [[b"FLUSHALL"], *commands])[1:]
        actual = self._run(1, mode, [[b"FLUSHALL"], *commands])[1:]
        for at, command in enumerate(commands):
            left, right = _compare(command, expected[at], self.tamper(command, actual[at]))
            if left != right:
                return Difference(program, at, command, left, right)
        return self._compare_data(program)

    def _compare_data(self, program: Program) -> Difference | None:
        mode = program[0]
        keys = [key for pool in KEYS.values() for key in pool]
        types = [reply.text for reply in self._run(0, mode, [[b"TYPE", key] for key in keys])]
        reads: list[list[bytes]] = [[b"TYPE", key] for key in keys]
        for key, kind in zip(keys, types, strict=True):
            if kind in _READS:
                reads += [(_READS[kind] % key).split(b" "), [b"OBJECT", b"ENCODING", key], [b"PTTL", key]]
        expected, actual = self._run(0, mode, reads), self._run(1, mode, reads)
        for command, wanted, got in zip(reads, expected, actual, strict=True):
            left, right = _compare(command, wanted, got)
            if left != right:
                return Difference(program, len(program[1]), command, left, right)
        return None

    def _run(self, side: int, mode: str, commands: list[list[bytes]]) -> list[Reply]:
        """All replies of a pipeline."""
        client = self.client(side, mode)
        client.send(b"".join(map(encode_command, commands)))
        replies: list[Reply] = []
        while len(replies) < len(commands):
            client.wait()
            if not client.replies:
                client.replies.append(Reply("<", b"<closed>"))
            while client.replies and len(replies) < len(commands):
                replies.append(client.replies.pop(0))
            if replies[-1].kind == "<":
                client.close()
                replies += [replies[-1]] * (len(commands) - len(replies))
        return replies


def minimise(duel: Duel, difference: Difference) -> Difference:
    """The same difference without the commands it does not need, from the last to the first."""
    mode, commands = difference.program
    commands = commands[: difference.at + 1]
    at = len(commands) - 1
    while at >= 0:
        shorter = commands[:at] + commands[at + 1 :]
        found = duel.play((mode, shorter)) if shorter else None
        if found is not None and found.signature == difference.signature:
            difference, commands = found, shorter
        at -= 1
    return difference


def _compare(command: list[bytes], expected: Reply, actual: Reply) -> tuple[str, str]:
    left, right = render(expected), render(actual)
    if left == right:
        return left, right
    subject = command[0].decode("latin-1").upper()
    if subject == "OBJECT":
        subject = "OBJECT " + command[1].decode("latin-1").upper() if len(command) > 1 else subject
    rules = UNORDERED.get(subject) or normalise.rules_for(subject)
    return normalise.compare(Step(0, "", subject, normalise=rules), left, right)


def case_text(difference: Difference, title: str) -> str:
    """A difference as a case, ready for `conformance/cases/redis/`."""
    mode, commands = difference.program
    lines = [f"== {title}"]
    if mode == "resp3":
        lines.append("@resp 3")
    lines += [" ".join(map(_word, command)) for command in commands[: difference.at + 1]]
    if difference.at >= len(commands):
        lines.append(" ".join(map(_word, difference.command)))
    lines += [f"# real: {difference.expected}", f"# here: {difference.actual}"]
    return "\n".join(lines)


def _word(arg: bytes) -> str:
    text = quote(arg)
    plain = (
        arg.isascii() and all(chr(b).isalnum() or chr(b) in "-_.:*#>+$=" for b in arg) and arg and arg not in (b"#",)
    )
    assert unquote(text, 0)[0] == arg
    return arg.decode() if plain else text
