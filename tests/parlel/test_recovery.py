"""Crash and recovery: state, ports, events, retries, health checks. No test waits for luck: `wait` asks for a check at once."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

import parlel
from parlel import TestContext

EVENTS = ("crash_detected", "replay_complete", "recovery_success", "recovery_failed")


def record(recovery: parlel.CrashRecoveryManager) -> list[tuple[str, str, int]]:
    seen: list[tuple[str, str, int]] = []
    for name in EVENTS:
        recovery.on(name, lambda event, name=name: seen.append((name, event.service, event.operations_replayed)))
    return seen


def test_a_crashed_service_comes_back_as_it_was(ctx: TestContext) -> None:
    seen = record(ctx.recovery)
    port = ctx["redis"].port
    ctx.seed.execute_content("redis", "SET a 1\nRPUSH list x y z\nSADD set 1 2 3 4 5\nSET b 2 EX 100\nSPOP set 2")
    ctx.snapshot()
    ctx.clock.advance(10)
    ctx.redis.incr("a")
    before, data = ctx.digest(), ctx.dump()
    ctx.recovery.crash("redis")
    assert ctx["redis"].state == "crashed"
    with pytest.raises(ConnectionError):
        ctx.redis.get("a")
    with pytest.raises(parlel.HostError, match="force_recovery"):
        ctx.dump("redis")
    state = ctx.recovery.wait("redis")
    assert (state.status, state.retries, state.recoveries, state.operations_replayed) == ("healthy", 0, 1, 1)
    assert state.last_crash == ctx.clock.now()
    assert seen == [("crash_detected", "redis", 0), ("replay_complete", "redis", 1), ("recovery_success", "redis", 1)]
    assert (ctx.digest(), ctx.dump(), ctx["redis"].port) == (before, data, port)
    assert ctx.redis.get("a") == "2"
    assert ctx["redis"].status()["crashes"] == 1


def test_the_health_check_is_on_the_clock(ctx: TestContext) -> None:
    ctx.recovery.crash("redis")
    assert ctx["redis"].state == "crashed"
    ctx.clock.advance(0.099)
    assert ctx.recovery.get_recovery_state("redis").status == "crashed"
    ctx.clock.advance(0.001)
    assert ctx.recovery.wait("redis").recoveries == 1


def test_force_recovery_works_on_anything(ctx: TestContext) -> None:
    seen = record(ctx.recovery)
    ctx.redis.set("a", 1)
    assert ctx.recovery.force_recovery("redis") == 1
    assert ctx.redis.get("a") == "1"
    ctx.recovery.disable()
    ctx.recovery.crash("redis")
    ctx.clock.advance(60)
    assert ctx["redis"].state == "crashed"
    with pytest.raises(parlel.HostError, match="recovery is disabled"):
        ctx.recovery.wait("redis")
    assert ctx.recovery.force_recovery("redis") == 2
    assert [name for name, _, _ in seen] == ["crash_detected", "replay_complete", "recovery_success"] * 2
    with pytest.raises(parlel.HostError, match="no service"):
        ctx.recovery.force_recovery("kafka")


def test_enable_picks_up_what_lies_there(ctx: TestContext) -> None:
    ctx.recovery.disable()
    ctx.recovery.crash("redis")
    ctx.recovery.enable()
    ctx.clock.advance(1)
    assert ctx.recovery.wait("redis").status == "healthy"


def test_it_gives_up_after_max_retries() -> None:
    with parlel.create_test_context(services=["redis"], clock="frozen", recovery={"max_retries": 3}) as ctx:
        seen = record(ctx.recovery)
        errors: list[str] = []
        ctx.recovery.on("recovery_failed", lambda event: errors.append(event.error))
        ctx.redis.set("a", 1)
        port = ctx["redis"].port
        ctx.recovery.crash("redis")
        with socket.socket() as thief:
            thief.bind(("127.0.0.1", port))
            # Bound and not listening: connections are refused, and the port cannot be taken.
            with pytest.raises(parlel.HostError, match=f"3 attempts; .*{port}"):
                ctx.recovery.wait("redis")
        state = ctx.recovery.get_recovery_state("redis")
        assert (state.status, state.retries) == ("failed", 3)
        assert [name for name, _, _ in seen] == ["crash_detected", "recovery_failed"]
        assert str(port) in errors[0]
        assert ctx.recovery.force_recovery("redis") == 1
        assert ctx.redis.get("a") == "1"


def test_health_checks_leave_no_trace(ctx: TestContext) -> None:
    ctx.chaos.configure("redis_down")
    ctx.chaos.activate()
    assert ctx.recovery.check("redis") is True
    assert ctx.log.calls() == []
    assert ctx.log.tail(10) == []
    assert ctx.chaos.get_intercepted_ops() == []
    ctx.recovery.crash("redis")
    assert ctx.recovery.check("redis") is False


def test_periodic_checks_find_a_crash_that_nobody_told_of() -> None:
    with parlel.create_test_context(services=["redis"], clock="frozen", recovery={"interval_s": 5}) as ctx:
        ctx.redis.set("a", 1)
        ctx._machine.host.crash("redis")
        assert ctx.recovery.get_recovery_state("redis").status == "healthy"
        done = __import__("threading").Event()
        ctx.recovery.on("recovery_success", lambda _: done.set())
        ctx.clock.advance(5)
        assert done.wait(10)
        assert ctx.redis.get("a") == "1"


def test_a_service_that_is_slow_to_answer_after_its_start(ctx: TestContext, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([False, False, False, True])

    async def probe(*_: object) -> bool:
        return next(answers)

    monkeypatch.setattr(ctx.recovery, "_probe", probe)
    ctx.recovery.crash("redis")
    assert ctx.recovery.wait("redis").recoveries == 1
    assert next(answers, None) is None


def test_other_services_go_on() -> None:
    services: list[Any] = ["redis", {"name": "cache", "service": "redis"}]
    with parlel.create_test_context(services=services, clock="frozen", seed=1) as ctx:
        cache = ctx["cache"].client()
        cache.set("kept", 1)
        cache.sadd("set", *range(20))
        ctx.seed.execute_content("redis", "SADD set 1 2 3 4 5 6\nSPOP set 3")
        before = ctx.digest()
        ctx.recovery.crash("redis")
        cache.incr("kept")
        ctx.recovery.wait("redis")
        assert cache.get("kept") == b"2"
        assert ctx.digest()["redis"] == before["redis"]


def test_crashing_twice_and_after_a_restore(ctx: TestContext) -> None:
    for round_ in range(3):
        ctx.redis.set(f"key{round_}", round_)
        ctx.recovery.crash("redis")
        ctx.recovery.wait("redis")
    ctx.snapshot("three")
    ctx.redis.flushdb()
    ctx.restore("three")
    ctx.redis.incr("key2")
    ctx.recovery.crash("redis")
    assert ctx.recovery.wait("redis").recoveries == 4
    assert ctx.dump("redis")["keyCount"] == 3
    assert ctx.redis.get("key2") == "3"
    ctx.restore("three")
    assert ctx.redis.get("key2") == "2"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_retires": 1}, "Did you mean 'max_retries'"),
        ({"max_retries": 0}, "at least 1"),
        ({"interval_s": 0}, "more than 0"),
    ],
)
def test_wrong_settings_say_what_is_right(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(parlel.ConfigError, match=message):
        parlel.create_test_context(services=["redis"], recovery=settings)


def test_a_state_dir_is_recovered_before_anybody_gets_in(tmp_path: Path) -> None:
    with parlel.create_test_context(services=["redis"], state_dir=tmp_path, seed=1) as ctx:
        ctx.seed.execute_content("redis", "SET a 1\nSADD s 1 2 3 4 5 6 7 8\nSPOP s 3\nSET b 2")
        before = ctx.digest()
        dump = ctx.dump()
    with parlel.create_test_context(services=["redis"], state_dir=tmp_path) as ctx:
        assert (ctx.digest(), ctx.dump()) == (before, dump)
        assert ctx.recovered_operations == 4
        assert ctx.random_seed == 1
        ctx.redis.set("c", 3)
    with parlel.emulate("redis", state_dir=tmp_path) as redis:
        assert redis.dump()["keyCount"] == 4
