"""The host: one daemon thread, one asyncio loop, every emulator of a context on it.

All state is owned by that thread, so engines have no locks. Other threads go through one door, `Host.call`. One step is: take
in bytes (or a due timer, or a call), run it to the end, commit the log, then let every reply leave, one write a session.

Listeners bind the loopback interface; port 0 takes a free port, which is read back, never guessed.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import os
import socket
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

from emulators.kernel import oplog
from emulators.kernel.clock import Clock
from emulators.kernel.connection import Connection, Listener
from emulators.kernel.dice import Dice, fresh_seed
from emulators.kernel.emulator import Emulator, Environment
from emulators.kernel.interceptor import Interceptor
from emulators.kernel.oplog import LogFile, OperationLog
from emulators.kernel.replay import Checkpoint, play
from emulators.kernel.snapshot import Snapshot, SnapshotError, SnapshotTree

__all__ = ["Host", "HostError", "PortInUseError", "Runtime"]

_logger = logging.getLogger("parlel")
_T = TypeVar("_T")
_P = ParamSpec("_P")

LOOPBACK = "127.0.0.1"
_BACKLOG = 1024
_STOP_TIMEOUT_S = 5.0
# How many times a nested turn of the loop goes round.
_POLL_ROUNDS = 10
# A log file longer than this is started anew from a checkpoint.
_SEGMENT_BYTES = 64 << 20

EmulatorFactory = Callable[[Environment], Emulator]


class HostError(RuntimeError):
    """The host cannot do this now: it is stopped, was forked, or the service is not there."""


class PortInUseError(HostError):
    """Another program listens on the port that was asked for."""


@dataclass(slots=True)
class Runtime:
    """One service on a host: its emulator (None while crashed), its listeners and connections."""

    name: str
    factory: EmulatorFactory
    about: dict[str, Any]
    state: Literal["running", "crashed", "stopped"] = "stopped"
    emulator: Emulator | None = None
    #: Ports by endpoint, kept over a crash so that the same ones are taken again.
    ports: dict[str, int] = field(default_factory=dict)
    unix_path: str | None = None
    listeners: dict[str, Listener] = field(default_factory=dict)
    connections: dict[int, Connection] = field(default_factory=dict)
    started_us: int = 0
    crashes: int = 0

    @property
    def port(self) -> int:
        """The port of the first endpoint."""
        return next(iter(self.ports.values()), 0)


class Host:
    """Runs emulators on one thread. Use as a context manager, or call `start` and `stop`.

    seed             of the dice; None draws one
    clock            the clock of everything on the host; None is a real one
    log_limit        records kept in memory
    recoverable      keep checkpoints, so that a crashed service can be recovered however long the log is
    switch_interval  seconds for `sys.setswitchinterval` while the host runs: smaller makes replies faster beside a busy test thread
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        clock: Clock | None = None,
        log_limit: int = 65_536,
        recoverable: bool = False,
        switch_interval: float | None = None,
    ) -> None:
        self.seed = fresh_seed() if seed is None else seed
        self.clock = clock if clock is not None else Clock()
        self.dice = Dice(self.seed)
        self.log = OperationLog(log_limit)
        self.interceptor = Interceptor()
        self.snapshots = SnapshotTree(self.clock, self.dice)
        self.recoverable = recoverable
        self.runtimes: dict[str, Runtime] = {}
        self.checkpoint: Checkpoint | None = None
        self.dirty: list[Connection] = []
        #: Exceptions that an engine let through, newest last: each is a bug of parlel, and its connection was reset.
        self.internal_errors: list[BaseException] = []
        self.torn_tail: oplog.TornTail | None = None
        self._state_dir: Path | None = None
        self._fsync: oplog.FsyncPolicy = "off"
        self._session_count = 0
        self._switch_interval = switch_interval
        self._old_switch_interval: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        self._wake: asyncio.TimerHandle | None = None
        self._finalizer: weakref.finalize[Any, Any] | None = None

    # -- life ------------------------------------------------------------------------------------------------

    def start(self) -> Host:
        """Start the thread. Idempotent while it runs."""
        if self._thread is not None:
            return self
        started = threading.Event()
        loop = asyncio.new_event_loop()
        self._loop = loop
        self.clock.on_change = self._arm
        thread = threading.Thread(target=_run_loop, args=(loop, started), name="parlel-host", daemon=True)
        self._thread = thread
        thread.start()
        started.wait()
        if self._switch_interval is not None:
            self._old_switch_interval = sys.getswitchinterval()
            sys.setswitchinterval(self._switch_interval)
        self._finalizer = weakref.finalize(self, _stop_loop, loop, thread)
        _running.add(self)
        return self

    def stop(self) -> None:
        """Close every listener and connection, end the thread, close the log's file. Idempotent."""
        thread, loop = self._thread, self._loop
        if thread is None or loop is None:
            return
        if os.getpid() == self._pid and thread.is_alive():
            self.submit(self._shut_down).result(_STOP_TIMEOUT_S)
            asyncio.run_coroutine_threadsafe(_drain(), loop).result(_STOP_TIMEOUT_S)
        if self._finalizer is not None:
            self._finalizer()
        self._thread = self._loop = None
        self.clock.on_change = _nothing
        if self._old_switch_interval is not None:
            sys.setswitchinterval(self._old_switch_interval)
            self._old_switch_interval = None
        _running.discard(self)

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and self._pid == os.getpid()

    def __enter__(self) -> Host:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # -- the door --------------------------------------------------------------------------------------------

    def call(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run `function` as one step on the host's thread and return its result (or raise what it raised)."""
        if threading.current_thread() is self._thread:
            return function(*args, **kwargs)
        return self.submit(function, *args, **kwargs).result()

    def submit(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Like `call`, without waiting."""
        loop = self._loop
        if os.getpid() != self._pid:
            raise HostError(
                "this parlel host belongs to the parent process: threads do not survive a fork. "
                "Start a host of your own in the child, or connect to the parent's ports as a client."
            )
        if loop is None or self._thread is None or not self._thread.is_alive():
            raise HostError("the parlel host is stopped; start a new one (emulate() or create_test_context())")
        future: Future[_T] = Future()

        def step() -> None:
            try:
                self.clock.sync()
                result = function(*args, **kwargs)
                self.flush()
            except BaseException as error:
                with contextlib.suppress(Exception):
                    self.flush()
                future.set_exception(error)
            else:
                future.set_result(result)

        loop.call_soon_threadsafe(step)
        return future

    # -- services --------------------------------------------------------------------------------------------

    def add(
        self,
        name: str,
        factory: EmulatorFactory,
        *,
        port: int = 0,
        unix_path: str | None = None,
        about: dict[str, Any] | None = None,
    ) -> Runtime:
        """Start a service: build its emulator and bind its endpoints (`port`, then the following ports; 0 for free ones).

        `about` is plain data that says how to build it again; it is written into log files.
        """
        return self.call(self._add, name, factory, port, unix_path, about or {})

    def _add(
        self, name: str, factory: EmulatorFactory, port: int, unix_path: str | None, about: dict[str, Any]
    ) -> Runtime:
        if name in self.runtimes:
            raise HostError(f"there is a service {name!r} on this host already")
        runtime = Runtime(name, factory, about, unix_path=unix_path)
        emulator = self._build(runtime)
        for offset, endpoint in enumerate(emulator.endpoints()):
            runtime.ports[endpoint] = port + offset if port else 0
        runtime.emulator = emulator
        try:
            self._listen(runtime)
        except BaseException:
            emulator.close()
            raise
        self.runtimes[name] = runtime
        if self.recoverable:
            # What was drawn from the dice while it was built must not be drawn again in a replay.
            self._take_checkpoint()
        return runtime

    def remove(self, name: str) -> None:
        """Stop one service for good."""
        self.call(self._remove, name)

    def _remove(self, name: str) -> None:
        runtime = self.runtime(name)
        self._unlisten(runtime)
        for connection in list(runtime.connections.values()):
            connection.close()
            connection.end()
        if runtime.emulator is not None:
            runtime.emulator.close()
        runtime.emulator, runtime.state = None, "stopped"
        del self.runtimes[name]

    def runtime(self, name: str) -> Runtime:
        found = self.runtimes.get(name)
        if found is None:
            raise HostError(f"no service {name!r} here; there are: {', '.join(self.runtimes) or 'none'}")
        return found

    def emulators(self) -> dict[str, Emulator]:
        """The running emulators by name."""
        return {name: runtime.emulator for name, runtime in self.runtimes.items() if runtime.emulator is not None}

    # -- snapshots -------------------------------------------------------------------------------------------

    def snapshot(self, name: str | None = None) -> Snapshot:
        """Mark this instant over all services."""
        return self.call(self._snapshot, name)

    def _snapshot(self, name: str | None) -> Snapshot:
        snapshot = self.snapshots.take(self.emulators(), name)
        self.log.append((oplog.SNAPSHOT, self.clock.now_us(), 0, [snapshot.id, snapshot.name]))
        if self.recoverable and self._state_dir is None:
            self._take_checkpoint(snapshot.states)
        return snapshot

    def restore(self, which: Snapshot | str | int | None = None) -> Snapshot:
        """Go back to a snapshot (default: the last one taken or restored)."""
        return self.call(self._restore, which)

    def _restore(self, which: Snapshot | str | int | None) -> Snapshot:
        snapshot = self.snapshots.get(which)
        self._check_all_running()
        self.snapshots.restore(self.emulators(), snapshot)
        self.log.append((oplog.RESTORE, self.clock.now_us(), 0, [snapshot.id, snapshot.name]))
        self._after_jump()
        return snapshot

    def reset(self, name: str | None = None) -> None:
        """Empty one service, or all; connections stay up."""
        self.call(self._reset, name)

    def _reset(self, name: str | None) -> None:
        for key, emulator in self.emulators().items():
            if name is None or key == name:
                emulator.reset()
        self.log.append((oplog.RESET, self.clock.now_us(), 0, name))
        self._after_jump()

    def reseed(self, seed: int) -> None:
        """Start all chance again from another seed."""
        self.call(self._reseed, seed)

    def _reseed(self, seed: int) -> None:
        self.dice.reseed(seed)
        self.log.append((oplog.RESEED, self.clock.now_us(), 0, seed))

    def _after_jump(self) -> None:
        # What was logged before no longer leads to the present state without the snapshot: build on the present from here.
        if self._state_dir is not None:
            self._rotate()
        elif self.recoverable:
            self._take_checkpoint()

    # -- checkpoints and the log's file ----------------------------------------------------------------------

    def _take_checkpoint(self, states: dict[str, Any] | None = None) -> bool:
        emulators = self.emulators()
        if not all(emulator.quiescent() for emulator in emulators.values()):
            return False
        sessions = {
            number: [name, session.endpoint, session.link.peer, session.export_state()]
            for name, emulator in emulators.items()
            for number, session in emulator.sessions.items()
        }
        self.checkpoint = Checkpoint(
            self.log.next_sequence,
            self.clock.now_us(),
            dict(states) if states is not None else {key: item.snapshot() for key, item in emulators.items()},
            sessions,
            self.dice.capture(),
        )
        return True

    def _trim(self) -> None:
        """The log is over its limit: drop the oldest records, after a checkpoint where they may still be needed."""
        if self.recoverable and not self._take_checkpoint():
            return  # not quiescent: keep everything and try again at the next step
        keep_from = self.log.next_sequence - self.log.limit // 2
        if self.recoverable and self.checkpoint is not None:
            keep_from = min(keep_from, self.checkpoint.sequence)
        self.log.drop_before(keep_from)

    def about(self) -> dict[str, Any]:
        """How to build a host like this one: seed, clock and services with their options (plain data)."""
        return {
            "seed": self.seed,
            "clock": self.clock.mode,
            "services": {name: runtime.about for name, runtime in self.runtimes.items()},
        }

    def open_state_dir(self, path: Path, fsync: oplog.FsyncPolicy = "off") -> int:
        """Recover what a former process left in `path`, then log there. Call after adding the services.

        Returns the number of operations played back. `torn_tail` says what was cut off the log's end, if anything.
        """
        return self.call(self._open_state_dir, path, fsync)

    def _open_state_dir(self, path: Path, fsync: oplog.FsyncPolicy) -> int:
        self.recoverable = True
        path.mkdir(parents=True, exist_ok=True)
        operations = 0
        segments = sorted(path.glob("operations-*.log"))
        if segments:
            records, self.torn_tail = oplog.read_log_file(segments[-1], repair=True)
            if not records or records[0][1][0] != oplog.HEADER:
                raise HostError(f"{segments[-1]} has no header record; move it away to start empty")
            header = records[0][1][3]
            missing = set(header["states"]) - set(self.runtimes)
            if missing:
                raise HostError(
                    f"{path} holds the state of {', '.join(sorted(missing))} too; start that service as well, or use another folder"
                )
            operations = self._play(Checkpoint.from_plain(self.emulators(), header), records[1:], self.emulators())
            last = records[-1][0]
            self.log.base = last + 1
            self.log.skip_commit()
            self._session_count = max(
                [record[2] for _, record in records] + [int(key) for key in header["sessions"]] + [0]
            )
        self._state_dir, self._fsync = path, fsync
        self._rotate()
        return operations

    def _rotate(self) -> None:
        """Start a new log file from a checkpoint, and remove the older ones once it is safely there."""
        assert self._state_dir is not None
        if not self._take_checkpoint():
            return
        assert self.checkpoint is not None
        old = self.log.file
        # Sequence numbers only grow, so the highest number names the newest file.
        target = self._state_dir / f"operations-{self.checkpoint.sequence:016d}.log"
        temporary = target.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        fresh = LogFile(temporary, self._fsync)
        header = self.checkpoint.to_plain(self.emulators(), self.about())
        now = self.clock.now_us()
        fresh.write(self.checkpoint.sequence, [(oplog.HEADER, now, 0, header)], now)
        os.fsync(fresh.fileno())
        os.replace(temporary, target)
        fresh.path = target
        _sync_folder(self._state_dir)
        self.log.file = fresh
        self.log.skip_commit()
        # The header stands for everything up to here; the number it carries is taken by a record in memory too.
        self.log.append((oplog.CHECKPOINT, now, 0, None))
        self.log.skip_commit()
        if old is not None:
            old.close()
        for path in self._state_dir.glob("operations-*.log"):
            if path != target:
                path.unlink(missing_ok=True)

    def save_log(self, path: Path) -> None:
        """Write everything from the last checkpoint on to one file that `parlel replay` plays on a fresh host."""
        self.call(self._save_log, path)

    def _save_log(self, path: Path) -> None:
        # So that the timers that fired since the last operation fire in the replay as well.
        self.log.append((oplog.CLOCK, self.clock.now_us(), 0, [self.clock.mode, self.clock.scale]))
        checkpoint = self._base_checkpoint()
        path.unlink(missing_ok=True)
        file = LogFile(path)
        header = checkpoint.to_plain(self.emulators(), self.about())
        file.write(checkpoint.sequence - 1, [(oplog.HEADER, checkpoint.time_us, 0, header)], 0)
        file.write(checkpoint.sequence, [record for _, record in self.log.since(checkpoint.sequence)], 0)
        file.close()

    def play_file(self, path: Path) -> int:
        """Play a log file on this (fresh) host, whose services must be those of the file; returns the operations run."""
        return self.call(self._play_file, path)

    def _play_file(self, path: Path) -> int:
        records, _ = oplog.read_log_file(path)
        if not records or records[0][1][0] != oplog.HEADER:
            raise HostError(f"{path} does not begin with a header record")
        checkpoint = Checkpoint.from_plain(self.emulators(), records[0][1][3])
        operations = self._play(checkpoint, records[1:], self.emulators())
        if self.clock.frozen:
            self.clock.set_frozen(records[-1][1][1])
        return operations

    def _base_checkpoint(self) -> Checkpoint:
        """What the records in memory build upon: the last checkpoint, or the empty start."""
        if self.checkpoint is not None:
            return self.checkpoint
        if self.log.base > 0:
            raise HostError("the log's beginning was dropped; start with recovery enabled, or a larger log_limit")
        start = self.log.records[0][1] if self.log.records else self.clock.now_us()
        return Checkpoint(0, start, {}, {}, Dice(self.seed).capture())

    def _play(
        self, checkpoint: Checkpoint, records: list[tuple[int, oplog.Record]], emulators: dict[str, Emulator]
    ) -> int:
        only = next(iter(emulators)) if len(self.runtimes) > 1 and len(emulators) == 1 else None
        known = {snapshot.id: snapshot.states for snapshot in self.snapshots.all()}
        suspended = self.clock.suspend(checkpoint.time_us)
        try:
            reseed = partial(self.dice.reseed, only=only)
            put_back = partial(self.dice.put_back, checkpoint.dice, only)
            return play(records, emulators, checkpoint, self.clock, self.interceptor, reseed, put_back, known)
        finally:
            self.clock.reinstate(suspended)

    # -- crash and recovery ----------------------------------------------------------------------------------

    def crash(self, name: str) -> None:
        """Lose a service as `kill -9` would: its sockets are reset, its port closed, its memory gone."""
        self.call(self._crash, name)

    def _crash(self, name: str) -> None:
        runtime = self.runtime(name)
        if runtime.emulator is None:
            raise HostError(f"{name} is not running")
        self.log.append((oplog.CRASH, self.clock.now_us(), 0, name))
        self._unlisten(runtime)
        for connection in list(runtime.connections.values()):
            connection.drop_silently()
        runtime.emulator.close()
        runtime.emulator, runtime.state = None, "crashed"
        runtime.crashes += 1

    def recover(self, name: str) -> int:
        """Start a crashed service again on its port, with exactly the state it had; returns the operations played back."""
        return self.call(self._recover, name)

    def _recover(self, name: str) -> int:
        runtime = self.runtime(name)
        if runtime.emulator is not None:
            raise HostError(f"{name} is running; crash it first")
        checkpoint = self._base_checkpoint()
        emulator = self._build(runtime)
        operations = self._play(checkpoint, self.log.since(checkpoint.sequence), {name: emulator})
        runtime.emulator = emulator
        try:
            self._listen(runtime)
        except BaseException:
            runtime.emulator = None
            emulator.close()
            raise
        self.log.append((oplog.RECOVERY, self.clock.now_us(), 0, [name, operations]))
        return operations

    # -- one step --------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """End a step: commit the log, then let the replies leave."""
        log = self.log
        if not log.idle:
            log.commit(self.clock.now_us())
            if log.file is not None and log.file.size > _SEGMENT_BYTES:
                self._rotate()
        dirty = self.dirty
        if dirty:
            for connection in dirty:
                connection.send()
            dirty.clear()
        if len(log.records) > log.limit:
            self._trim()

    def next_session_id(self) -> int:
        self._session_count += 1
        return self._session_count

    def internal_error(self, runtime: Runtime, error: BaseException) -> None:
        """An engine let an exception through. The connection is reset; the error is kept and logged with its traceback."""
        self.internal_errors.append(error)
        del self.internal_errors[:-100]
        _logger.error("internal error in %s (seed %d)", runtime.name, self.seed, exc_info=error)

    def _poll(self) -> None:
        """Serve other connections from inside an engine's long operation, as one nested turn of the loop would.

        asyncio has no call for this. What its own turn does is repeated for what the selector reports just now: the callbacks of
        ready sockets are put at the end of the loop's queue, taken off again, and run. The queue of the turn that is under
        way stays as it was.
        """
        loop: Any = self._loop
        if loop is None or threading.current_thread() is not self._thread:
            return
        queue = loop._ready
        before = len(queue)
        # The operation that asks is not over, so time stands still for those who are heard meanwhile.
        self.clock.held = True
        loop._process_events(loop._selector.select(0))
        # What these callbacks schedule (accepting a connection takes a few steps) is run as well, within reason.
        for _ in range(_POLL_ROUNDS):
            handles = [queue.pop() for _ in range(len(queue) - before)]
            if not handles:
                break
            for handle in reversed(handles):
                if not handle.cancelled():
                    handle._run()
        self.clock.held = False

    def _tick(self) -> None:
        self._wake = None
        self.clock.sync()
        self.flush()
        self._arm()

    def _arm(self) -> None:
        """Wake up at the clock's next deadline. Called on the host's thread, or before it runs."""
        loop = self._loop
        if loop is None:
            return
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        delay = self.clock.seconds_until_deadline()
        if delay is not None:
            self._wake = loop.call_later(delay, self._tick)

    # -- inside ----------------------------------------------------------------------------------------------

    def _build(self, runtime: Runtime) -> Emulator:
        environment = Environment(
            runtime.name,
            self.clock,
            self.dice,
            self.log,
            self.interceptor,
            open_endpoint=lambda endpoint, port: self._open_endpoint(runtime, endpoint, port),
            poll=self._poll,
            close_endpoint=lambda endpoint, abort: self._close_endpoint(runtime, endpoint, abort),
        )
        return runtime.factory(environment)

    def _listen(self, runtime: Runtime) -> None:
        emulator = runtime.emulator
        assert emulator is not None
        try:
            for endpoint, port in runtime.ports.items():
                runtime.ports[endpoint] = self._open_endpoint(runtime, endpoint, port)
            if runtime.unix_path is not None:
                self._open_unix(runtime, runtime.unix_path)
        except BaseException:
            self._unlisten(runtime)
            raise
        runtime.state = "running"
        runtime.started_us = self.clock.now_us()

    def _open_endpoint(self, runtime: Runtime, endpoint: str, port: int) -> int:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if os.name == "posix":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((LOOPBACK, port))
            except OSError as error:
                raise PortInUseError(
                    f"cannot listen on {LOOPBACK}:{port} for {runtime.name}: {error.strerror}. "
                    "Another program uses that port; choose another, or 0 for a free one."
                ) from error
            sock.listen(_BACKLOG)
            sock.setblocking(False)
        except BaseException:
            sock.close()
            raise
        bound_port: int = sock.getsockname()[1]
        self._serve(runtime, endpoint, Listener(sock, bound_port))
        runtime.ports[endpoint] = bound_port
        if runtime.emulator is not None:
            runtime.emulator.bound(endpoint, LOOPBACK, bound_port)
        return bound_port

    def _open_unix(self, runtime: Runtime, path: str) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            sock.bind(path)
            sock.listen(_BACKLOG)
            sock.setblocking(False)
        except OSError as error:
            sock.close()
            raise HostError(f"cannot listen on the unix socket {path}: {error.strerror}") from error
        self._serve(runtime, "unix", Listener(sock, 0, path))

    def _serve(self, runtime: Runtime, endpoint: str, listener: Listener) -> None:
        loop = self._loop
        assert loop is not None
        name = "main" if endpoint == "unix" else endpoint

        async def accept() -> asyncio.Server:
            if listener.path is not None:
                return await loop.create_unix_server(
                    lambda: Connection(self, runtime, name), sock=listener.sock, backlog=_BACKLOG
                )
            return await loop.create_server(
                lambda: Connection(self, runtime, name), sock=listener.sock, backlog=_BACKLOG
            )

        listener.task = loop.create_task(accept())
        runtime.listeners[endpoint] = listener

    def _close_endpoint(self, runtime: Runtime, endpoint: str, abort: bool) -> None:
        listener = runtime.listeners.pop(endpoint, None)
        if listener is not None:
            listener.close()
        for connection in list(runtime.connections.values()):
            if connection.endpoint == endpoint:
                if abort:
                    connection.abort()
                else:
                    connection.close()
                connection.end()

    def _unlisten(self, runtime: Runtime) -> None:
        for listener in runtime.listeners.values():
            listener.close()
        runtime.listeners.clear()

    def _check_all_running(self) -> None:
        down = [name for name, runtime in self.runtimes.items() if runtime.emulator is None]
        if down:
            raise SnapshotError(f"{', '.join(down)} has crashed; recover it before restoring a snapshot")

    def _shut_down(self) -> None:
        for name in list(self.runtimes):
            self._remove(name)
        self.flush()
        if self.log.file is not None:
            self.log.file.close()
            self.log.file = None
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None


_running: weakref.WeakSet[Host] = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    for host in list(_running):
        with contextlib.suppress(Exception):
            host.stop()


def _run_loop(loop: asyncio.AbstractEventLoop, started: threading.Event) -> None:
    asyncio.set_event_loop(loop)
    loop.call_soon(started.set)
    try:
        loop.run_forever()
    finally:
        loop.close()


async def _drain() -> None:
    """Let transports that were closed get their last turns on the loop, then end what is left."""
    for _ in range(3):
        await asyncio.sleep(0)
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


def _stop_loop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(loop.stop)
    if thread is not threading.current_thread():
        thread.join(_STOP_TIMEOUT_S)


def _sync_folder(path: Path) -> None:
    """Make a rename in the folder durable, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _nothing() -> None:
    return None
