"""Instances in other processes, with the names that services and instances have here.

`emulate(name, process=True)` runs the same host in a child process, so that it does not share this process's GIL: better beside
CPU-bound tests. `connect(name)` takes hold of one that `parlel up -d` has started. Both speak over the control socket, so what
would need a callback (events, `log.follow`, handles of rules) is only to be had in the process itself.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

from parlel import services as table
from parlel._aliases import CamelAliases
from parlel.chaos import PRESET_RULES, Rule
from parlel.config import Settings
from parlel.control import ControlClient
from parlel.errors import ConfigError, suggest
from parlel.log import LogEntry
from parlel.registry import find_instance
from parlel.running import launch
from parlel.seeds import SeedExecutor

__all__ = ["RemoteInstance", "RemoteService", "connect", "emulate_in_process"]

_STOP_TIMEOUT_S = 10.0
_numbers = itertools.count(1)


def connect(name: str = "default") -> RemoteInstance:
    """An instance that runs in another process, by the name that `parlel up --name` gave it.

    `close()` only hangs up; `stop()` ends the instance. ControlError when there is none.
    """
    return RemoteInstance(ControlClient(find_instance(name)["socket"]))


def emulate_in_process(
    name: str,
    port: int,
    seed: int | None,
    clock: object,
    unix_socket: str | PathLike[str] | None,
    *,
    state_dir: str | PathLike[str] | None,
    log_dir: str | PathLike[str] | None,
    options: dict[str, Any],
    **settings: Any,
) -> RemoteService:
    """What `emulate(..., process=True)` does: a child process that ends with this one."""
    if not isinstance(clock, str):
        raise ConfigError(
            f"with process=True the clock is given as text, such as 'frozen' or an instant, not {clock!r}"
        )
    table.find(name)
    entry = {"name": name, "port": port, "options": options}
    if unix_socket is not None:
        entry["unix_socket"] = str(Path(unix_socket).absolute())
    asked = Settings(
        services=[entry],
        name=f"process-{os.getpid()}-{next(_numbers)}",
        seed=seed,
        clock=clock,
        state_dir=_absolute(state_dir),
        log_dir=_absolute(log_dir),
        **settings,
    )
    _, process = launch(asked, tied=True)
    try:
        instance = RemoteInstance(ControlClient(find_instance(asked.name)["socket"]), process)
    except BaseException:
        _end(process)
        raise
    return instance.services[name]


def _absolute(path: str | PathLike[str] | None) -> str | None:
    return str(Path(path).absolute()) if path is not None else None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let go of a child: it ends when its stdin does, and is killed if it does not."""
    with contextlib.suppress(OSError):
        assert process.stdin is not None
        process.stdin.close()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class RemoteChaos(CamelAliases):
    """Chaos of an instance in another process: rules go over as data."""

    def __init__(self, client: ControlClient) -> None:
        self._client = client

    def configure(self, rule: Rule | Mapping[str, Any] | str | None = None, /, **fields: Any) -> dict[str, Any]:
        """Add a rule (see `ChaosMonkey.configure`) and switch chaos on; returns the rule as a dict."""
        read = (
            PRESET_RULES[rule] if isinstance(rule, str) else Rule.read(rule) if rule is not None else Rule.read(fields)
        )
        if rule is not None and fields:
            read = read | fields
        added: dict[str, Any] = self._client.call("chaos_add", rule=read.to_dict())
        return added

    def rules(self) -> list[dict[str, Any]]:
        """The rules as dicts, with their `hits`."""
        found: list[dict[str, Any]] = self._client.call("chaos_list")["rules"]
        return found

    def activate(self) -> None:
        """Let the rules act."""
        self._client.call("chaos_activate")

    def deactivate(self) -> None:
        """Back to normal at once; the rules stay."""
        self._client.call("chaos_deactivate")

    def clear(self) -> None:
        """Take out every rule and switch chaos off."""
        self._client.call("chaos_clear")


