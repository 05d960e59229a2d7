"""One seed, one script: the same replies, log and digest, in any process; and a log leads to the state that it came from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import parlel
from parlel.clients.resp import RespClient

# Chance, time, faults, blocking and snapshots, all in one.
SCRIPT = """
import json, sys
import parlel
from parlel.clients.resp import RespClient

with parlel.create_test_context(services=["redis"], clock="frozen", seed=int(sys.argv[1])) as ctx:
    replies = []
    with RespClient(port=ctx["redis"].port) as client:
        def run(*commands):
            replies.extend(map(str, client.pipeline(commands)))
        run(*[("SADD", "s", f"m{n}") for n in range(50)], ("SPOP", "s", 5), ("SRANDMEMBER", "s", 5), ("SMEMBERS", "s"))
        run(*[("SET", f"k{n}", n, "EX", 1 + n) for n in range(50)], ("RANDOMKEY",), ("SCAN", 0))
        ctx.clock.advance(20)
        run(("DBSIZE",), ("HSET", "h", *[x for n in range(20) for x in (f"f{n}", n)]), ("HRANDFIELD", "h", 3), ("HGETALL", "h"))
        ctx.snapshot("s")
        ctx.chaos.configure("intermittent_failure")
        ctx.chaos.activate()
        run(*[("INCR", "n") for _ in range(100)], ("TIME",), ("KEYS", "*"))
        ctx.chaos.clear()
        ctx.restore("s")
        run(("SPOP", "s", 5), ("DBSIZE",), ("CLIENT", "ID"))
        log = [[e.kind, e.time_us, e.session, e.text] for e in ctx.log.tail(10_000) if e.kind != "connect"]
        print(json.dumps([replies, log, ctx.digest(), ctx.dump()]))
"""


def play(seed: int, hash_seed: str) -> list[object]:
    environ = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(parlel.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(seed)], capture_output=True, text=True, env=environ, timeout=60, check=True
    )
    result: list[object] = json.loads(done.stdout)
    return result


def test_two_processes_agree_whatever_their_hash_seed() -> None:
    first, second = play(7, "1"), play(7, "4242")
    for one, other in zip(first, second, strict=True):
        assert one == other


def test_another_seed_is_another_run() -> None:
    assert play(7, "1")[0] != play(8, "1")[0]


KEYS = st.sampled_from(["a", "b", "c"])
COMMANDS = st.one_of(
    st.tuples(st.just("SET"), KEYS, st.integers(0, 99)),
    st.tuples(st.just("SET"), KEYS, st.just(1), st.just("PX"), st.integers(1, 5000)),
    st.tuples(st.just("INCR"), KEYS),
    st.tuples(st.just("DEL"), KEYS),
    st.tuples(st.just("RPUSH"), KEYS, st.integers(0, 9)),
    st.tuples(st.just("LPOP"), KEYS),
    st.tuples(st.just("SADD"), KEYS, st.integers(0, 9), st.integers(10, 19)),
    st.tuples(st.just("SPOP"), KEYS),
    st.tuples(st.just("ZADD"), KEYS, st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.just("EXPIRE"), KEYS, st.integers(-1, 5)),
    st.tuples(st.just("MULTI")),
    st.tuples(st.just("EXEC")),
    st.tuples(st.just("WATCH"), KEYS),
    st.tuples(st.just("SELECT"), st.integers(0, 1)),
    st.tuples(st.just("NONSENSE")),
)
STEPS = st.one_of(
    st.tuples(st.just("run"), st.integers(0, 1), COMMANDS),
    st.tuples(st.just("advance"), st.floats(0, 3)),
    st.tuples(st.just("snapshot")),
    st.tuples(st.just("restore")),
    st.tuples(st.just("chaos")),
    st.tuples(st.just("reset")),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=40), st.integers(0, 3))
def test_a_log_leads_to_the_state_that_it_came_from(steps: list[tuple[object, ...]], seed: int) -> None:
    with (
        parlel.create_test_context(services=["redis"], clock="frozen", seed=seed, recovery={"enabled": False}) as ctx,
        RespClient(port=ctx["redis"].port) as one,
        RespClient(port=ctx["redis"].port) as two,
        tempfile.TemporaryDirectory() as folder,
    ):
        ctx.chaos.configure(action="error", probability=0.3)
        taken = False
        for step in steps:
            if step[0] == "run":
                (one if step[1] == 0 else two).pipeline([step[2]])  # type: ignore[list-item]
            elif step[0] == "advance":
                ctx.clock.advance(float(str(step[1])))
            elif step[0] == "snapshot":
                ctx.snapshot("x")
                taken = True
            elif step[0] == "restore" and taken:
                ctx.restore("x")
            elif step[0] == "chaos":
                (ctx.chaos.deactivate if ctx.chaos.active else ctx.chaos.activate)()
            elif step[0] == "reset":
                ctx.reset()
        ctx.inspector.check()
        with parlel.replay(ctx.log.save(f"{folder}/log")) as again:
            assert again.digest() == ctx.digest()
            assert again.dump() == ctx.dump()
        before = ctx.digest()
        ctx.recovery.force_recovery("redis")
        assert ctx.digest() == before
