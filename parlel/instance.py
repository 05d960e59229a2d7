"""`start_parallel`: services with full control over names, ports and environments; the lower of the two levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from parlel._aliases import CamelAliases
from parlel.machine import FsyncPolicy, Machine, read_requests

if TYPE_CHECKING:
    from parlel.chaos import ChaosMonkey
    from parlel.clock import ClockControl
    from parlel.inspector import StateInspector
    from parlel.log import Log
    from parlel.recovery import CrashRecoveryManager
    from parlel.seeds import SeedExecutor
    from parlel.service import Service

__all__ = ["ParallelInstance", "start_parallel"]

# Health checks of an instance with recovery repeat this often, in seconds of its clock.
_INTERVAL_S = 1.0


def start_parallel(
    services: str | Sequence[str | Mapping[str, Any]],
    log_dir: str | PathLike[str] | None = None,
    state_dir: str | PathLike[str] | None = None,
    recovery: Mapping[str, Any] | None = None,
    *,
    seed: int | None = None,
    clock: object = "real",
    fsync: FsyncPolicy = "off",
    log_limit: int = 65_536,
    switch_interval: float | None = None,
) -> ParallelInstance:
    """Start services and return the instance that runs them.

    services  `[{"name": "redis", "port": 6379}, {"name": "postgres", "env": {"POSTGRES_DB": "app"}}, "kafka"]`;
              `env` takes the variables of the usual container images, `options` those of `emulate`, `service` the kind
              where `name` is one of your own
    recovery  `{"enabled": True, "max_retries": 3}` watches each service once a second (`interval_s`); off if it is not given
    The other arguments are those of `emulate`.

    >>> import parlel
    >>> instance = parlel.start_parallel([{"name": "redis"}], recovery={"enabled": True, "max_retries": 3})
    >>> instance.status()["redis"]["status"]
    'running'
    >>> instance.stop()
    """
    settings: dict[str, Any] = dict(recovery) if recovery is not None else {"enabled": False}
    settings.setdefault("enabled", True)
    settings.setdefault("interval_s", _INTERVAL_S)
    machine = Machine(
        read_requests(services),
        seed=seed,
        clock=clock,
        state_dir=state_dir,
        log_dir=log_dir,
        fsync=fsync,
        log_limit=log_limit,
        switch_interval=switch_interval,
        recovery=settings,
    )
    return ParallelInstance(machine)


class ParallelInstance(CamelAliases):
    """Running services: `services stop() status() recovery chaos inspector seed dump()`, and `clock log`."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    @property
    def services(self) -> dict[str, Service]:
        """The services by name."""
        return self._machine.services()

    @property
    def recovery(self) -> CrashRecoveryManager:
        return self._machine.recovery

    @property
    def chaos(self) -> ChaosMonkey:
        return self._machine.chaos

    @property
    def inspector(self) -> StateInspector:
        return self._machine.inspector

    @property
    def seed(self) -> SeedExecutor:
        return self._machine.seed

    @property
    def clock(self) -> ClockControl:
        return self._machine.clock

    @property
    def log(self) -> Log:
        return self._machine.log

    @property
    def random_seed(self) -> int:
        """The seed of all chance here."""
        return self._machine.host.seed

    @property
    def environment(self) -> dict[str, str]:
        """REDIS_URL, DATABASE_URL, PGHOST, KAFKA_BOOTSTRAP_SERVERS and so on."""
        return self._machine.environment()

    @property
    def recovered_operations(self) -> int:
        """How many operations were played back from `state_dir` at the start."""
        return self._machine.recovered_operations

    def status(self) -> dict[str, dict[str, Any]]:
        """Port, state and counters by service; see `Service.status`."""
        return {name: service.status() for name, service in self.services.items()}

    def dump(self, service: str | None = None) -> dict[str, Any]:
        """The data of one service, or `{name: data}` of all, as JSON-able dicts; see `StateInspector`."""
        return self._machine.inspector.dump(service)

    def stop(self) -> None:
        """Stop everything: no thread, socket or file is left. Idempotent."""
        self._machine.close()

    @property
    def closed(self) -> bool:
        return self._machine.closed

    def __enter__(self) -> ParallelInstance:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        inside = "stopped" if self.closed else ", ".join(service.url for service in self.services.values())
        return f"<ParallelInstance {inside}>"
