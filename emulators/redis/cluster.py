"""Cluster mode of a single node: it owns all 16,384 slots, so the only thing to check is that a command's keys share one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis.errors import RedisError
from emulators.redis.keyspecs import found_keys

if TYPE_CHECKING:
    from emulators.redis.scripting import Run
    from emulators.redis.session import RedisSession
    from emulators.redis.table import Command

__all__ = ["SLOTS", "check", "check_script", "key_slot"]

SLOTS = 16_384
CROSS_SLOT = RedisError("CROSSSLOT Keys in request don't hash to the same slot")


def _table() -> tuple[int, ...]:
    """CRC-16/XMODEM, a byte at a time."""
    rows = []
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
        rows.append(crc)
    return tuple(rows)


_CRC = _table()


def key_slot(key: bytes) -> int:
    """The slot of a key; of a key with a non-empty `{tag}`, the tag's slot.

    >>> key_slot(b"{user1000}.following") == key_slot(b"{user1000}.followers")
    True
    """
    start = key.find(b"{")
    if start >= 0:
        end = key.find(b"}", start + 1)
        if end > start + 1:
            key = key[start + 1 : end]
    crc = 0
    for byte in key:
        crc = ((crc << 8) & 0xFFFF) ^ _CRC[(crc >> 8) ^ byte]
    return crc % SLOTS


def check(session: RedisSession, row: Command, args: list[bytes]) -> None:
    """Refuse a command, or an EXEC, whose keys lie in different slots."""
    slots = {key_slot(args[position]) for position, _ in found_keys(row, args)}
    if row.name == "exec":
        for queued, words in session.queue or ():
            slots.update(key_slot(words[position]) for position, _ in found_keys(queued, words))
    elif row.name in ("ssubscribe", "sunsubscribe"):
        slots.update(key_slot(channel) for channel in args[1:])
    if len(slots) > 1:
        raise CROSS_SLOT


def check_script(run: Run, row: Command, args: list[bytes]) -> None:
    """Keep a script to one slot over all its commands."""
    slots = {key_slot(args[position]) for position, _ in found_keys(row, args)}
    if run.slot is not None:
        slots.add(run.slot)
    if len(slots) > 1:
        raise RedisError("ERR Script attempted to access keys that do not hash to the same slot")
    if slots:
        run.slot = slots.pop()
