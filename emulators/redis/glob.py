r"""Glob patterns as Redis matches them: `*`, `?`, `[a-z]`, `[^...]`, `\` escapes; on bytes. Compiled once per pattern."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["compile_glob", "glob_match"]


def glob_match(pattern: bytes, text: bytes, ignore_case: bool = False) -> bool:
    """True if the whole text matches.

    >>> glob_match(b"user:*", b"user:1"), glob_match(b"h[^a]llo", b"hallo")
    (True, False)
    """
    return compile_glob(pattern, ignore_case).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def compile_glob(pattern: bytes, ignore_case: bool = False) -> re.Pattern[bytes]:
    parts: list[bytes] = []
    position, size = 0, len(pattern)
    while position < size:
        byte = pattern[position : position + 1]
        if byte == b"*":
            # Several stars in a row say the same as one; the loop keeps the expression free of blow-ups.
            if not parts or parts[-1] != b".*":
                parts.append(b".*")
        elif byte == b"?":
            parts.append(b".")
        elif byte == b"[":
            part, position = _class(pattern, position)
            parts.append(part)
        elif byte == b"\\" and position + 1 < size:
            position += 1
            parts.append(re.escape(pattern[position : position + 1]))
        else:
            parts.append(re.escape(byte))
        position += 1
    # Everything between two stars is matched at its first place and never tried again elsewhere (atomic, Python 3.11),
    # which keeps matching linear per star; the server gives the same answers.
    pieces = b"".join(parts).split(b".*") if b".*" in parts else [b"".join(parts)]
    if len(pieces) > 2:
        body = pieces[0] + b"".join(b"(?>.*?" + piece + b")" for piece in pieces[1:-1]) + b".*" + pieces[-1]
    else:
        body = b".*".join(pieces)
    return re.compile(body, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _class(pattern: bytes, start: int) -> tuple[bytes, int]:
    """The expression for `[...]` from `start` on, and the position of its last byte. An unclosed class ends with the pattern."""
    position = start + 1
    negate = pattern[position : position + 1] == b"^"
    if negate:
        position += 1
    members: list[bytes] = []
    size = len(pattern)
    while True:
        if position >= size:
            position = size - 1
            break
        if pattern[position : position + 1] == b"\\" and position + 1 < size:
            position += 1
            members.append(re.escape(pattern[position : position + 1]))
        elif pattern[position : position + 1] == b"]":
            break
        elif position + 2 < size and pattern[position + 1 : position + 2] == b"-":
            low, high = sorted((pattern[position : position + 1], pattern[position + 2 : position + 3]))
            members.append(re.escape(low) + b"-" + re.escape(high))
            position += 2
        else:
            members.append(re.escape(pattern[position : position + 1]))
        position += 1
    if not members:
        return (b"." if negate else b"(?!)"), position
    return b"[" + (b"^" if negate else b"") + b"".join(members) + b"]", position
