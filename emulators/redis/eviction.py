"""maxmemory: how much the keys take, and what goes when it is too much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis.memory import database_size

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator

__all__ = ["Eviction"]


class Eviction:
    """The memory limit of one server."""

    def __init__(self, server: RedisEmulator) -> None:
        self._server = server
        self.watching = False

    def key_changed(self, db, key) -> None:
        return None

    def flushed(self) -> None:
        return None

    def make_room(self) -> bool:
        return True

    def keys_bytes(self) -> int:
        return sum(database_size(db) for db in self._server.databases if db.data)
