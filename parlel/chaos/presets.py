"""The nine ready-made rules. Each is a plain `Rule`: copy one and change it with `PRESET_RULES.redis_slow | {"slow_ms": 50}`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from parlel._aliases import to_snake
from parlel.chaos.rules import Rule
from parlel.errors import RuleError, suggest

__all__ = ["PRESET_RULES", "PresetRules"]

_WRITES = ("INSERT", "UPDATE", "DELETE")

_PRESETS = (
    Rule(name="redis_down", service="redis", action="drop_connection"),
    Rule(name="redis_slow", service="redis", action="slow", slow_ms=2000),
    Rule(name="redis_timeout", service="redis", action="delay", delay_ms=10_000),
    Rule(
        name="redis_set_fails",
        service="redis",
        command=("SET", "MSET", "SETEX"),
        action="error",
        error_response="-ERR write refused by the chaos rule redis_set_fails\r\n",
    ),
    Rule(name="postgres_down", service="postgres", action="drop_connection"),
    Rule(name="postgres_slow_writes", service="postgres", command=_WRITES, action="slow", slow_ms=3000),
    Rule(name="postgres_empty_selects", service="postgres", command=("SELECT",), action="skip", reply="empty"),
    Rule(name="intermittent_failure", action="error", probability=0.3),
    Rule(name="network_partition", action="drop_connection", after_ops=5),
)


class PresetRules(Mapping[str, Rule]):
    """The presets by name, as attributes or items, in snake_case or camelCase.

    >>> from parlel import PRESET_RULES
    >>> PRESET_RULES.redis_slow is PRESET_RULES["redisSlow"]
    True
    """

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = {rule.name: rule for rule in rules}

    def __getitem__(self, name: str) -> Rule:
        rule = self._rules.get(to_snake(name))
        if rule is None:
            raise RuleError(f"there is no preset {name!r}.{suggest(to_snake(name), self._rules)}")
        return rule

    def __getattr__(self, name: str) -> Rule:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except RuleError as error:
            raise AttributeError(str(error)) from None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and to_snake(name) in self._rules

    def __iter__(self) -> Iterator[str]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._rules]


PRESET_RULES = PresetRules(_PRESETS)
