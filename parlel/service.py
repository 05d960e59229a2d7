"""`emulate`: one service, and `Service`, the handle for a service whether it runs alone or in a context."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from emulators.kernel import Snapshot
from parlel import services as table
from parlel._aliases import CamelAliases
from parlel.log import Log

if TYPE_CHECKING:
    from parlel.chaos import ChaosMonkey
    from parlel.clock import ClockControl
    from parlel.machine import FsyncPolicy, Machine
    from parlel.recovery import CrashRecoveryManager
    from parlel.remote import RemoteService

__all__ = ["Service", "emulate"]


@overload
def emulate(
    name: str,
    port: int = ...,
    seed: int | None = ...,
    clock: object = ...,
    unix_socket: str | PathLike[str] | None = ...,
    *,
    process: Literal[False] = ...,
    **options: Any,
) -> Service: ...


@overload
def emulate(
    name: str,
    port: int = ...,
    seed: int | None = ...,
    clock: object = ...,
    unix_socket: str | PathLike[str] | None = ...,
    *,
    process: Literal[True],
    **options: Any,
) -> RemoteService: ...


def emulate(
    name: str,
    port: int = 0,
    seed: int | None = None,
    clock: object = "real",
    unix_socket: str | PathLike[str] | None = None,
    *,
    state_dir: str | PathLike[str] | None = None,
    log_dir: str | PathLike[str] | None = None,
    fsync: FsyncPolicy = "off",
    log_limit: int = 65_536,
    switch_interval: float | None = None,
    process: bool = False,
    **options: Any,
) -> Service | RemoteService:
    """Start one service in this process, behind a real socket.

    name             `"redis"`, `"postgres"` or `"kafka"`
    port             TCP port on 127.0.0.1; 0 takes a free one, which `.port` tells
    seed             of all chance in it; None draws one (see `.seed`)
    clock            `"real"`, `"frozen"`, `"x10"`, an instant to be frozen at (ISO-8601 text, datetime, seconds), or a `Clock`
    unix_socket      also listen on this path
    state_dir        folder for the operation log: what a killed process left there is recovered first
    log_dir          folder for readable logs
    fsync            `"off"`, `"interval"` (each second) or `"always"`: what the log survives when the machine dies
    log_limit        records kept in memory
    switch_interval  seconds for `sys.setswitchinterval`: small values answer faster beside a busy test thread
    process          run it in a child process instead, which ends with this one (see `RemoteService`)
    options          the service's own, such as `version="7.2"` or `password="secret"` for Redis

    Raises ServiceNotAvailable, ConfigError (an unknown option), PortInUseError.

    >>> import parlel
    >>> with parlel.emulate("redis", seed=1) as redis:
    ...     redis.url.startswith("redis://127.0.0.1:")
    True
    """
    if process:
        from parlel.remote import emulate_in_process

        return emulate_in_process(
            name,
            port,
            seed,
            clock,
            unix_socket,
            state_dir=state_dir,
            log_dir=log_dir,
            fsync=fsync,
            log_limit=log_limit,
            options=options,
        )
    from parlel.machine import Machine, ServiceRequest

    table.find(name)
    path = str(unix_socket) if unix_socket is not None else None
    machine = Machine(
        [ServiceRequest(name, name, port, path, options)],
        seed=seed,
        clock=clock,
        state_dir=state_dir,
        log_dir=log_dir,
        fsync=fsync,
        log_limit=log_limit,
        switch_interval=switch_interval,
    )
    return Service(machine, name)


class Service(CamelAliases):
    """A running service. `close()` stops it together with everything that shares its host.

    Snapshots and restores cover every service of the host at one instant (a service from `emulate` is alone on its host).
    """

    def __init__(self, machine: Machine, name: str) -> None:
        self._machine = machine
        self.name = name

    # -- where it is -----------------------------------------------------------------------------------------

    @property
    def kind(self) -> str:
        """`redis`, `postgres` or `kafka`."""
        return self._machine.requests[self.name].service

    @property
    def host(self) -> str:
        """The address it listens on: always 127.0.0.1."""
        return self._address().host

    @property
    def port(self) -> int:
        """The TCP port, kept over crash and recovery."""
        return self._address().port

    @property
    def unix_socket(self) -> str | None:
        return self._machine.requests[self.name].unix_socket

    @property
    def url(self) -> str:
        """What clients take: `redis://…`, `postgresql://…`, or Kafka's bootstrap servers."""
        return table.find(self.kind).url(self._address())

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables by which applications find it, such as REDIS_URL."""
        return self._machine.environment([self.name])

    def client(self, **options: Any) -> Any:
        """A client of the usual library: `redis.Redis`, a `psycopg` connection, a Kafka producer. `options` go to it.

        ClientNotInstalled when the library is missing: it is not a dependency of parlel.
        """
        self._machine.forbid_host_thread()
        return table.find(self.kind).client(self._address(), options)

    # -- state -----------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """The data as JSON-able dicts (see `StateInspector`), without disturbing it."""
        return self._machine.inspector.dump(self.name)

    def snapshot(self, name: str | None = None) -> Snapshot:
        """Mark this instant. Any number of snapshots live at once; taking one costs next to nothing."""
        return self._machine.host.snapshot(name)

    def restore(self, snapshot: Snapshot | str | int | None = None) -> Snapshot:
        """Go back to a snapshot (default: the last one taken or restored). Connections stay up."""
        return self._machine.host.restore(snapshot)

    def reset(self) -> None:
        """Empty this service, as freshly started; connections stay up."""
        self._machine.host.reset(self.name)

    def save_snapshot(self, path: str | PathLike[str], which: Snapshot | str | int | None = None) -> Path:
        """Write a snapshot (default: the present) to a file."""
        return self._machine.save_snapshot(path, which)

    def load_snapshot(self, path: str | PathLike[str], name: str | None = None) -> Snapshot:
        """Read a snapshot from a file; `restore` it when you want it."""
        return self._machine.load_snapshot(path, name)

    def load_rdb(self, path: str | PathLike[str]) -> int:
        """Add the keys and functions of a Redis dump (`dump.rdb`); returns the number of keys. For Redis only."""
        self._machine.forbid_host_thread()
        return self._machine.load_rdb(self.name, path)

    def save_rdb(self, path: str | PathLike[str]) -> Path:
        """Write the data as a dump that redis-server loads. For Redis only."""
        self._machine.forbid_host_thread()
        return self._machine.save_rdb(self.name, path)

    def digest(self) -> str:
        """A hash of the state: equal digests mean equal data, in any process."""
        return str(self._machine.inspector.digest(self.name))

    # -- what happens ----------------------------------------------------------------------------------------

    @property
    def seed(self) -> int:
        """The seed of all chance on its host."""
        return self._machine.host.dice.seed

    @property
    def clock(self) -> ClockControl:
        return self._machine.clock

    @property
    def log(self) -> Log:
        """The operation log, this service's part."""
        return Log(self._machine.host, self._machine.recovery.is_probe, self.name)

    @property
    def chaos(self) -> ChaosMonkey:
        return self._machine.chaos

    @property
    def recovery(self) -> CrashRecoveryManager:
        return self._machine.recovery

    @property
    def recovered_operations(self) -> int:
        """How many operations were played back from `state_dir` at the start."""
        return self._machine.recovered_operations

    @property
    def state(self) -> str:
        """`running`, `crashed` or `stopped`."""
        return "stopped" if self._machine.closed else self._machine.runtime(self.name).state

    def status(self) -> dict[str, Any]:
        """`{"name", "service", "status", "host", "port", "url", "uptime_s", "crashes", …counters of the service}`."""
        if self._machine.closed:
            return {"name": self.name, "service": self.kind, "status": "stopped"}
        runtime = self._machine.runtime(self.name)
        uptime_us = self._machine.clock.now_us() - runtime.started_us
        return {
            "name": self.name,
            "service": self.kind,
            "status": runtime.state,
            "host": self.host,
            "port": self.port,
            "url": self.url,
            "uptime_s": round(uptime_us / 1_000_000, 3) if runtime.state == "running" else 0.0,
            "crashes": runtime.crashes,
            **self._machine.inspector.status(self.name),
        }

    @contextmanager
    def environ(self) -> Iterator[dict[str, str]]:
        """Set `environment` in `os.environ` for a `with` block, and put back what was there."""
        from parlel.environ import set_environ

        with set_environ(self.environment) as variables:
            yield variables

    # -- life ------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Stop it: no thread, socket or file is left. Idempotent."""
        self._machine.close()

    @property
    def closed(self) -> bool:
        return self._machine.closed

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # -- showing ---------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"<Service {self.name} {self.state if self.closed else self.url}>"

    def _repr_html_(self) -> str:
        from parlel.notebook import service_card

        return service_card(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def _address(self) -> table.Address:
        return self._machine.address(self.name)
