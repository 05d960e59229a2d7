"""COMMAND and its subcommands: the command table shown to clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.redis import errors
from emulators.redis.acl import CATEGORIES
from emulators.redis.commands.usage import docs
from emulators.redis.errors import RedisError
from emulators.redis.glob import glob_match
from emulators.redis.keyspecs import Found, found_keys
from emulators.redis.resp import Reply, SetReply, Status
from emulators.redis.table import COMMANDS, Command, command, version_tuple

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.session import RedisSession

#: Flags of a command in the order in which the server lists them.
_FLAG_ORDER = (
    "write",
    "readonly",
    "denyoom",
    "module",
    "admin",
    "pubsub",
    "noscript",
    "blocking",
    "loading",
    "stale",
    "skip_monitor",
    "skip_slowlog",
    "asking",
    "fast",
    "no_auth",
    "may_replicate",
    "no_mandatory_keys",
    "protected",
    "no_async_loading",
    "no_multi",
    "movablekeys",
    "allow_busy",
)


def _statuses(words: Any, order: tuple[str, ...] = ()) -> SetReply:
    place = {word: number for number, word in enumerate(order)}
    return SetReply([Status(word.encode()) for word in sorted(words, key=lambda w: (place.get(w, 99), w))])


def _tree(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.encode(): _tree(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_tree(item) for item in value]
    return value.encode() if isinstance(value, str) else value


def _key_spec(spec: dict[str, Any]) -> dict[bytes, Any]:
    shown = {key.encode(): _tree(item) for key, item in spec.items() if key != "flags"}
    flags = SetReply([Status(flag.encode()) for flag in spec["flags"]])
    if b"notes" in shown:
        return {b"notes": shown.pop(b"notes"), b"flags": flags, **shown}
    return {b"flags": flags, **shown}


def _info(row: Command) -> list[Any]:
    return [
        row.name.encode(),
        row.arity,
        _statuses(row.flags, _FLAG_ORDER),
        row.first_key,
        row.last_key,
        row.key_step,
        SetReply([Status(b"@" + word.encode()) for word in CATEGORIES if word in row.categories]),
        SetReply([tip.encode() for tip in row.tips]),
        SetReply([_key_spec(spec) for spec in row.key_specs]),
        # An array, but where there are none, the server sends an empty set.
        [_info(sub) for sub in row.subcommands.values()] or SetReply(),
    ]


def _top(server: RedisEmulator) -> list[Command]:
    found = []
    for row in COMMANDS.values():
        own = _lookup_one(server, row.name.encode())
        if own is not None:
            found.append(own)
    return found


def _lookup_one(server: RedisEmulator, name: bytes) -> Command | None:
    name = name.lower()
    own = server.containers.get(name) or server.commands.get(name)
    if own is not None:
        return own
    # A command without a handler here is known all the same.
    row = COMMANDS.get(name.decode("latin-1"))
    return row if row is not None and version_tuple(row.since) <= server.version else None


def lookup(server: RedisEmulator, name: bytes) -> Command | None:
    """A row by `name` or `container|sub`."""
    container, _, sub = name.partition(b"|")
    row = _lookup_one(server, container)
    if row is None or not sub:
        return row
    return row.subcommands.get(sub.lower())


@command("command")
def command_(client: RedisSession, args: list[bytes]) -> Reply:
    return [_info(row) for row in _top(client.server)]


@command("command|count")
def count(client: RedisSession, args: list[bytes]) -> Reply:
    return len(_top(client.server))


@command("command|info")
def info(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) == 2:
        return command_(client, args)
    rows = [lookup(client.server, name) for name in args[2:]]
    return [None if row is None else _info(row) for row in rows]


@command("command|list")
def list_(client: RedisSession, args: list[bytes]) -> Reply:
    rows = [row for top in _top(client.server) for row in top.walk()]
    if len(args) == 2:
        return [row.name.encode() for row in rows]
    if len(args) != 5 or args[2].upper() != b"FILTERBY":
        raise errors.SYNTAX
    kind, argument = args[3].upper(), args[4]
    if kind == b"MODULE":
        return []
    if kind == b"ACLCAT":
        wanted = argument.decode("latin-1").lower()
        return [row.name.encode() for row in rows if wanted in row.categories]
    if kind == b"PATTERN":
        return [row.name.encode() for row in rows if glob_match(argument.lower(), row.name.encode())]
    raise errors.SYNTAX


_ARGUMENT_FLAGS = ("optional", "multiple", "multiple_token")


def _argument(item: dict[str, Any]) -> dict[bytes, Any]:
    shown: dict[bytes, Any] = {b"name": item["name"].encode(), b"type": item["type"].encode()}
    for key in ("display_text", "key_spec_index", "token", "summary", "since", "deprecated_since"):
        if key in item:
            shown[key.encode()] = _tree(item[key])
    if item.get("flags"):
        shown[b"flags"] = SetReply([Status(flag.encode()) for flag in item["flags"]])
    if "arguments" in item:
        shown[b"arguments"] = [_argument(inner) for inner in item["arguments"]]
    return shown


def _docs(row: Command, data: dict[str, Any]) -> dict[bytes, Any]:
    shown: dict[bytes, Any] = {}
    if "summary" in data:
        shown[b"summary"] = data["summary"].encode()
    shown[b"since"] = data.get("since", row.since).encode()
    shown[b"group"] = data.get("group", row.group).encode()
    for key in ("complexity", "module", "deprecated_since", "replaced_by"):
        if key in data:
            shown[key.encode()] = data[key].encode()
    if data.get("doc_flags"):
        shown[b"doc_flags"] = SetReply([Status(flag.encode()) for flag in data["doc_flags"]])
    if data.get("history"):
        shown[b"history"] = SetReply([_tree(pair) for pair in data["history"]])
    if data.get("arguments"):
        shown[b"arguments"] = [_argument(item) for item in data["arguments"]]
    if row.subcommands:
        inner = data.get("subcommands", {})
        shown[b"subcommands"] = {
            sub.name.encode(): _docs(sub, inner.get(sub.name, {})) for sub in row.subcommands.values()
        }
    return shown


@command("command|docs")
def docs_(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) == 2:
        rows = _top(client.server)
    else:
        rows = [row for name in args[2:] if (row := lookup(client.server, name)) is not None]
    data = docs()
    shown = {}
    for row in rows:
        container, _, sub = row.name.partition("|")
        entry = data.get(container, {})
        shown[row.name.encode()] = _docs(row, entry.get("subcommands", {}).get(row.name, {}) if sub else entry)
    return shown


def _keys_of(client: RedisSession, words: list[bytes]) -> list[Found]:
    try:
        row = client.server.find(words)
    except RedisError:
        raise RedisError("ERR Invalid command specified") from None
    if row.find_keys is None and all("not_key" in spec["flags"] for spec in row.key_specs):
        raise RedisError("ERR The command has no key arguments")
    if not row.min_args <= len(words) <= row.max_args:
        raise RedisError("ERR Invalid number of arguments specified for command")
    found = found_keys(row, words)
    if not found and "no_mandatory_keys" not in row.flags:
        raise RedisError("ERR Invalid arguments specified for command")
    return found


@command("command|getkeys")
def getkeys(client: RedisSession, args: list[bytes]) -> Reply:
    words = args[2:]
    return [words[position] for position, _ in _keys_of(client, words)]


@command("command|getkeysandflags")
def getkeysandflags(client: RedisSession, args: list[bytes]) -> Reply:
    words = args[2:]
    return [
        [words[position], SetReply([Status(flag.encode()) for flag in flags])]
        for position, flags in _keys_of(client, words)
    ]
