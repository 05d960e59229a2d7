"""The contract between the kernel and a service: `Emulator` owns the state, a `Session` speaks to one client.

A session is sans-IO. The host feeds it bytes with `receive` and carries away what it `write`s; time comes from the clock,
chance from the dice. Feeding a byte at a time gives the same as feeding all at once. Everything runs on the host's one
thread, and one `receive` is one step: other sessions see the state before it or after it.

How a session runs its messages (see `emulators/redis/session.py` for the first one):

    def receive(self, data):
        self.decoder.feed(data)
        if not self.held:
            self.process()

    def process(self):
        while not self.held and (frame := self.decoder.next()) is not None:
            self.log_append((OPERATION, self.clock.now_us(), self.id, frame))
            if self.interceptor.armed:
                self.admit(frame)          # decides, then calls self.execute(frame) or not
            else:
                self.execute(frame)

A statement that has to wait inside an engine does so as data (a waiter record) or in the session's own greenlet; either way
`receive` returns, and whoever wakes it later writes to the session, whose bytes leave at the end of that step.
"""

from __future__ import annotations

import hashlib
import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import msgpack

from emulators.kernel.clock import Clock
from emulators.kernel.dice import Dice
from emulators.kernel.interceptor import Decision, Interceptor
from emulators.kernel.operation import Description
from emulators.kernel.oplog import FAULT, OperationLog, Record

if TYPE_CHECKING:
    from emulators.kernel.clock import Timer

__all__ = ["Emulator", "Environment", "InvariantError", "Link", "MemoryLink", "Session"]


class InvariantError(AssertionError):
    """Raised by `Emulator.check` when the state breaks one of the engine's own rules: a bug of the emulator."""


class Link(Protocol):
    """The way back to a client."""

    #: The other end, as `host:port` or a socket's path.
    peer: str

    def write(self, data: bytes) -> None:
        """Send, at the end of the present step and after the log is written."""

    def close(self) -> None:
        """Close after everything written has been sent."""

    def abort(self) -> None:
        """Reset the connection at once; what was written may be lost."""

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def buffered(self) -> int:
        """Bytes written that the client has not taken yet."""


class MemoryLink:
    """A link to nowhere that keeps what was written: for tests without sockets and for playing logs back."""

    def __init__(self, peer: str = "memory", keep: bool = True) -> None:
        self.peer = peer
        self.closed = False
        self.keep = keep
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        if self.keep:
            self._parts.append(data)

    def take(self) -> bytes:
        """What was written since the last `take`."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        return None

    def resume_reading(self) -> None:
        return None

    def buffered(self) -> int:
        return sum(map(len, self._parts))


def _no_endpoint(name: str, port: int) -> int:
    raise RuntimeError(f"this emulator runs without a host, so endpoint {name!r} cannot be opened")


def _no_close(name: str, abort: bool) -> None:
    return None


@dataclass(slots=True)
class Environment:
    """What an emulator is given: its name on the host, and the host's clock, dice, log and interceptor.

    `open_endpoint(name, port) -> port` and `close_endpoint(name, abort)` add and remove listeners while running (a second Kafka
    node, a node that goes down); `port` 0 takes a free one.
    """

    name: str
    clock: Clock
    dice: Dice
    log: OperationLog
    interceptor: Interceptor
    open_endpoint: Callable[[str, int], int] = _no_endpoint
    close_endpoint: Callable[[str, bool], None] = _no_close
    #: Take one turn of the host's loop from inside a long operation, so that other clients are heard; None without a host.
    poll: Callable[[], None] | None = None

    @classmethod
    def alone(cls, name: str, *, seed: int = 0, clock: Clock | None = None) -> Environment:
        """An environment without a host, for tests of an engine: a frozen clock unless one is given."""
        return cls(name, clock or Clock("frozen"), Dice(seed), OperationLog(), Interceptor())

    @property
    def random(self) -> random.Random:
        """The emulator's own stream of chance."""
        return self.dice.stream(self.name)


