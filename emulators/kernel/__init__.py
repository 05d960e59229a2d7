"""What every emulator stands on. It knows no service.

clock        the one clock: real, frozen or scaled, and its timers
dice         the one seeded source of chance
operation    Operation: what a client asked, in one form for all services
oplog        the operation log: append, tail, subscribe, persist, read back
interceptor  where faults enter
emulator     the contracts: Emulator, Session, Link
connection   one client's socket; a listener
snapshot     named snapshots over all services
replay       checkpoints, and playing a log back
host         the thread, the loop, the listeners, the door, crash and recovery
events       a small event emitter
"""

from emulators.kernel.clock import Clock, Timer, parse_instant
from emulators.kernel.dice import Dice, fresh_seed
from emulators.kernel.emulator import Emulator, Environment, InvariantError, Link, MemoryLink, Session
from emulators.kernel.events import Events
from emulators.kernel.host import Host, HostError, PortInUseError, Runtime
from emulators.kernel.interceptor import Decision, Interceptor
from emulators.kernel.operation import Description, Operation
from emulators.kernel.oplog import OperationLog
from emulators.kernel.snapshot import Snapshot, SnapshotError, SnapshotTree, diff_dumps

__all__ = [
    "Clock",
    "Decision",
    "Description",
    "Dice",
    "Emulator",
    "Environment",
    "Events",
    "Host",
    "HostError",
    "Interceptor",
    "InvariantError",
    "Link",
    "MemoryLink",
    "Operation",
    "OperationLog",
    "PortInUseError",
    "Runtime",
    "Session",
    "Snapshot",
    "SnapshotError",
    "SnapshotTree",
    "Timer",
    "diff_dumps",
    "fresh_seed",
    "parse_instant",
]
