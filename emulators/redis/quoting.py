"""Words in double quotes, as MONITOR and configuration files show them; `resp.split_words` reads them back."""

from __future__ import annotations

__all__ = ["quoted"]

_ESCAPES = {0x5C: b"\\\\", 0x22: b'\\"', 0x0A: b"\\n", 0x0D: b"\\r", 0x09: b"\\t", 0x07: b"\\a", 0x08: b"\\b"}


def quoted(word: bytes) -> bytes:
    """In double quotes, with everything that is not plain text escaped."""
    shown = bytearray(b'"')
    for byte in word:
        if byte in _ESCAPES:
            shown += _ESCAPES[byte]
        elif 0x20 <= byte < 0x7F:
            shown.append(byte)
        else:
            shown += b"\\x%02x" % byte
    return bytes(shown + b'"')
