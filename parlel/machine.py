"""One host with its services, and everything public that belongs to it: what `emulate`, contexts and instances stand on.

Nothing that the host's thread holds refers to a `Machine`, so when the last name for it goes (a notebook cell is run again),
the garbage collector closes listeners, thread and files.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from emulators.kernel import Host, HostError, PortInUseError, Runtime, Snapshot
from emulators.kernel.host import LOOPBACK
from parlel import services as table
from parlel._threads import forbid_host_thread, on_host_thread
from parlel.clock import ClockControl, make_clock
from parlel.errors import ConfigError, ParlelError, SeedError, suggest
from parlel.inspector import StateInspector, running
from parlel.log import Log
from parlel.logfiles import LogFolder
from parlel.recovery import CrashRecoveryManager
from parlel.service import Service

if TYPE_CHECKING:
    from parlel.chaos import ChaosMonkey
    from parlel.seeds import SeedExecutor

__all__ = ["Machine", "ServiceRequest", "read_requests"]

FsyncPolicy = Literal["off", "interval", "always"]
StrPath = str | PathLike[str]

# Fixed ports taken by machines of this process, to say who holds one.
_by_port: weakref.WeakValueDictionary[int, Machine] = weakref.WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """What to start: the instance's name, its kind, its port (0 for a free one), unix socket and options."""

    name: str
    service: str
    port: int = 0
    unix_socket: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


_REQUEST_KEYS = ("name", "service", "port", "env", "unix_socket", "options")


def read_requests(services: str | Sequence[str | Mapping[str, Any]], base_port: int = 0) -> list[ServiceRequest]:
    """Service requests from names (`"redis"`, `"redis:7791"`) or dicts `{name, service, port, env, unix_socket, options}`.

    With `base_port` the services without a port of their own get it and the ports that follow.
    """
    requests: list[ServiceRequest] = []
    for entry in [services] if isinstance(services, str) else services:
        request = _read_request(entry)
        if base_port and not request.port:
            request = ServiceRequest(
                request.name, request.service, base_port + len(requests), request.unix_socket, request.options
            )
        if any(other.name == request.name for other in requests):
            raise ConfigError(f"the service {request.name!r} is named twice; give one of them another name")
        requests.append(request)
    return requests


def _read_request(entry: str | Mapping[str, Any]) -> ServiceRequest:
    if isinstance(entry, str):
        name, colon, port = entry.partition(":")
        table.find(name)
        return ServiceRequest(name, name, _read_port(port, entry) if colon else 0)
    for key in entry:
        if key not in _REQUEST_KEYS:
            raise ConfigError(f"a service has no setting {key!r}.{suggest(key, _REQUEST_KEYS)}")
    named = entry.get("name") or entry.get("service")
    if not isinstance(named, str):
        raise ConfigError(f"a service needs a name, such as {{'name': 'redis'}}; got {dict(entry)!r}")
    kind = str(entry.get("service") or named)
    table.find(kind)
    options = {**table.options_from_env(kind, entry.get("env") or {}), **(entry.get("options") or {})}
    return ServiceRequest(named, kind, _read_port(entry.get("port") or 0, entry), entry.get("unix_socket"), options)


def _read_port(port: object, where: object) -> int:
    try:
        number = int(str(port))
    except ValueError:
        number = -1
    if not 0 <= number <= 65535:
        raise ConfigError(f"{port!r} is no port (0 to 65535) in {where!r}")
    return number


