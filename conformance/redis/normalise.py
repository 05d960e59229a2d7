"""Evens out what is free to differ between two replies. Everything not named here is compared byte for byte.

Rules are named in `cases/redis/normalise.toml` (per command) or at a step (`#~ unordered`), and each rewrites both replies:

    unordered        members of the outermost array, set or map in any order
    unordered_deep   the same at every depth
    unordered_text   as unordered, when a member is no integer (an intset is sorted, a hash table is not)
    pairs            the array is a flat list of pairs, in any order
    cursor_pairs, cursor_unordered   a SCAN reply: the cursor and the order are free
    within(N)        integers at most N apart are equal
    anything         any reply of the same type
    shape            the same types and lengths at every depth; scalars are free
    integers         integers are free, at every depth
    time             integers and digits that are about times in text are free: seconds, microseconds
    fields           INFO-like text: the section and field names, not the values
    clients          CLIENT LIST lines: ids, addresses, ages, memory figures are free; the control connection is left out
    hello            HELLO: the client's id is free
    monitor          MONITOR lines: the time and the address are free
    help             a HELP reply: the subcommands it names; the wording is each project's own
    texts            COMMAND INFO and DOCS: summaries, notes and the like are each project's own words
    acl              rules of users: single commands in any order (Redis prints them as its hash table has them)
    keys             a map: only its keys, sorted
    ignore           not compared at all (say why in the case)
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from conformance.model import CASES, Step
from conformance.redis.player import CONTROL_NAME
from conformance.redis.resp import Reply, read_replies, render, render_all

__all__ = ["compare", "reduce", "rules_for"]

Rule = Callable[[Reply], Reply]
_FREE = Reply("<", b"<free>")


def compare(step: Step, expected: str, actual: str) -> tuple[str, str]:
    """Both outcomes after the step's rules; equal texts mean the same."""
    names = step.normalise or rules_for(step.subject)
    if expected == actual or not names:
        return expected, actual
    try:
        left, right = read_replies(expected), read_replies(actual)
    except (ValueError, IndexError):
        return expected, actual
    for name in names:
        if name.startswith("within("):
            left = _within(left, right, int(name[7:-1]))
        else:
            left, right = [_RULES[name](r) for r in left], [_RULES[name](r) for r in right]
    return render_all(left), render_all(right)


# Rules whose result is what is recorded: it can be evened out again, and nothing else is ever looked at.
_REDUCED = ("fields", "clients", "monitor", "help", "texts")


def reduce(step: Step, outcome: str) -> str:
    """The outcome as it is recorded: without the figures of one run that are never compared."""
    names = [name for name in step.normalise or rules_for(step.subject) if name in _REDUCED]
    if not names:
        return outcome
    replies = read_replies(outcome)
    for name in names:
        replies = [_RULES[name](reply) for reply in replies]
    return render_all(replies)


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[str, ...]]:
    return load_table(CASES / "redis" / "normalise.toml")


def load_table(path: Path) -> dict[str, tuple[str, ...]]:
    """Rules by subject; raises ValueError on a rule that does not exist or an entry without a reason."""
    table = {}
    for entry in tomllib.loads(path.read_text())["normalise"]:
        if not entry.get("why"):
            raise ValueError(f"{path}: {entry} has no why")
        for name in entry["rules"]:
            check_rule(name)
        for subject in entry["commands"]:
            table[subject] = tuple(entry["rules"])
    return table


def check_rule(name: str) -> None:
    if name not in _RULES and not re.fullmatch(r"within\(\d+\)", name):
        raise ValueError(f"no normalisation is called {name!r}; there are {', '.join(sorted(_RULES))}, within(N)")


def rules_for(subject: str) -> tuple[str, ...]:
    return _table().get(subject, ())


def _within(left: list[Reply], right: list[Reply], tolerance: int) -> list[Reply]:
    """`left` with each integer taken from `right` where they are close."""

    def close(a: Reply, b: Reply) -> Reply:
        if (
            a.kind == b.kind == ":"
            and abs(int(a.text) - int(b.text)) <= tolerance
            and (int(a.text) < 0) == (int(b.text) < 0)
        ):
            return b
        if isinstance(a.value, list) and isinstance(b.value, list) and len(a.value) == len(b.value):
            return Reply(a.kind, [close(x, y) for x, y in zip(a.value, b.value, strict=True)])
        return a

    return [close(a, b) for a, b in zip(left, right, strict=True)] if len(left) == len(right) else left


def _unordered(reply: Reply) -> Reply:
    members = reply.items
    if not members or reply.kind == "<":
        return reply
    if reply.kind in "%|":
        pairs = sorted(zip(members[::2], members[1::2], strict=True), key=lambda pair: render(pair[0]))
        return Reply(reply.kind, [member for pair in pairs for member in pair])
    return Reply(reply.kind, sorted(members, key=render))


def _unordered_deep(reply: Reply) -> Reply:
    return _unordered(Reply(reply.kind, [_unordered_deep(m) for m in reply.items]) if reply.items else reply)


def _unordered_text(reply: Reply) -> Reply:
    if all(re.fullmatch(rb"-?\d{1,18}", member.text) for member in reply.items):
        return reply
    return _unordered(reply)


def _pairs(reply: Reply) -> Reply:
    members = reply.items
    if reply.kind != "*" or len(members) % 2 or any(m.items for m in members):
        return _unordered(reply)
    pairs = sorted(zip(members[::2], members[1::2], strict=True), key=lambda pair: render(pair[0]))
    return Reply("*", [member for pair in pairs for member in pair])


