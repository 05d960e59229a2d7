"""Hypothesis: a rate limiter in Redis, driven beside a model of what it should do, while time passes and commands fail.

Every example starts from the same snapshot on a frozen clock; time and faults are drawn by Hypothesis, so they are repeated exactly
and shrink away when they are not to blame. When it fails, the operations sent are printed, with a log for `parlel replay`.
"""

from __future__ import annotations

import redis
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from parlel.hypothesis import ChaosRules, ClockRules, ParlelMachine

LIMIT, WINDOW_S = 3, 60


class RateLimiter:
    """At most LIMIT actions per user in a fixed window, counted by one atomic script."""

    SCRIPT = """
        local count = redis.call('INCR', KEYS[1])
        if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
        return count
    """

    def __init__(self, client: redis.Redis) -> None:
        self.client = client

    def allow(self, user: str) -> bool:
        count = self.client.eval(self.SCRIPT, 1, f"rate:{user}", WINDOW_S)
        return int(str(count)) <= LIMIT


class RateLimiterMachine(ParlelMachine, ClockRules, ChaosRules):
    services = ("redis",)
    longest_wait_s = 90.0
    fault_actions = ("error",)

    def __init__(self) -> None:
        super().__init__()
        self.client = redis.Redis(port=self.ctx["redis"].port, retry=None)
        self.limiter = RateLimiter(self.client)
        self.windows: dict[str, tuple[float, int]] = {}

    def teardown(self) -> None:
        self.client.close()
        super().teardown()

    @rule(user=st.sampled_from(["ann", "bob"]))
    def act(self, user: str) -> None:
        try:
            allowed = self.limiter.allow(user)
        except redis.ResponseError:
            return  # an injected fault: nothing was executed, so the model does not change
        now = self.ctx.clock.now()
        started, count = self.windows.get(user, (now, 0))
        if now >= started + WINDOW_S:
            started, count = now, 0
        self.windows[user] = (started, count + 1)
        assert allowed == (count + 1 <= LIMIT)


TestRateLimiter = RateLimiterMachine.TestCase
TestRateLimiter.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)
