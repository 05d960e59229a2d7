"""`X HELP` of every command with subcommands: usage lines made from the argument data behind COMMAND DOCS."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from emulators.redis.resp import Reply, Status
from emulators.redis.table import COMMANDS, command

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.session import RedisSession

__all__ = ["docs", "tie_all", "usage_lines"]


@cache
def docs() -> dict[str, Any]:
    """The documentation data: since, group, complexity and arguments by command name."""
    path = Path(__file__).parent.parent / "data" / "command_docs.json"
    data: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    return data


def _usage(argument: dict[str, Any]) -> str:
    flags = argument.get("flags", ())
    kind = argument.get("type")
    token = argument.get("token")
    name = argument.get("display_text") or argument["name"]
    parts = [_usage(inner) for inner in argument.get("arguments", ())]
    if kind == "oneof":
        text = "|".join(parts)
        text = text if "optional" in flags else f"<{text}>"
    elif kind == "block":
        text = " ".join(parts)
    elif kind == "pure-token":
        text = ""
    else:
        text = f"<{name}>"
    if token:
        text = f"{token} {text}".strip()
    if "multiple" in flags:
        text = f"{text} [{text} ...]"
    return f"[{text}]" if "optional" in flags else text


def usage_lines(server: RedisEmulator, container: str) -> list[Status]:
    """The lines that `<container> HELP` answers."""
    lines = [f"{container.upper()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"]
    if container == "command":
        lines += ["(no subcommand)", "    Details of all commands."]
    known = docs().get(container, {}).get("subcommands", {})
    for sub in server.containers[container.encode()].subcommands.values():
        word = sub.name.split("|")[1].upper()
        if word == "HELP":
            continue
        arguments = known.get(sub.name, {}).get("arguments", ())
        lines.append(" ".join([word, *(_usage(argument) for argument in arguments)]))
        lines.append(f"    Since {known.get(sub.name, {}).get('since', sub.since)}.")
    lines += ["HELP", "    Prints this help."]
    return [Status(line.encode()) for line in lines]


def _tie(container: str) -> None:
    def handler(client: RedisSession, args: list[bytes]) -> Reply:
        return usage_lines(client.server, container)

    command(f"{container}|help")(handler)


def tie_all() -> None:
    """Give every `|help` that has no handler of its own this one."""
    for row in COMMANDS.values():
        sub = row.subcommands.get(b"help")
        if sub is not None and sub.handler is None:
            _tie(row.name)
