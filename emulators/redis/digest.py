"""DEBUG DIGEST and DIGEST-VALUE: SHA-1 mixes that are equal for equal data, whatever the order of unordered things."""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

from emulators.redis.resp import format_double
from emulators.redis.stream import StreamValue, format_id
from emulators.redis.values import Hash, ListValue, SetValue, SortedSet

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.keyspace import Database, Stored

__all__ = ["dataset_digest", "value_digest"]

_ZERO = bytes(20)
_TYPES = {b"string": 0, b"list": 1, b"set": 2, b"zset": 3, b"hash": 4, b"stream": 6}


def _xor(digest: bytes, data: bytes) -> bytes:
    """Independent of order."""
    other = hashlib.sha1(data).digest()
    return bytes(a ^ b for a, b in zip(digest, other, strict=True))


def _mix(digest: bytes, data: bytes) -> bytes:
    """Dependent on order."""
    return hashlib.sha1(_xor(digest, data)).digest()


def _both(*parts: bytes) -> bytes:
    digest = _ZERO
    for part in parts:
        digest = _mix(digest, part)
    return digest


def _add_value(db: Database, key: bytes, value: Stored, digest: bytes) -> bytes:
    name = b"string" if isinstance(value, bytes) else value.type_name
    digest = _mix(digest, struct.pack(">I", _TYPES.get(name, 5)))
    if isinstance(value, bytes):
        digest = _mix(digest, bytes(value))
    elif isinstance(value, ListValue):
        for item in value.items:
            digest = _mix(digest, item)
    elif isinstance(value, SetValue):
        for member in value.members:
            digest = _xor(digest, member)
    elif isinstance(value, SortedSet):
        for member, score in value.scores.items():
            digest = _xor(digest, _both(member, format_double(score, shortest=False)))
    elif isinstance(value, Hash):
        for field, item in value.fields.items():
            digest = _xor(digest, _both(field, item))
    elif isinstance(value, StreamValue):
        for number, items in value.iterate():
            digest = _mix(digest, format_id(number).replace(b"-", b"."))
            for item in items:
                digest = _mix(digest, item)
    return _xor(digest, b"!!expire!!") if key in db.expires else digest


def value_digest(db: Database, key: bytes) -> str:
    """Of one key's value and of whether it has a deadline; zeros when there is no such key."""
    value = db.data.get(key)
    return (_ZERO if value is None else _add_value(db, key, value, _ZERO)).hex()


def dataset_digest(server: RedisEmulator) -> str:
    """Of all databases; zeros when they are empty."""
    final = _ZERO
    for db in server.databases:
        if not db.data:
            continue
        final = _mix(final, struct.pack(">I", db.number))
        for key, value in db.data.items():
            final = _xor(final, _add_value(db, key, value, _mix(_ZERO, key)))
    return final.hex()
