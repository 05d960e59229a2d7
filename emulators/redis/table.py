"""The command table: one row per command and subcommand, read by dispatch, COMMAND, ACL, docs, fuzz generators and the log.

The facts of 7.0's commands (arity, flags, key positions, key specs, categories) are data in `data/commands.json`,
dumped from a real
server by `scripts/dump_redis_commands.py`; those of later versions stand in `NEWER`. A handler is tied to its row by name:

    @command("getex")
    def getex(client: RedisSession, args: list[bytes]) -> Reply: ...

Handlers take the session and all the words sent (`args[0]` is the command's name; of a subcommand, `args[1]`), parse
everything first, then act, and return a reply value (see `resp`) or raise RedisError. Arity is checked before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from emulators.redis.resp import Reply

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

__all__ = ["COMMANDS", "Command", "Handler", "command", "command_keys", "version_tuple"]

Handler = Callable[["RedisSession", list[bytes]], Reply]


@dataclass(slots=True, eq=False)
class Command:
    """A row. `arity` counts the command's name; negative means at least. `calls` and friends live per server, in its own copies."""

    name: str
    arity: int
    flags: frozenset[str]
    first_key: int
    last_key: int
    key_step: int
    categories: frozenset[str]
    tips: tuple[str, ...]
    key_specs: tuple[Any, ...]
    group: str
    since: str
    subcommands: dict[bytes, Command] = field(default_factory=dict)
    handler: Handler | None = None
    parent: Command | None = None
    #: Keys by a function of the arguments, for commands whose positions depend on them (`numkeys` and the like).
    find_keys: Callable[[list[bytes]], list[int]] | None = None
    # What dispatch asks on every call, as plain attributes.
    min_args: int = 0
    max_args: int = 0
    #: The one number of words allowed (0: more than one), and the least number (out of reach where there is only one).
    exact_args: int = 0
    least_args: int = 0
    writes: bool = False
    #: After it, the session may have to wait, be closed, or take the long road: what `RedisSession.process` looks at again.
    changes_session: bool = False
    # Counters of INFO commandstats, meaningful in a server's own copy.
    calls: int = 0
    usec: int = 0
    rejected: int = 0
    failed: int = 0

    def __post_init__(self) -> None:
        self.min_args = abs(self.arity)
        self.max_args = self.arity if self.arity > 0 else 1 << 62
        self.exact_args, self.least_args = (self.arity, 1 << 62) if self.arity > 0 else (0, -self.arity)
        self.writes = "write" in self.flags
        self.changes_session = "blocking" in self.flags or self.group in (
            "connection",
            "pubsub",
            "transactions",
            "server",
        )

    def copy(self) -> Command:
        """An own row for one server, with counters at zero."""
        fresh = Command(
            self.name,
            self.arity,
            self.flags,
            self.first_key,
            self.last_key,
            self.key_step,
            self.categories,
            self.tips,
            self.key_specs,
            self.group,
            self.since,
            handler=self.handler,
            find_keys=self.find_keys,
        )
        for name, sub in self.subcommands.items():
            child = sub.copy()
            child.parent = fresh
            fresh.subcommands[name] = child
        return fresh

    def walk(self) -> Iterator[Command]:
        yield self
        for sub in self.subcommands.values():
            yield from sub.walk()


