"""What can stand between a command and its handler: arity, authentication, permissions, cluster slots, memory, pauses.

`check` raises the server's error, returns True when the command has to wait for the end of a pause, or False: go on. Sessions and
servers for which nothing here can apply skip it (see `RedisSession.special` and `RedisEmulator.special`), so a new
condition has to be named in one of the two `..._is_special`. The order is redis-server's, since the first reason is the one told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import cluster, errors
from emulators.redis.errors import RedisError
from emulators.redis.pauses import MAY_REPLICATE

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.scripting import Run
    from emulators.redis.session import RedisSession
    from emulators.redis.table import Command

__all__ = ["Admission"]

_WHILE_SUBSCRIBED = frozenset(
    {"subscribe", "unsubscribe", "psubscribe", "punsubscribe", "ssubscribe", "sunsubscribe", "ping", "quit", "reset"}
)
#: Commands that run at once inside MULTI, so that memory does not matter for what they queue.
_TRANSACTION_ENDS = frozenset({"exec", "discard", "multi", "watch", "quit", "reset"})
_PROTECTED = {
    "debug": "enable-debug-command",
    **dict.fromkeys(("module|load", "module|loadex", "module|unload"), "enable-module-command"),
}


def _protected(container: str) -> RedisError:
    return RedisError(
        f'ERR {container.upper()} command not allowed. If the enable-{container}-command option is set to "local", '
        "you can run it from a local connection, otherwise you need to set this option in the configuration file, and "
        "then restart the server."
    )


class Admission:
    """The checks of one server, in the order in which redis-server makes them."""

    def __init__(self, server: RedisEmulator) -> None:
        self._server = server

    def check(self, session: RedisSession, row: Command, args: list[bytes]) -> bool:
        """Raise what keeps the command from running; True if it has to wait."""
        try:
            return self._check(session, row, args)
        except RedisError:
            row.rejected += 1
            raise

    def _check(self, session: RedisSession, row: Command, args: list[bytes]) -> bool:
        server = self._server
        if not row.min_args <= len(args) <= row.max_args:
            raise errors.wrong_arity(row.name)
        if row.name in _PROTECTED and server.config[_PROTECTED[row.name]] == b"no":
            raise _protected(row.name.partition("|")[0])
        if "no_auth" not in row.flags and not session.authenticated:
            raise errors.NO_AUTH
        if session.queue is not None and "no_multi" in row.flags:
            raise errors.NOT_IN_MULTI
        if session.user.restricted:
            server.acl.check(session, row, args)
        if server.cluster:
            cluster.check(session, row, args)
        if server.config["maxmemory"]:
            self._check_memory(session, row)
        if self._lacks_replicas():
            self._check_replicas(session, row)
        busy = server.scripting.busy
        if busy is not None and "allow_busy" not in row.flags:
            raise server.scripting.busy_error(busy)
        if server.replication.master is not None:
            self._check_as_replica(session, row)
        subscribed = bool(session.channels or session.patterns or session.shards)
        if subscribed and session.protocol == 2 and row.name not in _WHILE_SUBSCRIBED:
            raise errors.only_in_subscriber(row.name)
        if server.pauses.active and server.pauses.holds(session, row, args):
            server.pauses.postpone(session, args)
            return True
        return False

    def _check_memory(self, session: RedisSession, row: Command) -> None:
        if self._server.eviction.make_room():
            return
        refuses = "denyoom" in row.flags or (
            row.name == "exec" and any("denyoom" in queued.flags for queued, _ in session.queue or ())
        )
        if session.queue is not None and row.name not in _TRANSACTION_ENDS:
            refuses = True
        if refuses:
            raise errors.OUT_OF_MEMORY

    def _check_replicas(self, session: RedisSession, row: Command) -> None:
        writes = row.writes or (row.name == "exec" and any(queued.writes for queued, _ in session.queue or ()))
        if writes:
            raise errors.NO_REPLICAS

    def _check_as_replica(self, session: RedisSession, row: Command) -> None:
        config = self._server.config
        queue = session.queue or ()
        if config["replica-read-only"] and (
            row.writes or (row.name == "exec" and any(queued.writes for queued, _ in queue))
        ):
            raise errors.READ_ONLY_REPLICA
        if not config["replica-serve-stale-data"] and (
            "stale" not in row.flags or (row.name == "exec" and any("stale" not in queued.flags for queued, _ in queue))
        ):
            raise errors.MASTER_DOWN

    # -- scripts ---------------------------------------------------------------------------------------------

    def check_script_start(self, run: Run) -> None:
        """What can keep a script or function from running at all, by the flags it declares."""
        server = self._server
        run.out_of_memory = bool(server.config["maxmemory"]) and not server.eviction.make_room()
        flags = run.flags
        if flags.compatible:
            return
        if server.cluster and flags.no_cluster:
            raise errors.SCRIPT_NO_CLUSTER
        down = server.replication.master is not None
        if down and not server.config["replica-serve-stale-data"] and not flags.allow_stale:
            raise errors.MASTER_DOWN
        if flags.no_writes:
            return
        if down and server.config["replica-read-only"]:
            raise RedisError("READONLY Can not run script with write flag on readonly replica.")
        if self._lacks_replicas():
            raise errors.NO_REPLICAS
        if run.out_of_memory and not flags.allow_oom:
            raise errors.SCRIPT_OUT_OF_MEMORY

    def _lacks_replicas(self) -> bool:
        needed = self._server.config["min-replicas-to-write"]
        return bool(needed) and self._server.replication.good_replicas() < needed

    def check_script(self, run: Run, session: RedisSession, row: Command, words: list[bytes]) -> None:
        """What can stand in the way of one command of a script (its arity and flags are checked already)."""
        server = self._server
        if session.user.restricted:
            server.acl.check_script(session, row, words)
        if run.read_only and row.name in MAY_REPLICATE:
            raise RedisError("ERR Write commands are not allowed from read-only scripts.")
        if row.writes:
            if server.replication.master is not None and server.config["replica-read-only"]:
                raise errors.READ_ONLY_REPLICA
            if self._lacks_replicas():
                raise errors.NO_REPLICAS
        if run.out_of_memory and "denyoom" in row.flags and (run.flags.compatible or not run.flags.allow_oom):
            raise errors.OUT_OF_MEMORY
        if server.cluster and not run.flags.allow_cross_slot:
            cluster.check_script(run, row, words)

    def allows(self, session: RedisSession, row: Command, words: list[bytes]) -> bool:
        """Whether the session's user may run this."""
        return self._server.acl.denial(session.user, row, words) is None

    # -- who has to come here --------------------------------------------------------------------------------

    def session_is_special(self, session: RedisSession) -> bool:
        """True when this session's commands need `check` for a reason known here."""
        return (
            session.reply_mode != "on"
            or session.tracking is not None
            or session.no_touch
            or session.replica
            or session.user.restricted
        )

    def server_is_special(self) -> bool:
        """True when every session's commands need `check`."""
        server = self._server
        return bool(
            server.instrumented
            or server.cluster
            or server.pauses.active
            or server.scripting.busy is not None
            or server.config["maxmemory"]
            or server.config["min-replicas-to-write"]
            or server.replication.master is not None
            or server.limits.normal
        )
