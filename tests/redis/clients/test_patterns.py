"""What applications build on Redis, with redis-py over the socket: sessions, limits, locks, boards, stream groups."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import redis.asyncio

import parlel


@pytest.fixture(scope="module")
def service() -> Iterator[parlel.Service]:
    with parlel.emulate("redis", seed=1, clock="frozen") as service:
        yield service


@pytest.fixture(params=[2, 3], ids=["resp2", "resp3"])
def client(service: parlel.Service, request: pytest.FixtureRequest) -> Iterator[Any]:
    service.reset()
    client = redis.Redis(port=service.port, protocol=request.param, decode_responses=True)
    yield client
    client.close()


def test_sessions_expire_unless_they_are_used(service: parlel.Service, client: Any) -> None:
    client.set("session:1", "ann", ex=60)
    service.clock.advance(59)
    assert client.getex("session:1", ex=60) == "ann"
    service.clock.advance(59)
    assert client.get("session:1") == "ann"
    assert client.ttl("session:1") == 1
    service.clock.advance(2)
    assert client.get("session:1") is None


def test_a_sliding_window_limits_the_rate(service: parlel.Service, client: Any) -> None:
    def allowed() -> bool:
        now = service.clock.now()
        with client.pipeline() as pipe:
            pipe.zremrangebyscore("hits", 0, now - 10)
            pipe.zcard("hits")
            pipe.zadd("hits", {str(now): now})
            pipe.expire("hits", 10)
            count: int = pipe.execute()[1]
        return count < 3

    answers = []
    for _ in range(8):
        answers.append(allowed())
        service.clock.advance(2)
    assert answers == [True, True, True, False, False, False, False, False]
    service.clock.advance(10)
    assert allowed()


def test_a_lock_is_held_by_one_and_freed_by_time(service: parlel.Service, client: Any) -> None:
    first = client.lock("lock", timeout=5, blocking=False)
    second = client.lock("lock", timeout=5, blocking=False)
    assert first.acquire()
    assert not second.acquire()
    service.clock.advance(6)
    assert second.acquire()
    with pytest.raises(redis.exceptions.LockNotOwnedError):
        first.release()
    second.release()


def test_optimistic_locking_sees_the_other_writer(service: parlel.Service, client: Any) -> None:
    client.set("balance", 10)
    other = redis.Redis(port=service.port)
    with client.pipeline() as pipe:
        pipe.watch("balance")
        balance = int(pipe.get("balance"))
        other.decr("balance")
        pipe.multi()
        pipe.set("balance", balance - 5)
        with pytest.raises(redis.WatchError):
            pipe.execute()
    assert client.get("balance") == "9"
    other.close()


def test_a_leaderboard(client: Any) -> None:
    client.zadd("board", {"ann": 30, "bob": 20, "cid": 50})
    client.zincrby("board", 25, "bob")
    assert client.zrevrange("board", 0, 1) == ["cid", "bob"]
    assert client.zrevrank("board", "ann") == 2
    assert client.zrange("board", 0, -1, withscores=True)[0][0] == "ann"


def test_a_crashed_consumer_s_messages_are_claimed_by_another(service: parlel.Service, client: Any) -> None:
    client.xgroup_create("tasks", "workers", id="0", mkstream=True)
    ids = [client.xadd("tasks", {"n": n}) for n in range(4)]
    taken = client.xreadgroup("workers", "crashed", {"tasks": ">"}, count=2)
    rows = taken["tasks"][0] if isinstance(taken, dict) else taken[0][1]
    assert [row[0] for row in rows] == ids[:2]
    service.clock.advance(60)
    claimed = client.xautoclaim("tasks", "workers", "healthy", min_idle_time=30_000)
    assert [row[0] for row in claimed[1]] == ids[:2]
    client.xack("tasks", "workers", *ids[:2])
    assert client.xpending("tasks", "workers")["pending"] == 0


def test_asyncio_clients_publish_and_listen(service: parlel.Service) -> None:
    async def main(protocol: int) -> list[Any]:
        client = redis.asyncio.Redis(port=service.port, protocol=protocol, decode_responses=True)
        listener = client.pubsub()
        await listener.subscribe("news")
        await listener.psubscribe("n*")
        heard: list[Any] = []
        assert await client.publish("news", "hello") == 2
        while len(heard) < 4:
            message = await listener.get_message(timeout=5)
            assert message is not None
            heard.append((message["type"], message["data"]))
        await listener.aclose()
        await client.aclose()
        return heard

    expected = [("subscribe", 1), ("psubscribe", 2), ("message", "hello"), ("pmessage", "hello")]
    assert asyncio.run(main(2)) == asyncio.run(main(3)) == expected


def test_a_cluster_client_finds_its_one_node() -> None:
    with parlel.emulate("redis", cluster=True) as service:
        client = redis.RedisCluster(host="127.0.0.1", port=service.port, decode_responses=True)
        client.set("a", 1)
        client.set("b", 2)
        assert client.mget_nonatomic(["a", "b"]) == ["1", "2"]
        with pytest.raises(redis.exceptions.ResponseError, match="slot"):
            client.execute_command("MGET", "a", "b", target_nodes=client.get_primaries()[0])
        client.close()
