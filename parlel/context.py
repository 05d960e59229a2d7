"""`create_test_context`: services for a test suite, with everything a test wants to do to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from parlel.errors import ConfigError, ServiceNotAvailable, suggest
from parlel.helpers import KafkaHelper, PostgresHelper, RedisHelper
from parlel.machine import FsyncPolicy, Machine, read_requests
from parlel.surface import Surface

__all__ = ["TestContext", "create_test_context"]

DEFAULT_SERVICES = ("redis", "postgres")
_CONFIG_KEYS = ("base_port",)


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
) -> TestContext:
    """Start services on one host: one clock, one seed, one log, snapshots of all at one instant.

    services   names (`"redis"`, `"redis:7791"`) or dicts `{"name", "port", "env", "options", "unix_socket"}`
    config     `{"base_port": 11000}`: the first service gets that port, the others the following ones; free ports without it
    recovery   `{"enabled": True, "max_retries": 3, "interval_s": None, "retry_s": 0.1}`, see `CrashRecoveryManager`
    The other arguments are those of `emulate`.

    Raises ServiceNotAvailable, ConfigError (an unknown option), PortInUseError.

    >>> import parlel
    >>> with parlel.create_test_context(services=["redis"]) as ctx:
    ...     before = ctx.snapshot()
    ...     _ = ctx.redis.set("key", "a")
    ...     _ = ctx.restore(before)
    ...     print(ctx.redis.get("key"))
    None
    """
    settings = dict(config or {})
    for key in settings:
        if key not in _CONFIG_KEYS:
            raise ConfigError(f"config has no key {key!r}.{suggest(key, _CONFIG_KEYS)}")
    machine = Machine(
        read_requests(services, int(settings.get("base_port", 0))),
        seed=seed,
        clock=clock,
        state_dir=state_dir,
        log_dir=log_dir,
        fsync=fsync,
        log_limit=log_limit,
        switch_interval=switch_interval,
        recovery=recovery,
    )
    return TestContext(machine)


class TestContext(Surface):
    """Running services and the tools for them.

    redis postgres kafka  small helpers over the real sockets
    seed                  SeedExecutor: load data from files and texts
    inspector             StateInspector: look in without disturbing
    chaos                 ChaosMonkey: inject failures
    recovery              CrashRecoveryManager: crash and come back
    clock log             the one clock, the one operation log
    ctx["redis"]          the `Service`: url, port, client()
    """

    __test__ = False  # not a test class, whatever pytest thinks of the name

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self._helpers: dict[str, RedisHelper | PostgresHelper | KafkaHelper] = {}

    @property
    def redis(self) -> RedisHelper:
        """`set get delete incr expire flushdb execute` over the real socket."""
        helper = self._helper("redis")
        assert isinstance(helper, RedisHelper)
        return helper

    @property
    def postgres(self) -> PostgresHelper:
        """`query execute cleanup` over the real socket."""
        helper = self._helper("postgres")
        assert isinstance(helper, PostgresHelper)
        return helper

    @property
    def kafka(self) -> KafkaHelper:
        """`produce consume` over the real socket."""
        helper = self._helper("kafka")
        assert isinstance(helper, KafkaHelper)
        return helper

    def _helper(self, kind: str) -> RedisHelper | PostgresHelper | KafkaHelper:
        helper = self._helpers.get(kind)
        if helper is None:
            requests = self._machine.requests
            name = next((name for name, request in requests.items() if request.service == kind), None)
            if name is None:
                raise ServiceNotAvailable(
                    f"this context has no {kind}: it was made with services={list(requests)!r}; add {kind!r} to them"
                )
            helper = self._helpers[kind] = _HELPERS[kind](self._machine, name)
        return helper

    # -- life ------------------------------------------------------------------------------------------------

    def cleanup(self) -> None:
        """Stop everything: no thread, socket or file is left. Idempotent."""
        if not self.closed:
            self._machine.forbid_host_thread()
        for helper in self._helpers.values():
            helper.close()
        self._machine.close()

    close = cleanup

    def __enter__(self) -> TestContext:
        return self

    def __exit__(self, *exc: object) -> None:
        self.cleanup()


_HELPERS: dict[str, type[RedisHelper] | type[PostgresHelper] | type[KafkaHelper]] = {
    "redis": RedisHelper,
    "postgres": PostgresHelper,
    "kafka": KafkaHelper,
}
