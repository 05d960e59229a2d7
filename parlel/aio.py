"""The same names for asyncio: `await parlel.aio.emulate("redis")`, or `async with`.

Each class here stands before its synchronous twin and runs the twin's methods in a worker thread, so the caller's loop never waits.
What only reads an attribute (`port`, `url`, `closed`) is the same without `await`. The twin itself is `.sync`.

    async with parlel.aio.create_test_context(services=["redis"]) as ctx:
        await ctx.redis.set("user:1", "alice")
        async with asyncio.TaskGroup() as tasks:
            ...
"""

from __future__ import annotations

import asyncio
import functools
import importlib
from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar

from parlel._aliases import CamelAliases
from parlel.chaos import ChaosMonkey
from parlel.clock import ClockControl
from parlel.context import DEFAULT_SERVICES, TestContext
from parlel.context import create_test_context as _create_test_context
from parlel.errors import ConfigError, suggest
from parlel.helpers import KafkaHelper, PostgresHelper, RedisHelper
from parlel.inspector import StateInspector
from parlel.instance import ParallelInstance
from parlel.instance import start_parallel as _start_parallel
from parlel.log import Log
from parlel.recovery import CrashRecoveryManager
from parlel.replaying import replay as _replay
from parlel.seeds import SeedExecutor
from parlel.service import Service
from parlel.service import emulate as _emulate
from parlel.surface import Surface

if TYPE_CHECKING:
    from parlel.machine import FsyncPolicy

