"""Compiled Lua 5.1 chunks without tail calls.

`return redis.call(...)` is a tail call, which takes the calling line off the stack; in the server the callee is a C function,
so the line stays and is named in errors. Here the callee is Lua. Turning the instruction TAILCALL into CALL, in the compiled
form of a script, keeps the line; the instruction after it, RETURN up to the top, works the same.
"""

from __future__ import annotations

import struct

__all__ = ["without_tail_calls"]

_HEADER_SIZE = 12
_OPCODE_MASK = 0x3F
_OP_CALL, _OP_TAILCALL = 28, 29


def without_tail_calls(chunk: bytes) -> bytes:
    """A chunk from `string.dump` (64-bit, little endian) with plain calls in the place of tail calls."""
    if chunk[:4] != b"\x1bLua" or chunk[6:12] != b"\x01\x04\x08\x04\x08\x00":
        return chunk  # another build of Lua: leave it as it is, only lines in errors are lost
    code = bytearray(chunk)
    _function(code, _HEADER_SIZE)
    return bytes(code)


def _function(code: bytearray, at: int) -> int:
    """Patch the function whose dump begins at `at`; returns where it ends."""
    at = _string(code, at) + 8 + 4  # source; first and last line; upvalues, parameters, varargs, stack
    (count,) = struct.unpack_from("<i", code, at)
    at += 4
    for place in range(at, at + 4 * count, 4):
        if code[place] & _OPCODE_MASK == _OP_TAILCALL:
            code[place] = code[place] & ~_OPCODE_MASK & 0xFF | _OP_CALL
    at += 4 * count
    (count,) = struct.unpack_from("<i", code, at)
    at += 4
    for _ in range(count):
        kind = code[at]
        at += 1
        at = _string(code, at) if kind == 4 else at + {0: 0, 1: 1, 3: 8}[kind]
    (count,) = struct.unpack_from("<i", code, at)
    at += 4
    for _ in range(count):
        at = _function(code, at)
    (count,) = struct.unpack_from("<i", code, at)  # line of each instruction
    at += 4 + 4 * count
    (count,) = struct.unpack_from("<i", code, at)  # names of local variables
    at += 4
    for _ in range(count):
        at = _string(code, at) + 8
    (count,) = struct.unpack_from("<i", code, at)  # names of upvalues
    at += 4
    for _ in range(count):
        at = _string(code, at)
    return at


def _string(code: bytearray, at: int) -> int:
    (size,) = struct.unpack_from("<Q", code, at)
    return at + 8 + int(size)
