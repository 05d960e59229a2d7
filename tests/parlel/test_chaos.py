"""Chaos: rules, presets, handles, events; on a frozen clock, so that delays are exact."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import parlel
from emulators.kernel import Operation
from parlel import PRESET_RULES, Rule, RuleError, TestContext
from parlel.clients.resp import RespClient

PRESETS = {
    "redis_down": {"service": "redis", "action": "drop_connection"},
    "redis_slow": {"service": "redis", "action": "slow", "slow_ms": 2000.0},
    "redis_timeout": {"service": "redis", "action": "delay", "delay_ms": 10_000.0},
    "redis_set_fails": {
        "service": "redis",
        "action": "error",
        "command": ["SET", "MSET", "SETEX"],
        "error_response": "-ERR write refused by the chaos rule redis_set_fails\r\n",
    },
    "postgres_down": {"service": "postgres", "action": "drop_connection"},
    "postgres_slow_writes": {
        "service": "postgres",
        "action": "slow",
        "slow_ms": 3000.0,
        "command": ["INSERT", "UPDATE", "DELETE"],
    },
    "postgres_empty_selects": {"service": "postgres", "action": "skip", "command": ["SELECT"], "reply": "empty"},
    "intermittent_failure": {"action": "error", "probability": 0.3},
    "network_partition": {"action": "drop_connection", "after_ops": 5},
}


def connect(ctx: TestContext) -> RespClient:
    return RespClient("127.0.0.1", ctx["redis"].port, timeout=10.0)


def raw(ctx: TestContext, data: bytes, count: int) -> bytes:
    """Bytes that a fresh connection gets for bytes, up to `count` of them."""
    import socket

    with socket.create_connection(("127.0.0.1", ctx["redis"].port), 10.0) as client:
        client.sendall(data)
        answer = b""
        while len(answer) < count and (part := client.recv(4096)):
            answer += part
        return answer


def in_background(function: Callable[[], Any]) -> tuple[ThreadPoolExecutor, Any]:
    pool = ThreadPoolExecutor(1)
    return pool, pool.submit(function)


# -- rules ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_are_as_promised(name: str) -> None:
    camel = name.split("_")[0] + "".join(word.capitalize() for word in name.split("_")[1:])
    rule = PRESET_RULES[name]
    assert rule is PRESET_RULES[camel] is getattr(PRESET_RULES, name) is getattr(PRESET_RULES, camel)
    assert rule.to_dict() == {"name": name, **PRESETS[name]}


def test_there_are_nine_presets() -> None:
    assert list(PRESET_RULES) == list(PRESETS)
    assert "redisDown" in PRESET_RULES
    assert "nonsense" not in PRESET_RULES
    with pytest.raises(RuleError, match="Did you mean 'redis_down'"):
        PRESET_RULES["redisDwon"]
    with pytest.raises(AttributeError, match="no preset"):
        _ = PRESET_RULES.nothing


def test_a_rule_is_read_in_both_spellings() -> None:
    fields = {
        "name": "r",
        "service": "redis",
        "command": ["set"],
        "action": "error",
        "errorResponse": "-ERR x",
        "afterOps": 3,
    }
    rule = Rule.read(fields)
    assert rule == Rule(
        name="r", service="redis", command=("SET",), action="error", error_response="-ERR x", after_ops=3
    )
    assert Rule.read({"action": "slow", "slowMs": 5, "command": "get"}).command == ("GET",)
    assert (rule | {"afterOps": 0, "times": 2}).to_dict() == {
        "name": "r",
        "service": "redis",
        "command": ["SET"],
        "action": "error",
        "error_response": "-ERR x",
        "times": 2,
    }


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"action": "eror"}, "Did you mean 'error'"),
        ({"action": "error", "comand": ["SET"]}, "Did you mean 'command'"),
        ({"name": "x"}, "needs an action"),
        ({"action": "delay"}, "needs delay_ms"),
        ({"action": "slow", "delay_ms": 5}, "needs slow_ms"),
        ({"action": "slow", "slow_ms": 5, "delay_ms": 5}, "belongs to the action 'delay'"),
        ({"action": "drop_connection", "slow_ms": 5}, "belongs to the action 'slow'"),
        ({"action": "delay", "delay_ms": -1}, "at least 0"),
        ({"action": "error", "probability": 1.5}, "from 0 to 1"),
        ({"action": "error", "probability": "often"}, "probability"),
        ({"action": "error", "times": 0}, "at least 1"),
        ({"action": "error", "after_ops": -1}, "at least 0"),
        ({"action": "skip", "error_response": "x"}, "belongs to the action 'error'"),
        ({"action": "error", "reply": "empty"}, "belongs to the action 'skip'"),
        ("redis_down", "not str"),
    ],
)
def test_wrong_rules_say_what_is_right(fields: Any, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        Rule.read(fields)


@pytest.mark.parametrize(
    ("fields", "kind", "operation", "fits"),
    [
        ({}, "redis", ("redis", "GET", ("a",), "GET a"), True),
        ({"service": "redis"}, "redis", ("cache", "GET", ("a",), "GET a"), True),
        ({"service": "cache"}, "redis", ("cache", "GET", ("a",), "GET a"), True),
        ({"service": "redis"}, "postgres", ("postgres", "SELECT", (), "SELECT 1"), False),
        ({"command": ["SET"]}, "redis", ("redis", "GET", ("a",), "GET a"), False),
        ({"pattern": "user:"}, "redis", ("redis", "GET", ("a", "user:1"), "GET a user:1"), True),
        ({"pattern": "user:"}, "redis", ("redis", "SET", ("a",), "SET a user:1"), False),
        ({"pattern": "user:*"}, "redis", ("redis", "GET", ("user:1",), "GET user:1"), True),
        ({"pattern": "ser:*"}, "redis", ("redis", "GET", ("user:1",), "GET user:1"), False),
        ({"pattern": "a"}, "redis", ("redis", "PING", (), "PING"), False),
        ({"pattern": "users"}, "postgres", ("postgres", "SELECT", ("users",), "SELECT * FROM users"), True),
        ({"pattern": "pg_sleep"}, "postgres", ("postgres", "SELECT", (), "SELECT pg_sleep(1)"), True),
    ],
)
def test_what_fits_a_rule(fields: dict[str, Any], kind: str, operation: tuple[Any, ...], fits: bool) -> None:
    service, verb, keys, text = operation
    assert (
        Rule.read({"action": "error", **fields}).fits(Operation(service, 1, 0, verb, keys, text, None, 0), kind) is fits
    )


# -- actions -------------------------------------------------------------------------------------------------------


def test_configured_rules_wait_for_activate(ctx: TestContext) -> None:
    handle = ctx.chaos.configure(PRESET_RULES.redis_set_fails)
    assert ctx.redis.set("a", 1) is True
    ctx.chaos.activate()
    with pytest.raises(parlel.ReplyError, match="write refused"):
        ctx.redis.set("a", 2)
    assert ctx.redis.get("a") == "1"
    ctx.chaos.deactivate()
    assert ctx.redis.set("a", 3) is True
    assert (handle.hits, ctx.chaos.active) == (1, False)


def test_error_with_its_own_answer(ctx: TestContext) -> None:
    ctx.chaos.configure(
        name="break_user_cache", service="redis", command=["SET"], pattern="user:", action="error",
        errorResponse="-ERR READONLY\r\n",
    )  # fmt: skip
    ctx.chaos.activate()
    assert raw(ctx, b"SET user:1 x\r\nSET other x\r\n", 20) == b"-ERR READONLY\r\n+OK\r\n"


def test_drop_connection_resets(ctx: TestContext) -> None:
    ctx.chaos.configure(action="drop_connection", command="GET")
    with ctx.chaos:
        assert ctx.redis.set("a", 1) is True
        with pytest.raises(ConnectionError, match="lost the connection"):
            ctx.redis.get("a")
    assert ctx.redis.get("a") == "1"


def test_redis_down_also_drops_those_who_only_listen(ctx: TestContext) -> None:
    with connect(ctx) as listener:
        listener.execute("SUBSCRIBE", "news")
        ctx.chaos.configure("redis_down")
        ctx.chaos.activate()
        with pytest.raises(ConnectionError):
            listener.read()
    with pytest.raises(ConnectionError):
        ctx.redis.get("a")
    ctx.chaos.deactivate()
    assert ctx.redis.get("a") is None


@pytest.mark.parametrize(
    ("rule", "executed_at_once"),
    [({"action": "delay", "delay_ms": 10_000}, True), ({"action": "slow", "slow_ms": 10_000}, False)],
)
def test_delays_run_on_the_clock_and_hold_up_nobody_else(
    ctx: TestContext, rule: dict[str, Any], executed_at_once: bool
) -> None:
    handle = ctx.chaos.configure({"command": "SET", **rule})
    ctx.chaos.activate()
    pool, answer = in_background(lambda: ctx.redis.set("a", 1))
    with pool, connect(ctx) as other:
        handle.wait()
        assert other.execute("GET", "a") == ("1" if executed_at_once else None)
        ctx.clock.advance(9.999)
        assert not answer.done()
        ctx.clock.advance(0.001)
        assert answer.result(10) is True
        assert other.execute("GET", "a") == "1"


@pytest.mark.parametrize("end", ["deactivate", "clear", "remove"])
def test_whoever_waits_goes_on_at_once_when_chaos_ends(ctx: TestContext, end: str) -> None:
    handle = ctx.chaos.configure("redis_slow")
    ctx.chaos.activate()
    pool, answer = in_background(lambda: ctx.redis.set("a", 1))
    with pool:
        handle.wait()
        if end == "remove":
            handle.remove()
            handle.remove()
            assert handle.removed
        else:
            getattr(ctx.chaos, end)()
        assert answer.result(10) is True


def test_removing_a_rule_leaves_those_held_by_another(ctx: TestContext) -> None:
    gets = ctx.chaos.configure(name="gets", action="slow", slow_ms=1000, command="GET")
    sets = ctx.chaos.configure(name="sets", action="slow", slow_ms=1000, command="SET")
    ctx.chaos.activate()
    pool, answer = in_background(lambda: ctx.redis.set("a", 1))
    with pool:
        sets.wait()
        gets.remove()
        assert ctx.redis._lock.locked()
        assert not answer.done()
        sets.remove()
        assert answer.result(10) is True


def test_corrupt_cuts_the_answer_in_half(ctx: TestContext) -> None:
    ctx.redis.set("a", "0123456789")
    ctx.chaos.configure(action="corrupt", command="GET")
    ctx.chaos.activate()
    assert raw(ctx, b"GET a\r\n", 1000) == b"$10\r\n012"


def test_skip_answers_nothing(ctx: TestContext) -> None:
    ctx.chaos.configure(action="skip", command="SET")
    ctx.chaos.activate()
    assert raw(ctx, b"SET a 1\r\nGET a\r\n", 5) == b"$-1\r\n"


def test_after_ops_and_times_count_what_fits(ctx: TestContext) -> None:
    handle = ctx.chaos.configure(action="error", command="SET", after_ops=2, times=3)
    ctx.chaos.activate()
    results = []
    for number in range(8):
        ctx.redis.get("a")
        try:
            results.append(ctx.redis.set("a", number))
        except parlel.ReplyError:
            results.append(False)
    assert results == [True, True, False, False, False, True, True, True]
    assert handle.hits == 3


def test_network_partition_comes_after_five_operations(ctx: TestContext) -> None:
    ctx.chaos.configure(PRESET_RULES.networkPartition)
    ctx.chaos.activate()
    for _ in range(5):
        ctx.redis.get("a")
    with pytest.raises(ConnectionError):
        ctx.redis.get("a")


def failures(seed: int, count: int = 200) -> list[bool]:
    with parlel.create_test_context(services=["redis"], clock="frozen", seed=seed) as ctx:
        ctx.chaos.configure("intermittent_failure")
        ctx.chaos.activate()
        with connect(ctx) as client:
            return [isinstance(reply, parlel.ReplyError) for reply in client.pipeline([("GET", "a")] * count)]


def test_the_seed_decides() -> None:
    first = failures(1)
    assert first == failures(1)
    assert first != failures(2)
    assert 40 <= sum(first) <= 80


def test_a_rule_of_probability_0_changes_not_a_byte() -> None:
    script = b"SET a 1\r\nSPOP s\r\nSADD s 1 2 3 4 5 6 7 8\r\nSPOP s\r\nRANDOMKEY\r\nGET a\r\nNONSENSE\r\nPING\r\n"
    seen = []
    for probability in (None, 0.0):
        with parlel.create_test_context(services=["redis"], clock="frozen", seed=5) as ctx:
            if probability is not None:
                ctx.chaos.configure(action="error", probability=probability)
                ctx.chaos.activate()
            seen.append((raw(ctx, script + b"QUIT\r\n", 10_000), ctx.digest(), len(ctx.log.calls())))
    assert seen[0] == seen[1]


def test_the_first_rule_that_decides_wins_and_names_replace(ctx: TestContext) -> None:
    first = ctx.chaos.configure(name="one", action="error", error_response="ERR one", command="SET")
    second = ctx.chaos.configure(name="two", action="error", error_response="ERR two")
    ctx.chaos.activate()
    with pytest.raises(parlel.ReplyError, match="ERR one"):
        ctx.redis.set("a", 1)
    with pytest.raises(parlel.ReplyError, match="ERR two"):
        ctx.redis.get("a")
    again = ctx.chaos.configure(name="one", action="error", error_response="ERR three", command="SET")
    assert first.removed
    assert [handle.name for handle in ctx.chaos.rules()] == ["two", "one"]
    second.remove()
    with pytest.raises(parlel.ReplyError, match="ERR three"):
        ctx.redis.set("a", 1)
    assert (first.hits, second.hits, again.hits) == (1, 1, 1)
    unnamed = [ctx.chaos.configure(action="skip", command="X").name for _ in range(2)]
    assert unnamed == ["rule-1", "rule-2"]


def test_several_rules_at_once(ctx: TestContext) -> None:
    handle = ctx.chaos.configure([PRESET_RULES.redis_slow, {"name": "last", "action": "error"}])
    assert handle.name == "last"
    assert [handle.name for handle in ctx.chaos.rules()] == ["redis_slow", "last"]
    with pytest.raises(ValueError, match="no rules"):
        ctx.chaos.configure([])


def test_events_and_intercepted_operations(ctx: TestContext) -> None:
    looked_at, acted = [], []
    ctx.redis.get("before")
    ctx.chaos.on("intercepted", looked_at.append)
    end = ctx.chaos.on("action", acted.append)
    ctx.chaos.configure("redis_set_fails")
    ctx.chaos.activate()
    ctx.redis.get("a")
    with pytest.raises(parlel.ReplyError):
        ctx.redis.set("b", 1)
    end()
    with pytest.raises(parlel.ReplyError):
        ctx.redis.set("c", 1)
    assert [(op.service, op.command, op.keys, op.action, op.rule) for op in looked_at] == [
        ("redis", "GET", ("a",), None, None),
        ("redis", "SET", ("b",), "error", "redis_set_fails"),
        ("redis", "SET", ("c",), "error", "redis_set_fails"),
    ]
    assert acted == [looked_at[1]]
    assert ctx.chaos.get_intercepted_ops() == looked_at
    assert [entry.kind for entry in ctx.log.tail(4)] == ["operation", "fault", "operation", "fault"]
    ctx.chaos.clear()
    assert ctx.chaos.get_intercepted_ops() == []
    with pytest.raises(ValueError, match="no event 'acted'"):
        ctx.chaos.on("acted", print)


def test_a_handler_that_would_wait_for_itself_is_told(ctx: TestContext) -> None:
    seen: list[BaseException] = []

    def handler(op: object) -> None:
        waiting = (
            lambda: ctx.redis.get("a"),
            lambda: ctx.seed.execute_content("redis", "GET a"),
            lambda: ctx["redis"].client(),
            lambda: ctx.recovery.wait("redis"),
            lambda: ctx.recovery.check("redis"),
            lambda: handle.wait(),
            lambda: ctx.cleanup(),
        )
        for call in waiting:
            with pytest.raises(parlel.ParlelError, match="own thread") as caught:
                call()
            seen.append(caught.value)
        assert ctx.dump("redis")["keyCount"] == 0

    ctx.chaos.on("intercepted", handler)
    handle = ctx.chaos.configure(action="error", probability=0.0)
    ctx.chaos.activate()
    ctx.redis.get("a")
    assert len(seen) == 7


def test_waiting_for_hits_has_an_end(ctx: TestContext) -> None:
    handle = ctx.chaos.configure(name="never", action="error", command="NEVER")
    with pytest.raises(TimeoutError, match=r"'never' acted 0 of 2 times .*chaos is off"):
        handle.wait(2, timeout=0.01)
    waiter = threading.Thread(target=lambda: handle.wait(0))
    waiter.start()
    waiter.join(5)
    assert not waiter.is_alive()


def test_faults_are_played_back_from_the_log(ctx: TestContext, tmp_path: Any) -> None:
    ctx.chaos.configure(PRESET_RULES.intermittent_failure | {"probability": 0.5})
    ctx.chaos.activate()
    with connect(ctx) as client:
        client.pipeline([("INCR", f"n{number % 7}") for number in range(100)])
    with parlel.replay(ctx.log.save(tmp_path / "run.log")) as again:
        assert again.digest() == ctx.digest()
        assert again.recovered_operations == 100
