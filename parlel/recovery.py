"""Crash and recovery: a service that went down is noticed by a health check over its real socket, started again and played back.

    crash("redis")     sockets reset, port closed, memory gone, as `kill -9` would
    health check       connects to the port and asks in the service's own protocol; refused: `crash_detected`
    restart            on the same port, from the last snapshot, and the log after it is played back: `replay_complete`
    health check       answered: `recovery_success`; after `max_retries` failed restarts: `recovery_failed`

Health checks are scheduled on the context's clock. With `interval_s` they repeat all the time; without it (the default) only a
crash schedules them, so that they do not appear among a test's own connections. Health checks are hidden from the log and left
alone by chaos.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from emulators.kernel import Events, Host, HostError, Runtime, Timer
from emulators.kernel.host import LOOPBACK
from parlel._aliases import CamelAliases
from parlel._threads import forbid_host_thread
from parlel.errors import ConfigError, suggest
from parlel.probes import PROBES

__all__ = ["CrashRecoveryManager", "RecoveryEvent", "RecoveryState"]

_logger = logging.getLogger("parlel")
_SETTINGS = ("enabled", "max_retries", "interval_s", "retry_s")
# Real seconds that a service has for its answer to a health check.
_ANSWER_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class RecoveryEvent(CamelAliases):
    """What a handler of `on` gets. `operations_replayed` and `error` are set where they mean something."""

    service: str
    retries: int
    time_us: int
    operations_replayed: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class RecoveryState(CamelAliases):
    """What is known of one service.

    status               `healthy`, `crashed` (not noticed yet), `recovering` or `failed` (gave up after max_retries)
    retries              failed restarts since the last crash
    last_crash           instant of the last crash in seconds since the Unix epoch, or None
    recoveries           how often it was recovered
    operations_replayed  by the last recovery
    error                why the last restart failed, or None
    """

    service: str
    status: str = "healthy"
    retries: int = 0
    last_crash: float | None = None
    recoveries: int = 0
    operations_replayed: int = 0
    error: str | None = None


class CrashRecoveryManager(CamelAliases):
    """Crashes services on purpose, and brings crashed ones back.

    >>> import parlel
    >>> with parlel.create_test_context(services=["redis"]) as ctx:
    ...     _ = ctx.redis.set("user:1", "alice")
    ...     ctx.recovery.crash("redis")
    ...     _ = ctx.recovery.wait("redis")
    ...     ctx.redis.get("user:1")
    'alice'
    """

    def __init__(self, host: Host, kinds: Mapping[str, str], exempt: set[int], settings: Mapping[str, Any]) -> None:
        for key in settings:
            if key not in _SETTINGS:
                raise ConfigError(f"recovery has no setting {key!r}.{suggest(key, _SETTINGS)}")
        self.enabled = bool(settings.get("enabled", True))
        self.max_retries = int(settings.get("max_retries", 3))
        self.interval_s: float | None = settings.get("interval_s")
        self.retry_s = float(settings.get("retry_s", 0.1))
        if self.max_retries < 1 or self.retry_s < 0 or (self.interval_s is not None and self.interval_s <= 0):
            raise ConfigError("recovery: max_retries is at least 1, interval_s more than 0, retry_s at least 0")
        self._host = host
        self._kinds = kinds
        #: Sessions that chaos leaves alone: ours, while a check is under way.
        self._exempt = exempt
        self._events = Events(("crash_detected", "recovery_success", "replay_complete", "recovery_failed"))
        self._states: dict[str, RecoveryState] = {}
        self._timers: dict[str, Timer] = {}
        self._checking: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._probes: set[int] = set()
        self._changed = threading.Condition()
        self._waiting: dict[str, int] = {}
        self._ended = False

    # -- for users -------------------------------------------------------------------------------------------

    def crash(self, service: str) -> None:
        """Lose a service as `kill -9` would. While recovery is enabled a health check will notice.

        HostError when it is not running.
        """

        def step() -> None:
            self._host.crash(service)
            now = self._host.clock.now()
            self._set(replace(self._state(service), status="crashed", retries=0, last_crash=now))
            if self.enabled:
                self._schedule(service, self.interval_s if self.interval_s is not None else self.retry_s)

        self._host.call(step)
        self._settle()

    def force_recovery(self, service: str) -> int:
        """Bring a crashed service back now, whether recovery is enabled or has given up; returns the operations replayed.

        A service that is running is crashed first.
        """

        def step() -> int:
            runtime = self._host.runtime(service)
            if runtime.emulator is not None:
                self._host.crash(service)
                self._set(replace(self._state(service), status="crashed", last_crash=self._host.clock.now()))
            self._cancel(service)
            self._set(replace(self._state(service), status="recovering", retries=0))
            self._emit("crash_detected", service)
            operations = self._restart(runtime)
            self._succeeded(service)
            return operations

        replayed = self._host.call(step)
        self._settle()
        return replayed

    def get_recovery_state(self, service: str) -> RecoveryState:
        """Retries, the last crash and more of one service; HostError when it is not there."""

        def read() -> RecoveryState:
            self._host.runtime(service)
            return self._state(service)

        return self._host.call(read)

    def wait(self, service: str, timeout: float = 10.0) -> RecoveryState:
        """Wait until a crashed service is back: asks for a health check at once, whatever the clock says.

        Returns its state. HostError when recovery is disabled or has given up, TimeoutError after `timeout` real seconds.
        """
        forbid_host_thread(self._host)
        state = self.get_recovery_state(service)
        if state.status == "healthy":
            return state
        if not self.enabled and state.status == "crashed":
            raise HostError(
                f"{service} has crashed and recovery is disabled: call recovery.force_recovery({service!r})"
            )
        self._host.call(self._await_now, service, 1)
        try:
            with self._changed:
                done = self._changed.wait_for(lambda: self._state(service).status in ("healthy", "failed"), timeout)
        finally:
            self._host.call(self._await_now, service, -1)
        state = self._state(service)
        if not done:
            raise TimeoutError(f"{service} is not back after {timeout:g} s: {state}")
        if state.status == "failed":
            raise HostError(
                f"{service} could not be recovered in {self.max_retries} attempts; the last one failed with: {state.error}"
            )
        return state

    def check(self, service: str, timeout: float = _ANSWER_TIMEOUT_S) -> bool:
        """One health check now, over the real socket: True when the service answers."""
        forbid_host_thread(self._host)
        healthy: bool = self._host.call(self._probe_future, service, timeout).result(timeout + 1.0)
        return healthy

    def enable(self) -> None:
        """Watch and restart from now on."""

        def step() -> None:
            self.enabled = True
            self.begin()
            for name, runtime in self._host.runtimes.items():
                if runtime.state == "crashed":
                    self._schedule(name, self.retry_s)

        self._host.call(step)

    def disable(self) -> None:
        """Leave crashed services down until `force_recovery`."""

        def step() -> None:
            self.enabled = False
            for name in list(self._timers):
                self._cancel(name)

        self._host.call(step)

    def on(self, event: str, handler: Callable[[RecoveryEvent], object]) -> Callable[[], None]:
        """Call `handler(event)` at `crash_detected`, `replay_complete`, `recovery_success` or `recovery_failed`.

        Handlers run on the host's thread: keep them short. Returns the function that takes the handler out again.
        """
        return self._events.on(event, handler)

    def off(self, event: str, handler: Callable[[RecoveryEvent], object]) -> None:
        """Take a handler out again."""
        self._events.off(event, handler)

    # -- for the machine -------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start the periodic checks, if there are any; on the host's thread."""
        if self.enabled and self.interval_s is not None:
            for name in self._host.runtimes:
                self._schedule(name, self.interval_s)

    def end(self) -> None:
        """The host is about to stop."""
        self._ended = True
        if self._host.running:
            self._host.call(self._stop)

    def is_probe(self, session: int) -> bool:
        """Whether a session is a health check's."""
        return session in self._probes

    # -- inside (on the host's thread) -----------------------------------------------------------------------

    def _settle(self) -> None:
        # Sockets that were reset are closed on the loop's next turn: wait for it, so that clients see it from here on.
        self._host.call(lambda: None)

    def _stop(self) -> None:
        for name in list(self._timers):
            self._cancel(name)
        for task in self._tasks:
            task.cancel()

    def _state(self, service: str) -> RecoveryState:
        return self._states.get(service) or RecoveryState(service)

    def _set(self, state: RecoveryState) -> None:
        with self._changed:
            self._states[state.service] = state
            self._changed.notify_all()

    def _emit(self, event: str, service: str, **more: Any) -> None:
        state = self._state(service)
        self._events.emit(event, RecoveryEvent(service, state.retries, self._host.clock.now_us(), **more))

    def _schedule(self, service: str, seconds: float) -> None:
        self._cancel(service)
        self._timers[service] = self._host.clock.call_later(
            round(seconds * 1_000_000), lambda: self._check_now(service)
        )

    def _cancel(self, service: str) -> None:
        timer = self._timers.pop(service, None)
        if timer is not None:
            timer.cancel()

    def _await_now(self, service: str, waiting: int) -> None:
        """Somebody waits (+1) or has stopped waiting (-1): while anybody does, checks and retries come at once."""
        self._waiting[service] = self._waiting.get(service, 0) + waiting
        if self._waiting[service]:
            self._check_now(service)

    def _check_now(self, service: str) -> None:
        self._cancel(service)
        if self._ended or service in self._checking:
            return
        self._checking.add(service)
        self._spawn(self._check(service))

    def _check_soon(self, service: str) -> None:
        """After `retry_s`, or at once while somebody waits for it."""
        if self._waiting.get(service):
            self._check_now(service)
        else:
            self._schedule(service, self.retry_s)

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _check(self, service: str) -> None:
        """One health check, and what follows from it."""
        try:
            healthy = await self._probe(service, _ANSWER_TIMEOUT_S)
        finally:
            self._checking.discard(service)
        runtime = self._host.runtimes.get(service)
        if self._ended or runtime is None:
            return
        self._host.clock.sync()
        if healthy:
            if self._state(service).status == "recovering":
                self._succeeded(service)
            elif self.enabled and self.interval_s is not None:
                self._schedule(service, self.interval_s)
        elif runtime.state == "crashed" and self._state(service).status != "failed":
            self._recover(service, runtime)
        elif runtime.state == "running" and self._state(service).status == "recovering":
            # Started again and not answering yet.
            self._check_soon(service)
        elif self.enabled and self.interval_s is not None:
            # Alive but silent, for instance busy with one long operation: look again later.
            self._schedule(service, self.interval_s)
        self._host.flush()

    def _recover(self, service: str, runtime: Runtime) -> None:
        state = self._state(service)
        if state.status != "recovering":
            if state.status == "healthy":  # crashed by Host.crash, behind our back
                state = replace(state, last_crash=self._host.clock.now(), retries=0)
            self._set(replace(state, status="recovering"))
            self._emit("crash_detected", service)
        try:
            self._restart(runtime)
        except Exception as error:
            retries = self._state(service).retries + 1
            failed = retries >= self.max_retries
            reason = str(error) or repr(error)
            if failed:
                _logger.error("%s is not recovered after %d attempts", service, retries, exc_info=error)
            status = "failed" if failed else "recovering"
            self._set(replace(self._state(service), retries=retries, status=status, error=reason))
            if failed:
                self._emit("recovery_failed", service, error=reason)
            else:
                self._check_soon(service)
            return
        # The service counts as recovered once it has answered over its socket.
        self._check_now(service)

    def _restart(self, runtime: Runtime) -> int:
        operations = self._host.recover(runtime.name)
        self._set(replace(self._state(runtime.name), operations_replayed=operations))
        self._emit("replay_complete", runtime.name, operations_replayed=operations)
        return operations

    def _succeeded(self, service: str) -> None:
        state = self._state(service)
        self._emit("recovery_success", service, operations_replayed=state.operations_replayed)
        self._set(replace(state, status="healthy", recoveries=state.recoveries + 1, error=None))
        if self.enabled and self.interval_s is not None:
            self._schedule(service, self.interval_s)

    def _probe_future(self, service: str, timeout: float) -> Any:
        self._host.runtime(service)
        return asyncio.run_coroutine_threadsafe(self._probe(service, timeout), asyncio.get_running_loop())

    async def _probe(self, service: str, timeout: float) -> bool:
        """Connect to the service's real port and ask in its own protocol."""
        request, expected = PROBES.get(self._kinds.get(service, service), (b"", frozenset()))
        port = self._host.runtimes[service].port
        writer: asyncio.StreamWriter | None = None
        session = 0
        try:
            async with asyncio.timeout(timeout):
                reader, writer = await asyncio.open_connection(LOOPBACK, port)
                session = await self._hide(service, writer)
                if not request:
                    return True  # a service of the user's own: that it accepts has to be enough
                writer.write(request)
                return (await reader.read(1))[:1] in expected
        except (OSError, TimeoutError):
            return False
        finally:
            if writer is not None:
                writer.close()
            self._exempt.discard(session)

    async def _hide(self, service: str, writer: asyncio.StreamWriter) -> int:
        """Mark the session at the other end of our socket, once it has been accepted, before anything is sent on it."""
        host, port = writer.get_extra_info("sockname")[:2]
        peer = f"{host}:{port}"
        connections = self._host.runtimes[service].connections
        for _ in range(100):
            for number, connection in connections.items():
                if connection.peer == peer:
                    self._probes.add(number)
                    self._exempt.add(number)
                    return number
            await asyncio.sleep(0)
        return 0