def _cursor(inner: Rule) -> Rule:
    def rule(reply: Reply) -> Reply:
        if reply.kind != "*" or len(reply.items) != 2:
            return reply
        cursor = reply.items[0]
        # Zero ends an iteration and is part of the promise; any other cursor is the server's own affair.
        return Reply("*", [cursor if cursor.text == b"0" else _FREE, inner(reply.items[1])])

    return rule


def _anything(reply: Reply) -> Reply:
    return reply if reply.kind in "-!<" else Reply(reply.kind, b"(any)")


def _shape(reply: Reply) -> Reply:
    if isinstance(reply.value, list):
        return Reply(reply.kind, [_shape(member) for member in reply.value])
    return reply if reply.kind in "-!<" or reply.value is None else Reply(reply.kind, b"(any)")


def _integers(reply: Reply) -> Reply:
    if isinstance(reply.value, list):
        return Reply(reply.kind, [_integers(member) for member in reply.value])
    return Reply(":", b"0") if reply.kind == ":" else reply


def _time(reply: Reply) -> Reply:
    if isinstance(reply.value, list):
        return Reply(reply.kind, [_time(member) for member in reply.value])
    if reply.value is None or reply.kind in "-!<":
        return reply
    return Reply(reply.kind, re.sub(rb"\d{10,16}(-\d+)?", b"(time)", reply.value))


_COUNTED = (b"cmdstat_", b"latency_percentiles_usec_", b"errorstat_")


def _fields(reply: Reply) -> Reply:
    if reply.kind not in "$=":
        return reply
    prefix, text = (reply.text[:4], reply.text[4:]) if reply.kind == "=" else (b"", reply.text)
    names = [line.split(b":")[0] for line in text.splitlines() if line]
    # Statistics of commands come in the order of a hash table, and only for commands that were called.
    counted = [name for name in names if name.startswith(_COUNTED)]
    plain = [name for name in names if not name.startswith(_COUNTED)]
    return Reply(reply.kind, prefix + b"\n".join(plain + sorted(counted)))


_FREE_CLIENT_FIELDS = re.compile(
    rb"\b(id|addr|laddr|fd|age|idle|qbuf|qbuf-free|argv-mem|multi-mem|rbs|rbp|obl|oll|omem|tot-mem|events)=\S*"
)


def _clients(reply: Reply) -> Reply:
    if reply.kind not in "$=":
        return reply
    lines = [line for line in reply.text.splitlines(keepends=True) if b"name=" + CONTROL_NAME not in line]
    return Reply(reply.kind, b"".join(_FREE_CLIENT_FIELDS.sub(rb"\1=*", line) for line in lines))


def _hello(reply: Reply) -> Reply:
    members = reply.items
    return Reply(reply.kind, [_FREE if i and members[i - 1].text == b"id" else m for i, m in enumerate(members)])


def _monitor(reply: Reply) -> Reply:
    if reply.kind != "+":
        return reply
    return Reply("+", re.sub(rb"^[\d.]+ \[(\d+) (?:[\d.:]+|unix:\S+|(lua))\]", rb"(time) [\1 \2]", reply.text))


def _help(reply: Reply) -> Reply:
    if reply.kind != "*" or not reply.items:
        return reply
    names = {line.text.split(b" ")[0] for line in reply.items[1:] if not line.text.startswith(b" ")}
    return Reply("*", [reply.items[0], *(Reply("+", name) for name in sorted(names))])


_OWN_WORDS = (b"summary", b"complexity", b"history", b"replaced_by", b"notes")


def _texts(reply: Reply) -> Reply:
    members: list[Reply] = []
    skip = False
    for at, member in enumerate(reply.items):
        if skip:
            skip = False
        elif at % 2 == 0 and member.kind == "$" and member.text in _OWN_WORDS:
            skip = True
        else:
            members.append(_texts(member))
    return Reply(reply.kind, members) if isinstance(reply.value, list) else reply


def _acl(reply: Reply) -> Reply:
    if isinstance(reply.value, list):
        return Reply(reply.kind, [_acl(member) for member in reply.value])
    if reply.value is None or reply.kind in "-!<":
        return reply
    runs = re.sub(
        rb"(?<!\S)[+-][^@\s()]+(?: [+-][^@\s()]+)+", lambda m: b" ".join(sorted(m.group().split())), reply.value
    )
    return Reply(reply.kind, runs)


def _keys(reply: Reply) -> Reply:
    if reply.kind == "%" or (reply.kind == "*" and len(reply.items) % 2 == 0):
        return Reply("~" if reply.kind == "%" else "*", sorted(reply.items[::2], key=render))
    return reply


_RULES: dict[str, Rule] = {
    "unordered": _unordered,
    "unordered_deep": _unordered_deep,
    "unordered_text": _unordered_text,
    "pairs": _pairs,
    "cursor_unordered": _cursor(_unordered),
    "cursor_pairs": _cursor(_pairs),
    "anything": _anything,
    "shape": _shape,
    "integers": _integers,
    "time": _time,
    "fields": _fields,
    "clients": _clients,
    "hello": _hello,
    "help": _help,
    "texts": _texts,
    "monitor": _monitor,
    "acl": _acl,
    "keys": _keys,
    "ignore": lambda reply: _FREE,
}