__all__ = [
    "AsyncChaosMonkey",
    "AsyncClockControl",
    "AsyncCrashRecoveryManager",
    "AsyncLog",
    "AsyncParallelInstance",
    "AsyncSeedExecutor",
    "AsyncService",
    "AsyncStateInspector",
    "AsyncTestContext",
    "create_test_context",
    "emulate",
    "replay",
    "start_parallel",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")
_S = TypeVar("_S")
_A = TypeVar("_A", bound="_Closing")


def _twin(method: Callable[Concatenate[_S, _P], _R]) -> Callable[Concatenate[Any, _P], Coroutine[Any, Any, _R]]:
    """The method of the synchronous twin, run in a worker thread."""

    async def call(self: Any, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        return await asyncio.to_thread(method, self.sync, *args, **kwargs)

    functools.update_wrapper(call, method)
    return call


class Starting(Generic[_A]):
    """Something that starts when it is awaited, or entered with `async with`, which also closes it."""

    def __init__(self, start: Callable[[], _A]) -> None:
        self._start = start
        self._started: _A | None = None

    def __await__(self) -> Generator[Any, None, _A]:
        return asyncio.to_thread(self._start).__await__()

    async def __aenter__(self) -> _A:
        self._started = await self
        return self._started

    async def __aexit__(self, *exc: object) -> None:
        if self._started is not None:
            await self._started.close()


class _Closing(CamelAliases):
    """What is closed at the end of an `async with`."""

    async def close(self) -> None:
        raise NotImplementedError

    async def __aenter__(self: _A) -> _A:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()


# -- tools ---------------------------------------------------------------------------------------------------------


class AsyncChaosMonkey(CamelAliases):
    """`ChaosMonkey` for asyncio. Handlers of `on` run on the host's thread; handles of rules are the synchronous ones."""

    def __init__(self, sync: ChaosMonkey) -> None:
        self.sync = sync
        self.on = sync.on
        self.off = sync.off

    configure = _twin(ChaosMonkey.configure)
    activate = _twin(ChaosMonkey.activate)
    deactivate = _twin(ChaosMonkey.deactivate)
    clear = _twin(ChaosMonkey.clear)
    rules = _twin(ChaosMonkey.rules)
    get_intercepted_ops = _twin(ChaosMonkey.get_intercepted_ops)

    @property
    def active(self) -> bool:
        return self.sync.active

    async def __aenter__(self) -> AsyncChaosMonkey:
        await self.activate()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.deactivate()


class AsyncCrashRecoveryManager(CamelAliases):
    """`CrashRecoveryManager` for asyncio."""

    def __init__(self, sync: CrashRecoveryManager) -> None:
        self.sync = sync
        self.on = sync.on
        self.off = sync.off

    crash = _twin(CrashRecoveryManager.crash)
    force_recovery = _twin(CrashRecoveryManager.force_recovery)
    get_recovery_state = _twin(CrashRecoveryManager.get_recovery_state)
    wait = _twin(CrashRecoveryManager.wait)
    check = _twin(CrashRecoveryManager.check)
    enable = _twin(CrashRecoveryManager.enable)
    disable = _twin(CrashRecoveryManager.disable)


class AsyncClockControl(CamelAliases):
    """`ClockControl` for asyncio."""

    def __init__(self, sync: ClockControl) -> None:
        self.sync = sync

    now = _twin(ClockControl.now)
    now_us = _twin(ClockControl.now_us)
    advance = _twin(ClockControl.advance)
    advance_to = _twin(ClockControl.advance_to)
    freeze = _twin(ClockControl.freeze)
    resume = _twin(ClockControl.resume)
    status = _twin(ClockControl.status)

    @property
    def mode(self) -> str:
        return self.sync.mode


class AsyncLog(CamelAliases):
    """`Log` for asyncio."""

    def __init__(self, sync: Log) -> None:
        self.sync = sync

    calls = _twin(Log.calls)
    assert_called = _twin(Log.assert_called)
    assert_not_called = _twin(Log.assert_not_called)
    mark = _twin(Log.mark)
    tail = _twin(Log.tail)
    follow = _twin(Log.follow)
    save = _twin(Log.save)


class AsyncSeedExecutor(CamelAliases):
    """`SeedExecutor` for asyncio."""

    def __init__(self, sync: SeedExecutor) -> None:
        self.sync = sync

    execute_file = _twin(SeedExecutor.execute_file)
    execute_content = _twin(SeedExecutor.execute_content)


class AsyncStateInspector(CamelAliases):
    """`StateInspector` for asyncio."""

    def __init__(self, sync: StateInspector) -> None:
        self.sync = sync

    dump = _twin(StateInspector.dump)
    diff = _twin(StateInspector.diff)
    digest = _twin(StateInspector.digest)
    status = _twin(StateInspector.status)
    check = _twin(StateInspector.check)


class AsyncRedisHelper(CamelAliases):
    """`RedisHelper` for asyncio. Its calls share one connection and follow one another."""

    def __init__(self, sync: RedisHelper) -> None:
        self.sync = sync

    execute = _twin(RedisHelper.execute)
    set = _twin(RedisHelper.set)
    get = _twin(RedisHelper.get)
    delete = _twin(RedisHelper.delete)
    del_ = delete
    incr = _twin(RedisHelper.incr)
    expire = _twin(RedisHelper.expire)
    flushdb = _twin(RedisHelper.flushdb)


class AsyncPostgresHelper(CamelAliases):
    """`PostgresHelper` for asyncio. Its calls share one connection and follow one another."""

    def __init__(self, sync: PostgresHelper) -> None:
        self.sync = sync

    query = _twin(PostgresHelper.query)
    execute = _twin(PostgresHelper.execute)
    cleanup = _twin(PostgresHelper.cleanup)


class AsyncKafkaHelper(CamelAliases):
    """`KafkaHelper` for asyncio. Its calls share one connection and follow one another."""

    def __init__(self, sync: KafkaHelper) -> None:
        self.sync = sync

    produce = _twin(KafkaHelper.produce)
    produce_many = _twin(KafkaHelper.produce_many)
    consume = _twin(KafkaHelper.consume)
    topics = _twin(KafkaHelper.topics)
    create_topic = _twin(KafkaHelper.create_topic)
    delete_topic = _twin(KafkaHelper.delete_topic)
    committed = _twin(KafkaHelper.committed)
    lag = _twin(KafkaHelper.lag)
    wait_for_group = _twin(KafkaHelper.wait_for_group)


# -- services and contexts -----------------------------------------------------------------------------------------


class AsyncService(_Closing):
    """`Service` for asyncio; `client()` gives the asyncio client of the usual library."""

    def __init__(self, sync: Service) -> None:
        self.sync = sync

    dump = _twin(Service.dump)
    snapshot = _twin(Service.snapshot)
    restore = _twin(Service.restore)
    reset = _twin(Service.reset)
    save_snapshot = _twin(Service.save_snapshot)
    load_snapshot = _twin(Service.load_snapshot)
    save_rdb = _twin(Service.save_rdb)
    load_rdb = _twin(Service.load_rdb)
    digest = _twin(Service.digest)
    status = _twin(Service.status)
    close = _twin(Service.close)

    async def client(self, **options: Any) -> Any:
        """`redis.asyncio.Redis`, a `psycopg.AsyncConnection`, or what `Service.client` gives for Kafka."""
        service = self.sync
        if service.kind == "redis":
            redis: Any = importlib.import_module("redis.asyncio")
            return redis.Redis.from_url(service.url, **options)
        if service.kind == "postgres":
            psycopg: Any = importlib.import_module("psycopg")
            return await psycopg.AsyncConnection.connect(service.url, **options)
        return await asyncio.to_thread(service.client, **options)

    @property
    def name(self) -> str:
        return self.sync.name

    @property
    def host(self) -> str:
        return self.sync.host

    @property
    def port(self) -> int:
        return self.sync.port

    @property
    def url(self) -> str:
        return self.sync.url

    @property
    def environment(self) -> dict[str, str]:
        return self.sync.environment

    @property
    def seed(self) -> int:
        return self.sync.seed

    @property
    def state(self) -> str:
        return self.sync.state

    @property
    def closed(self) -> bool:
        return self.sync.closed

    @property
    def clock(self) -> AsyncClockControl:
        return AsyncClockControl(self.sync.clock)

    @property
    def log(self) -> AsyncLog:
        return AsyncLog(self.sync.log)

    @property
    def chaos(self) -> AsyncChaosMonkey:
        return AsyncChaosMonkey(self.sync.chaos)

    @property
    def recovery(self) -> AsyncCrashRecoveryManager:
        return AsyncCrashRecoveryManager(self.sync.recovery)

    def __repr__(self) -> str:
        return repr(self.sync).replace("<", "<Async", 1)


class _AsyncSurface(_Closing):
    sync: Surface

    snapshot = _twin(Surface.snapshot)
    restore = _twin(Surface.restore)
    snapshots = _twin(Surface.snapshots)
    drop_snapshot = _twin(Surface.drop_snapshot)
    save_snapshot = _twin(Surface.save_snapshot)
    load_snapshot = _twin(Surface.load_snapshot)
    dump = _twin(Surface.dump)
    diff = _twin(Surface.diff)
    digest = _twin(Surface.digest)
    reset = _twin(Surface.reset)
    status = _twin(Surface.status)

    @property
    def services(self) -> dict[str, AsyncService]:
        """The services by name."""
        return {name: AsyncService(service) for name, service in self.sync.services.items()}

    def __getitem__(self, name: str) -> AsyncService:
        found = self.services.get(name)
        if found is None:
            raise KeyError(f"no service {name!r} here.{suggest(name, self.services)}")
        return found

    @property
    def chaos(self) -> AsyncChaosMonkey:
        return AsyncChaosMonkey(self.sync.chaos)

    @property
    def recovery(self) -> AsyncCrashRecoveryManager:
        return AsyncCrashRecoveryManager(self.sync.recovery)

    @property
    def clock(self) -> AsyncClockControl:
        return AsyncClockControl(self.sync.clock)

    @property
    def log(self) -> AsyncLog:
        return AsyncLog(self.sync.log)

    @property
    def seed(self) -> AsyncSeedExecutor:
        return AsyncSeedExecutor(self.sync.seed)

    @property
    def inspector(self) -> AsyncStateInspector:
        return AsyncStateInspector(self.sync.inspector)

    @property
    def random_seed(self) -> int:
        return self.sync.random_seed

    @property
    def recovered_operations(self) -> int:
        return self.sync.recovered_operations

    @property
    def environment(self) -> dict[str, str]:
        return self.sync.environment

    @contextmanager
    def environ(self) -> Iterator[dict[str, str]]:
        """Set `environment` in `os.environ` for a `with` block."""
        with self.sync.environ() as variables:
            yield variables

    @property
    def closed(self) -> bool:
        return self.sync.closed

    def __repr__(self) -> str:
        return repr(self.sync).replace("<", "<Async", 1)


class AsyncTestContext(_AsyncSurface):
    """`TestContext` for asyncio."""

    __test__ = False

    def __init__(self, sync: TestContext) -> None:
        self.sync: TestContext = sync

    cleanup = _twin(TestContext.cleanup)
    close = cleanup

    @property
    def redis(self) -> AsyncRedisHelper:
        return AsyncRedisHelper(self.sync.redis)

    @property
    def postgres(self) -> AsyncPostgresHelper:
        return AsyncPostgresHelper(self.sync.postgres)

    @property
    def kafka(self) -> AsyncKafkaHelper:
        return AsyncKafkaHelper(self.sync.kafka)


class AsyncParallelInstance(_AsyncSurface):
    """`ParallelInstance` for asyncio."""

    def __init__(self, sync: ParallelInstance) -> None:
        self.sync: ParallelInstance = sync

    stop = _twin(ParallelInstance.stop)
    close = stop


def emulate(
    name: str,
    port: int = 0,
    seed: int | None = None,
    clock: object = "real",
    unix_socket: str | PathLike[str] | None = None,
    **options: Any,
) -> Starting[AsyncService]:
    """`parlel.emulate` for asyncio: await it, or use it with `async with`."""
    if options.get("process"):
        raise ConfigError(
            "process=True has no asyncio twin: use parlel.emulate, whose process is no burden for this loop"
        )
    return Starting(lambda: AsyncService(_emulate(name, port, seed, clock, unix_socket, **options)))


def create_test_context(
    services: str | Sequence[str | Mapping[str, Any]] = DEFAULT_SERVICES,
    config: Mapping[str, Any] | None = None,
    *,
    state_dir: str | PathLike[str] | None = None,
    log_dir: str | PathLike[str] | None = None,
    seed: int | None = None,
    clock: object = "real",
    fsync: FsyncPolicy = "off",
    log_limit: int = 65_536,
    switch_interval: float | None = None,
    recovery: Mapping[str, Any] | None = None,
) -> Starting[AsyncTestContext]:
    """`parlel.create_test_context` for asyncio: await it, or use it with `async with`."""
    return Starting(
        lambda: AsyncTestContext(
            _create_test_context(
                services,
                config,
                state_dir=state_dir,
                log_dir=log_dir,
                seed=seed,
                clock=clock,
                fsync=fsync,
                log_limit=log_limit,
                switch_interval=switch_interval,
                recovery=recovery,
            )
        )
    )


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
) -> Starting[AsyncParallelInstance]:
    """`parlel.start_parallel` for asyncio: await it, or use it with `async with`."""
    return Starting(
        lambda: AsyncParallelInstance(
            _start_parallel(
                services,
                log_dir,
                state_dir,
                recovery,
                seed=seed,
                clock=clock,
                fsync=fsync,
                log_limit=log_limit,
                switch_interval=switch_interval,
            )
        )
    )


def replay(path: str | PathLike[str]) -> Starting[AsyncTestContext]:
    """`parlel.replay` for asyncio: await it, or use it with `async with`."""
    return Starting(lambda: AsyncTestContext(_replay(path)))
