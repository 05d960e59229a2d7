"""Dump the facts of every Redis command (arity, flags, key specs, categories, arguments) from a real server as data.

Usage: python scripts/dump_redis_commands.py PORT
Writes emulators/redis/data/commands.json (read at import) and command_docs.json (read by COMMAND DOCS). No prose is taken over.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import redis

DATA = Path(__file__).resolve().parent.parent / "emulators" / "redis" / "data"


def text(value: Any) -> Any:
    """Bytes to text, pairs to dicts where the reply is a map, deeply."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dict):
        return {text(key): text(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(text(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [text(item) for item in value]
    return value


def as_dict(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    return dict(zip(value[::2], value[1::2], strict=True))


def row(info: list[Any]) -> list[Any]:
    """One command: name, arity, flags, first, last, step, categories, tips, key specs, subcommands."""
    name, arity, flags, first, last, step, categories, tips, specs, subcommands = info[:10]
    return [
        name,
        arity,
        sorted(flags),
        first,
        last,
        step,
        sorted(category.lstrip("@") for category in categories),
        tips,
        [{key: value for key, value in spec.items() if key != "notes"} for spec in specs],
        [row(sub) for sub in sorted(subcommands)],
    ]


def without_prose(docs: Any) -> Any:
    docs = as_dict(docs)
    kept: dict[str, Any] = {}
    for key, value in docs.items():
        if key in ("summary", "history", "replaced_by"):
            continue
        if key == "subcommands":
            kept[key] = {name: without_prose(sub) for name, sub in sorted(as_dict(value).items())}
        elif key == "arguments":
            kept[key] = [argument(item) for item in value]
        else:
            kept[key] = value
    return kept


def argument(item: Any) -> dict[str, Any]:
    fields = as_dict(item)
    if "arguments" in fields:
        fields = {**fields, "arguments": [argument(inner) for inner in fields["arguments"]]}
    return {key: value for key, value in fields.items() if key != "summary"}


def main() -> None:
    client = redis.Redis(port=int(sys.argv[1]), protocol=3)
    client.response_callbacks.clear()
    commands = text(client.execute_command("COMMAND"))
    docs = as_dict(text(client.execute_command("COMMAND", "DOCS")))
    rows = sorted((row(info) for info in commands), key=lambda item: str(item[0]))
    groups = {name: as_dict(item).get("group") for name, item in docs.items()}
    table = {
        "version": text(client.execute_command("INFO", "server")).split("redis_version:")[1].split()[0],
        "groups": dict(sorted(groups.items())),
        "since": {name: as_dict(item).get("since") for name, item in sorted(docs.items())},
        "commands": rows,
    }
    DATA.mkdir(exist_ok=True)
    body = ",\n".join(json.dumps(item, separators=(",", ":")) for item in rows)
    head = {key: table[key] for key in ("version", "groups", "since")}
    (DATA / "commands.json").write_text(
        json.dumps(head, separators=(",", ":"))[:-1] + ',"commands":[\n' + body + "\n]}\n"
    )
    stripped = {name: without_prose(item) for name, item in sorted(docs.items())}
    body = ",\n".join(
        f"{json.dumps(name)}:{json.dumps(item, separators=(',', ':'))}" for name, item in stripped.items()
    )
    (DATA / "command_docs.json").write_text("{\n" + body + "\n}\n")
    print(len(rows), "commands")


if __name__ == "__main__":
    main()
