"""The form of every `X HELP` reply: a headline, a line or more per subcommand, and HELP itself at the end."""

from __future__ import annotations

from emulators.redis.resp import Reply, Status

__all__ = ["help_lines"]


def help_lines(name: str, *lines: str) -> Reply:
    """`name` in capitals; lines that explain are indented by four spaces."""
    head = f"{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
    return [Status(line.encode()) for line in (head, *lines, "HELP", "    Prints this help.")]
