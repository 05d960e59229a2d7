"""The Redis emulator: one server's databases, clients, subscriptions, configuration and counters.

What belongs to a group of commands stands with it; here is what all share: the databases and their epoch, the table
of commands with
this server's counters, what happens after a command, and the kernel's contract (snapshot, restore, dump, digest, log description).
Server-wide state beside the keys (scripts, functions, users, configuration ...) takes part in snapshots as `StatePart`s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, Protocol

import msgpack

from emulators.kernel import Description, Emulator, Environment, InvariantError, Link, Session
from emulators.redis import commands as _commands  # noqa: F401 - ties the handlers to their rows
from emulators.redis import errors
from emulators.redis.acl import AccessControl
from emulators.redis.admission import Admission
from emulators.redis.blocking import Blocking
from emulators.redis.config import Configuration, Thresholds
from emulators.redis.config_file import rewrite
from emulators.redis.errors import RedisError
from emulators.redis.eviction import Eviction
from emulators.redis.info import ScriptMemory, Statistics
from emulators.redis.inspect import canonical, dump_databases
from emulators.redis.instruments import Instruments
from emulators.redis.keyspace import Database, DatabaseState
from emulators.redis.limits import Limits
from emulators.redis.pauses import Pauses
from emulators.redis.pubsub import PubSub
from emulators.redis.rdb_server import write_dump
from emulators.redis.replication import Replication
from emulators.redis.resp import OK, Encoder, Reply
from emulators.redis.scan import ScanIndex
from emulators.redis.scripting import Scripting
from emulators.redis.session import RedisSession
from emulators.redis.stream import StreamValue
from emulators.redis.table import COMMANDS, LATER_ARITY, Command, command_keys, version_tuple
from emulators.redis.tracking import Tracking
from emulators.redis.value import Collection
from emulators.redis.values import Hash, ListValue, RawString, SetValue, SortedSet, TextString, Value

__all__ = ["VERSIONS", "RedisEmulator", "StatePart"]

#: What `version=` takes, and the exact version that INFO then names.
VERSIONS = {"7.0": "7.0.15", "7.2": "7.2.7", "7.4": "7.4.2"}

# What a cached script or library takes beside its text; about what the server counts.
_SCRIPT_OVERHEAD = 200

_VALUE_TYPES: dict[str, Any] = {
    "list": ListValue,
    "hash": Hash,
    "set": SetValue,
    "zset": SortedSet,
    "stream": StreamValue,
}


class StatePart(Protocol):
    """A part of the server's state beside the keys. `capture` gives plain data that is never changed afterwards."""

    def capture(self) -> Any: ...

    def put_back(self, data: Any) -> None: ...


