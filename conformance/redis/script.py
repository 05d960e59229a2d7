"""Reads case files of Redis.

== A waiting BLPOP gets what a push brings         a case: its title, then its steps, one a line
@fresh                                             options: a server of its own; @resp 2 for one protocol only
# a comment
SET key "a\x00b" EX 100                            a command of the session `main`, with redis-cli's quoting
a> GET key                                         a command of the session `a`, which connects when first named
a>> BLPOP list 0                                   sent without waiting: the outcome is what has come by now, <nothing>
RPUSH list x
a<                                                 waits for what `a` gets now (a push, or the end of a block)
a<-                                                what has come for `a` by now, if anything
a! raw "*1\r\n$4\r\nPI"                            raw bytes; then as after >>
a! close                                           the client goes away
id := CLIENT ID                                    keeps the reply, and shows it as {id} wherever it occurs
dump = DUMP key                                    keeps the reply, and compares it
RESTORE other 0 {dump}                             uses it
RPUSH long {1..500:item%}                          500 arguments item1 ... item500
SET big {x*5000}                                   an argument of 5000 x
SMEMBERS big  #~ unordered                         a normalisation of this step alone
MIGRATE ...  #~ differs(redis-migrate)             differs on purpose: the id in KNOWN_DIFFERENCES.toml
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from conformance.model import Case, CaseError, Step
from conformance.redis.resp import unquote

__all__ = ["Action", "parse_file", "split_arguments"]

_SESSION = re.compile(r"([a-z][a-z0-9]*)(>>|>|<-|<|!)(?:\s+|$)")
_CAPTURE = re.compile(r"([a-z][a-z0-9]*) (:=|=) ")
_RANGE = re.compile(r"\{(-?\d+)\.\.(-?\d+):(.*)\}\Z")
_REPEAT = re.compile(r"\{(.)\*(\d+)\}")
_NOTE = re.compile(r"\s+#~ (.+)$")

# Commands with subcommands: the scoreboard counts `CLIENT LIST`, not `CLIENT`.
CONTAINERS = frozenset(
    "ACL CLIENT CLUSTER COMMAND CONFIG DEBUG FUNCTION LATENCY MEMORY MODULE OBJECT PUBSUB SCRIPT SLOWLOG XGROUP XINFO".split()  # noqa: SIM905
)
# A case with one of these changes the server for good, so it gets one of its own.
_LASTING = re.compile(
    r"(CONFIG SET|ACL (SETUSER|DELUSER|LOAD)|REPLICAOF|SLAVEOF|SHUTDOWN|DEBUG|CLIENT (PAUSE|NO-EVICT)|MONITOR|FAILOVER)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Action:
    """What the player does: kind is `command`, `send` (do not wait), `wait`, `poll`, `raw` or `close`."""

    session: str
    kind: str
    args: tuple[bytes, ...] = ()
    capture: str | None = None
    hide: bool = False


def parse_file(path: Path, service: str = "redis") -> list[Case]:
    """The cases of one file; the group is the file's name."""
    return parse_text(path.read_text(encoding="utf-8"), path, service)


def parse_text(text: str, path: Path, service: str = "redis") -> list[Case]:
    cases: list[Case] = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("# ") or line == "#":
            continue
        if line.startswith("== "):
            cases.append(Case(service, path.stem, line[3:].strip(), path, number))
            continue
        if not cases:
            raise CaseError(f"{path}:{number}: a step before the first '== title'")
        try:
            if line.startswith("@"):
                name, _, value = line[1:].partition(" ")
                if name not in ("fresh", "resp"):
                    raise ValueError(f"unknown option @{name}")
                cases[-1].options[name] = value.strip() or "yes"
            else:
                cases[-1].steps.append(parse_step(line, number))
                if _LASTING.search(line):
                    cases[-1].options.setdefault("fresh", "yes")
        except ValueError as error:
            raise CaseError(f"{path}:{number}: {error}") from None
    titles = [case.title for case in cases]
    for title in titles:
        if titles.count(title) > 1:
            raise CaseError(f"{path}: two cases are called {title!r}")
    return cases


def parse_step(line: str, number: int) -> Step:
    """One step; raises ValueError."""
    text, differs = line, None
    notes: tuple[str, ...] = ()
    note = _NOTE.search(line)
    if note is not None:
        line = line[: note.start()]
        words = note.group(1).split()
        differs = next((word[8:-1] for word in words if word.startswith("differs(")), None)
        notes = tuple(word for word in words if not word.startswith("differs("))
    session, kind = "main", "command"
    prefix = _SESSION.match(line)
    if prefix is not None:
        session, line = prefix.group(1), line[prefix.end() :]
        kind = {">": "command", ">>": "send", "<": "wait", "<-": "poll", "!": "raw"}[prefix.group(2)]
    capture, hide = None, False
    found = _CAPTURE.match(line)
    if found is not None and kind == "command":
        capture, hide, line = found.group(1), found.group(2) == ":=", line[found.end() :]
    args = tuple(split_arguments(line))
    if kind in ("wait", "poll") and args:
        raise ValueError(f"{prefix and prefix.group()} takes nothing behind it")
    if kind == "raw":
        if args == (b"close",):
            kind, args = "close", ()
        elif len(args) == 2 and args[0] == b"raw":
            args = (re.sub(rb"\{(.)\*(\d+)\}", lambda m: m.group(1) * int(m.group(2)), args[1]),)
        else:
            raise ValueError('after ! comes: raw "bytes", or: close')
    elif kind in ("command", "send") and not args:
        raise ValueError("no command")
    return Step(number, text, _subject(kind, args), Action(session, kind, args, capture, hide), notes, differs)


def _subject(kind: str, args: tuple[bytes, ...]) -> str:
    if kind not in ("command", "send"):
        return {"raw": "(raw bytes)", "close": "(close)"}.get(kind, "(delivery)")
    name = args[0].decode("latin-1").upper()
    if name in CONTAINERS and len(args) > 1:
        return f"{name} {args[1].decode('latin-1').upper()}"
    return name if re.fullmatch(r"[A-Z_-]+", name) else "(unknown command)"


def split_arguments(line: str) -> list[bytes]:
    """The arguments of a line: redis-cli's quoting, plus `{1..9:x%}` and `{x*9}`."""
    args: list[bytes] = []
    at = 0
    while at < len(line):
        if line[at] == " ":
            at += 1
            continue
        if line[at] == '"':
            data, at = unquote(line, at)
            args.append(data)
        elif line[at] == "'":
            stop = line.find("'", at + 1)
            if stop < 0:
                raise ValueError("a quote is not closed")
            args.append(line[at + 1 : stop].encode())
            at = stop + 1
        else:
            word, at = _word(line, at)
            args += _expand(word)
        if at < len(line) and line[at] != " ":
            raise ValueError(f"a space is missing before {line[at:]!r}")
    return args


def _word(line: str, at: int) -> tuple[str, int]:
    """A word without quotes; spaces are part of it inside `{1..9: }`."""
    stop = line.find(" ", at)
    if re.match(r"\{-?\d+\.\.", line[at:]):
        stop = line.index("}", at) + 1
    stop = len(line) if stop < 0 else stop
    return line[at:stop], stop


def _expand(word: str) -> list[bytes]:
    found = _RANGE.match(word)
    if found is not None:
        first, last, template = int(found.group(1)), int(found.group(2)), found.group(3)
        return [part.replace("%", str(n)).encode() for n in range(first, last + 1) for part in template.split()]
    return [_REPEAT.sub(lambda m: m.group(1) * int(m.group(2)), word).encode()]
