"""What can stand between a command and its handler: arity, authentication, permissions, subscriber mode, pauses, memory.

`check` raises the server's error, or returns. Sessions and servers for which nothing here can apply skip it (see
`RedisSession.special` and `RedisEmulator.special`), so a new condition has to be named in one of the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.scripting import Run
    from emulators.redis.session import RedisSession
    from emulators.redis.table import Command

__all__ = ["Admission"]

_WHILE_SUBSCRIBED = frozenset(
    {"subscribe", "unsubscribe", "psubscribe", "punsubscribe", "ssubscribe", "sunsubscribe", "ping", "quit", "reset"}
)


class Admission:
    """The checks of one server, in the order in which redis-server makes them."""

    def __init__(self, server: RedisEmulator) -> None:
        self._server = server

    def check(self, session: RedisSession, row: Command, args: list[bytes]) -> None:
        if not row.min_args <= len(args) <= row.max_args:
            row.rejected += 1
            raise errors.wrong_arity(row.name)
        if not session.authenticated and "no_auth" not in row.flags:
            row.rejected += 1
            raise errors.NO_AUTH
        if session.protocol == 2 and (session.channels or session.patterns or session.shards):
            if row.name not in _WHILE_SUBSCRIBED:
                row.rejected += 1
                raise errors.only_in_subscriber(row.name)

    # -- scripts ---------------------------------------------------------------------------------------------

    def check_script_start(self, run: Run) -> None:
        """What can keep a script or function from running at all, by the flags it declares."""

    def check_script(self, run: Run, session: RedisSession, row: Command, words: list[bytes]) -> None:
        """What can stand in the way of one command of a script (its arity and flags are checked already)."""

    def allows(self, session: RedisSession, row: Command, words: list[bytes]) -> bool:
        """Whether the session's user may run this."""
        return True

    def session_is_special(self, session: RedisSession) -> bool:
        """True when this session's commands need `check` for a reason known here."""
        return False

    def server_is_special(self) -> bool:
        """True when every session's commands need `check`."""
        return False