class Machine:
    """Starts the services, all in one step of the host, and closes everything again."""

    def __init__(
        self,
        requests: Sequence[ServiceRequest],
        *,
        seed: int | None = None,
        clock: object = "real",
        state_dir: StrPath | None = None,
        log_dir: StrPath | None = None,
        fsync: FsyncPolicy = "off",
        log_limit: int = 65_536,
        switch_interval: float | None = None,
        recovery: Mapping[str, Any] | None = None,
    ) -> None:
        emulators = [table.load(request.service) for request in requests]
        requests = [
            replace(request, options={**table.find(request.service).defaults, **request.options})
            for request in requests
        ]
        for request, emulator in zip(requests, emulators, strict=True):
            table.check_options(request.service, emulator, request.options)
        if "IPython" in sys.modules:
            from parlel.notebook import close_former

            close_former(self, [_by_port.get(request.port) for request in requests if request.port])
        host = Host(
            seed=seed,
            clock=make_clock(clock),
            log_limit=log_limit,
            recoverable=True,
            switch_interval=switch_interval,
        )
        self.host = host
        self.requests = {request.name: request for request in requests}
        self.recovered_operations = 0
        self._kinds = {request.name: request.service for request in requests}
        self._exempt: set[int] = set()
        self._chaos: ChaosMonkey | None = None
        self._lock = threading.Lock()
        self.recovery = CrashRecoveryManager(host, self._kinds, self._exempt, recovery or {})
        self.clock = ClockControl(host)
        self.log = Log(host, self.recovery.is_probe)
        self.inspector = StateInspector(host)
        self._folder = LogFolder(host, Path(log_dir), self.recovery.is_probe) if log_dir is not None else None
        host.start()
        self._finalizer = weakref.finalize(self, _close, host, self.recovery, self._folder)
        try:
            host.call(self._build, emulators, Path(state_dir) if state_dir is not None else None, fsync)
        except PortInUseError as error:
            self.close()
            raise _name_holder(requests, error) from error
        except BaseException:
            self.close()
            raise
        for request in requests:
            if request.port:
                _by_port[request.port] = self

    def _build(self, emulators: list[Any], state_dir: Path | None, fsync: FsyncPolicy) -> None:
        # One step of the host: no client can get in before what a former process left is there again.
        host = self.host
        if self._folder is not None:
            self._folder.open()
        for request, emulator in zip(self.requests.values(), emulators, strict=True):
            options = dict(request.options)
            host.add(
                request.name,
                partial(emulator, **options),
                port=request.port,
                unix_path=request.unix_socket,
                about={"service": request.service, "options": options},
            )
        if state_dir is not None:
            self.recovered_operations = host.open_state_dir(state_dir, fsync)
        self.recovery.begin()

    # -- tools that not every run needs ----------------------------------------------------------------------

    @property
    def chaos(self) -> ChaosMonkey:
        from parlel.chaos import ChaosMonkey

        # Two threads that ask at the same time have to get the same one.
        with self._lock:
            if self._chaos is None:
                self._chaos = ChaosMonkey(self.host, self._kinds, self._exempt)
            return self._chaos

    @cached_property
    def seed(self) -> SeedExecutor:
        from parlel.seeds import SeedExecutor

        host = self.host
        return SeedExecutor(
            {name: (request.service, partial(_address, host, request)) for name, request in self.requests.items()},
            partial(forbid_host_thread, host),
            self.load_rdb,
        )

    # -- services --------------------------------------------------------------------------------------------

    def runtime(self, name: str) -> Runtime:
        if name not in self.requests:
            raise HostError(f"no service {name!r} here.{suggest(name, self.requests)}")
        if self.closed:
            raise HostError(f"this {name} is closed: start a new one")
        return self.host.runtime(name)

    def address(self, name: str) -> table.Address:
        """Where a service listens, and its options."""
        self.runtime(name)
        return _address(self.host, self.requests[name])

    def services(self) -> dict[str, Service]:
        return {name: Service(self, name) for name in self.requests}

    def environment(self, names: Sequence[str] | None = None) -> dict[str, str]:
        """The environment variables by which applications find the services."""
        found: dict[str, str] = {}
        for name in self.requests if names is None else names:
            found.update(table.find(self.requests[name].service).environ(self.address(name)))
        return found

    # -- snapshots -------------------------------------------------------------------------------------------

    def save_snapshot(self, path: StrPath, which: Snapshot | str | int | None = None) -> Path:
        host, target = self.host, Path(path)

        def export() -> bytes:
            if which is not None:
                return host.snapshots.to_bytes(host.emulators(), host.snapshots.get(which))
            # Only for the file: which snapshot is the current one does not change.
            present = host.snapshot()
            try:
                return host.snapshots.to_bytes(host.emulators(), present)
            finally:
                host.snapshots.drop(present)

        target.write_bytes(host.call(export))
        return target

    def load_snapshot(self, path: StrPath, name: str | None = None) -> Snapshot:
        host, data = self.host, Path(path).read_bytes()
        return host.call(lambda: host.snapshots.from_bytes(host.emulators(), data, name))

    # -- RDB -------------------------------------------------------------------------------------------------

    def load_rdb(self, name: str, path: StrPath) -> int:
        """Add a Redis dump's keys and functions to a Redis here; returns the number of keys. SeedError for what is no sound dump.

        Recovery and replay build on what is there afterwards.
        """
        self._check_redis(name)
        data = Path(path).read_bytes()
        host = self.host

        def load() -> int:
            from emulators.redis.errors import RedisError
            from emulators.redis.rdb import DamagedError, UnsupportedError
            from emulators.redis.rdb_server import load_server

            try:
                count = load_server(running(host, name), data)  # type: ignore[arg-type]
            except (DamagedError, UnsupportedError, RedisError) as error:
                raise SeedError(name, str(path), 1, 0, f"the RDB file cannot be loaded: {error}") from error
            # No client said it, so the log does not lead to it.
            host._after_jump()
            return count

        return host.call(load)

    def save_rdb(self, name: str, path: StrPath) -> Path:
        """Write what a Redis here holds as a dump that redis-server of the same version, or a later one, loads."""
        self._check_redis(name)
        host, target = self.host, Path(path)

        def save() -> bytes:
            from emulators.redis.rdb import UnsupportedError
            from emulators.redis.rdb_server import save_server

            try:
                return save_server(running(host, name))  # type: ignore[arg-type]
            except UnsupportedError as error:
                raise ParlelError(f"{name} cannot be written as an RDB file: {error}") from error

        target.write_bytes(host.call(save))
        return target

    def _check_redis(self, name: str) -> None:
        self.runtime(name)
        kind = self.requests[name].service
        if kind != "redis":
            raise ConfigError(f"{name!r} is a {kind}: only a Redis has RDB files")

    # -- life ------------------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        return not self._finalizer.alive

    def close(self) -> None:
        """Stop everything: listeners, connections, the thread, files. Idempotent."""
        if not self.closed:
            self.forbid_host_thread()
        self._finalizer()

    def forbid_host_thread(self) -> None:
        """ParlelError when called on the host's thread, where waiting for a service would wait for oneself."""
        forbid_host_thread(self.host)


def _address(host: Host, request: ServiceRequest) -> table.Address:
    return table.Address(LOOPBACK, host.runtime(request.name).port, request.options)


def _close(host: Host, recovery: CrashRecoveryManager, folder: LogFolder | None) -> None:
    if on_host_thread(host):
        # The garbage collector found the machine while it worked on this very thread, which cannot wait for its own end.
        threading.Thread(target=_close, args=(host, recovery, folder), name="parlel-close").start()
        return
    recovery.end()
    with contextlib.suppress(TimeoutError):
        host.stop()
    if folder is not None:
        folder.close()


def _name_holder(requests: Sequence[ServiceRequest], error: PortInUseError) -> PortInUseError:
    for request in requests:
        former = _by_port.get(request.port) if request.port else None
        if former is not None and not former.closed:
            return PortInUseError(
                f"port {request.port} is held by a parlel instance of this very process: close() it first, or use port 0"
            )
    return error
