"""camelCase names for people who come from the JavaScript API: `ctx.seed.executeFile` is `ctx.seed.execute_file`.

The aliases are resolved when they are used and are invisible to type checkers and `dir()`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

__all__ = ["CamelAliases", "to_snake"]

_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])")


def to_snake(name: str) -> str:
    """`errorResponse` to `error_response`; names without humps are returned as they are."""
    return _HUMP.sub(lambda match: "_" + match[1].lower(), name)


class CamelAliases:
    """Mix-in: a camelCase attribute stands for the snake_case one."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            snake = to_snake(name)
            if snake == name or name.startswith("_"):
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            return getattr(self, snake)
