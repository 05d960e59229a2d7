"""Hypothesis on parlel: state machines whose services, time and chance start the same in every example.

`ParlelMachine` is a `RuleBasedStateMachine` with a context: before each example the services are put back to their start (a
snapshot, so it costs what the last example changed), the clock is frozen, and the seed of all chance is drawn by Hypothesis,
so that it is repeated and shrinks with the example. `ClockRules` lets Hypothesis move time; `ChaosRules` lets it inject faults,
which shrink away when they are not to blame.

    class Cart(ParlelMachine, ChaosRules):
        services = ("redis",)

        @rule(n=st.integers(1, 5))
        def add(self, n): ...

    TestCart = Cart.TestCase

When an example fails, the operations it sent are printed with it, and saved as a log that `parlel replay` plays.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

if TYPE_CHECKING:
    from emulators.kernel import Snapshot
    from parlel.context import TestContext

__all__ = ["ChaosRules", "ClockRules", "ParlelMachine"]

_contexts: dict[str, tuple[TestContext, Snapshot]] = {}
_SHOWN = 50


class ParlelMachine(RuleBasedStateMachine):
    """A state machine with services. Subclasses may set `services` and `arguments` (of `create_test_context`).

    ctx        the context; connect real clients to `ctx["redis"].url` and so on
    prepare()  called once, to load what every example starts from (seeds, schemas)
    """

    services: ClassVar[Sequence[str | Mapping[str, Any]]] = ("redis",)
    arguments: ClassVar[Mapping[str, Any]] = {}

    ctx: TestContext

    def __init__(self) -> None:
        super().__init__()
        self.ctx, start = self._context()
        self.ctx.chaos.clear()
        self.ctx.restore(start)
        self._mark = self.ctx.log.mark()

    @classmethod
    def prepare(cls, ctx: TestContext) -> None:
        """Load what every example starts from; called once, before the snapshot that examples go back to."""

    @initialize(seed=st.integers(0, 2**32 - 1))
    def draw_the_seed(self, seed: int) -> None:
        """All chance of this example comes from a seed that Hypothesis draws."""
        self.ctx._machine.host.reseed(seed)

    def teardown(self) -> None:
        """Switch chaos off, verify the engines' own invariants, and say what was sent."""
        ctx = self.ctx
        ctx.chaos.clear()
        host = ctx._machine.host
        for name in [name for name, service in ctx.services.items() if service.status()["status"] == "crashed"]:
            ctx.recovery.force_recovery(name)
        entries = [entry for entry in ctx.log.tail(10_000) if entry.sequence >= self._mark]
        shown = entries[-_SHOWN:]
        note("operations of this example:\n" + "\n".join(str(entry) for entry in shown))
        if entries:
            path = Path(tempfile.gettempdir()) / f"parlel-{type(self).__name__}.log"
            ctx.log.save(path)
            note(f"the same as a log: parlel replay {path}")
        for emulator in host.call(host.emulators).values():
            host.call(emulator.check)
        if host.internal_errors:
            error = host.internal_errors.pop()
            host.internal_errors.clear()
            raise AssertionError("an emulator failed inside: a bug of parlel, please report it") from error

    @classmethod
    def _context(cls) -> tuple[TestContext, Snapshot]:
        import parlel

        arguments = {"clock": "frozen", "seed": 0, **cls.arguments, "services": cls.services}
        key = f"{cls.__module__}.{cls.__qualname__} {arguments!r}"
        found = _contexts.get(key)
        if found is None or found[0].closed:
            context = parlel.create_test_context(**arguments)
            cls.prepare(context)
            found = _contexts[key] = (context, context.snapshot())
        return found


class ClockRules(RuleBasedStateMachine):
    """Adds a rule that moves the frozen clock, up to `longest_wait_s` seconds at a time."""

    ctx: TestContext
    longest_wait_s: ClassVar[float] = 3600.0

    @rule(data=st.data())
    def advance_the_clock(self, data: st.DataObject) -> None:
        seconds = data.draw(st.floats(0, self.longest_wait_s, allow_nan=False), label="seconds")
        self.ctx.clock.advance(round(seconds, 3))


class ChaosRules(RuleBasedStateMachine):
    """Adds rules that inject a fault into the next operations, and that end all faults.

    `fault_actions` are those that may be drawn. `delay` and `slow` wait for the clock: leave them out unless time moves.
    """

    ctx: TestContext
    fault_actions: ClassVar[Sequence[str]] = ("error", "drop_connection")

    @rule(data=st.data(), times=st.integers(1, 3), after=st.integers(0, 3))
    def inject_faults(self, data: st.DataObject, times: int, after: int) -> None:
        action = data.draw(st.sampled_from(list(self.fault_actions)), label="action")
        self.ctx.chaos.configure({"name": f"drawn-{action}", "action": action, "times": times, "after_ops": after})
        self.ctx.chaos.activate()

    @rule()
    def end_all_faults(self) -> None:
        self.ctx.chaos.clear()
