"""Redis dumps in and out through the public layer: Service, seeds, the CLI's control methods, recovery and errors."""

from __future__ import annotations

from pathlib import Path

import pytest

import parlel
from parlel import SeedError, TestContext
from parlel.control import METHODS
from parlel.errors import ConfigError

_SEED = """SET text alice
SET number 12345
SET short-lived x PX 60000
RPUSH list a b c
HSET hash f 1 g two
SADD set 1 2 3 x
ZADD zset 1.5 a 2 b
XADD stream 1-1 f v
"""


def _filled(ctx: TestContext, path: Path) -> Path:
    ctx.seed.execute_content("redis", _SEED)
    return ctx["redis"].save_rdb(path)


def test_a_dump_leads_to_the_same_state(ctx: TestContext, tmp_path: Path) -> None:
    path = _filled(ctx, tmp_path / "dump.rdb")
    assert path.read_bytes().startswith(b"REDIS0011")
    before = ctx.dump("redis")
    ctx.reset("redis")
    assert ctx.dump("redis")["data"] == {}
    assert ctx.seed.execute_file("redis", path) == 8
    assert ctx.dump("redis") == before
    ctx.clock.advance(61)
    assert ctx.redis.get("short-lived") is None
    assert ctx.redis.get("text") == "alice"


def test_what_was_loaded_survives_a_crash_and_is_in_the_log(ctx: TestContext, tmp_path: Path) -> None:
    path = _filled(ctx, tmp_path / "dump.rdb")
    ctx.reset("redis")
    assert ctx["redis"].load_rdb(path) == 8
    ctx.redis.set("later", "1")
    before = ctx.digest()
    ctx.recovery.crash("redis")
    ctx.recovery.force_recovery("redis")
    assert ctx.digest() == before
    log = ctx.log.save(tmp_path / "operations.log")
    with parlel.replay(log) as again:
        assert again.digest() == before


def test_damaged_files_change_nothing(ctx: TestContext, tmp_path: Path) -> None:
    path = _filled(ctx, tmp_path / "dump.rdb")
    data = path.read_bytes()
    before = ctx.digest()
    for damaged in (data[:-20], data[:40] + b"\xff" + data[41:], b"REDIS0099" + data[9:]):
        path.write_bytes(damaged)
        with pytest.raises(SeedError, match="the RDB file cannot be loaded"):
            ctx.seed.execute_file("redis", path)
        assert ctx.digest() == before


def test_a_dump_is_not_sent_to_a_foreign_port(ctx: TestContext, tmp_path: Path) -> None:
    path = _filled(ctx, tmp_path / "dump.rdb")
    with pytest.raises(SeedError, match="a Redis of parlel's only"):
        ctx.seed.execute_file("redis", path, port=ctx["redis"].port)


def test_only_redis_has_dumps(tmp_path: Path) -> None:
    with parlel.emulate("kafka", seed=1) as kafka, pytest.raises(ConfigError, match="only a Redis has RDB files"):
        kafka.save_rdb(tmp_path / "dump.rdb")


def test_the_control_methods_are_there() -> None:
    assert {"load_rdb", "save_rdb"} <= set(METHODS)


def test_save_writes_a_file_only_where_the_configuration_names_a_folder(tmp_path: Path) -> None:
    with parlel.emulate("redis", seed=1, config={"dir": str(tmp_path), "dbfilename": "own.rdb"}) as redis:
        client = redis.client(decode_responses=True)
        client.set("key", "value")
        assert client.save() is True
        written = tmp_path / "own.rdb"
        assert [path.name for path in tmp_path.iterdir()] == ["own.rdb"]
        client.flushall()
        assert redis.load_rdb(written) == 1
        assert client.get("key") == "value"
        # Recovery plays the log, and must not write files again.
        client.save()
        written.unlink()
        redis.recovery.crash("redis")
        redis.recovery.force_recovery("redis")
        assert not written.exists()
        client.bgsave()
        assert written.exists()
        client.close()
