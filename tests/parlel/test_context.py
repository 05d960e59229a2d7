"""emulate, create_test_context and start_parallel: what they start, what they give, what they leave behind."""

from __future__ import annotations

import gc
import os
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

import parlel
from emulators.kernel import Clock
from parlel import TestContext, services
from parlel.inspector import Change
from parlel.machine import read_requests


def test_emulate_gives_an_address_that_a_client_can_use() -> None:
    with parlel.emulate("redis") as redis:
        assert (redis.host, redis.url) == ("127.0.0.1", f"redis://127.0.0.1:{redis.port}/0")
        with redis.client(decode_responses=True) as client:
            assert client.set("a", "1") is True
            assert client.get("a") == "1"
        assert redis.dump() == {
            "keyCount": 1,
            "keys": ["a"],
            "data": {"a": {"value": "1", "type": "string", "ttl": None}},
        }
        status = redis.status()
        assert (status["name"], status["status"], status["port"], status["keys"]) == ("redis", "running", redis.port, 1)
    assert redis.closed
    assert redis.state == "stopped"
    assert redis.status() == {"name": "redis", "service": "redis", "status": "stopped"}


def test_closing_leaves_no_thread_and_no_listener() -> None:
    before = set(threading.enumerate())
    service = parlel.emulate("redis")
    port = service.port
    service.close()
    service.close()
    assert set(threading.enumerate()) == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 1.0)


def test_dropping_the_last_name_closes_the_service() -> None:
    service = parlel.emulate("redis")
    port = service.port
    helper_threads = [thread for thread in threading.enumerate() if thread.name == "parlel-host"]
    assert helper_threads
    del service
    gc.collect()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 1.0)


def test_a_helper_keeps_its_context_alive() -> None:
    redis = parlel.create_test_context(services=["redis"]).redis
    gc.collect()
    assert redis.set("a", 1) is True


def test_a_port_that_was_asked_for_is_taken_or_refused_clearly() -> None:
    with parlel.emulate("redis") as first, pytest.raises(parlel.PortInUseError, match="choose another"):
        parlel.emulate("redis", port=(port := first.port))
    with pytest.raises(parlel.HostError, match="is closed"):
        _ = first.port
    with parlel.emulate("redis", port=port) as again:
        assert again.port == port
        with pytest.raises(parlel.PortInUseError, match="this very process"):
            parlel.emulate("redis", port=port)


