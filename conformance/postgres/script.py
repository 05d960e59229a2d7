"""Reads case files of Postgres.

== Rows that were locked are waited for        a case: its title, then its steps
@mode simple                                   played through one protocol only; both otherwise
-- a comment of the case file
CREATE TABLE t (id int);                       a statement ends with a semicolon at a line's end, outside quotes
? 1 + 1                                        is SELECT 1 + 1;
? {1|2.5|'3'::text} + {1|null}                 one step for every combination of the alternatives
a> BEGIN;                                      a statement of the session `a`, which connects when first named
b>> UPDATE t SET id = 2;                       sent, and expected to wait: the outcome is what has come by now
b<                                             waits for what `b` gets now
b<-                                            what has come for `b` by now, if anything (notifications)
SELECT $1::int;  --$ 5                         parameters, as text or null; through the extended protocol
a! copydata "1\t2\n"   a! copydone   a! copyfail "why"   a! cancel   a! close
SELECT x FROM t;  --~ ordered                  a normalisation of this step: ordered (rows count in their order
                                               though there is no ORDER BY), ignore, differs(id)
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from pathlib import Path

from conformance.model import Case, CaseError, Step
from conformance.redis.resp import unquote

__all__ = ["Action", "expand", "parse_file", "parse_text"]

_SESSION = re.compile(r"([a-z][a-z0-9]*)(>>|>|<-|<|!)(?:\s+|$)")
_NOTE = re.compile(r"\s+--~ (.+)$")
_PARAMETERS = re.compile(r"\s+--\$ (.+)$")
_QUOTED = re.compile(r"\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/|\"[^\"]*\"", re.DOTALL)


@dataclass(frozen=True)
class Action:
    """kind: statement, send, wait, poll, or one of copydata copydone copyfail cancel close."""

    session: str
    kind: str
    sql: str = ""
    parameters: tuple[bytes | None, ...] | None = None
    data: bytes = b""


def parse_file(path: Path) -> list[Case]:
    return parse_text(path.read_text(encoding="utf-8"), path)


def parse_text(text: str, path: Path) -> list[Case]:
    cases: list[Case] = []
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        number, line = at + 1, lines[at].rstrip()
        at += 1
        if not line or line == "--" or line.startswith("-- "):
            continue
        if line.startswith("== "):
            cases.append(Case("postgres", path.stem, line[3:].strip(), path, number))
            continue
        if not cases:
            raise CaseError(f"{path}:{number}: a step before the first '== title'")
        if line.startswith("@"):
            name, _, value = line[1:].partition(" ")
            if name != "mode" or value not in ("simple", "extended"):
                raise CaseError(f"{path}:{number}: unknown option {line}")
            cases[-1].options[name] = value
            continue
        if not re.match(r"([a-z][a-z0-9]*)(<-|<|!)", line) and not line.startswith("? "):
            while not _complete(line):
                if at >= len(lines):
                    raise CaseError(f"{path}:{number}: a statement does not end with a semicolon")
                line += "\n" + lines[at].rstrip()
                at += 1
        try:
            cases[-1].steps += _steps(line, number)
        except ValueError as error:
            raise CaseError(f"{path}:{number}: {error}") from None
    titles = [case.title for case in cases]
    for title in titles:
        if titles.count(title) > 1:
            raise CaseError(f"{path}: two cases are called {title!r}")
    return cases


def _complete(text: str) -> bool:
    bare = _QUOTED.sub("''", _PARAMETERS.sub("", _NOTE.sub("", text)))
    # What is left of a quote that is still open counts as open.
    return (
        bare.rstrip().endswith(";")
        and bare.count("'") % 2 == 0
        and "$$" not in bare
        and not re.search(r"\$\w+\$", bare)
    )


def _steps(line: str, number: int) -> list[Step]:
    notes: tuple[str, ...] = ()
    differs = None
    note = _NOTE.search(line)
    if note is not None:
        line = line[: note.start()]
        words = note.group(1).split()
        differs = next((word[8:-1] for word in words if word.startswith("differs(")), None)
        notes = tuple(word for word in words if not word.startswith("differs("))
        if unknown := set(notes) - {"ordered", "ignore"}:
            raise ValueError(f"no normalisation is called {', '.join(unknown)}")
    parameters = None
    found = _PARAMETERS.search(line)
    if found is not None:
        line = line[: found.start()]
        parameters = tuple(_parameters(found.group(1)))
    session, kind = "main", "statement"
    prefix = _SESSION.match(line)
    if prefix is not None:
        session, line = prefix.group(1), line[prefix.end() :]
        kind = {">": "statement", ">>": "send", "<": "wait", "<-": "poll", "!": "do"}[prefix.group(2)]
    if kind == "do":
        kind, _, rest = line.partition(" ")
        if kind not in ("copydata", "copydone", "copyfail", "cancel", "close"):
            raise ValueError(f"nothing is called {kind!r}")
        data = unquote(rest, 0)[0] if rest else b""
        return [Step(number, f"{session}! {line}", f"({kind})", Action(session, kind, data=data), notes, differs)]
    if kind in ("wait", "poll"):
        return [
            Step(
                number,
                f"{session}{'<' if kind == 'wait' else '<-'}",
                "(delivery)",
                Action(session, kind),
                notes,
                differs,
            )
        ]
    texts = expand(line[2:]) if line.startswith("? ") else [line]
    shown = "" if session == "main" and kind == "statement" else f"{session}{'>>' if kind == 'send' else '>'} "
    steps = []
    for text in texts:
        sql = f"SELECT {text};" if line.startswith("? ") else text
        whole = shown + sql.replace("\n", "\\n") + (f"  --$ {found.group(1)}" if found else "")
        steps.append(Step(number, whole, _subject(sql), Action(session, kind, sql, parameters), notes, differs))
    return steps


def expand(text: str) -> list[str]:
    """`{a|b} + {1|2}` as its four texts, the last alternatives running first. Braces without a bar are no alternatives."""
    choices: list[list[str]] = []
    plain = at = 0
    while at < len(text):
        options, stop = _alternatives(text, at) if text[at] == "{" else ([], at + 1)
        if len(options) > 1:
            choices += [[text[plain:at]], options]
            plain = stop
            at = stop
        else:
            at += 1
    return ["".join(pick) for pick in itertools.product(*choices, [text[plain:]])]


def _alternatives(text: str, at: int) -> tuple[list[str], int]:
    """What stands between the bars of the braces that open at `at`, and the position after them."""
    depth, start = 0, at + 1
    options: list[str] = []
    for position in range(at, len(text)):
        char = text[position]
        if char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                return [*options, text[start:position]], position + 1
        elif char == "|" and depth == 1:
            options.append(text[start:position])
            start = position + 1
    return [], at + 1


def _parameters(text: str) -> list[bytes | None]:
    values: list[bytes | None] = []
    at = 0
    while at < len(text):
        if text[at] in " ,":
            at += 1
        elif text[at] == '"':
            value, at = unquote(text, at)
            values.append(value)
        else:
            word = re.match(r"[^ ,]+", text[at:])
            assert word is not None
            values.append(None if word.group() == "null" else word.group().encode())
            at += word.end()
    return values


def _subject(sql: str) -> str:
    words = re.findall(r"[A-Za-z]+", sql.split("\n")[0])[:2]
    if not words:
        return "(nothing)"
    first = words[0].upper()
    return f"{first} {words[1].upper()}" if first in ("CREATE", "ALTER", "DROP") and len(words) > 1 else first