class RemoteClock(CamelAliases):
    """The clock of an instance in another process."""

    def __init__(self, client: ControlClient) -> None:
        self._client = client

    def status(self) -> dict[str, Any]:
        """`{"mode", "scale", "now", "now_us"}`."""
        found: dict[str, Any] = self._client.call("clock")
        return found

    def now_us(self) -> int:
        """The present instant in microseconds since the Unix epoch."""
        return int(self.status()["now_us"])

    def now(self) -> float:
        """The present instant in seconds since the Unix epoch."""
        return self.now_us() / 1_000_000

    def advance(self, seconds: float) -> int:
        """Move forward; returns how many timers fired."""
        return int(self._client.call("clock_advance", seconds=seconds)["timers_fired"])

    def freeze(self) -> None:
        """Stand still."""
        self._client.call("clock_freeze")

    def resume(self, scale: float = 1.0) -> None:
        """Run on, `scale` times as fast."""
        self._client.call("clock_resume", scale=scale)


class RemoteRecovery(CamelAliases):
    """Crash and recovery in another process."""

    def __init__(self, client: ControlClient) -> None:
        self._client = client

    def crash(self, service: str) -> None:
        """Lose a service as `kill -9` would; it is noticed and recovered."""
        self._client.call("crash", service=service)

    def force_recovery(self, service: str) -> int:
        """Bring a service back now; returns the operations replayed."""
        return int(self._client.call("recover", service=service)["operations_replayed"])

    def get_recovery_state(self, service: str) -> dict[str, Any]:
        """The state as a dict, see `RecoveryState`."""
        found: dict[str, Any] = self._client.call("status")["services"][service]["recovery"]
        return found


class RemoteLog(CamelAliases):
    """The operation log of an instance in another process."""

    def __init__(self, client: ControlClient, service: str | None = None) -> None:
        self._client = client
        self._service = service

    def tail(self, count: int = 20) -> list[LogEntry]:
        """The last `count` entries of any kind, oldest first."""
        rows = self._client.call("logs", tail=count, service=self._service)
        return [LogEntry(**{name: row[name] for name in LogEntry.__slots__}) for row in rows]

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the log to a file that `parlel.replay` plays."""
        return Path(self._client.call("save_log", path=_absolute(path)))


class RemoteInstance(CamelAliases):
    """Services that run in another process. Snapshots are known by their names."""

    def __init__(self, client: ControlClient, process: subprocess.Popen[bytes] | None = None) -> None:
        self._client = client
        self._addresses: dict[str, dict[str, Any]] = client.call("addresses")
        self._finalizer = weakref.finalize(self, _hang_up, client, process)
        self.chaos = RemoteChaos(client)
        self.clock = RemoteClock(client)
        self.recovery = RemoteRecovery(client)
        self.log = RemoteLog(client)
        self.owned = process is not None

    @property
    def services(self) -> dict[str, RemoteService]:
        """The services by name."""
        return {name: RemoteService(self, name) for name in self._addresses}

    def __getitem__(self, name: str) -> RemoteService:
        if name not in self._addresses:
            raise KeyError(f"no service {name!r} there.{suggest(name, self._addresses)}")
        return RemoteService(self, name)

    @property
    def seed(self) -> SeedExecutor:
        """Loads data over the services' own sockets, from this process."""
        return SeedExecutor(
            {name: (at["service"], partial(self.address, name)) for name, at in self._addresses.items()},
            load_rdb=self.load_rdb,
        )

    def load_rdb(self, name: str, path: str | PathLike[str]) -> int:
        """Add the keys and functions of a Redis dump to a Redis there; returns the number of keys."""
        return int(self._client.call("load_rdb", service=name, path=_absolute(path)))

    def save_rdb(self, name: str, path: str | PathLike[str]) -> Path:
        """Write what a Redis there holds as a dump that redis-server loads."""
        return Path(self._client.call("save_rdb", service=name, path=_absolute(path)))

    @property
    def random_seed(self) -> int:
        """The seed of all chance there."""
        return int(self._client.call("ping")["seed"])

    @property
    def environment(self) -> dict[str, str]:
        """REDIS_URL, DATABASE_URL, PGHOST, KAFKA_BOOTSTRAP_SERVERS and so on."""
        found: dict[str, str] = self._client.call("environment")
        return found

    @contextmanager
    def environ(self) -> Iterator[dict[str, str]]:
        """Set `environment` in `os.environ` for a `with` block."""
        from parlel.environ import set_environ

        with set_environ(self.environment) as variables:
            yield variables

    def address(self, name: str) -> table.Address:
        """Where a service listens, and its options."""
        at = self._addresses[name]
        return table.Address(at["host"], at["port"], at["options"])

    def status(self) -> dict[str, dict[str, Any]]:
        """Port, state and counters by service."""
        found: dict[str, dict[str, Any]] = self._client.call("status")["services"]
        return found

    def dump(self, service: str | None = None) -> dict[str, Any]:
        """The data of one service, or `{name: data}` of all."""
        found: dict[str, Any] = self._client.call("dump", service=service)
        return found

    def digest(self) -> dict[str, str]:
        """A hash of each service's state."""
        found: dict[str, str] = self._client.call("digest")
        return found

    def snapshot(self, name: str | None = None) -> str:
        """Mark this instant over all services; returns the snapshot's name."""
        return str(self._client.call("snapshot", name=name)["name"])

    def restore(self, name: str | None = None) -> str:
        """Go back to a snapshot (default: the last one taken or restored); returns its name."""
        return str(self._client.call("restore", name=name)["name"])

    def reset(self, service: str | None = None) -> None:
        """Empty one service, or all; connections stay up."""
        self._client.call("reset", service=service)

    def stop(self) -> None:
        """End the instance. Idempotent."""
        if not self.closed:
            self._client.call("stop")
        self.close()

    def close(self) -> None:
        """Hang up; an instance that was started by `process=True` ends with that. Idempotent."""
        self._finalizer()

    @property
    def closed(self) -> bool:
        return not self._finalizer.alive

    def __enter__(self) -> RemoteInstance:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        inside = "closed" if self.closed else ", ".join(service.url for service in self.services.values())
        return f"<RemoteInstance {inside}>"


