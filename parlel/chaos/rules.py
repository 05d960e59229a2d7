"""Rule: which operations are hit, and what happens to them. Plain data, so a rule can be written down, copied and changed.

Fields are snake_case; camelCase (`errorResponse`) is accepted wherever a dict is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

import msgspec

from emulators.kernel import Decision, Operation
from emulators.kernel.interceptor import Action
from parlel._aliases import to_snake
from parlel.errors import RuleError, suggest

__all__ = ["ACTIONS", "Rule"]

ACTIONS: tuple[str, ...] = get_args(Action)
_WILD = frozenset("*?[")


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A declarative fault.

    Which operations are hit
      service      name or kind of the service; None is every service
      command      verbs, in any case: Redis commands (`SET`), SQL verbs (`INSERT`), Kafka API names (`PRODUCE`); empty is all
      pattern      part of a key, table or topic (for SQL also of the text); with `*`, `?` or `[` a pattern for the whole of it
      after_ops    this many operations that fit pass before the rule begins to act
      times        act this often, then no more; None is without end
      probability  of acting on an operation that fits, from 0 to 1, drawn from the seed

    What happens (`action`)
      drop_connection  the socket is reset
      error            not executed; answered with `error_response`, in the protocol's form: `"-ERR READONLY\\r\\n"` for Redis, a
                       SQLSTATE and text such as `"53300: too many connections"` for Postgres, an error's name or number for
                       Kafka; None is a general error of the service
      delay            executed at once, answered `delay_ms` milliseconds later
      slow             executed `slow_ms` milliseconds later; the client's next operations wait behind it
      corrupt          executed; the answer is cut in half and the connection closed
      skip             not executed; no answer, or with `reply="empty"` an empty success

    Delays run on the context's clock and hold up no other client.

    >>> from parlel import Rule
    >>> rule = Rule(name="break_user_cache", service="redis", command=["SET"], pattern="user:", action="error")
    >>> (rule | {"times": 2}).times
    2
    """

    action: Action
    name: str = ""
    service: str | None = None
    command: tuple[str, ...] = ()
    pattern: str | None = None
    error_response: str | None = None
    delay_ms: float | None = None
    slow_ms: float | None = None
    after_ops: int = 0
    times: int | None = None
    probability: float = 1.0
    reply: Literal["none", "empty"] = "none"

    def __post_init__(self) -> None:
        given: object = self.command
        words = (given,) if isinstance(given, str) else self.command
        msgspec.structs.force_setattr(self, "command", tuple(word.upper() for word in words))
        if self.action not in ACTIONS:
            raise RuleError(f"{self._called()} has no action {self.action!r}.{suggest(str(self.action), ACTIONS)}")
        if not 0.0 <= self.probability <= 1.0:
            raise RuleError(f"{self._called()}: probability is from 0 to 1, not {self.probability!r}")
        for field, least in (("after_ops", 0), ("times", 1), ("delay_ms", 0), ("slow_ms", 0)):
            value = getattr(self, field)
            if value is not None and not value >= least:
                raise RuleError(f"{self._called()}: {field} must be at least {least}, not {value!r}")
        for field, action in (("delay_ms", "delay"), ("slow_ms", "slow")):
            present = getattr(self, field) is not None
            if self.action == action and not present:
                raise RuleError(f"{self._called()}: the action {action!r} needs {field}")
        for field, action in (("delay_ms", "delay"), ("slow_ms", "slow")):
            present = getattr(self, field) is not None
            if present and self.action != action:
                raise RuleError(f"{self._called()}: {field} belongs to the action {action!r}, not {self.action!r}")
        if self.error_response is not None and self.action != "error":
            raise RuleError(f"{self._called()}: error_response belongs to the action 'error', not {self.action!r}")
        if self.reply != "none" and self.action != "skip":
            raise RuleError(f"{self._called()}: reply belongs to the action 'skip', not {self.action!r}")

    @classmethod
    def read(cls, data: Rule | Mapping[str, Any]) -> Rule:
        """A rule from a rule or a dict; RuleError names a wrong field and suggests the right one."""
        if isinstance(data, Rule):
            return data
        if not isinstance(data, Mapping):
            raise RuleError(f"a rule is a Rule or a dict of its fields, not {type(data).__name__}")
        fields: dict[str, Any] = {}
        for key, value in data.items():
            name = to_snake(str(key))
            if name not in cls.__struct_fields__:
                raise RuleError(f"a rule has no field {key!r}.{suggest(name, cls.__struct_fields__)}")
            fields[name] = value
        if isinstance(fields.get("command"), str):
            fields["command"] = [fields["command"]]
        if "action" not in fields:
            raise RuleError(f"the rule {fields.get('name', '')!r} needs an action: one of {', '.join(ACTIONS)}")
        if fields["action"] not in ACTIONS:
            raise RuleError(f"a rule has no action {fields['action']!r}.{suggest(str(fields['action']), ACTIONS)}")
        try:
            return msgspec.convert(fields, cls)
        except msgspec.ValidationError as error:
            raise RuleError(f"the rule {fields.get('name', '')!r} is wrong: {error}") from error

    def replace(self, **changes: Any) -> Rule:
        """A copy with some fields changed."""
        return Rule.read({**self.to_dict(), **changes})

    def __or__(self, changes: Mapping[str, Any]) -> Rule:
        return self.replace(**{to_snake(key): value for key, value in changes.items()})

    def to_dict(self) -> dict[str, Any]:
        """The fields that differ from their defaults, JSON-able."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        if self.command:
            plain["command"] = list(self.command)
        return plain

    @property
    def unconditional(self) -> bool:
        """True when it hits every operation of its services, from the first on."""
        return not (self.command or self.pattern or self.after_ops or self.times) and self.probability == 1.0

    def covers(self, name: str, kind: str) -> bool:
        """Whether it is about this service."""
        return self.service is None or self.service in (name, kind)

    def fits(self, operation: Operation, kind: str) -> bool:
        """Whether service, command and pattern fit; the counters and the draw come after."""
        if self.service is not None and self.service not in (operation.service, kind):
            return False
        if self.command and operation.verb not in self.command:
            return False
        if self.pattern is None:
            return True
        names = operation.keys if kind != "postgres" else (*operation.keys, operation.text)
        if _WILD.isdisjoint(self.pattern):
            return any(self.pattern in name for name in names)
        return any(fnmatchcase(name, self.pattern) for name in names)

    def decision(self) -> Decision:
        """What the kernel is to do with an operation that is hit."""
        delay_ms = self.delay_ms if self.delay_ms is not None else self.slow_ms or 0.0
        return Decision(self.action, self.name, round(delay_ms * 1000), self.error_response, self.reply)

    def _called(self) -> str:
        return f"the rule {self.name!r}" if self.name else "the rule"
