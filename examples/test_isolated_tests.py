"""Isolated tests: services start once, and every test begins with the same data.

Without the pytest plugin's `parlel` fixture, to show what it does: one context for the module, a snapshot taken once, restored
before each test. Restoring costs what the test changed, so it is free to do it everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

import parlel


@pytest.fixture(scope="module")
def services() -> Iterator[parlel.TestContext]:
    with parlel.create_test_context(services=["redis"]) as ctx:
        ctx.seed.execute_content(
            "redis",
            """
            SET user:1 alice
            HSET cart:1 apples 2 pears 1
            EXPIRE cart:1 3600
            """,
        )
        ctx.snapshot("seeded")
        yield ctx


@pytest.fixture
def ctx(services: parlel.TestContext) -> parlel.TestContext:
    services.restore("seeded")
    return services


def test_a_change(ctx: parlel.TestContext) -> None:
    client = redis.Redis(port=ctx["redis"].port, decode_responses=True)
    client.delete("user:1")
    client.hincrby("cart:1", "apples", 40)
    assert client.hgetall("cart:1") == {"apples": "42", "pears": "1"}
    client.close()


def test_does_not_reach_the_next_test(ctx: parlel.TestContext) -> None:
    state = ctx.dump("redis")
    assert state["keys"] == ["user:1", "cart:1"]
    assert state["data"]["cart:1"] == {"value": {"apples": "2", "pears": "1"}, "type": "hash", "ttl": 3600}


def test_time_passes_when_the_test_says_so(ctx: parlel.TestContext) -> None:
    client = redis.Redis(port=ctx["redis"].port)
    ctx.clock.freeze()
    ctx.clock.advance(3601)
    assert client.exists("cart:1") == 0
    ctx.clock.resume()
    client.close()


def test_what_the_code_asked_is_on_record(ctx: parlel.TestContext) -> None:
    mark = ctx.log.mark()
    client = redis.Redis(port=ctx["redis"].port)
    client.set("user:2", "bob", ex=60)
    client.close()
    ctx.log.assert_called("SET", key="user:*", since=mark)
    ctx.log.assert_not_called("DEL", since=mark)