class Session(ABC):
    """One client's connection. Subclasses implement `receive`, `process`, `execute`, `send_fault` and `lost`."""

    #: True while a fault holds the session back: `process` must not run further messages.
    held: bool = False

    def __init__(self, emulator: Emulator, link: Link, session_id: int, endpoint: str = "main") -> None:
        self.emulator = emulator
        self.link = link
        self.id = session_id
        self.endpoint = endpoint
        environment = emulator.environment
        self.clock: Clock = environment.clock
        self.interceptor: Interceptor = environment.interceptor
        self.log_append: Callable[[Record], None] = environment.log.append
        self.closed = False
        self._kept_back: list[bytes] | None = None
        self._hold_timer: Timer | None = None

    # -- for the service to implement ------------------------------------------------------------------------

    @abstractmethod
    def receive(self, data: bytes) -> None:
        """Take in bytes from the client and run what they complete. Must not raise for any bytes."""

    @abstractmethod
    def process(self) -> None:
        """Run the messages that are decoded but not run yet, until there are none, or the session is held."""

    @abstractmethod
    def execute(self, frame: Any) -> None:
        """Run one message."""

    @abstractmethod
    def send_fault(self, frame: Any, decision: Decision) -> None:
        """Answer `frame`, which is not executed, for a decision with action `error`, or `skip` with reply "empty"."""

    @abstractmethod
    def lost(self) -> None:
        """The connection is gone (whoever closed it): free what it holds. Called exactly once."""

    def replay(self, frame: Any, sequence: int) -> None:
        """Run a frame from a log, where it has the number `sequence`, as if it had just been decoded and logged."""
        if self.interceptor.armed:
            self.admit(frame, sequence)
        else:
            self.execute(frame)

    def export_state(self) -> Any:
        """What a later `import_state` on a fresh session needs so that the log after a checkpoint means the same (plain data)."""
        return None

    def import_state(self, state: Any) -> None:
        return None

    # -- what the kernel gives -------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send bytes to the client, in order, at the end of the present step."""
        if self._kept_back is None:
            self.link.write(data)
        else:
            self._kept_back.append(data)

    def close(self) -> None:
        """Close the connection after what was written."""
        if self._kept_back is not None:
            self._release()
        self.link.close()

    def admit(self, frame: Any, sequence: int | None = None) -> None:
        """Ask the interceptor about the frame that was just logged, and carry out what it decides."""
        log = self.emulator.environment.log
        if sequence is None:
            sequence = log.next_sequence - 1
        replayed = self.interceptor.script is not None
        operation = log.operation(sequence, (0, self.clock.now_us(), self.id, frame))
        decision = self.interceptor.decide(operation)
        if decision is None:
            self.execute(frame)
            return
        if not replayed:
            self.log_append((FAULT, self.clock.now_us(), self.id, [sequence, *decision.to_record()]))
        action = decision.action
        if action == "drop_connection":
            self.held = True
            self.link.abort()
        elif action == "error":
            self.send_fault(frame, decision)
        elif action == "skip":
            if decision.reply == "empty":
                self.send_fault(frame, decision)
        elif action == "delay":
            self._keep_back()
            self.execute(frame)
            self._hold(decision.delay_us, self._release)
        elif action == "slow":
            self._hold(decision.delay_us, lambda: self.execute(frame))
        elif action == "corrupt":
            self._keep_back()
            self.execute(frame)
            reply = b"".join(self._kept_back or ())
            self._kept_back = None
            self.held = True
            self.link.write(reply[: len(reply) // 2])
            self.link.close()

    def end_hold(self) -> None:
        """End a delay now: the chaos that caused it was switched off."""
        timer = self._hold_timer
        if timer is not None and timer.callback is not None:
            callback = timer.callback
            timer.cancel()
            callback()

    def _hold(self, delay_us: int, then: Callable[[], object]) -> None:
        self.held = True
        self.link.pause_reading()

        def resume() -> None:
            self._hold_timer = None
            if self.closed:
                return
            self.held = False
            self.link.resume_reading()
            then()
            self.process()

        self._hold_timer = self.clock.call_later(delay_us, resume)

    def _keep_back(self) -> None:
        if self._kept_back is None:
            self._kept_back = []

    def _release(self) -> None:
        parts, self._kept_back = self._kept_back, None
        if parts:
            self.link.write(b"".join(parts))

    def ended(self) -> None:
        """Called by the host when the connection is gone; ends in `lost`."""
        if self.closed:
            return
        self.closed = True
        if self._hold_timer is not None:
            self._hold_timer.cancel()
            self._hold_timer = None
        self.lost()


class Emulator(ABC):
    """A service's whole state. Subclasses set `service` and implement the abstract methods.

    A *state* (from `snapshot`) is opaque, immutable from the outside, and stays valid however the emulator changes; taking and
    restoring one costs what changed, not what exists.
    """

    #: The kind of service: `redis`, `postgres`, `kafka`.
    service: ClassVar[str]
    #: The port that the real service listens on by default.
    default_port: ClassVar[int]

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.clock = environment.clock
        self.sessions: dict[int, Session] = {}
        environment.log.describe_with(environment.name, self.describe)

    # -- clients ---------------------------------------------------------------------------------------------

    @abstractmethod
    def open_session(self, link: Link, session_id: int, endpoint: str) -> Session:
        """A client has connected. The emulator adds the session to `self.sessions` and removes it when it is lost."""

    def endpoints(self) -> tuple[str, ...]:
        """Names of the listeners that it wants at the start, one port each."""
        return ("main",)

    def bound(self, endpoint: str, host: str, port: int) -> None:
        """An endpoint listens now at this address."""
        return

    @classmethod
    @abstractmethod
    def describe(cls, frame: Any) -> Description:
        """Verb, keys and one readable line for a frame of the log. Must not raise for any frame the decoder gives."""

    # -- state -----------------------------------------------------------------------------------------------

    @abstractmethod
    def snapshot(self) -> Any:
        """The present state, by reference and copy-on-write."""

    @abstractmethod
    def restore(self, state: Any) -> None:
        """Go to a state. Connections stay up; what each service does with open transactions, it documents."""

    @abstractmethod
    def export_state(self, state: Any) -> Any:
        """A state as plain data that msgpack can hold (bytes, text, numbers, lists, dicts with simple keys)."""

    @abstractmethod
    def import_state(self, data: Any) -> Any:
        """A state, ready for `restore`, from what `export_state` gave, in this or an older version."""

    @abstractmethod
    def reset(self) -> None:
        """Back to empty, as freshly started; connections stay up."""

    def quiescent(self) -> bool:
        """True when the state together with each session's `export_state` says everything, so a checkpoint may be taken."""
        return True

    def digest(self, state: Any = None) -> str:
        """A hash of a state (default: the present one). Equal digests mean equal data, in any process."""
        data = self.export_state(self.snapshot() if state is None else state)
        return hashlib.sha256(msgpack.packb(data, use_bin_type=True)).hexdigest()

    # -- looking in ------------------------------------------------------------------------------------------

    @abstractmethod
    def dump(self, state: Any = None) -> dict[str, Any]:
        """The data as JSON-able dicts for people and assertions (default: the present state). Disturbs nothing."""

    @abstractmethod
    def status(self) -> dict[str, Any]:
        """Counters for status tables: at least `connections`, `operations`, and a size such as `keys`."""

    def check(self) -> None:
        """Verify the engine's invariants; raises InvariantError."""
        return

    def close(self) -> None:
        """The emulator is being taken down: cancel its timers. Its sessions are ended by the host."""
        return
