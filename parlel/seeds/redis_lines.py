r"""Reads Redis seeds: one command a line, quoted as redis-cli quotes; blank lines and lines that begin with `#` are skipped.

Words are separated by blanks. "double quotes" know \n \r \t \b \a \\ \" and \xNN; 'single quotes' only \'. A closing quote has to
be followed by a blank or the line's end. (`#` inside a command is an ordinary character.)
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["LineError", "read_commands", "split_line"]

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "a": "\a"}
_HEX = frozenset("0123456789abcdefABCDEF")
_BLANKS = " \t\r\n\v\f\0"


class LineError(ValueError):
    """A line whose quotes do not close, or are followed by text. `line` is its number, counted from 1."""

    def __init__(self, line: int, text: str, reason: str) -> None:
        self.line, self.text = line, text
        super().__init__(reason)


def read_commands(text: str) -> Iterator[tuple[int, str, list[bytes]]]:
    """`(line number, line, arguments)` of each command. LineError for a line that cannot be split."""
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        stripped = line.strip(_BLANKS)
        if not stripped or stripped.startswith("#"):
            continue
        try:
            arguments = split_line(stripped)
        except ValueError as error:
            raise LineError(number, stripped, str(error)) from error
        yield number, stripped, arguments


def split_line(line: str) -> list[bytes]:
    r"""The words of a line as bytes.

    >>> split_line(r'''SET session:abc '{"user":"alice"}' ''')
    [b'SET', b'session:abc', b'{"user":"alice"}']
    >>> split_line(r'SET bin "\x00\xff\n"')
    [b'SET', b'bin', b'\x00\xff\n']
    """
    words: list[bytes] = []
    position, end = 0, len(line)
    while True:
        while position < end and line[position] in _BLANKS:
            position += 1
        if position >= end:
            return words
        word = bytearray()
        while position < end and line[position] not in _BLANKS:
            character = line[position]
            if character == '"':
                position = _double(line, position + 1, word)
            elif character == "'":
                position = _single(line, position + 1, word)
            else:
                word += character.encode()
                position += 1
                continue
            if position < end and line[position] not in _BLANKS:
                raise ValueError("a closing quote has to be followed by a blank")
        words.append(bytes(word))


def _double(line: str, position: int, word: bytearray) -> int:
    end = len(line)
    while position < end:
        character = line[position]
        if character == '"':
            return position + 1
        if character == "\\" and position + 1 < end:
            following = line[position + 1]
            digits = line[position + 2 : position + 4]
            if following == "x" and len(digits) == 2 and _HEX.issuperset(digits):
                word.append(int(digits, 16))
                position += 4
                continue
            word += _ESCAPES.get(following, following).encode()
            position += 2
            continue
        word += character.encode()
        position += 1
    raise ValueError("a double quote is not closed")


def _single(line: str, position: int, word: bytearray) -> int:
    end = len(line)
    while position < end:
        character = line[position]
        if character == "'":
            return position + 1
        if character == "\\" and line[position + 1 : position + 2] == "'":
            word += b"'"
            position += 2
            continue
        word += character.encode()
        position += 1
    raise ValueError("a single quote is not closed")
