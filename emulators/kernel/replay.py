"""Checkpoints and playing a log back: how a crashed service, a killed process or a saved log gets its state again.

A checkpoint is a state of every service, of the dice and of each open session, at one place in the log. `play` feeds the records
after it to emulators through sessions that lead nowhere, moving the clock to each record's instant first. Because the clock fires
what is due before an operation runs (see `clock`), and faults are taken from the log, the same state comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from emulators.kernel.clock import Clock
from emulators.kernel.emulator import Emulator, MemoryLink, Session
from emulators.kernel.interceptor import Decision, Interceptor
from emulators.kernel.oplog import (
    CONNECT,
    CRASH,
    DISCONNECT,
    FAULT,
    OPERATION,
    RESEED,
    RESET,
    RESTORE,
    SNAPSHOT,
    Record,
)

__all__ = ["Checkpoint", "play"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the records from `sequence` on build upon.

    states    opaque state by service's name
    sessions  by session's number: `[service, endpoint, peer, Session.export_state()]`
    dice      `Dice.capture()`
    """

    sequence: int
    time_us: int
    states: dict[str, Any]
    sessions: dict[int, list[Any]]
    dice: dict[str, Any]

    def to_plain(self, emulators: Mapping[str, Emulator], about: dict[str, Any]) -> dict[str, Any]:
        """As plain data for a file's HEADER record; `about` says how to build the host again."""
        return {
            "version": 1,
            "sequence": self.sequence,
            "time_us": self.time_us,
            "dice": self.dice,
            "sessions": self.sessions,
            "states": {name: emulators[name].export_state(state) for name, state in self.states.items()},
            "about": about,
        }

    @classmethod
    def from_plain(cls, emulators: Mapping[str, Emulator], data: dict[str, Any]) -> Checkpoint:
        states = {name: emulators[name].import_state(state) for name, state in data["states"].items()}
        return cls(data["sequence"], data["time_us"], states, data["sessions"], data["dice"])


def play(
    records: Iterable[tuple[int, Record]],
    emulators: Mapping[str, Emulator],
    checkpoint: Checkpoint,
    clock: Clock,
    interceptor: Interceptor,
    reseed: Callable[[int], object],
    put_dice_back: Callable[[], object],
    snapshots: dict[int, dict[str, Any]] | None = None,
) -> int:
    """Restore the checkpoint into the (fresh) emulators, and run the records of their services; the clock must be frozen.

    `put_dice_back` sets chance as it was at the checkpoint. `reseed` is called for RESEED records. `snapshots` maps
    ids to states by service for RESTORE records; SNAPSHOT records met
    on the way add to it.
    Sessions that are still open at the end are ended, as a crash would. Returns the number of operations run.
    """
    known = dict(snapshots or {})
    listed = list(records)
    script = {record[3][0]: Decision.from_record(list(record[3][1:])) for _, record in listed if record[0] == FAULT}
    sessions: dict[int, Session] = {}
    for name, emulator in emulators.items():
        if name in checkpoint.states:
            emulator.restore(checkpoint.states[name])
    for number, (service, endpoint, peer, state) in checkpoint.sessions.items():
        if service in emulators:
            session = emulators[service].open_session(MemoryLink(peer, keep=False), number, endpoint)
            session.import_state(state)
            sessions[number] = session
    # Only now, since a session may draw when it is opened, and these had done so before the checkpoint.
    put_dice_back()
    interceptor.play(script)
    operations = 0
    try:
        for sequence, (kind, time_us, number, payload) in listed:
            clock.advance_to(time_us)
            if kind == OPERATION:
                session_found = sessions.get(number)
                if session_found is not None and not session_found.closed:
                    operations += 1
                    session_found.replay(payload, sequence)
            elif kind == CONNECT:
                service, endpoint, peer = payload
                if service in emulators:
                    sessions[number] = emulators[service].open_session(MemoryLink(peer, keep=False), number, endpoint)
            elif kind == DISCONNECT:
                gone = sessions.pop(number, None)
                if gone is not None:
                    gone.ended()
            elif kind == SNAPSHOT:
                known[payload[0]] = {name: emulator.snapshot() for name, emulator in emulators.items()}
            elif kind == RESTORE:
                for name, emulator in emulators.items():
                    if payload[0] not in known or name not in known[payload[0]]:
                        raise ValueError(f"the log restores snapshot {payload[1]!r}, which is not in it")
                    emulator.restore(known[payload[0]][name])
            elif kind == RESET:
                for name, emulator in emulators.items():
                    if payload in (None, name):
                        emulator.reset()
            elif kind == RESEED:
                reseed(payload)
            elif kind == CRASH and payload in emulators:
                for other in list(sessions):
                    if sessions[other].emulator is emulators[payload]:
                        sessions.pop(other).ended()
        for session in sessions.values():
            session.ended()
    finally:
        interceptor.play(None)
    return operations
