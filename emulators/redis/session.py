"""One client of the Redis emulator: from bytes to commands and back (sans-IO).

The road of a command: `receive` → `Reader` → log → interceptor → `run` → handler → `Encoder` → `write`. `process` has
the plain case
written out, because it is the hot path; anything special (MULTI, subscriptions, authentication, limits ...) goes through `run`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kernel import Decision, Link, Session
from emulators.kernel.emulator import MemoryLink
from emulators.kernel.oplog import OPERATION
from emulators.redis import errors
from emulators.redis.errors import RedisError
from emulators.redis.resp import NO_REPLY, OK, QUEUED, ProtocolError, Push, Reader, Reply
from emulators.redis.table import Command
from emulators.redis.tracking import TrackedClient

if TYPE_CHECKING:
    from emulators.redis.blocking import Waiter
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.keyspace import Database

__all__ = ["RedisSession"]


class RedisSession(Session):
    """State of one connection.

    special   True when commands of this session must take the road through `run`; kept right by `update_special`,
              which whoever changes anything it depends on calls (for all sessions: `RedisEmulator.update_special`)
    queue     commands queued by MULTI, or None
    blocked   what the session waits for, or None
    """

    emulator: RedisEmulator

    def __init__(self, server: RedisEmulator, link: Link, session_id: int, endpoint: str) -> None:
        super().__init__(server, link, session_id, endpoint)
        self.server = server
        self.db: Database = server.databases[0]
        self.reader = Reader(server.max_bulk)
        self.protocol = 2
        self.encoder = server.encoder2
        self.name = b""
        self.user = server.acl.default
        self.authenticated = self.user.no_password and self.user.enabled
        self.reader.authenticated = self.authenticated
        self.special = False
        self.queue: list[tuple[Command, list[bytes]]] | None = None
        self.queue_broken = False
        #: What WATCH said; True for a key whose time was over already.
        self.watched: dict[tuple[int, bytes], bool] = {}
        self.watch_broken = False
        self.blocked: Waiter | None = None
        self.deny_blocking = False
        #: This session stands for a script.
        self.in_script = False
        self.channels: dict[bytes, None] = {}
        self.patterns: dict[bytes, None] = {}
        self.shards: dict[bytes, None] = {}
        self.current_args: list[bytes] = []
        self.created_us = self.last_used_us = self.clock.now_us()
        self.closing = False
        #: A command that a pause keeps back, to be run when it ends.
        self.postponed: list[bytes] | None = None
        self.replica = False
        self.replica_port = 0
        self.acknowledged = 0
        #: CLIENT REPLY: "on", "off", "skip" (this command) or "skip_next".
        self.reply_mode = "on"
        self.tracking: TrackedClient | None = None
        self.monitors = False
        self.no_evict = False
        self.no_touch = False
        self.reads_only = False
        self.library = (b"", b"")
        #: How long the present command slept on the clock (DEBUG SLEEP).
        self.slept_us = 0
        self._out: list[bytes] = []
        self._processing = False
        self.update_special()

    # -- bytes in --------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        if self.closing:
            return
        self.reader.feed(data)
        if not self.held and self.blocked is None:
            self.process()
        elif len(data) > 1 << 16:
            # A client that keeps sending while it waits is read again when it goes on.
            self.link.pause_reading()

    def process(self) -> None:
        if self._processing:
            return
        self._processing = True
        server = self.server
        out = self._out
        log_append = self.log_append
        reader = self.reader
        find = self._plain_commands().get
        interceptor = self.interceptor
        number = self.id
        self.last_used_us = now = self.clock.now_us()
        count = 0
        stopped = self.held or self.blocked is not None or self.closing
        try:
            while not stopped:
                batch = reader.take()
                if not batch:
                    break
                requests = iter(batch)
                for args in requests:
                    # A tuple of bytes is nothing for the garbage collector to look through, unlike a list; the log keeps
                    # tens of thousands of them.
                    log_append((OPERATION, now, number, tuple(args)))
                    row = find(args[0])
                    if row is None or (len(args) != row.exact_args and len(args) < row.least_args):
                        self._flush()
                        if interceptor.armed:
                            self.admit(args)
                        else:
                            self.run(args)
                        if self.held or self.blocked is not None or self.closing:
                            stopped = True
                            break
                        find = self._plain_commands().get
                        continue
                    count += 1
                    row.calls += 1
                    self.current_args = args
                    try:
                        reply = row.handler(self, args)  # type: ignore[misc]
                    except RedisError as error:
                        row.failed += 1
                        reply = error
                    kind = type(reply)
                    if kind is bytes:
                        out.append(b"$%d\r\n%b\r\n" % (len(reply), reply))
                    elif reply is OK:
                        out.append(b"+OK\r\n")
                    elif kind is int:
                        out.append(b":%d\r\n" % reply)
                    elif reply is not NO_REPLY:
                        out.append(self.encoder.encode(reply))
                        if kind is RedisError:
                            server.count_error(reply)
                    if server.pending:
                        server.after_command()
                    if row.changes_session:
                        if self.blocked is not None or self.closing:
                            stopped = True
                            break
                        find = self._plain_commands().get
                if stopped:
                    reader.ready = [*requests, *reader.ready]
        except ProtocolError as error:
            out.append(b"-ERR Protocol error: %b\r\n" % str(error).encode("utf-8", "replace"))
            self.closing = True
        finally:
            self._processing = False
            server.operations += count
            if out:
                self._flush()
        if self.closing:
            self.close()
        if server.unblocked:
            server.resume_unblocked()

    def _plain_commands(self) -> dict[bytes, Command]:
        """The commands that may take the short road just now: all, or none."""
        return _NONE if self.special or self.interceptor.armed else self.server.commands

    def execute(self, frame: list[bytes]) -> None:
        """Run one command by the long road, and send its reply."""
        busy, self._processing = self._processing, True
        try:
            self.run(frame)
        finally:
            self._processing = busy
            self._flush()
        if not busy:
            if self.closing:
                self.close()
            if self.server.unblocked:
                self.server.resume_unblocked()

    # -- running a command -----------------------------------------------------------------------------------

    def run(self, args: list[bytes]) -> None:
        """Run one command, with everything that can stand in its way, and send the reply."""
        server = self.server
        server.operations += 1
        server.current_session = self
        self.current_args = args
        row: Command | None = None
        reply: Reply
        try:
            row = server.find(args)
            if server.admission.check(self, row, args):
                # It waits for the end of a pause, and comes here again.
                server.operations -= 1
                server.current_session = None
                return
            if self.queue is not None and row.name not in _NOT_QUEUED:
                self.queue.append((row, args))
                reply = QUEUED
            else:
                reply = self.call(row, args) if not self.no_touch else self._call_without_trace(row, args)
        except RedisError as error:
            if row is None and args[0].lower() in _HTTP:
                # Somebody speaks HTTP, perhaps a browser made to by a malicious page: no further word.
                self._out.clear()
                server.current_session = None
                self.kill()
                return
            reply = self._refused(row, error)
        if reply is not NO_REPLY:
            self.send_reply(reply)
            if type(reply) is RedisError:
                server.count_error(reply)
        if self.reply_mode != "on" and self.reply_mode != "off":
            self.reply_mode = "skip" if self.reply_mode == "skip_next" else "on"
            self.update_special()
        if server.pending or server.feeding:
            server.after_command()
        if server.limits.normal:
            server.limits.check(self)
        server.current_session = None
        if self.tracking is not None and row is not None:
            server.tracking.command_over(self, row)

    def _refused(self, row: Command | None, error: RedisError) -> RedisError:
        """A command did not get as far as its handler: inside MULTI, that spoils the transaction."""
        if row is not None and row.name == "exec":
            if self.queue is not None:
                self.leave_multi()
            return errors.exec_aborted_by(error)
        if self.queue is not None:
            self.queue_broken = True
        return error

    def call(self, row: Command, args: list[bytes]) -> Reply:
        """Run a handler and count it: the one place for commands from the wire, EXEC and scripts alike. Errors are returned."""
        handler = row.handler
        if handler is None:
            return RedisError(f"ERR parlel does not implement the Redis command '{row.name}'")
        if self.server.instrumented:
            return self.server.instruments.call(self, row, args)
        row.calls += 1
        try:
            return handler(self, args)
        except RedisError as error:
            row.failed += 1
            return error

    def _call_without_trace(self, row: Command, args: list[bytes]) -> Reply:
        """CLIENT NO-TOUCH: what the command reads does not count as used, unless it is TOUCH."""
        db = self.db
        if db.access is None or row.name == "touch":
            return self.call(row, args)
        get, db.get = db.get, db.peek
        try:
            return self.call(row, args)
        finally:
            db.get = get

    # -- replies ---------------------------------------------------------------------------------------------

    def send_reply(self, reply: Reply) -> None:
        """Send one reply or push; in order with everything else that goes to this client."""
        if self.reply_mode != "on" and self.reply_mode != "skip_next" and type(reply) is not Push:
            return
        if reply is OK:
            self._out.append(b"+OK\r\n")
        elif reply is not NO_REPLY:
            self._out.append(self.encoder.encode(reply))
        if not self._processing:
            self._flush()

    def send_encoded(self, data: bytes) -> None:
        """Send bytes of a reply that are written already."""
        if self.reply_mode == "on":
            self._out.append(data)

    def unsent(self) -> int:
        """Bytes of replies that have not even gone to the link."""
        return sum(map(len, self._out))

    def discard(self) -> None:
        """Drop replies that have not gone to the link."""
        self._out.clear()

    def _flush(self) -> None:
        out = self._out
        if out:
            self.write(out[0] if len(out) == 1 else b"".join(out))
            out.clear()

    def set_protocol(self, protocol: int) -> None:
        self.protocol = protocol
        self.encoder = self.server.encoder3 if protocol == 3 else self.server.encoder2
        self.update_special()

    # -- state -----------------------------------------------------------------------------------------------

    @property
    def subscriptions(self) -> int:
        """Channels and patterns (sharded ones count apart)."""
        return len(self.channels) + len(self.patterns)

    @property
    def may_block(self) -> bool:
        """False inside MULTI and scripts, where blocking commands answer as if their time was over."""
        return not self.deny_blocking

    @property
    def is_replayed(self) -> bool:
        """Whether the log is played back, and nobody reads the replies."""
        return isinstance(self.link, MemoryLink) and not self.link.keep

    def update_special(self) -> None:
        """Work out `special` anew after anything it depends on has changed."""
        self.special = (
            self.server.special
            or self.queue is not None
            or not self.authenticated
            or (self.protocol == 2 and bool(self.channels or self.patterns or self.shards))
            or self.server.admission.session_is_special(self)
        )

    def unwatch(self) -> None:
        """Forget what WATCH said."""
        for number, key in self.watched:
            watchers = self.server.databases[number].watchers
            mine = watchers.get(key)
            if mine is not None:
                mine.pop(self, None)
                if not mine:
                    del watchers[key]
        self.watched.clear()
        self.watch_broken = False
        self.server.update_observed()

    def leave_multi(self) -> None:
        """End MULTI, and with it every WATCH."""
        self.queue = None
        self.queue_broken = False
        self.unwatch()
        self.update_special()

    def unblock(self, reply: Reply) -> None:
        """End a wait from outside (CLIENT UNBLOCK, a type change) with a reply."""
        if self.blocked is not None:
            self.server.blocking.end(self.blocked, reply)

    def kill(self) -> None:
        """Close at once; what it waits for or has not read is lost."""
        self.closing = True
        self.close()

    def quit(self) -> None:
        """Close once the replies so far are out."""
        self.closing = True

    def lost(self) -> None:
        if self.blocked is not None:
            self.server.blocking.forget(self.blocked)
        self.closing = True
        self.unwatch()
        self.server.pubsub.drop(self)
        self.server.session_gone(self)

    # -- kernel ----------------------------------------------------------------------------------------------

    def replay(self, frame: Any, sequence: int) -> None:
        super().replay(list(frame), sequence)

    def send_fault(self, frame: list[bytes], decision: Decision) -> None:
        if decision.action == "skip":
            self.send_reply(None)
            return
        if self.queue is not None:
            self.queue_broken = True
        text = (decision.error or f"ERR fault injected by the chaos rule '{decision.rule}'").strip().removeprefix("-")
        self.send_reply(RedisError(text))

    def export_state(self) -> Any:
        return {
            "db": self.db.number,
            "protocol": self.protocol,
            "name": self.name,
            "authenticated": self.authenticated,
            "user": self.user.name.decode(),
            "queue": None if self.queue is None else [args for _, args in self.queue],
            "queue_broken": self.queue_broken,
            "watched": [list(item) for item in self.watched],
            "watch_broken": self.watch_broken,
            "channels": [list(self.channels), list(self.patterns), list(self.shards)],
            "blocked": None if self.blocked is None else self.blocked.command,
            "reply_mode": self.reply_mode,
            "flags": [self.no_evict, self.no_touch, self.reads_only],
            "library": list(self.library),
            "tracking": None if self.tracking is None else self.tracking.export(),
            "monitors": self.monitors,
        }

    def import_state(self, state: Any) -> None:
        server = self.server
        self.db = server.databases[state["db"]]
        self.name = state["name"]
        self.authenticated = state["authenticated"]
        server.log_in(self, state["user"])
        self.reply_mode = state["reply_mode"]
        self.no_evict, self.no_touch, self.reads_only = state["flags"]
        self.library = tuple(state["library"])
        if state["tracking"] is not None:
            server.tracking.start(self, TrackedClient.load(state["tracking"]))
        if state["monitors"]:
            server.instruments.add_monitor(self)
        self.set_protocol(state["protocol"])
        for number, key in state["watched"]:
            self.watched[(number, key)] = False
            server.databases[number].watchers.setdefault(key, {})[self] = None
        self.watch_broken = state["watch_broken"]
        tables = (server.pubsub.channels, server.pubsub.patterns, server.pubsub.shards)
        for table, mine, names in zip(
            tables, (self.channels, self.patterns, self.shards), state["channels"], strict=True
        ):
            for name in names:
                server.pubsub.subscribe(table, mine, name, self)
        server.update_observed()
        if state["blocked"] is not None:
            # Wait again for the same things; whether the time was nearly over is not kept.
            self.call(server.find(state["blocked"]), state["blocked"])
        if state["queue"] is not None:
            self.queue = [(server.find(args), args) for args in state["queue"]]
            self.queue_broken = state["queue_broken"]
        self.update_special()


_NONE: dict[bytes, Command] = {}
_HTTP = frozenset({b"post", b"host:"})
_NOT_QUEUED = frozenset({"exec", "discard", "multi", "watch", "quit", "reset"})