class RedisEmulator(Emulator):
    """A Redis server.

    version    "7.0", "7.2" or "7.4": behaviour that changed between them
    password   what AUTH expects of the default user; None for no password
    databases  how many numbered databases there are
    cluster    a cluster of this one node, which owns all slots
    config     parameters in the form of redis.conf, such as {"maxmemory": "100mb"}; with `dir` among them, SAVE and BGSAVE
               write `dir`/`dbfilename` (nothing is written without it)
    """

    service: ClassVar[str] = "redis"
    default_port: ClassVar[int] = 6379

    def __init__(
        self,
        environment: Environment,
        *,
        version: str = "7.2",
        password: str | None = None,
        databases: int = 16,
        cluster: bool = False,
        config: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(environment)
        if version not in VERSIONS:
            raise ValueError(f"version must be one of {', '.join(VERSIONS)}, not {version!r}")
        if databases < 1:
            raise ValueError(f"databases must be at least 1, not {databases!r}")
        self.version = version_tuple(version)
        self.full_version = VERSIONS[version]
        self.cluster = cluster
        self.random = environment.random
        self.thresholds = Thresholds(set_listpack_entries=128 if self.version >= (7, 2) else 0)
        self.max_bulk = 512 * 1024 * 1024
        shortest = self.version >= (7, 2)
        self.encoder2 = Encoder(2, shortest)
        self.encoder3 = Encoder(3, shortest)
        #: A value may be changed in place only if it carries this number; see `Database.write`.
        self.epoch = 1
        # Flags read on hot paths: kept right by whoever changes what they stand for.
        self.special = False
        self.pending = False
        self.waiting = False
        self.observed = False
        self.notify_flags = ""
        self.notify_new = False
        #: Whether keys are removed only when they are touched (DEBUG SET-ACTIVE-EXPIRE 0), or not even then (a pause).
        self.lazy_expiry = False
        self.expiry_paused = False
        #: The error of a script's command, which was counted: the script's own error, if it is that one, does not count.
        self.error_of_script: bytes | None = None
        #: Whether `Instruments.call` stands around handlers, and whether a replica is attached.
        self.instrumented = False
        self.feeding = False
        #: The session whose command runs now by the long road.
        self.current_session: RedisSession | None = None
        #: Whether keys' uses are counted (an LFU policy), and how fast counters grow and shrink.
        self.counts_frequency = False
        self.lfu_log_factor = 10
        self.lfu_decay_time = 1
        # Counters.
        self.dirty = 0
        self.operations = 0
        self.expired_keys = 0
        self.expired_fields = 0
        self.error_counts: dict[bytes, int] = {}
        self.operations_at_reset = 0
        self.started_us = self.clock.now_us()
        self._identities = environment.dice.stream(f"{environment.name}/identities")
        self.run_id = self.fresh_id()
        self.process_id = 1
        self.skip_checksum_validation = False
        self.scripts_may_run_all = False
        #: What a standalone server does on SAVE and SHUTDOWN.
        self.on_save: Callable[[], object] = _nothing
        self.on_shutdown: Callable[[], object] = _nothing
        self.stats = Statistics(last_save_s=self.started_us // 1_000_000)
        self.pubsub = PubSub()
        self.blocking = Blocking(self)
        self.admission = Admission(self)
        self.unblocked: list[RedisSession] = []
        self.scripting = Scripting(self)
        self.parts: dict[str, StatePart] = {"scripts": self.scripting.scripts, "functions": self.scripting.functions}
        self.config = Configuration(self)
        self.acl = AccessControl(self)
        self.tracking = Tracking(self)
        self.replication = Replication(self)
        self.eviction = Eviction(self)
        self.pauses = Pauses(self)
        self.instruments = Instruments(self)
        self.limits = Limits(self)
        self.parts["config"] = self.config
        self.parts["acl"] = self.acl
        self.databases = [Database(self, number) for number in range(databases)]
        #: This server's rows by name as sent (lower and upper case; other spellings are added as they are met).
        self.commands: dict[bytes, Command] = {}
        #: Rows that have subcommands; COMMAND also works alone, by the container's own handler.
        self.containers: dict[bytes, Command] = {}
        for row in COMMANDS.values():
            if version_tuple(row.since) > self.version:
                continue
            own = row.copy()
            since, arity = LATER_ARITY.get(row.name, (self.version, row.arity))
            if since <= self.version and arity != row.arity:
                own.arity = arity
                own.__post_init__()
            for name, sub in row.subcommands.items():
                if version_tuple(sub.since) > self.version:
                    del own.subcommands[name]
            if own.subcommands:
                self.containers[row.name.encode()] = own
            elif own.handler is not None:
                self.commands[row.name.encode()] = self.commands[row.name.upper().encode()] = own
        self.config.start(databases=databases, cluster=cluster, password=password, more=config or {})
        if "dir" in (config or {}):
            self.on_save = partial(write_dump, self)
        self._fresh_parts = {name: part.capture() for name, part in self.parts.items()}

    # -- commands --------------------------------------------------------------------------------------------

    def find(self, args: list[bytes]) -> Command:
        """The row of a command or subcommand, or the server's error for unknown ones."""
        name = args[0]
        row = self.commands.get(name)
        if row is not None:
            return row
        lowered = name.lower()
        row = self.commands.get(lowered)
        if row is not None:
            if len(self.commands) < 4096:
                self.commands[name] = row
            return row
        container = self.containers.get(lowered)
        if container is None:
            known = COMMANDS.get(lowered.decode("latin-1"))
            if known is not None and not known.subcommands and version_tuple(known.since) <= self.version:
                raise RedisError(f"ERR parlel does not implement the Redis command '{known.name}'")
            raise errors.unknown_command(name, args[1:])
        if len(args) == 1:
            # A container that also works alone (COMMAND) has a handler of its own.
            if container.handler is not None:
                return container
            raise errors.wrong_arity(container.name)
        sub = container.subcommands.get(args[1].lower())
        if sub is None:
            raise errors.unknown_subcommand(container.name, args[1])
        return sub

    def after_command(self) -> None:
        """What has to happen after a command, a transaction or a script is over: serve those who wait."""
        self.pending = False
        if self.eviction.due and not self.instruments.depth:
            self.eviction.due = False
            self.eviction.make_room()
        self.blocking.serve()
        if self.instrumented:
            if not self.instruments.depth:
                self.replication.flush()
            self.tracking.deliver()
            self.instruments.deliver()
        self.pending = False

    def resume_unblocked(self) -> None:
        """Let sessions that stopped waiting go on with what they sent meanwhile."""
        while self.unblocked:
            session = self.unblocked.pop(0)
            if not session.closed and session.blocked is None:
                session.link.resume_reading()
                session.process()

    def update_special(self) -> None:
        self.special = self.admission.server_is_special()
        for session in self.sessions.values():
            if isinstance(session, RedisSession):
                session.update_special()

    def count_error(self, error: RedisError) -> None:
        counted, self.error_of_script = self.error_of_script, None
        if counted is not None and self.scripting.running is None and error.line.startswith(counted):
            return
        self.error_counts[error.code] = self.error_counts.get(error.code, 0) + 1

    # -- keys ------------------------------------------------------------------------------------------------

    def update_observed(self) -> None:
        """Somebody began or ceased to care about changes of keys."""
        self.observed = (
            bool(self.tracking.clients) or self.eviction.watching or any(db.watchers for db in self.databases)
        )

    def key_changed(self, db: Database, key: bytes) -> None:
        """A key changed while `observed`."""
        for session in db.watchers.get(key, ()):
            place = (db.number, key)
            if session.watched[place] and key not in db.data:
                # It was over when WATCH was said; that it is gone now changes nothing.
                session.watched[place] = False
            else:
                session.watch_broken = True
        if self.tracking.clients:
            self.tracking.key_changed(key)
        if self.eviction.watching:
            self.eviction.key_changed(db, key)

    def flushed(self) -> None:
        """Databases were emptied, or replaced as a whole."""
        self.tracking.flushed()
        self.eviction.flushed()

    def paused_expiry(self, paused: bool) -> None:
        """While clients are paused, keys whose time is over are not removed; they only seem to be gone."""
        if paused == self.expiry_paused:
            return
        self.expiry_paused = paused
        for db in self.databases:
            db.set_lazy(paused or self.lazy_expiry)

    def key_expired(self, db: Database, key: bytes) -> None:
        """A key's time was over, and it has been removed."""
        if self.feeding:
            self.replication.removed(db, key, self.config["lazyfree-lazy-expire"])
        # Nobody changed it: NOLOOP keeps nothing from the client whose command came across it.
        session, self.current_session = self.current_session, None
        db.changed(key)
        self.current_session = session
        db.event("x", b"expired", key)

    def notify(self, kind: str, name: bytes, key: bytes, number: int) -> None:
        """Publish a keyspace event, if the configuration asks for its class."""
        flags = self.notify_flags
        if kind not in flags:
            return
        if "K" in flags:
            self.pubsub.publish(b"__keyspace@%d__:%b" % (number, key), name)
        if "E" in flags:
            self.pubsub.publish(b"__keyevent@%d__:%b" % (number, name), key)

    def track_access(self, count_frequency: bool | None = None) -> None:
        """Record from now on when keys are used; `count_frequency` says whether also how often (an LFU policy)."""
        if count_frequency is not None:
            self.counts_frequency = count_frequency
        for db in self.databases:
            db.track_access()

    def settle(self) -> None:
        """Take the present configuration, users and scripts as what `reset` returns to."""
        self.config.settle()
        self._fresh_parts = {name: part.capture() for name, part in self.parts.items()}

    def bound(self, endpoint: str, host: str, port: int) -> None:
        if endpoint == "main":
            self.config.found("port", port)

    # -- the server itself -----------------------------------------------------------------------------------

    def fresh_id(self) -> str:
        """Forty hexadecimal digits, as run and replication IDs are, from the dice."""
        return f"{self._identities.getrandbits(160):040x}"

    def rows(self) -> Iterator[Command]:
        """Every row of this server's table, subcommands included, once each."""
        for row in COMMANDS.values():
            name = row.name.encode()
            own = self.containers.get(name) or self.commands.get(name)
            if own is not None:
                yield from own.walk()

    def script_memory(self) -> ScriptMemory:
        """What scripts and functions take."""
        scripts, functions = self.scripting.scripts, self.scripting.functions
        return ScriptMemory(
            eval_bytes=sum(len(body) + _SCRIPT_OVERHEAD for body in scripts.capture()),
            cached=len(scripts),
            function_bytes=200 + sum(len(code) + _SCRIPT_OVERHEAD for code in functions.capture()),
            functions=len(functions.functions),
            libraries=len(functions.libraries),
        )

    def function_codes(self) -> list[bytes]:
        """The code of all function libraries, for RDB files."""
        return [library.code for library in self.scripting.functions.libraries.values()]

    def sleep(self, session: RedisSession, duration_us: int) -> Reply:
        """DEBUG SLEEP: nobody is served for a while."""
        if self.scripting.running is not None:
            # Time stands still for a script; afterwards everybody waits until it has passed.
            if not self.clock.frozen:
                self.pauses.fall_asleep(duration_us)
            return OK
        if self.clock.frozen or session.deny_blocking:
            # Inside a transaction nobody can wait, so time moves instead, as on a frozen clock.
            self.clock.advance_to(self.clock.now_us() + duration_us)
            return OK
        return self.pauses.sleep(session, duration_us)

    def saved(self, session: RedisSession | None = None) -> None:
        """SAVE and its relatives: done at once. A replay of the log writes no file again, as that may be somebody's own."""
        if session is None or not session.is_replayed:
            self.on_save()
        self.stats.last_save_s = self.clock.now_us() // 1_000_000
        self.stats.dirty_at_save = self.dirty
        self.stats.saves += 1
        self.stats.last_save_duration_s = 0

    def shut_down(self) -> None:
        """SHUTDOWN: every connection ends."""
        for session in self.clients():
            session.kill()
        self.on_shutdown()

    def rewrite_config(self) -> None:
        """CONFIG REWRITE, where there is a file."""
        rewrite(self)

    def reset_statistics(self) -> None:
        """CONFIG RESETSTAT."""
        self.stats.reset()
        self.error_counts.clear()
        self.expired_keys = self.expired_fields = 0
        self.operations_at_reset = self.operations
        for row in self.rows():
            row.calls = row.usec = row.rejected = row.failed = 0

    # -- clients ---------------------------------------------------------------------------------------------

    def clients(self) -> list[RedisSession]:
        """The connected clients, oldest first."""
        return [session for session in self.sessions.values() if isinstance(session, RedisSession)]

    def log_in(self, session: RedisSession, name: str) -> None:
        """Make the session a user's, as its state said that it was."""
        session.user = self.acl.users.get(name.encode(), self.acl.default)

    def open_session(self, link: Link, session_id: int, endpoint: str) -> Session:
        session = RedisSession(self, link, session_id, endpoint)
        if len(self.sessions) >= self.config["maxclients"]:
            self.stats.rejected_connections += 1
            link.write(b"-ERR max number of clients reached\r\n")
            session.kill()
        self.stats.connections_received += 1
        self.sessions[session_id] = session
        return session

    def session_gone(self, session: RedisSession) -> None:
        self.tracking.stop(session)
        self.pauses.forget(session)
        self.limits.forget(session)
        self.instruments.drop_monitor(session)
        self.replication.drop(session)
        self.sessions.pop(session.id, None)

    # -- the kernel's contract -------------------------------------------------------------------------------

    @classmethod
    def describe(cls, frame: Any) -> Description:
        words: list[bytes] = list(frame)
        name = words[0].decode("utf-8", "backslashreplace").lower()
        row = COMMANDS.get(name)
        verb = name.upper()
        if row is not None and row.subcommands and len(words) > 1:
            row = row.subcommands.get(words[1].lower(), row)
        keys: tuple[str, ...] = ()
        if row is not None:
            try:
                found = command_keys(row, words)
            except (ValueError, IndexError, RedisError):
                found = []
            keys = tuple(words[i].decode("utf-8", "backslashreplace") for i in found if i < len(words))
        return Description(verb, keys, _readable(words))

    def snapshot(self) -> Any:
        state = {
            "dbs": {db.number: db.state() for db in self.databases if db.data},
            "parts": {name: part.capture() for name, part in self.parts.items()},
        }
        self.epoch += 1
        return state

    def restore(self, state: Any) -> None:
        """Connections, subscriptions and open MULTIs stay; a WATCH finds its keys changed; who waits for a key that is
        there now is served."""
        self.epoch += 1
        empty = DatabaseState({}, {}, {})
        for db in self.databases:
            target = state["dbs"].get(db.number)
            if target is not None:
                db.restore(target)
            elif db.data:
                db.restore(empty)
        for name, part in self.parts.items():
            if name in state["parts"]:
                part.put_back(state["parts"][name])
        self._everything_changed()

    def _everything_changed(self) -> None:
        for db in self.databases:
            for sessions in db.watchers.values():
                for session in sessions:
                    session.watch_broken = True
            if self.waiting:
                self.blocking.all_ready(db)
        self.flushed()
        if self.pending:
            self.after_command()
            self.resume_unblocked()

    def export_state(self, state: Any) -> Any:
        dbs = {}
        for number, content in state["dbs"].items():
            dbs[number] = [
                [key, *_export_value(value), content.expires.get(key), _layout(value)]
                for key, value in content.data.items()
            ]
        return {"format": 1, "dbs": dbs, "parts": state["parts"]}

    def import_state(self, data: Any) -> Any:
        dbs = {}
        for number, rows in data["dbs"].items():
            content: dict[bytes, Any] = {}
            expires: dict[bytes, int] = {}
            field_expires: dict[bytes, None] = {}
            for key, kind, payload, deadline, layout in rows:
                value = content[key] = _import_value(kind, payload)
                if layout is not None and isinstance(value, Collection):
                    value.index = ScanIndex.laid_out(value.live, layout)
                if deadline is not None:
                    expires[key] = deadline
                if type(value) is Hash and value.expires:
                    field_expires[key] = None
            dbs[int(number)] = DatabaseState(content, expires, field_expires)
        return {"dbs": dbs, "parts": data["parts"]}

    def reset(self) -> None:
        self.epoch += 1
        for db in self.databases:
            if db.data:
                db.clear()
        for name, part in self.parts.items():
            part.put_back(self._fresh_parts[name])
        self._everything_changed()

    def digest(self, state: Any = None) -> str:
        state = self._present() if state is None else state
        rows = [
            [number, key, *canonical(content.data[key]), content.expires.get(key)]
            for number, content in sorted(state["dbs"].items())
            for key in sorted(content.data)
        ]
        return hashlib.sha256(msgpack.packb([rows, state["parts"]], use_bin_type=True)).hexdigest()

    def dump(self, state: Any = None) -> dict[str, Any]:
        return dump_databases(self._present() if state is None else state, self.clock.now_ms())

    def _present(self) -> Any:
        """What `snapshot` would hold, without taking one: good until the next operation."""
        return {
            "dbs": {db.number: db.present() for db in self.databases if db.data},
            "parts": {name: part.capture() for name, part in self.parts.items()},
        }

    def status(self) -> dict[str, Any]:
        return {
            "version": self.full_version,
            "connections": len(self.sessions),
            "operations": self.operations,
            "keys": sum(len(db.data) for db in self.databases),
        }

    def check(self) -> None:
        for db in self.databases:
            for key in db.expires:
                if key not in db.data:
                    raise InvariantError(f"db{db.number}: {key!r} has a deadline but does not exist")
            for key, value in db.data.items():
                problem = value.check() if isinstance(value, Value) else None
                if problem is not None:
                    raise InvariantError(f"db{db.number}: {key!r}: {problem}")

    def close(self) -> None:
        self.limits.close()
        self.pauses.close()
        self.replication.close()
        for db in self.databases:
            db.set_lazy(True)
            db.fields.close()


def _nothing() -> None:
    return None


def _layout(value: Any) -> list[bytes] | None:
    """What chance depends on beside the content; see `ScanIndex.layout`."""
    return value.index.layout() if isinstance(value, Collection) and value.index is not None else None


def _export_value(value: Any) -> tuple[str, Any]:
    if isinstance(value, bytes):
        kind = "raw" if isinstance(value, RawString) else "text" if isinstance(value, TextString) else "string"
        return kind, bytes(value)
    return value.type_name.decode(), value.export()


def _import_value(kind: str, payload: Any) -> Any:
    if kind == "string":
        return payload
    if kind == "raw":
        return RawString(payload)
    if kind == "text":
        return TextString(payload)
    value = _VALUE_TYPES[kind].load(payload)
    value.epoch = 0
    return value


def _readable(words: list[bytes], limit: int = 200) -> str:
    shown: list[str] = []
    size = 0
    for word in words:
        text = word.decode("utf-8", "backslashreplace")
        if not text or any(char in " \"'\\\r\n\t" or not char.isprintable() for char in text):
            text = '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\\r").replace("\n", "\\n") + '"'
        size += len(text) + 1
        if size > limit:
            shown.append("...")
            break
        shown.append(text)
    return " ".join(shown)
