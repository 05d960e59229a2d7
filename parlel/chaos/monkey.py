"""ChaosMonkey: the rules of a context, switched on and off together.

Each rule is a judge of the kernel's interceptor; they are asked in the order in which they were configured, and the first that
decides wins. Draws come from the dice's stream `chaos`, and only where a rule's probability is between 0 and 1, so one seed
gives the same faults. Every decision is a record of the operation log.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from emulators.kernel import Decision, Events, Host, Operation
from parlel._aliases import CamelAliases
from parlel._threads import forbid_host_thread
from parlel.chaos.presets import PRESET_RULES
from parlel.chaos.rules import Rule

__all__ = ["ChaosMonkey", "InterceptedOp", "RuleHandle"]

# Intercepted operations that are remembered; older ones are forgotten.
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class InterceptedOp(CamelAliases):
    """An operation that the active chaos looked at.

    action and rule are None when it went through untouched; `text` is the command, SQL or API call in one line.
    """

    service: str
    command: str
    action: str | None
    rule: str | None
    keys: tuple[str, ...]
    text: str
    session: int
    sequence: int
    time_us: int


class RuleHandle(CamelAliases):
    """A configured rule: what it did, and the way to take it out."""

    def __init__(self, monkey: ChaosMonkey, rule: Rule) -> None:
        self.rule = rule
        self._monkey = monkey
        self._hit = threading.Condition()
        self._hits = 0
        self._fitted = 0
        self._removed = False

    @property
    def name(self) -> str:
        return self.rule.name

    @property
    def hits(self) -> int:
        """How many operations it acted on."""
        return self._hits

    @property
    def removed(self) -> bool:
        return self._removed

    def wait(self, n: int = 1, timeout: float = 5.0) -> int:
        """Wait until it has acted `n` times in all; returns `hits`. TimeoutError after `timeout` seconds of real time."""
        forbid_host_thread(self._monkey._host)
        with self._hit:
            if not self._hit.wait_for(lambda: self._hits >= n, timeout):
                raise TimeoutError(
                    f"the rule {self.name!r} acted {self._hits} of {n} times within {timeout:g} s "
                    f"({self._fitted} operations fitted it; chaos is {'on' if self._monkey.active else 'off'})"
                )
            return self._hits

    def remove(self) -> None:
        """Take the rule out; operations that it delays go on at once. Idempotent."""
        self._monkey._remove(self)

    def decide(self, operation: Operation) -> Decision | None:
        """The kernel's question (see `emulators.kernel.interceptor.Judge`); on the host's thread."""
        rule = self.rule
        if not rule.fits(operation, self._monkey._kind(operation)) or self._monkey._is_exempt(operation):
            return None
        self._fitted += 1
        if self._fitted <= rule.after_ops or (rule.times is not None and self._hits >= rule.times):
            return None
        if rule.probability < 1.0 and (rule.probability == 0.0 or self._monkey._draw() >= rule.probability):
            return None
        with self._hit:
            self._hits += 1
            self._hit.notify_all()
        return rule.decision()

    def __repr__(self) -> str:
        return f"<RuleHandle {self.name!r} hits={self._hits}>"


class ChaosMonkey(CamelAliases):
    """Inject faults into the services of a context.

    >>> import parlel
    >>> with parlel.create_test_context(services=["redis"]) as ctx:
    ...     rule = ctx.chaos.configure(parlel.PRESET_RULES.redis_set_fails)
    ...     ctx.chaos.activate()
    ...     try:
    ...         _ = ctx.redis.set("user:1", "alice")
    ...     except parlel.ReplyError:
    ...         print("refused,", rule.hits, "hit")
    refused, 1 hit
    """

    def __init__(self, host: Host, kinds: Mapping[str, str], exempt: set[int]) -> None:
        self._host = host
        self._kinds = kinds
        self._handles: list[RuleHandle] = []
        self._counter = 0
        self._active = False
        self._events = Events(("intercepted", "action"))
        #: What was looked at; the public form is made when somebody asks for it.
        self._seen: deque[tuple[Operation, Decision | None]] = deque(maxlen=_REMEMBERED)
        self._watched = False
        #: Sessions of parlel's own, such as health checks, on which no rule acts.
        self._exempt = exempt
        #: By session, the rule that delayed it last.
        self._held: dict[int, str] = {}
        host.interceptor.observer = self._observe

    # -- rules -----------------------------------------------------------------------------------------------

    def configure(
        self, rule: Rule | Mapping[str, Any] | str | Iterable[Rule | Mapping[str, Any]] | None = None, /, **fields: Any
    ) -> RuleHandle:
        """Add a rule: a `Rule`, a dict, a preset's name, or its fields as keywords. A rule of the same name is replaced.

        It acts once chaos is active. Returns its handle (of the last one, for an iterable of rules). RuleError for a wrong field.
        """
        if isinstance(rule, Iterable) and not isinstance(rule, (Mapping, str)):
            handles = [self.configure(entry) for entry in rule]
            if not handles:
                raise ValueError("configure() got no rules")
            return handles[-1]
        if rule is None:
            read = Rule.read(fields)
        else:
            read = PRESET_RULES[rule] if isinstance(rule, str) else Rule.read(rule)
            if fields:
                read = read | fields
        return self._host.call(self._configure, read)

    def rules(self) -> list[RuleHandle]:
        """Handles of the rules, in the order in which they are asked."""
        return list(self._handles)

    def clear(self) -> None:
        """Take out every rule, switch chaos off and forget the intercepted operations."""

        def step() -> None:
            for handle in self._handles:
                handle._removed = True
            self._handles.clear()
            self._active = False
            self._seen.clear()
            self._rearm()
            self._end_holds()

        self._host.call(step)

    # -- on and off ------------------------------------------------------------------------------------------

    @property
    def active(self) -> bool:
        return self._active

    def activate(self) -> None:
        """Let the rules act, from the next operation on. A rule that drops every connection drops those that are open now."""
        self._host.call(self._activate)
        # Connections that were reset are closed on the loop's next turn: wait for it.
        self._host.call(lambda: None)

    def deactivate(self) -> None:
        """Back to normal at once: clients that wait in a delay get their answers now. The rules stay configured."""

        def step() -> None:
            self._active = False
            self._rearm()
            self._end_holds()

        self._host.call(step)

    def __enter__(self) -> ChaosMonkey:
        """Active inside a `with` block."""
        self.activate()
        return self

    def __exit__(self, *exc: object) -> None:
        self.deactivate()

    # -- watching --------------------------------------------------------------------------------------------

    def on(self, event: str, handler: Callable[[InterceptedOp], object]) -> Callable[[], None]:
        """Call `handler(op)` for each `"intercepted"` operation (all that active chaos looks at) or each `"action"` on one.

        Handlers run on the host's thread, before the answer leaves: keep them short, and talk to no service in them.
        Returns the function that takes the handler out again.
        """
        end = self._events.on(event, handler)
        self._watched = True
        return end

    def off(self, event: str, handler: Callable[[InterceptedOp], object]) -> None:
        """Take a handler out again."""
        self._events.off(event, handler)

    def get_intercepted_ops(self) -> list[InterceptedOp]:
        """The operations that active chaos looked at (the newest 10,000), oldest first."""
        return [_intercepted(operation, decision) for operation, decision in self._host.call(lambda: list(self._seen))]

    # -- inside (on the host's thread) -----------------------------------------------------------------------

    def _configure(self, rule: Rule) -> RuleHandle:
        if not rule.name:
            self._counter += 1
            rule = rule.replace(name=f"rule-{self._counter}")
        for former in [handle for handle in self._handles if handle.name == rule.name]:
            former._removed = True
            self._handles.remove(former)
        handle = RuleHandle(self, rule)
        self._handles.append(handle)
        self._rearm()
        if self._active:
            self._drop_open(handle)
        return handle

    def _activate(self) -> None:
        if self._active:
            return
        self._active = True
        self._rearm()
        for handle in self._handles:
            self._drop_open(handle)

    def _remove(self, handle: RuleHandle) -> None:
        def step() -> None:
            if handle in self._handles:
                handle._removed = True
                self._handles.remove(handle)
                self._rearm()
                self._end_holds(handle.name)

        self._host.call(step)

    def _rearm(self) -> None:
        self._host.interceptor.arm(tuple(self._handles) if self._active else ())

    def _drop_open(self, handle: RuleHandle) -> None:
        rule = handle.rule
        if rule.action != "drop_connection" or not rule.unconditional:
            return
        for name, runtime in self._host.runtimes.items():
            if rule.covers(name, self._kinds.get(name, name)):
                for connection in list(runtime.connections.values()):
                    if connection.session_id not in self._exempt:
                        connection.abort()
                        connection.end()

    def _end_holds(self, rule: str | None = None) -> None:
        """Let go of the clients that a rule (None: any rule) holds back."""
        held, self._held = self._held, {}
        for runtime in self._host.runtimes.values():
            for number, connection in list(runtime.connections.items()):
                if connection.session is None or number not in held:
                    continue
                if rule is None or held[number] == rule:
                    connection.session.end_hold()
                else:
                    self._held.setdefault(number, held[number])

    def _observe(self, operation: Operation, decision: Decision | None) -> None:
        if self._exempt and operation.session in self._exempt:
            return
        self._seen.append((operation, decision))
        if decision is not None and decision.delay_us:
            self._held[operation.session] = decision.rule
        if self._watched:
            seen = _intercepted(operation, decision)
            self._events.emit("intercepted", seen)
            if decision is not None:
                self._events.emit("action", seen)

    def _kind(self, operation: Operation) -> str:
        return self._kinds.get(operation.service, operation.service)

    def _is_exempt(self, operation: Operation) -> bool:
        return bool(self._exempt) and operation.session in self._exempt

    def _draw(self) -> float:
        return self._host.dice.stream("chaos").random()


def _intercepted(operation: Operation, decision: Decision | None) -> InterceptedOp:
    return InterceptedOp(
        operation.service,
        operation.verb,
        decision.action if decision is not None else None,
        decision.rule if decision is not None else None,
        operation.keys,
        operation.text,
        operation.session,
        operation.sequence,
        operation.time_us,
    )