class RemoteService(CamelAliases):
    """A service in another process, with the names of `Service`."""

    def __init__(self, instance: RemoteInstance, name: str) -> None:
        self.instance = instance
        self.name = name
        self._at = instance.address(name)
        self.kind = str(instance._addresses[name]["service"])
        self.host, self.port = self._at.host, self._at.port
        self.url = table.find(self.kind).url(self._at)
        self.environment = table.find(self.kind).environ(self._at)
        self.chaos, self.clock, self.recovery = instance.chaos, instance.clock, instance.recovery
        self.log = RemoteLog(instance._client, name)

    def client(self, **options: Any) -> Any:
        """A client of the usual library, see `Service.client`."""
        return table.find(self.kind).client(self._at, options)

    @property
    def seed(self) -> int:
        """The seed of all chance there."""
        return self.instance.random_seed

    def dump(self) -> dict[str, Any]:
        """The data as JSON-able dicts."""
        return self.instance.dump(self.name)

    def digest(self) -> str:
        """A hash of the state."""
        return self.instance.digest()[self.name]

    def snapshot(self, name: str | None = None) -> str:
        """Mark this instant; returns the snapshot's name."""
        return self.instance.snapshot(name)

    def restore(self, name: str | None = None) -> str:
        """Go back to a snapshot (default: the last one taken or restored)."""
        return self.instance.restore(name)

    def reset(self) -> None:
        """Empty this service; connections stay up."""
        self.instance.reset(self.name)

    def status(self) -> dict[str, Any]:
        """Port, state and counters, see `Service.status`."""
        return self.instance.status()[self.name]

    def close(self) -> None:
        """End the process, if it was started by `process=True`; else hang up. Idempotent."""
        self.instance.close()

    @property
    def closed(self) -> bool:
        return self.instance.closed

    def __enter__(self) -> RemoteService:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<RemoteService {self.name} {'closed' if self.closed else self.url}>"


def _hang_up(client: ControlClient, process: subprocess.Popen[bytes] | None) -> None:
    client.close()
    if process is not None:
        _end(process)
