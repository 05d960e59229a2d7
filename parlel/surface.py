"""What contexts and instances have in common: services, tools, snapshots, dumps, environment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulators.kernel import Snapshot
from parlel._aliases import CamelAliases
from parlel.errors import suggest

if TYPE_CHECKING:
    from parlel.chaos import ChaosMonkey
    from parlel.clock import ClockControl
    from parlel.inspector import Change, StateInspector
    from parlel.log import Log
    from parlel.machine import Machine
    from parlel.recovery import CrashRecoveryManager
    from parlel.seeds import SeedExecutor
    from parlel.service import Service

__all__ = ["Surface"]


class Surface(CamelAliases):
    """Running services and the tools for them."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    # -- services --------------------------------------------------------------------------------------------

    @property
    def services(self) -> dict[str, Service]:
        """The services by name."""
        return self._machine.services()

    def __getitem__(self, name: str) -> Service:
        found = self.services.get(name)
        if found is None:
            raise KeyError(f"no service {name!r} in this context.{suggest(name, self.services)}")
        return found

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._machine.requests)

    # -- tools -----------------------------------------------------------------------------------------------

    @property
    def seed(self) -> SeedExecutor:
        return self._machine.seed

    @property
    def inspector(self) -> StateInspector:
        return self._machine.inspector

    @property
    def chaos(self) -> ChaosMonkey:
        return self._machine.chaos

    @property
    def recovery(self) -> CrashRecoveryManager:
        return self._machine.recovery

    @property
    def clock(self) -> ClockControl:
        return self._machine.clock

    @property
    def log(self) -> Log:
        return self._machine.log

    @property
    def random_seed(self) -> int:
        """The seed of all chance here; give it to `seed=` to repeat a run."""
        return self._machine.host.dice.seed

    @property
    def recovered_operations(self) -> int:
        """How many operations were played back from `state_dir` at the start."""
        return self._machine.recovered_operations

    # -- state -----------------------------------------------------------------------------------------------

    def snapshot(self, name: str | None = None) -> Snapshot:
        """Mark this instant over all services. Any number live at once; taking one costs next to nothing."""
        return self._machine.host.snapshot(name)

    def restore(self, snapshot: Snapshot | str | int | None = None) -> Snapshot:
        """Put all services, the dice and a frozen clock back to a snapshot (default: the last one taken or restored).

        Connections stay up. SnapshotError for an unknown snapshot.
        """
        return self._machine.host.restore(snapshot)

    def snapshots(self) -> list[Snapshot]:
        """The live snapshots, oldest first."""
        return self._machine.host.call(self._machine.host.snapshots.all)

    def drop_snapshot(self, which: Snapshot | str | int) -> None:
        """Forget a snapshot."""
        self._machine.host.call(self._machine.host.snapshots.drop, which)

    def save_snapshot(self, path: str | PathLike[str], which: Snapshot | str | int | None = None) -> Path:
        """Write a snapshot (default: the present) to one file."""
        return self._machine.save_snapshot(path, which)

    def load_snapshot(self, path: str | PathLike[str], name: str | None = None) -> Snapshot:
        """Read a snapshot that a context with the same services has saved; `restore` it when you want it."""
        return self._machine.load_snapshot(path, name)

    def dump(self, service: str | None = None) -> dict[str, Any]:
        """The data of one service, or `{name: data}` of all, as JSON-able dicts; see `StateInspector`."""
        return self._machine.inspector.dump(service)

    def diff(self, before: Snapshot | str | int, after: Snapshot | str | int | None = None) -> list[Change]:
        """What changed between two snapshots, or since one (`after=None`)."""
        return self._machine.inspector.diff(before, after)

    def digest(self) -> dict[str, str]:
        """A hash of each service's state: equal digests mean equal data, in any process."""
        return {name: str(self._machine.inspector.digest(name)) for name in self._machine.requests}

    def reset(self, service: str | None = None) -> None:
        """Empty one service, or all; connections stay up."""
        if service is not None:
            self._machine.runtime(service)
        self._machine.host.reset(service)

    def status(self) -> dict[str, dict[str, Any]]:
        """Port, state and counters by service; see `Service.status`."""
        return {name: service.status() for name, service in self.services.items()}

    # -- environment -----------------------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """REDIS_URL, DATABASE_URL, PGHOST, KAFKA_BOOTSTRAP_SERVERS and so on."""
        return self._machine.environment()

    @contextmanager
    def environ(self) -> Iterator[dict[str, str]]:
        """Set `environment` in `os.environ` for a `with` block, and put back what was there."""
        from parlel.environ import set_environ

        with set_environ(self.environment) as variables:
            yield variables

    # -- life ------------------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        return self._machine.closed

    # -- showing ---------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        inside = "stopped" if self.closed else ", ".join(service.url for service in self.services.values())
        return f"<{type(self).__name__} {inside}>"

    def _repr_html_(self) -> str:
        from parlel.notebook import service_card

        return "".join(service_card(service) for service in self.services.values())

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}
