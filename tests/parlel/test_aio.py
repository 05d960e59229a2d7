"""The asyncio twins: the same names, the same results, and the caller's loop goes on meanwhile."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

import parlel
from parlel import PRESET_RULES, aio


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(main, 30))


def test_a_context() -> None:
    async def main() -> None:
        async with aio.create_test_context(services=["redis"], clock="frozen", seed=1) as ctx:
            assert await ctx.redis.set("a", "1") is True
            before = await ctx.snapshot()
            assert await ctx.redis.incr("a") == 2
            assert await ctx.seed.execute_content("redis", "SET b 1") == 1
            assert (await ctx.dump("redis"))["keyCount"] == 2
            assert "redis/data/b" in {change.path for change in await ctx.diff(before)}
            await ctx.restore(before)
            assert await ctx.redis.get("a") == "1"
            assert await ctx.redis.del_("a") == 1
            await ctx.clock.advance(5)
            await ctx.log.assert_called("SET", key="a")
            assert ctx["redis"].url == ctx.sync["redis"].url
            with pytest.raises(KeyError, match="redis"):
                ctx["reddis"]
            assert ctx.random_seed == 1
            with ctx.environ() as variables:
                assert variables["REDIS_URL"] == ctx["redis"].url
            assert repr(ctx).startswith("<AsyncTestContext redis://")
        assert ctx.closed

    run(main())


def test_a_service_and_the_asyncio_client() -> None:
    async def main() -> None:
        service = await aio.emulate("redis", seed=3)
        async with service as redis:
            async with await redis.client(decode_responses=True) as client:
                await client.set("a", "1")
                assert await client.get("a") == "1"
            assert await redis.digest() == redis.sync.digest()
            assert (redis.name, redis.host, redis.seed, redis.state) == ("redis", "127.0.0.1", 3, "running")
            assert (await redis.status())["keys"] == 1
        assert redis.closed

    run(main())


def test_an_instance_with_chaos_and_recovery(tmp_path: Path) -> None:
    async def main() -> None:
        async with aio.start_parallel(
            [{"name": "redis"}], state_dir=tmp_path, recovery={"interval_s": None}
        ) as instance:
            async with await instance["redis"].client() as client:
                handle = await instance.chaos.configure(PRESET_RULES.redis_slow)
                async with instance.chaos:
                    assert instance.chaos.active
                    waiting = asyncio.create_task(client.set("a", 1))
                    await asyncio.to_thread(handle.wait)
                    assert not waiting.done()
                assert await waiting is True
            await instance.recovery.crash("redis")
            assert (await instance.recovery.wait("redis")).operations_replayed >= 1
            assert (await instance.dump("redis"))["keys"] == ["a"]
            saved = await instance.log.save(tmp_path / "run.log")
            async with aio.replay(saved) as again:
                assert await again.digest() == await instance.digest()
            await instance.stop()
        assert instance.closed

    run(main())


@pytest.mark.parametrize(
    ("twin", "original"),
    [
        (aio.AsyncTestContext, parlel.TestContext),
        (aio.AsyncParallelInstance, parlel.ParallelInstance),
        (aio.AsyncService, parlel.Service),
        (aio.AsyncChaosMonkey, parlel.ChaosMonkey),
        (aio.AsyncCrashRecoveryManager, parlel.CrashRecoveryManager),
        (aio.AsyncClockControl, parlel.ClockControl),
        (aio.AsyncLog, parlel.Log),
        (aio.AsyncSeedExecutor, parlel.SeedExecutor),
        (aio.AsyncStateInspector, parlel.StateInspector),
    ],
)
def test_the_twins_have_the_same_methods(twin: type, original: type) -> None:
    # Left out: what only the notebook, the machine or the kernel calls.
    others = {"begin", "end", "is_probe", "on", "off"}
    names = {name for name, _ in inspect.getmembers(original, inspect.isfunction) if not name.startswith("_")} - others
    missing = {name for name in names if not hasattr(twin, name)}
    assert missing == ({"environ"} if original is parlel.Service else set())


def test_starting_fails_as_the_original_does() -> None:
    async def main() -> None:
        with pytest.raises(parlel.ServiceNotAvailable):
            await aio.emulate("reddis")
        with pytest.raises(parlel.ConfigError, match="no asyncio twin"):
            aio.emulate("redis", process=True)
        with pytest.raises(parlel.ConfigError):
            async with aio.create_test_context(services=["redis"], clock="noon"):
                pass

    run(main())
