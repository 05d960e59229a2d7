"""ACL users and their rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator


class User:
    restricted = False


class AccessControl:
    """The users of one server."""

    def __init__(self, server: RedisEmulator) -> None:
        self._server = server
        self.denied = {"auth": 0, "command": 0, "key": 0, "channel": 0}

    def set_default_password(self, password: bytes) -> None:
        self._server.password = password or None

    def exists(self, name):
        return name == b"default"

    def denial(self, user, row, words):
        return None

    def check(self, session, row, args) -> None:
        return None