def test_a_unix_socket_answers_too(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with parlel.emulate("redis", unix_socket=path) as redis:
        assert redis.unix_socket == str(path)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            assert client.recv(100) == b"+PONG\r\n"
    assert not path.exists()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("reddis",), parlel.ServiceNotAvailable, "Did you mean 'redis'"),
        (("redis", 0, 1, "noon"), parlel.ConfigError, "'real', 'frozen', 'x10' or an instant"),
        (("redis", 0, 1, "xfast"), parlel.ConfigError, "no speed"),
    ],
)
def test_wrong_arguments_say_what_is_right(arguments: tuple[object, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        parlel.emulate(*arguments)  # type: ignore[arg-type]


def test_an_unknown_option_suggests_the_right_one() -> None:
    with pytest.raises(parlel.ConfigError, match="Did you mean 'version'"):
        parlel.emulate("redis", versoin="7.2")


def test_a_service_that_is_not_built_names_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = services.SERVICES["redis"]
    absent = services.ServiceSpec(
        "absent", "emulators.absent", "Absent", 1, spec.url, spec.environ, spec.env_options, spec.client
    )
    monkeypatch.setitem(services.SERVICES, "absent", absent)
    with pytest.raises(parlel.ServiceNotAvailable, match=r"'absent' is not available.*Available here: .*redis"):
        parlel.create_test_context(services=["redis", "absent"])


@pytest.mark.parametrize(
    ("clock", "mode", "now"),
    [
        ("frozen", "frozen", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2030-05-06T07:08:09Z", "frozen", datetime(2030, 5, 6, 7, 8, 9, tzinfo=UTC)),
        (datetime(2031, 1, 1), "frozen", datetime(2031, 1, 1, tzinfo=UTC)),
        (1_000, "frozen", datetime(1970, 1, 1, 0, 16, 40, tzinfo=UTC)),
        (Clock("frozen", start_us=5_000_000), "frozen", datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)),
    ],
)
def test_clocks_are_given_in_many_ways(clock: object, mode: str, now: datetime) -> None:
    with parlel.emulate("redis", clock=clock) as redis:
        assert (redis.clock.mode, redis.clock.datetime) == (mode, now)


def test_a_scaled_clock_runs_faster() -> None:
    with parlel.emulate("redis", clock="x1000") as redis:
        assert (redis.clock.mode, redis.clock.scale) == ("scaled", 1000.0)


def test_the_clock_moves_ttls(ctx: TestContext) -> None:
    ctx.redis.set("a", "1", ex=100)
    ctx.clock.advance(99.5)
    assert ctx.redis.get("a") == "1"
    ctx.clock.advance_to(ctx.clock.datetime)
    ctx.clock.advance(0.5)
    assert ctx.redis.get("a") is None
    with pytest.raises(ValueError, match="only moves forward"):
        ctx.clock.advance(-1)
    with pytest.raises(ValueError, match="has passed"):
        ctx.clock.advance_to("2020-01-01T00:00:00Z")
    ctx.clock.resume(scale=2.0)
    assert ctx.clock.mode == "scaled"
    ctx.clock.freeze()
    assert ctx.clock.frozen
    assert [entry.text for entry in ctx.log.tail(50) if entry.kind == "clock"] == ["frozen"] * 3 + ["x2", "frozen"]


def test_the_redis_helper(ctx: TestContext) -> None:
    redis = ctx.redis
    assert redis.set("a", "1") is True
    assert redis.set("a", "2", nx=True) is False
    assert redis.set("b", b"\xff\x00", px=5000) is True
    assert (redis.get("a"), redis.get("b"), redis.get("none")) == ("1", b"\xff\x00", None)
    assert (redis.incr("a"), redis.incr("a", 10)) == (2, 12)
    assert (redis.expire("a", 10), redis.expire("none", 10)) == (True, False)
    assert (redis.delete("a", "b", "c"), redis.del_("a"), getattr(redis, "del")("a")) == (2, 0, 0)
    assert redis.execute("RPUSH", "list", 1, "zwei", b"3", 4.5) == 4
    assert redis.execute("LRANGE", "list", 0, -1) == ["1", "zwei", "3", "4.5"]
    with pytest.raises(parlel.ReplyError) as caught:
        redis.get("list")
    assert caught.value.code == "WRONGTYPE"
    assert redis.flushdb() is True
    assert ctx.dump("redis")["keyCount"] == 0
    with pytest.raises(TypeError, match="text, bytes and numbers"):
        redis.execute("SET", "a", None)


def test_snapshots_restore_in_any_order(ctx: TestContext) -> None:
    ctx.redis.set("key", "a")
    first = ctx.snapshot()
    ctx.redis.set("key", "b")
    second = ctx.snapshot("second")
    ctx.redis.execute("SET", "other", "c")
    assert ctx.diff(first, second) == [Change("redis/data/key/value", "a", "b")]
    changed = {change.path for change in ctx.diff(second)}
    assert changed == {"redis/keyCount", "redis/keys", "redis/data/other"}
    for _ in range(2):
        ctx.restore(first)
        assert (ctx.redis.get("key"), ctx.redis.get("other")) == ("a", None)
        ctx.restore("second")
        assert (ctx.redis.get("key"), ctx.redis.get("other")) == ("b", None)
    ctx.redis.flushdb()
    ctx.restore()
    assert ctx.redis.get("key") == "b"
    assert [snapshot.name for snapshot in ctx.snapshots()] == [first.name, "second"]
    with pytest.raises(parlel.SnapshotError, match=r"there are: .*second"):
        ctx.restore("third")


def test_a_snapshot_travels_by_file(ctx: TestContext, tmp_path: Path) -> None:
    ctx.redis.set("key", b"\x00\xff")
    ctx.snapshot("current")
    file = ctx.save_snapshot(tmp_path / "state.parlel")
    assert [snapshot.name for snapshot in ctx.snapshots()] == ["current"]
    assert ctx.restore().name == "current"
    with parlel.emulate("redis", clock="frozen") as other:
        other.restore(other.load_snapshot(file))
        assert other.digest() == ctx.digest()["redis"]
    (tmp_path / "bad").write_bytes(b"nonsense")
    with pytest.raises(parlel.SnapshotError, match="not a parlel snapshot"):
        ctx.load_snapshot(tmp_path / "bad")


def test_reset_empties_and_keeps_connections(ctx: TestContext) -> None:
    ctx.redis.set("key", "a")
    ctx.reset("redis")
    assert ctx.redis.get("key") is None
    assert ctx.status()["redis"]["connections"] == 1
    with pytest.raises(parlel.HostError, match="no service"):
        ctx.reset("kafka")


def test_services_are_found_by_name(ctx: TestContext) -> None:
    assert ctx["redis"].port == ctx.services["redis"].port
    assert ctx._ipython_key_completions_() == ["redis"]
    with pytest.raises(KeyError, match="redis"):
        ctx["reddis"]
    with pytest.raises(parlel.ServiceNotAvailable, match="has no postgres"):
        _ = ctx.postgres


def test_the_environment_is_set_and_put_back(ctx: TestContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "former")
    monkeypatch.delenv("REDIS_PORT", raising=False)
    with ctx.environ() as variables:
        assert os.environ["REDIS_URL"] == variables["REDIS_URL"] == ctx["redis"].url
        assert os.environ["REDIS_PORT"] == str(ctx["redis"].port)
    assert os.environ["REDIS_URL"] == "former"
    assert "REDIS_PORT" not in os.environ


def test_camel_case_names_work(ctx: TestContext) -> None:
    assert parlel.createTestContext is parlel.create_test_context
    assert parlel.startParallel is parlel.start_parallel
    assert ctx.seed.executeContent("redis", "SET a 1") == 1  # type: ignore[attr-defined]
    assert ctx.recovery.getRecoveryState("redis").lastCrash is None  # type: ignore[attr-defined]
    assert ctx.chaos.getInterceptedOps() == []  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = ctx.noSuchThing  # type: ignore[attr-defined]


def test_start_parallel_takes_names_ports_and_environments() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    instance = parlel.start_parallel(
        [
            {"name": "redis", "port": port, "env": {"REDIS_PASSWORD": "s3cret"}},
            {"name": "cache", "service": "redis", "options": {"version": "7.0"}},
        ],
        recovery={"enabled": True, "max_retries": 3},
    )
    with instance:
        assert list(instance.services) == ["redis", "cache"]
        assert instance.services["redis"].url == f"redis://:s3cret@127.0.0.1:{port}/0"
        assert instance.status()["cache"]["service"] == "redis"
        assert instance.seed.execute_content("redis", "SET a 1") == 1
        assert instance.seed.execute_content("cache", "SET b 1\nSET c 2") == 2
        assert {name: data["keyCount"] for name, data in instance.dump().items()} == {"redis": 1, "cache": 2}
        assert instance.dump("redis")["keys"] == ["a"]
    instance.stop()
    assert instance.closed


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"name": "redis", "prot": 1}, "Did you mean 'port'"),
        ({"name": "redis", "env": {"REDIS_PASSWROD": "x"}}, "Did you mean 'REDIS_PASSWORD'"),
        ({"port": 1}, "needs a name"),
        ("redis:seven", "no port"),
        ({"name": "redis", "port": 70000}, "no port"),
    ],
)
def test_wrong_service_entries_say_what_is_right(entry: object, message: str) -> None:
    with pytest.raises(parlel.ConfigError, match=message):
        parlel.start_parallel([entry])  # type: ignore[list-item]