#: Rows that 7.0 does not have, in the data file's form plus group and since:
#: name, arity, flags, first, last, step, categories, tips, key specs, subcommands, group, since.
_RO = [
    {
        "flags": ["RO", "access"],
        "begin_search": {"type": "index", "spec": {"index": 1}},
        "find_keys": {"type": "range", "spec": {"lastkey": 0, "keystep": 1, "limit": 0}},
    }
]
_RW = [
    {
        "flags": ["RW", "update"],
        "begin_search": {"type": "index", "spec": {"index": 1}},
        "find_keys": {"type": "range", "spec": {"lastkey": 0, "keystep": 1, "limit": 0}},
    }
]
NEWER: list[list[Any]] = [
    [
        "waitaof",
        4,
        ["noscript"],
        0,
        0,
        0,
        ["connection", "slow"],
        ["request_policy:all_shards", "response_policy:agg_min"],
        [],
        [],
        "generic",
        "7.2.0",
    ],
    [
        "client|no-touch",
        3,
        ["fast", "loading", "noscript", "stale"],
        0,
        0,
        0,
        ["connection", "fast"],
        [],
        [],
        [],
        "connection",
        "7.2.0",
    ],
    [
        "client|setinfo",
        4,
        ["fast", "loading", "noscript", "stale"],
        0,
        0,
        0,
        ["connection", "fast"],
        ["request_policy:all_nodes", "response_policy:all_succeeded"],
        [],
        [],
        "connection",
        "7.2.0",
    ],
    ["hexpire", -6, ["denyoom", "fast", "write"], 1, 1, 1, ["fast", "hash", "write"], [], _RW, [], "hash", "7.4.0"],
    ["hpexpire", -6, ["denyoom", "fast", "write"], 1, 1, 1, ["fast", "hash", "write"], [], _RW, [], "hash", "7.4.0"],
    ["hexpireat", -6, ["denyoom", "fast", "write"], 1, 1, 1, ["fast", "hash", "write"], [], _RW, [], "hash", "7.4.0"],
    ["hpexpireat", -6, ["denyoom", "fast", "write"], 1, 1, 1, ["fast", "hash", "write"], [], _RW, [], "hash", "7.4.0"],
    ["hpersist", -5, ["fast", "write"], 1, 1, 1, ["fast", "hash", "write"], [], _RW, [], "hash", "7.4.0"],
    ["hexpiretime", -5, ["fast", "readonly"], 1, 1, 1, ["fast", "hash", "read"], [], _RO, [], "hash", "7.4.0"],
    ["hpexpiretime", -5, ["fast", "readonly"], 1, 1, 1, ["fast", "hash", "read"], [], _RO, [], "hash", "7.4.0"],
    [
        "httl",
        -5,
        ["fast", "readonly"],
        1,
        1,
        1,
        ["fast", "hash", "read"],
        ["nondeterministic_output"],
        _RO,
        [],
        "hash",
        "7.4.0",
    ],
    [
        "hpttl",
        -5,
        ["fast", "readonly"],
        1,
        1,
        1,
        ["fast", "hash", "read"],
        ["nondeterministic_output"],
        _RO,
        [],
        "hash",
        "7.4.0",
    ],
]


#: Arities that a later version changed: (since, arity).
LATER_ARITY: dict[str, tuple[tuple[int, int], int]] = {
    "zrank": ((7, 2), -3),
    "zrevrank": ((7, 2), -3),
}


def version_tuple(version: str) -> tuple[int, int]:
    """`7.2.4` as (7, 2)."""
    parts = version.split(".")
    return int(parts[0]), int(parts[1])


def _row(item: list[Any], group: str, since: str) -> Command:
    name, arity, flags, first, last, step, categories, tips, specs, subs = item[:10]
    row = Command(
        name, arity, frozenset(flags), first, last, step, frozenset(categories), tuple(tips), tuple(specs), group, since
    )
    for sub in subs:
        child = _row(sub, group, since)
        child.parent = row
        row.subcommands[child.name.split("|")[1].encode()] = child
    return row


def _load() -> dict[str, Command]:
    data = msgspec.json.decode((Path(__file__).parent / "data" / "commands.json").read_bytes())
    rows: dict[str, Command] = {}
    for item in data["commands"]:
        rows[item[0]] = _row(item, data["groups"][item[0]], data["since"][item[0]])
    for item in NEWER:
        row = _row(item[:10], item[10], item[11])
        container, _, sub = row.name.partition("|")
        if sub:
            row.parent = rows[container]
            rows[container].subcommands[sub.encode()] = row
        else:
            rows[row.name] = row
    return rows


#: Every command by its lower-case name, with its subcommands below it. Servers work on copies (`Command.copy`).
COMMANDS: dict[str, Command] = _load()


def command(*names: str, keys: Callable[[list[bytes]], list[int]] | None = None) -> Callable[[Handler], Handler]:
    """Tie a handler to its row(s); `container|sub` names a subcommand. `keys` finds key positions where the row cannot say."""

    def tie(handler: Handler) -> Handler:
        for name in names:
            container, _, sub = name.partition("|")
            row = COMMANDS[container]
            if sub:
                row = row.subcommands[sub.encode()]
            if row.handler is not None:
                raise ValueError(f"{name} has a handler already")
            row.handler = handler
            if keys is not None:
                row.find_keys = keys
        return handler

    return tie


def command_keys(row: Command, args: list[bytes]) -> list[int]:
    """Positions of the keys in `args`; empty when there are none or the arguments are too wrong to say."""
    if row.find_keys is not None:
        return row.find_keys(args)
    first, last, step = row.first_key, row.last_key, row.key_step
    if first == 0 or step == 0:
        return []
    if last < 0:
        last = len(args) + last
    return list(range(first, min(last, len(args) - 1) + 1, step))
