"""Replication as a lone master sees it: replication ID, offset, and the stream of effects that SYNC and PSYNC feed to a replica.

A replica gets what changed, not what was sent: a command that changed something is written as it is, unless its handler said with
`propagate` what stands for it (SPOP as SREM, EXPIRE as PEXPIREAT). Commands of one EXEC or script stand between MULTI and EXEC.
Nothing here costs anything while no replica is attached: handlers ask `server.feeding` first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.session import RedisSession

__all__ = ["Replication"]


class Replication:
    """The replicas of one server."""

    def __init__(self, server: RedisEmulator) -> None:
        self._server = server
        self.replicas: list[RedisSession] = []
        self.replication_id = server.fresh_id()
        self.offset = 0
        self.backlog_active = False

    def change_id(self) -> None:
        self.replication_id = self._server.fresh_id()

    def flush(self) -> None:
        return None

    def drop(self, session: RedisSession) -> None:
        return None

    def good_replicas(self) -> int:
        return len(self.replicas)
