"""Named snapshots over all emulators of a host, taken and restored at one instant.

Snapshots form a tree: each knows the one that was current when it was taken. Any of them can be restored, in any order and any
number of times, until it is dropped. A snapshot can be saved to a file and loaded on another host with the same services.

File: 8-byte magic, then msgpack `{version, name, time_us, dice, services: {name: {service, state}}}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgpack

from emulators.kernel.clock import Clock
from emulators.kernel.dice import Dice
from emulators.kernel.emulator import Emulator

__all__ = ["Snapshot", "SnapshotError", "SnapshotTree", "diff_dumps"]

MAGIC = b"PARLSNAP"
VERSION = 1


class SnapshotError(ValueError):
    """A snapshot that does not exist, does not fit the host's services, or a file that is not one."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One instant of all services. `states` holds one opaque state per service's name."""

    id: int
    name: str
    parent: int | None
    time_us: int
    states: dict[str, Any]
    dice: dict[str, Any] = field(repr=False)

    def __repr__(self) -> str:
        return f"<Snapshot {self.name!r} of {', '.join(sorted(self.states))}>"


class SnapshotTree:
    """The snapshots of a host."""

    def __init__(self, clock: Clock, dice: Dice) -> None:
        self._clock = clock
        self._dice = dice
        self._by_id: dict[int, Snapshot] = {}
        self._by_name: dict[str, int] = {}
        self._next_id = 1
        self.current: int | None = None

    def take(self, emulators: Mapping[str, Emulator], name: str | None = None) -> Snapshot:
        """Take one of all the emulators given. A name that is in use moves to the new snapshot."""
        snapshot_id = self._next_id
        self._next_id += 1
        snapshot = Snapshot(
            id=snapshot_id,
            name=name or f"snapshot-{snapshot_id}",
            parent=self.current,
            time_us=self._clock.now_us(),
            states={key: emulator.snapshot() for key, emulator in emulators.items()},
            dice=self._dice.capture(),
        )
        self._add(snapshot)
        self.current = snapshot_id
        return snapshot

    def restore(self, emulators: Mapping[str, Emulator], snapshot: Snapshot) -> None:
        """Put the emulators, the dice and (if it is frozen) the clock back to that instant."""
        missing = set(emulators) - set(snapshot.states)
        if missing:
            raise SnapshotError(f"{snapshot!r} does not cover {', '.join(sorted(missing))}")
        if self._clock.frozen:
            self._clock.set_frozen(snapshot.time_us)
        self._dice.put_back(snapshot.dice)
        for key, emulator in emulators.items():
            emulator.restore(snapshot.states[key])
        self.current = snapshot.id if snapshot.id in self._by_id else self.current

    def get(self, which: Snapshot | str | int | None = None) -> Snapshot:
        """By object, name or id; None is the one that was taken or restored last."""
        if isinstance(which, Snapshot):
            return which
        if which is None:
            if self.current is None:
                raise SnapshotError("there is no snapshot yet: call snapshot() first")
            which = self.current
        number = self._by_name.get(which) if isinstance(which, str) else which
        found = self._by_id.get(number) if number is not None else None
        if found is None:
            known = ", ".join(sorted(self._by_name)) or "none yet"
            raise SnapshotError(f"no snapshot {which!r}; there are: {known}")
        return found

    def drop(self, which: Snapshot | str | int) -> None:
        """Forget one; its children now hang on its parent."""
        gone = self.get(which)
        self._by_id.pop(gone.id, None)
        if self._by_name.get(gone.name) == gone.id:
            del self._by_name[gone.name]
        for key, child in list(self._by_id.items()):
            if child.parent == gone.id:
                self._by_id[key] = Snapshot(child.id, child.name, gone.parent, child.time_us, child.states, child.dice)
        if self.current == gone.id:
            self.current = gone.parent

    def all(self) -> list[Snapshot]:
        """The live snapshots, oldest first."""
        return [self._by_id[key] for key in sorted(self._by_id)]

    # -- files -----------------------------------------------------------------------------------------------

    def to_bytes(self, emulators: Mapping[str, Emulator], snapshot: Snapshot) -> bytes:
        """A snapshot as the content of a file. The emulators are only asked to export their states."""
        body = {
            "version": VERSION,
            "name": snapshot.name,
            "time_us": snapshot.time_us,
            "dice": snapshot.dice,
            "services": {
                key: {"service": emulators[key].service, "state": emulators[key].export_state(state)}
                for key, state in snapshot.states.items()
                if key in emulators
            },
        }
        packed: bytes = msgpack.packb(body, use_bin_type=True)
        return MAGIC + packed

    def from_bytes(self, emulators: Mapping[str, Emulator], data: bytes, name: str | None = None) -> Snapshot:
        """Add a snapshot from a file's content. It has to cover every emulator given."""
        if not data.startswith(MAGIC):
            raise SnapshotError(f"this is not a parlel snapshot (it does not begin with {MAGIC!r})")
        try:
            body = msgpack.unpackb(data[len(MAGIC) :], raw=False, strict_map_key=False)
            version = body["version"]
        except Exception as error:
            raise SnapshotError(f"the snapshot is damaged: {error}") from error
        if version != VERSION:
            raise SnapshotError(f"the snapshot has version {version}, this parlel reads version {VERSION}")
        services = body["services"]
        missing = set(emulators) - set(services)
        if missing:
            raise SnapshotError(
                f"the snapshot has no {', '.join(sorted(missing))}; it has {', '.join(sorted(services))}"
            )
        snapshot_id = self._next_id
        self._next_id += 1
        snapshot = Snapshot(
            id=snapshot_id,
            name=name or body["name"],
            parent=None,
            time_us=body["time_us"],
            states={key: emulators[key].import_state(services[key]["state"]) for key in emulators},
            dice=body["dice"],
        )
        self._add(snapshot)
        return snapshot

    def save(self, emulators: Mapping[str, Emulator], snapshot: Snapshot, path: Path) -> None:
        path.write_bytes(self.to_bytes(emulators, snapshot))

    def load(self, emulators: Mapping[str, Emulator], path: Path, name: str | None = None) -> Snapshot:
        return self.from_bytes(emulators, path.read_bytes(), name)

    def _add(self, snapshot: Snapshot) -> None:
        self._by_id[snapshot.id] = snapshot
        self._by_name[snapshot.name] = snapshot.id


def diff_dumps(before: Any, after: Any, path: tuple[str, ...] = ()) -> list[tuple[str, Any, Any]]:
    """What differs between two dumps: `(path, before, after)`, a missing side being None. Paths join keys with `/`."""
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        found: list[tuple[str, Any, Any]] = []
        for key in list(before) + [key for key in after if key not in before]:
            found += diff_dumps(before.get(key), after.get(key), (*path, str(key)))
        return found
    return [("/".join(path), before, after)]
