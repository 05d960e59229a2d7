"""parlel: Redis, Postgres and Kafka in the test's own process, behind real sockets.

    emulate("redis")         one service
    create_test_context()    services for a test suite: snapshot, chaos, recovery, seeds, log
    start_parallel([...])    the same with full control over ports and environments
    parlel.aio               the same names for asyncio
    parlel up redis          on the command line

Importing parlel imports none of the services: names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from parlel._version import __version__

if TYPE_CHECKING:
    from emulators.kernel import Clock, HostError, Operation, PortInUseError, Snapshot, SnapshotError
    from parlel.chaos import PRESET_RULES, ChaosMonkey, InterceptedOp, Rule, RuleHandle
    from parlel.clients.pg import QueryError
    from parlel.clients.resp import ReplyError
    from parlel.clock import ClockControl
    from parlel.context import TestContext, create_test_context
    from parlel.errors import (
        ClientNotInstalled,
        ConfigError,
        ControlError,
        ParlelError,
        RuleError,
        SeedError,
        ServiceNotAvailable,
    )
    from parlel.helpers import KafkaHelper, PostgresHelper, RedisHelper
    from parlel.inspector import Change, StateInspector
    from parlel.instance import ParallelInstance, start_parallel
    from parlel.log import Log, LogEntry
    from parlel.recovery import CrashRecoveryManager, RecoveryEvent, RecoveryState
    from parlel.remote import RemoteInstance, RemoteService, connect
    from parlel.replaying import replay
    from parlel.seeds import SeedExecutor
    from parlel.service import Service, emulate

__all__ = [
    "PRESET_RULES",
    "Change",
    "ChaosMonkey",
    "ClientNotInstalled",
    "Clock",
    "ClockControl",
    "ConfigError",
    "ControlError",
    "CrashRecoveryManager",
    "HostError",
    "InterceptedOp",
    "KafkaHelper",
    "Log",
    "LogEntry",
    "Operation",
    "ParallelInstance",
    "ParlelError",
    "PortInUseError",
    "PostgresHelper",
    "QueryError",
    "RecoveryEvent",
    "RecoveryState",
    "RedisHelper",
    "RemoteInstance",
    "RemoteService",
    "ReplyError",
    "Rule",
    "RuleError",
    "RuleHandle",
    "SeedError",
    "SeedExecutor",
    "Service",
    "ServiceNotAvailable",
    "Snapshot",
    "SnapshotError",
    "StateInspector",
    "TestContext",
    "__version__",
    "connect",
    "create_test_context",
    "emulate",
    "replay",
    "start_parallel",
]

#: Where each public name lives.
_HOME = {
    **dict.fromkeys(
        ("Clock", "HostError", "Operation", "PortInUseError", "Snapshot", "SnapshotError"), "emulators.kernel"
    ),
    **dict.fromkeys(("PRESET_RULES", "ChaosMonkey", "InterceptedOp", "Rule", "RuleHandle"), "parlel.chaos"),
    "QueryError": "parlel.clients.pg",
    "ReplyError": "parlel.clients.resp",
    "ClockControl": "parlel.clock",
    **dict.fromkeys(("TestContext", "create_test_context"), "parlel.context"),
    **dict.fromkeys(
        (
            "ClientNotInstalled",
            "ConfigError",
            "ControlError",
            "ParlelError",
            "RuleError",
            "SeedError",
            "ServiceNotAvailable",
        ),
        "parlel.errors",
    ),
    **dict.fromkeys(("KafkaHelper", "PostgresHelper", "RedisHelper"), "parlel.helpers"),
    **dict.fromkeys(("Change", "StateInspector"), "parlel.inspector"),
    **dict.fromkeys(("ParallelInstance", "start_parallel"), "parlel.instance"),
    **dict.fromkeys(("Log", "LogEntry"), "parlel.log"),
    **dict.fromkeys(("CrashRecoveryManager", "RecoveryEvent", "RecoveryState"), "parlel.recovery"),
    **dict.fromkeys(("RemoteInstance", "RemoteService", "connect"), "parlel.remote"),
    "replay": "parlel.replaying",
    "SeedExecutor": "parlel.seeds",
    **dict.fromkeys(("Service", "emulate"), "parlel.service"),
}

#: Names of the JavaScript API.
_CAMEL = {"createTestContext": "create_test_context", "startParallel": "start_parallel"}


def __getattr__(name: str) -> Any:
    known = _CAMEL.get(name, name)
    home = _HOME.get(known)
    if home is None:
        raise AttributeError(f"module 'parlel' has no attribute {name!r}")
    value = getattr(import_module(home), known)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
