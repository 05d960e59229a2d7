"""`start_parallel`: services with full control over names, ports and environments; the lower of the two levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from parlel.machine import FsyncPolicy, Machine, read_requests
from parlel.surface import Surface

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


class ParallelInstance(Surface):
    """Running services: `services stop() status() recovery chaos inspector seed dump()`, and what a context has."""

    def stop(self) -> None:
        """Stop everything: no thread, socket or file is left. Idempotent."""
        self._machine.close()

    close = stop

    def __enter__(self) -> ParallelInstance:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
