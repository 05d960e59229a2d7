"""Chaos: what the code under test does when its Redis is down, slow, or refuses writes.

`CachedUsers` is the code under test: it reads through a cache, and must go on working without it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

import parlel
from parlel import PRESET_RULES


class CachedUsers:
    """Looks users up in a (pretended) database, through a cache in Redis."""

    def __init__(self, port: int) -> None:
        self.cache = redis.Redis(port=port, decode_responses=True, socket_timeout=0.2, retry=None)
        self.lookups = 0

    def find(self, number: int) -> str:
        try:
            cached = self.cache.get(f"user:{number}")
            if cached is not None:
                return str(cached)
        except redis.RedisError:
            pass
        self.lookups += 1
        name = f"user-{number}"
        try:
            self.cache.set(f"user:{number}", name)
        except redis.RedisError:
            pass
        return name


@pytest.fixture
def ctx() -> Iterator[parlel.TestContext]:
    with parlel.create_test_context(services=["redis"], seed=7) as ctx:
        yield ctx


@pytest.fixture
def users(ctx: parlel.TestContext) -> Iterator[CachedUsers]:
    users = CachedUsers(ctx["redis"].port)
    yield users
    users.cache.close()


def test_the_cache_is_used_when_all_is_well(users: CachedUsers) -> None:
    assert [users.find(1), users.find(1)] == ["user-1", "user-1"]
    assert users.lookups == 1


def test_users_are_found_while_redis_is_down(ctx: parlel.TestContext, users: CachedUsers) -> None:
    ctx.chaos.configure(PRESET_RULES["redis_down"])
    ctx.chaos.activate()
    assert users.find(1) == "user-1"
    ctx.chaos.deactivate()
    users.find(1)
    assert [users.find(1), users.lookups] == ["user-1", 2]


def test_a_slow_redis_costs_no_more_than_the_timeout(ctx: parlel.TestContext, users: CachedUsers) -> None:
    ctx.chaos.configure(PRESET_RULES["redis_slow"])
    ctx.chaos.activate()
    assert users.find(1) == "user-1"
    assert users.lookups == 1


def test_refused_writes_are_survived_and_counted(ctx: parlel.TestContext, users: CachedUsers) -> None:
    refused = ctx.chaos.configure(
        {
            "name": "read_only_replica",
            "service": "redis",
            "command": ["SET"],
            "pattern": "user:",
            "action": "error",
            "error_response": "-READONLY You can't write against a read only replica.\r\n",
        }
    )
    ctx.chaos.activate()
    assert [users.find(1), users.find(1)] == ["user-1", "user-1"]
    assert users.lookups == 2
    assert refused.hits == 2