def test_base_port_gives_consecutive_ports() -> None:
    requests = read_requests(["redis", {"name": "cache", "service": "redis"}, "postgres:5433"], 11000)
    assert [(request.name, request.port) for request in requests] == [
        ("redis", 11000),
        ("cache", 11001),
        ("postgres", 5433),
    ]
    with pytest.raises(parlel.ConfigError, match="named twice"):
        read_requests(["redis", "redis"])
    with pytest.raises(parlel.ConfigError, match="Did you mean 'base_port'"):
        parlel.create_test_context(services=["redis"], config={"baseport": 1})


def test_the_inspector_reads_without_disturbing(ctx: TestContext) -> None:
    ctx.redis.set("a", "1")
    mark = ctx.log.mark()
    ctx.inspector.check()
    assert ctx.inspector.dump("redis", at=ctx.snapshot())["keys"] == ["a"]
    assert ctx.inspector.digest() == {"redis": ctx.inspector.digest("redis")}
    assert ctx.log.calls(since=mark) == []


def test_a_card_is_static_escaped_html(ctx: TestContext) -> None:
    ctx.redis.set("<script>", "alert('x')")
    bundle = ctx["redis"]._repr_mimebundle_()
    assert ctx["redis"].url in bundle["text/html"]
    assert "&lt;script&gt;" in bundle["text/html"]
    assert "<script" not in bundle["text/html"]
    assert bundle["text/plain"] == f"<Service redis {ctx['redis'].url}>"
    assert "redis" in ctx._repr_html_()
    ctx.cleanup()
    assert "stopped" in ctx["redis"]._repr_html_()
    assert repr(ctx) == "<TestContext stopped>"


def test_log_dir_gets_readable_files(tmp_path: Path) -> None:
    with parlel.create_test_context(services=["redis"], log_dir=tmp_path / "logs") as ctx:
        ctx.redis.set("a", "1")
        ctx.snapshot("now")
    assert "SET a 1" in (tmp_path / "logs" / "redis.log").read_text()
    assert "[snapshot] now" in (tmp_path / "logs" / "parlel.log").read_text()


def test_import_does_not_load_services() -> None:
    import subprocess
    import sys

    heavy = ("emulators", "msgspec", "hiredis", "rich", "asyncio")
    code = f"import sys, parlel; print([name for name in sys.modules if name.startswith({heavy!r})])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_public_name_can_be_had() -> None:
    for name in parlel.__all__:
        assert getattr(parlel, name) is not None
    assert set(parlel._HOME) | {"__version__"} == set(parlel.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = parlel.nonsense
