"""Snapshots of the keyspace: whatever happens after one, going back gives it again, in the same order, with the same chance."""

from __future__ import annotations

from typing import Any

import msgpack
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from emulators.kernel import Environment, MemoryLink
from emulators.redis import RedisEmulator

KEYS = ["a", "b", "c", "d", "e"]
COMMANDS = st.one_of(
    st.sampled_from(KEYS).flatmap(
        lambda key: st.sampled_from(
            [
                ("SET", key, "1"),
                ("SET", key, "2", "PX", "5000"),
                ("APPEND", key, "x"),
                ("DEL", key),
                ("PEXPIRE", key, "3000"),
                ("PERSIST", key),
                ("RPUSH", key, "x", "y"),
                ("LPOP", key),
                ("HSET", key, "f", "1", "g", "2"),
                ("HPEXPIRE", key, "4000", "FIELDS", "1", "f"),
                ("HDEL", key, "f"),
                ("SADD", key, "1", "2", "x"),
                ("SPOP", key),
                ("ZADD", key, "1", "m", "2", "n"),
                ("ZINCRBY", key, "5", "m"),
                ("XADD", key, "*", "f", "v"),
                ("GETSET", key, "9"),
                ("RENAME", key, "a"),
                ("COPY", key, "b", "REPLACE"),
            ]
        )
    ),
    st.sampled_from([("FLUSHDB",), ("SWAPDB", "0", "1"), ("SELECT", "1"), ("SELECT", "0"), ("RANDOMKEY",)]),
    st.sampled_from([("ADVANCE", "1"), ("ADVANCE", "6")]),
)


class Machine:
    """An emulator with one client."""

    def __init__(self) -> None:
        self.environment = Environment.alone("redis", seed=3)
        self.emulator = RedisEmulator(self.environment, version="7.4")
        self.link = MemoryLink()
        self.session = self.emulator.open_session(self.link, 1, "main")

    def run(self, *words: str) -> bytes:
        if words[0] == "ADVANCE":
            self.environment.clock.advance(int(words[1]))
            return b""
        data = [word.encode() for word in words]
        frame = b"*%d\r\n" % len(data) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in data)
        self.session.receive(frame)
        return self.link.take()

    def content(self) -> Any:
        """Everything that a client could see, order included."""
        emulator = self.emulator
        now = self.environment.clock.now_us()
        return [
            now,
            [
                (db.number, list(db.data), sorted(db.expires.items()), sorted(db.field_expires))
                for db in emulator.databases
            ],
            emulator.dump(),
            emulator.digest(),
        ]


class Snapshots(RuleBasedStateMachine):
    """Take snapshots and go back to any of them, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.machine = Machine()
        self.taken: list[tuple[Any, Any, Any]] = []

    @initialize()
    def begin(self) -> None:
        self.take()

    @rule(command=COMMANDS)
    def run(self, command: tuple[str, ...]) -> None:
        self.machine.run(*command)

    @rule()
    def take(self) -> None:
        machine = self.machine
        dice = machine.environment.dice.capture()
        self.taken.append((machine.emulator.snapshot(), machine.content(), dice))

    @rule(place=st.integers(0, 50))
    def go_back(self, place: int) -> None:
        state, content, dice = self.taken[place % len(self.taken)]
        machine = self.machine
        machine.environment.clock.set_frozen(content[0])
        machine.environment.dice.put_back(dice)
        machine.emulator.restore(state)
        assert machine.content() == content

    @rule(place=st.integers(0, 50), through_file=st.booleans())
    def build_anew(self, place: int, through_file: bool) -> None:
        """A fresh emulator given the state draws the same by chance as this one, put back."""
        state, content, dice = self.taken[place % len(self.taken)]
        self.go_back(place)
        fresh = Machine()
        if through_file:
            exported = fresh.emulator.export_state(state)
            state = fresh.emulator.import_state(msgpack.unpackb(msgpack.packb(exported), strict_map_key=False))
        fresh.environment.clock.set_frozen(content[0])
        fresh.environment.dice.put_back(dice)
        fresh.emulator.restore(state)
        for number in ("0", "1"):
            for machine in (fresh, self.machine):
                machine.run("SELECT", number)
            for key in KEYS:
                assert fresh.run("SRANDMEMBER", key) == self.machine.run("SRANDMEMBER", key)
            assert fresh.run("RANDOMKEY") == self.machine.run("RANDOMKEY")
        self.machine.run("SELECT", "0")

    @invariant()
    def sound(self) -> None:
        self.machine.emulator.check()


TestSnapshots = Snapshots.TestCase
TestSnapshots.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@given(st.lists(COMMANDS, max_size=15), st.lists(COMMANDS, max_size=15))
@settings(max_examples=40, deadline=None)
def test_looking_changes_nothing(before: list[tuple[str, ...]], after: list[tuple[str, ...]]) -> None:
    looked, left = Machine(), Machine()
    for machine in (looked, left):
        for command in before:
            machine.run(*command)
    looked.content()
    assert [looked.run(*command) for command in after] == [left.run(*command) for command in after]
    assert looked.content() == left.content()
