"""The log as assertions, as text, as a file to replay."""

from __future__ import annotations

from pathlib import Path

import pytest

import parlel
from parlel import TestContext


@pytest.fixture
def busy(ctx: TestContext) -> TestContext:
    ctx.seed.execute_content("redis", "SET user:1 alice\nSET user:2 bob\nGET user:1\nMSET a 1 b 2")
    return ctx


def texts(operations: list[parlel.Operation]) -> list[str]:
    return [operation.text for operation in operations]


def test_calls_are_found_by_what_is_known_of_them(busy: TestContext) -> None:
    log = busy.log
    assert texts(log.calls()) == ["SET user:1 alice", "SET user:2 bob", "GET user:1", "MSET a 1 b 2"]
    assert texts(log.calls("set")) == ["SET user:1 alice", "SET user:2 bob"]
    assert texts(log.calls(key="user:1")) == ["SET user:1 alice", "GET user:1"]
    assert texts(log.calls(key="[ab]")) == ["MSET a 1 b 2"]
    assert texts(log.calls(text="BOB")) == ["SET user:2 bob"]
    assert log.calls(service="postgres") == []
    assert len(log.calls(session=log.calls()[0].session)) == 4
    assert texts(busy["redis"].log.calls("GET")) == ["GET user:1"]


def test_marks_leave_out_what_was_before(busy: TestContext) -> None:
    mark = busy.log.mark()
    busy.redis.get("a")
    assert texts(busy.log.calls(since=mark)) == ["GET a"]
    assert len(busy.log) == busy.log.mark()


def test_assert_called(busy: TestContext) -> None:
    assert len(busy.log.assert_called("SET", key="user:*")) == 2
    busy.log.assert_called("SET", key="user:*", times=2)
    busy.log.assert_called("DEL", times=0)
    busy.log.assert_not_called("DEL")
    with pytest.raises(AssertionError, match=r"expected SET with key='user:9' at least once, saw it 0 times") as caught:
        busy.log.assert_called("SET", key="user:9")
    message = str(caught.value)
    assert "SET user:2 bob" in message
    assert "MSET a 1 b 2" in message
    assert "The seed is 1." in message
    with pytest.raises(AssertionError, match="expected GET 2 times, saw it 1 times"):
        busy.log.assert_called("GET", times=2)
    with pytest.raises(AssertionError, match="0 times, saw it 1"):
        busy.log.assert_not_called("GET")


def test_the_tail_shows_everything(busy: TestContext) -> None:
    busy.snapshot("first")
    busy.redis.get("a")
    busy.restore()
    busy.reset("redis")
    # When the host notices that the seed's connection has gone is up to the system.
    kinds = [entry.kind for entry in busy.log.tail(100) if entry.kind != "disconnect"]
    assert kinds == ["connect", *["operation"] * 4, "snapshot", "connect", "operation", "restore", "reset"]
    assert [entry.text for entry in busy.log.tail(2)] == ["first", ""]
    get = next(entry for entry in busy.log.tail(10) if entry.text == "GET a")
    assert str(get).endswith("00:00:00.000000 redis #2  GET a")
    assert get.to_dict()["service"] == "redis"
    assert busy.log.tail(0) == []


def test_following(ctx: TestContext) -> None:
    seen: list[str] = []
    end = ctx.log.follow(lambda entry: seen.append(entry.kind))
    ctx.redis.set("a", 1)
    end()
    ctx.redis.set("a", 2)
    assert seen == ["connect", "operation"]


def test_a_follower_that_fails_harms_nobody(ctx: TestContext, caplog: pytest.LogCaptureFixture) -> None:
    end = ctx.log.follow(lambda entry: 1 // 0)
    assert ctx.redis.set("a", 1) is True
    end()
    assert "a handler that follows the log failed" in caplog.text


def test_a_log_folder_that_is_full_harms_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with parlel.create_test_context(services=["redis"], log_dir=tmp_path / "logs") as ctx:
        (tmp_path / "logs" / "redis.log").mkdir()  # cannot be opened for writing, whoever runs this
        assert ctx.redis.set("a", 1) is True
        assert ctx.redis.set("a", 2) is True
    assert caplog.text.count("end here") == 1


def test_a_saved_log_is_played_to_the_same_state(busy: TestContext, tmp_path: Path) -> None:
    busy.redis.execute("SADD", "s", *range(30))
    busy.redis.execute("SPOP", "s", 10)
    busy.redis.set("short", 1, ex=5)
    busy.redis.set("long", 1, ex=500)
    busy.clock.advance(60)
    file = busy.log.save(tmp_path / "run.log")
    with parlel.replay(file) as again:
        assert again.digest() == busy.digest()
        assert again.dump() == busy.dump()
        assert again.clock.now_us() == busy.clock.now_us()
        assert again.recovered_operations == 8


def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="not a parlel operation log"):
        parlel.replay(tmp_path / "x")


def test_options_are_replayed_too(tmp_path: Path) -> None:
    with parlel.create_test_context(
        services=[{"name": "cache", "service": "redis", "options": {"password": "p"}}]
    ) as ctx:
        client = ctx["cache"].client()
        client.set("a", 1)
        file = ctx.log.save(tmp_path / "run.log")
        with parlel.replay(file) as again:
            assert again["cache"].kind == "redis"
            assert again.digest() == ctx.digest()


def test_memory_is_bounded() -> None:
    with parlel.create_test_context(services=["redis"], log_limit=100, clock="frozen") as ctx:
        for number in range(500):
            ctx.redis.set("n", number)
        assert len(ctx.log.calls()) <= 110
        with pytest.raises(AssertionError, match="were dropped"):
            ctx.log.assert_called("DEL")
        before = ctx.digest()
        ctx.recovery.crash("redis")
        ctx.recovery.wait("redis")
        assert ctx.digest() == before
