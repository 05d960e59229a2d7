"""Client-side caching: which client has read what, and who is told when it changes (CLIENT TRACKING)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.session import RedisSession

__all__ = ["Tracking"]


class Tracking:
    """The tracking table of one server."""

    def __init__(self, server: RedisEmulator) -> None:
        self._server = server
        self.clients: dict[RedisSession, None] = {}

    def key_count(self) -> int:
        return 0

    def item_count(self) -> int:
        return 0

    def prefix_count(self) -> int:
        return 0

    def memory_bytes(self) -> int:
        return 0
