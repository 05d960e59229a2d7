r"""Cuts SQL into statements as psql does: at semicolons outside of quotes, dollar quotes, comments, parentheses and the
`BEGIN ATOMIC … END` bodies of SQL functions. The lines that follow a `COPY … FROM stdin;` up to `\.` are its data.

The grammar of the quotes is that of https://www.postgresql.org/docs/current/sql-syntax-lexical.html with
standard_conforming_strings on. psql's own commands are refused, except `\restrict` and `\unrestrict`, which pg_dump writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["SqlError", "Statement", "split_statements"]

_TOKEN = re.compile(
    r"""
      (?P<blank>\s+)
    | (?P<comment>--[^\n]*)
    | (?P<block>/\*)
    | (?P<dollar>\$(?:[A-Za-z_\x80-\uffff][A-Za-z0-9_\x80-\uffff]*)?\$)
    | (?P<escaped>[eE]')
    | (?P<quote>')
    | (?P<identifier>")
    | (?P<word>[A-Za-z_\x80-\uffff][A-Za-z0-9_$\x80-\uffff]*)
    | (?P<number>[0-9][A-Za-z0-9_.]*)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COPY_STDIN = re.compile(r"\s*copy\b.*\bfrom\s+stdin\b", re.IGNORECASE | re.DOTALL)
_CLOSERS = {"quote": re.compile(r"'(?!')"), "identifier": re.compile(r'"(?!")')}
_BLOCK = re.compile(r"/\*|\*/")
_IGNORED_COMMANDS = ("restrict", "unrestrict")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement without its semicolon, the line on which it begins, and the data of a COPY (None otherwise)."""

    line: int
    sql: str
    copy_data: str | None = None


class SqlError(ValueError):
    """Text that cannot be cut into statements. `line` is where the trouble begins, counted from 1."""

    def __init__(self, line: int, reason: str, text: str = "") -> None:
        self.line, self.text = line, text
        super().__init__(reason)


def split_statements(text: str) -> Iterator[Statement]:
    r"""The statements of a script, in order.

    >>> [statement.sql for statement in split_statements("SELECT ';'; -- one;\nSELECT $$;$$;")]
    ["SELECT ';'", 'SELECT $$;$$']
    """
    text = text.removeprefix("\ufeff")
    position, size = 0, len(text)
    start = -1  # where the present statement begins; -1 before its first token
    depth = 0  # of parentheses
    words: list[str] = []  # the first words, to know a function's definition
    atomic = 0  # depth of BEGIN ATOMIC and the CASEs in it
    while position < size:
        match = _TOKEN.match(text, position)
        assert match is not None
        kind, found = str(match.lastgroup), match.group()
        if start < 0 and kind not in ("blank", "comment", "block") and found not in (";", "\\"):
            start = position
        if start < 0 and found == "\\":
            position = _psql_command(text, position)
            continue
        end = match.end()
        if kind == "block":
            end = _block_end(text, position)
        elif kind == "dollar":
            end = _find(text, found, end, "a dollar quote is not closed", position)
        elif kind == "escaped":
            end = _escaped_end(text, end, position)
        elif kind in _CLOSERS:
            end = _quoted_end(text, end, kind, position)
        elif kind == "word":
            word = found.lower()
            if word == "atomic" and words[-1:] == ["begin"] and _defines_routine(words):
                atomic = 1
            elif atomic and word == "case":
                atomic += 1
            elif atomic and word == "end":
                atomic -= 1
            words = [*words[:5], word]
        elif found == "(":
            depth += 1
        elif found == ")":
            depth = max(0, depth - 1)
        elif found == ";" and not depth and not atomic:
            if start >= 0:
                sql = text[start:position].rstrip()
                line = _line(text, start)
                if _COPY_STDIN.match(sql):
                    data, end = _copy_data(text, end, line)
                    yield Statement(line, sql, data)
                else:
                    yield Statement(line, sql)
            start, words = -1, []
        position = end
    if start >= 0:
        if depth:
            raise SqlError(_line(text, start), "a parenthesis is not closed", text[start:])
        yield Statement(_line(text, start), text[start:].rstrip())


def _defines_routine(words: list[str]) -> bool:
    if words[:1] != ["create"]:
        return False
    rest = words[3:4] if words[1:3] == ["or", "replace"] else words[1:2]
    return rest in (["function"], ["procedure"])


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _find(text: str, wanted: str, start: int, reason: str, opened: int) -> int:
    found = text.find(wanted, start)
    if found < 0:
        raise SqlError(_line(text, opened), reason, text[opened : opened + 200])
    return found + len(wanted)


def _quoted_end(text: str, position: int, kind: str, opened: int) -> int:
    # A doubled quote stands for itself.
    closer = "'" if kind == "quote" else '"'
    while True:
        position = _find(text, closer, position, f"the quote {closer} is not closed", opened)
        if text[position : position + 1] != closer:
            return position
        position += 1


def _escaped_end(text: str, position: int, opened: int) -> int:
    while position < len(text):
        if text[position] == "\\":
            position += 2
        elif text[position] != "'":
            position += 1
        elif text[position + 1 : position + 2] == "'":
            position += 2
        else:
            return position + 1
    raise SqlError(_line(text, opened), "the quote ' is not closed", text[opened : opened + 200])


def _block_end(text: str, opened: int) -> int:
    depth, position = 0, opened
    while match := _BLOCK.search(text, position):
        depth += 1 if match.group() == "/*" else -1
        position = match.end()
        if not depth:
            return position
    raise SqlError(_line(text, opened), "a comment is not closed", text[opened : opened + 200])


def _copy_data(text: str, position: int, line: int) -> tuple[str, int]:
    """The lines after a COPY, up to a line `\\.` or the end of the text, and where the script goes on."""
    newline = text.find("\n", position)
    if newline < 0:
        return "", len(text)
    if text[position:newline].strip():
        raise SqlError(line, "the data of COPY FROM stdin begins on the next line")
    begin = newline + 1
    match = re.compile(r"^\\\.\r?$", re.MULTILINE).search(text, begin)
    if match is None:
        return text[begin:], len(text)
    return text[begin : match.start()], match.end()


def _psql_command(text: str, position: int) -> int:
    newline = text.find("\n", position)
    end = len(text) if newline < 0 else newline
    command = text[position + 1 : end].split(None, 1)
    if command and command[0] in _IGNORED_COMMANDS:
        return end
    raise SqlError(
        _line(text, position), "commands of psql are not supported in seeds, only SQL", text[position:end].strip()
    )
