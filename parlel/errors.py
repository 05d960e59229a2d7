"""The errors of the public layer. Each message says what happened and what to do next.

`ParlelError` is the root; `HostError` and its kin (a stopped host, a port in use) come from the kernel and are not under it.
A service's own errors, for instance a `WRONGTYPE` reply seen through `ctx.redis`, are `ReplyError` (Redis) and `QueryError`
(Postgres).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "ClientNotInstalled",
    "ConfigError",
    "ControlError",
    "ParlelError",
    "RuleError",
    "SeedError",
    "ServiceNotAvailable",
    "suggest",
]


class ParlelError(Exception):
    """Root of the errors that the public layer raises."""


class ServiceNotAvailable(ParlelError):
    """A service that this parlel does not have: the name is unknown, or its emulator cannot be imported."""


class ClientNotInstalled(ParlelError, ImportError):
    """`client()` was asked for a client library that is not installed."""


class ConfigError(ParlelError, ValueError):
    """An option, a key of a configuration file or an environment variable that is unknown or has a wrong value."""


class RuleError(ParlelError, ValueError):
    """A chaos rule with an unknown field or a value that makes no sense."""


class SeedError(ParlelError):
    """A seed stopped: the message names file, line and reply, and says what was applied before.

    file     name of the file, or `<content>`
    line     1-based line on which the statement begins
    applied  number of statements (commands, messages) that were executed before it
    reply    what the service answered, or why the text cannot be read
    """

    def __init__(self, service: str, file: str, line: int, applied: int, reply: str, statement: str = "") -> None:
        self.service, self.file, self.line, self.applied = service, file, line, applied
        self.reply, self.statement = reply, statement
        shown = f"\n  {_shorten(statement)}" if statement else ""
        done = "nothing was applied before it" if not applied else f"{applied} before it were applied and stay"
        super().__init__(f"{file}:{line}: {service} said: {reply}{shown}\n  ({done})")


class ControlError(ParlelError):
    """A running instance could not be found or reached, or refused what it was asked."""


def suggest(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` for the known word closest to `word`, or the list of known ones."""
    candidates = sorted(known)
    close = difflib.get_close_matches(word, candidates, n=1)
    if close:
        return f" Did you mean {close[0]!r}?"
    return f" There are: {', '.join(candidates)}." if candidates else ""


def _shorten(text: str, limit: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
