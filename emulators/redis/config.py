"""What CONFIG knows: the values of all parameters, how texts are read and checked, and what a change does to the server.

The rows stand in `parameters`. A value is kept in its own type (bool, int, bytes; `special` ones as their text); `text`
gives what CONFIG GET shows. `set_many` is CONFIG SET: all or nothing, with the real server's errors. What a parameter
changes beyond its value is one entry of `_EFFECTS`; code that reads a parameter rarely asks `config["name"]`.
Version notes: 7.2 and 7.4 know more parameters (`since`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulators.redis.arguments import long_integer
from emulators.redis.errors import RedisError
from emulators.redis.glob import glob_match
from emulators.redis.parameters import PARAMETERS, Parameter
from emulators.redis.quoting import quoted

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator

__all__ = ["Configuration", "Thresholds", "memory_bytes"]


@dataclass(slots=True)
class Thresholds:
    """When a compact value turns into a large one (entries, and bytes of an element)."""

    hash_entries: int = 512
    hash_value: int = 64
    zset_entries: int = 128
    zset_value: int = 64
    set_intset_entries: int = 512
    #: 0 before 7.2, which had no listpack sets.
    set_listpack_entries: int = 128
    set_listpack_value: int = 64
    #: Negative: -1 to -5 for 4, 8, 16, 32, 64 KiB a node; positive: entries.
    list_max_listpack_size: int = -2
    list_compress_depth: int = 0
    #: Elements from this size on get a node of their own (DEBUG QUICKLIST-PACKED-THRESHOLD).
    list_packed_threshold: int = 1 << 30
    stream_node_entries: int = 100
    stream_node_bytes: int = 4096
    hll_sparse_bytes: int = 3000


_UNITS = {
    b"": 1,
    b"b": 1,
    b"k": 1000,
    b"kb": 1 << 10,
    b"m": 1000**2,
    b"mb": 1 << 20,
    b"g": 1000**3,
    b"gb": 1 << 30,
}
_MEMORY = re.compile(rb"([0-9]+)([a-zA-Z]*)\Z")


def memory_bytes(word: bytes) -> int | None:
    """`100mb` as a number of bytes, or None when it is no such text."""
    match = _MEMORY.match(word)
    if match is None:
        return None
    unit = _UNITS.get(match[2].lower())
    return None if unit is None else int(match[1]) * unit


class Invalid(Exception):
    """A value is refused; the text is what CONFIG SET says after the dash."""


def _inclusive(row: Parameter, render: str = "d") -> str:
    return f"argument must be between {row.low:{render}} and {row.high:{render}} inclusive"


def _parse_number(row: Parameter, word: bytes) -> int:
    value: int | None = None
    if row.kind == "number":
        value = long_integer(word)
        if value is None:
            raise Invalid("argument couldn't be parsed into an integer")
    elif row.kind == "octal":
        if not re.fullmatch(rb"[-+]?[0-7]+", word):
            raise Invalid("argument couldn't be parsed as an octal number")
        value = int(word, 8)
    else:
        value = memory_bytes(word)
        if value is not None:
            # The server keeps 64 bits, and reads the top one as a sign where the parameter is signed.
            value &= (1 << 64) - 1
            if not row.unsigned and value >= 1 << 63:
                value -= 1 << 64
        elif row.kind == "percent" and word.endswith(b"%") and (long_integer(word[:-1]) or -1) >= 0:
            value = -int(word[:-1])
            if value < row.low:
                raise Invalid(f"percentage argument must be less or equal to {-row.low}")
            return value
        elif row.kind == "percent" and word == b"0%":
            return 0
        else:
            raise Invalid(
                "argument must be a memory or percent value"
                if row.kind == "percent"
                else "argument must be a memory value"
            )
    compared = value & ((1 << 64) - 1) if row.unsigned else value
    if not row.low <= compared <= row.high:
        raise Invalid(_inclusive(row, "o" if row.kind == "octal" else "d"))
    return value


def _parse_choice(row: Parameter, word: bytes) -> bytes:
    words = word.split(b" ") if "multi" in row.flags else [word]
    lowered = [item.lower() for item in words]
    if not all(item in row.choices for item in lowered):
        raise Invalid("argument(s) must be one of the following: " + ", ".join(c.decode() for c in row.choices))
    if "multi" not in row.flags:
        return b"yes" if row.name == "oom-score-adj" and lowered[0] == b"relative" else lowered[0]
    chosen = [item for item in row.choices if item in lowered and item != b"default"]
    if b"save" in chosen and b"nosave" in chosen:
        raise Invalid("shutdown options SAVE and NOSAVE can't be used simultaneously")
    return b" ".join(chosen) or b"default"


_EVENTS = b"g$lshzxetdn"


def event_letters(word: bytes) -> str:
    """The flags of notify-keyspace-events with `A` spelled out, for `RedisEmulator.notify`."""
    return word.decode().replace("A", "g$lshzxetd")


def _parse_events(word: bytes) -> bytes:
    if word.translate(None, b"A" + _EVENTS + b"KEm"):
        raise Invalid("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
    letters = word.replace(b"A", b"g$lshzxetd")
    # As the server lists them; `A` stands for everything but the misses and new keys, which follow it.
    if all(letter in letters for letter in b"g$lshzxetd"):
        shown = b"A"
    else:
        shown = bytes(letter for letter in b"g$lshzxetdn" if letter in letters)
    return shown + bytes(letter for letter in b"KEm" if letter in letters)


def _parse_save(word: bytes) -> bytes:
    words = word.split(b" ") if word else []
    numbers = [long_integer(item) for item in words]
    if len(words) % 2 or any(
        value is None or value < (1 if index % 2 == 0 else 0) for index, value in enumerate(numbers)
    ):
        raise Invalid("Invalid save parameters")
    return b" ".join(words)


_CLASSES = {b"normal": 0, b"slave": 1, b"replica": 1, b"pubsub": 2}
_CLASS_NAMES = (b"normal", b"slave", b"pubsub")


def output_limits(word: bytes) -> list[list[int]]:
    """client-output-buffer-limit as [hard bytes, soft bytes, soft seconds] for normal, replica and pubsub clients."""
    words = word.split(b" ")
    return [[int(item) for item in words[start + 1 : start + 4]] for start in range(0, 12, 4)]


def _parse_output_limits(word: bytes, current: bytes) -> bytes:
    words = word.split(b" ")
    limits = output_limits(current)
    if len(words) % 4:
        raise Invalid("Wrong number of arguments in buffer limit configuration.")
    for start in range(0, len(words), 4):
        kind = _CLASSES.get(words[start].lower())
        if kind is None:
            raise Invalid("Invalid client class specified in buffer limit configuration.")
        hard, soft = memory_bytes(words[start + 1]), memory_bytes(words[start + 2])
        seconds = long_integer(words[start + 3])
        if hard is None or soft is None or seconds is None or seconds < 0:
            raise Invalid("Error in hard, soft or soft_seconds setting in buffer limit configuration.")
        limits[kind] = [hard, soft, seconds]
    return b" ".join(
        b"%b %d %d %d" % (name, limit[0], limit[1], limit[2]) for name, limit in zip(_CLASS_NAMES, limits, strict=True)
    )


def _parse_oom_values(word: bytes) -> bytes:
    words = word.split(b" ")
    if len(words) != 3:
        raise Invalid("wrong number of arguments")
    for item in words:
        value = long_integer(item)
        if value is None or not -2000 <= value <= 2000:
            raise Invalid("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")
    return word


def _parse_percentiles(word: bytes) -> bytes:
    shown = []
    for item in word.split(b" ") if word else []:
        try:
            value = float(item)
        except ValueError:
            raise Invalid("Invalid latency-tracking-info-percentiles parameters") from None
        if not 0.0 <= value <= 100.0:
            raise Invalid("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")
        shown.append((f"{value:f}".rstrip("0").rstrip(".")).encode())
    return b" ".join(shown)


def _parse_bind(word: bytes) -> bytes:
    if word.count(b" ") >= 16:
        raise Invalid("Too many bind addresses specified.")
    return word


def _parse_dir(word: bytes) -> bytes:
    if not os.path.isdir(word):
        raise Invalid("No such file or directory")
    return word


_SPECIAL: dict[str, Callable[[bytes], bytes]] = {
    "notify-keyspace-events": _parse_events,
    "save": _parse_save,
    "oom-score-adj-values": _parse_oom_values,
    "latency-tracking-info-percentiles": _parse_percentiles,
    "bind": _parse_bind,
    "dir": _parse_dir,
}


def _check_text(row: Parameter, word: bytes) -> None:
    if row.name == "dbfilename" and (b"/" in word or b"\\" in word):
        raise Invalid("dbfilename can't be a path, just a filename")
    if row.name in ("appendfilename", "appenddirname"):
        if not word:
            raise Invalid(f"{row.name} can't be empty")
        if b"/" in word or b"\\" in word:
            raise Invalid(f"{row.name} can't be a path, just a {'filename' if 'file' in row.name else 'dirname'}")
    if row.name == "cluster-announce-hostname":
        if len(word) >= 256:
            raise Invalid("Hostnames must be less than 256 characters")
        if not re.fullmatch(rb"[A-Za-z0-9.-]*", word):
            raise Invalid("Hostnames may only contain alphanumeric characters, hyphens or dots")
    if row.name == "proc-title-template":
        known = (b"title", b"listen-addr", b"server-mode", b"port", b"tls-port", b"unixsocket", b"config-file")
        if any(name not in known for name in re.findall(rb"\{([^}]*)\}", word)) or word.count(b"{") != word.count(b"}"):
            raise Invalid("template format is invalid or contains unknown variables")


def _check_port(server: RedisEmulator, value: int) -> None:
    if value != server.config["port"]:
        # The listener belongs to the host, which keeps its port.
        raise Invalid("Unable to listen on this port. Check server logs.")


class Configuration:
    """The parameters of one server. `config["name"]` gives a value; aliases share it."""

    def __init__(self, server: RedisEmulator) -> None:
        self._server = server
        self._rows: dict[str, Parameter] = {}
        self._values: dict[str, Any] = {}
        for row in PARAMETERS:
            if row.since > server.version:
                continue
            self._rows[row.name] = row
            if row.alias is not None:
                self._rows[row.alias] = row
            self._values[row.name] = row.default
        #: Values that `reset` and snapshots are measured against.
        self._start: dict[str, Any] = dict(self._values)
        #: The file it was read from, for INFO and CONFIG REWRITE.
        self.file = ""

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def put(self, name: str, value: Any) -> None:
        """Set a value from inside, unchecked, with its effect."""
        self._values[name] = value
        self._apply((name,))

    def found(self, name: str, value: Any) -> None:
        """Note a value that the surroundings decide (the port): it is part of the start, not a change."""
        self._values[name] = self._start[name] = value

    def start(self, *, databases: int, cluster: bool, password: str | None, more: Mapping[str, object]) -> None:
        """Take in what the server is started with, and bring everything in line with it."""
        pairs = [(b"databases", b"%d" % databases), (b"cluster-enabled", b"yes" if cluster else b"no")]
        if password is not None:
            pairs.append((b"requirepass", password.encode()))
        for name, value in more.items():
            word = ("yes" if value else "no") if isinstance(value, bool) else str(value)
            pairs.append((name.encode(), word.encode()))
        try:
            self.set_many(pairs, starting=True)
        except RedisError as error:
            raise ValueError(f"cannot start the Redis emulator with this configuration: {error}") from None
        self._apply(_EFFECTS)
        self.settle()

    def settle(self) -> None:
        """Take the present values as those of a fresh start."""
        self._start = dict(self._values)

    def row(self, name: bytes) -> Parameter | None:
        return self._rows.get(name.decode("latin-1").lower())

    # -- CONFIG GET ------------------------------------------------------------------------------------------

    def text(self, name: str) -> bytes:
        row = self._rows[name]
        value = self._values[row.name]
        if row.kind == "bool":
            return b"yes" if value else b"no"
        if row.kind == "octal":
            return b"%o" % value
        if row.kind == "percent" and value < 0:
            return b"%d%%" % -value
        return value if isinstance(value, bytes) else b"%d" % value

    def matching(self, patterns: Iterable[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        for pattern in patterns:
            if not any(char in pattern for char in b"[*?"):
                if not any(name.lower() == pattern.lower() for name in found) and self.row(pattern) is not None:
                    found[pattern] = self.text(pattern.decode("latin-1").lower())
                continue
            lowered = pattern.lower()
            for name, row in self._rows.items():
                if "hidden" not in row.flags and glob_match(lowered, name.encode()):
                    found.setdefault(name.encode(), self.text(name))
        return found

    # -- CONFIG SET ------------------------------------------------------------------------------------------

    def set_many(self, pairs: list[tuple[bytes, bytes]], *, starting: bool = False) -> None:
        """Set parameters, all or none. `starting` allows what only a start may set."""
        rows: list[Parameter] = []
        names: set[bytes] = set()
        for name, _ in pairs:
            row = self.row(name)
            if row is None:
                raise RedisError(b"ERR Unknown option or number of arguments for CONFIG SET - '%b'" % name)
            if "immutable" in row.flags and not starting:
                raise _failed(name, "can't set immutable config")
            if "protected" in row.flags and not starting and self._values["enable-protected-configs"] == b"no":
                raise _failed(name, "can't set protected config")
            # A name and its alias are two parameters to the server: the later one wins.
            if name.lower() in names:
                raise _failed(name, "duplicate parameter")
            names.add(name.lower())
            rows.append(row)
        fresh: dict[str, Any] = {}
        for row, (name, word) in zip(rows, pairs, strict=True):
            try:
                fresh[row.name] = self._parse(row, word)
            except Invalid as reason:
                # The name as the lookup found it, so an alias shows as the alias.
                raise _failed(name.lower(), str(reason)) from None
        if "port" in fresh and not starting:
            try:
                _check_port(self._server, fresh["port"])
            except Invalid as reason:
                raise _failed(b"port", str(reason)) from None
        self._values.update(fresh)
        self._apply(fresh)

    def _parse(self, row: Parameter, word: bytes) -> Any:
        if row.kind == "bool":
            lowered = word.lower()
            if lowered not in (b"yes", b"no"):
                raise Invalid("argument must be 'yes' or 'no'")
            return lowered == b"yes"
        if row.kind == "choice":
            return _parse_choice(row, word)
        if row.kind == "text":
            _check_text(row, word)
            return word
        if row.name == "client-output-buffer-limit":
            return _parse_output_limits(word, self._values[row.name])
        if row.kind == "special":
            return _SPECIAL[row.name](word) if row.name in _SPECIAL else word
        value = _parse_number(row, word)
        return min(max(value, 1), 500) if row.name == "hz" else value

    def _apply(self, names: Iterable[str]) -> None:
        done = []
        for name in names:
            effect = _EFFECTS.get(name)
            if effect is not None and effect not in done:
                done.append(effect)
                effect(self._server, self._values)

    # -- snapshots -------------------------------------------------------------------------------------------

    def capture(self) -> dict[str, Any]:
        """What differs from the start."""
        return {name: value for name, value in self._values.items() if value != self._start[name]}

    def put_back(self, data: dict[str, Any]) -> None:
        wanted = {**self._start, **data}
        changed = [name for name, value in wanted.items() if self._values.get(name) != value]
        self._values = wanted
        self._apply(changed)

    # -- CONFIG REWRITE --------------------------------------------------------------------------------------

    def changed_lines(self) -> dict[str, str]:
        """By name, the line of a configuration file for every parameter that has not its default."""
        shown: dict[str, str] = {}
        for row in PARAMETERS:
            if row.name not in self._values:
                continue
            # A server that finds no save points in its file takes the usual ones, so none has to be said.
            if self._values[row.name] != row.default or row.name == "save":
                word = self.text(row.name).decode("utf-8", "surrogateescape")
                if "multi" not in row.flags and (not word or any(char in word for char in " \"'\\\n\r\t")):
                    word = quoted(word.encode("utf-8", "surrogateescape")).decode("ascii")
                shown[row.name] = f"{row.name} {word}" if word else f'{row.name} ""'
        return shown


def _failed(name: bytes, reason: str) -> RedisError:
    return RedisError(
        b"ERR CONFIG SET failed (possibly related to argument '%b') - %b" % (name, reason.encode("utf-8", "replace"))
    )


# -- what a parameter changes --------------------------------------------------------------------------------------

Effect = Callable[["RedisEmulator", dict[str, Any]], None]


def _thresholds(server: RedisEmulator, values: dict[str, Any]) -> None:
    limits = server.thresholds
    limits.hash_entries = values["hash-max-listpack-entries"]
    limits.hash_value = values["hash-max-listpack-value"]
    limits.zset_entries = values["zset-max-listpack-entries"]
    limits.zset_value = values["zset-max-listpack-value"]
    limits.set_intset_entries = values["set-max-intset-entries"]
    limits.set_listpack_entries = values.get("set-max-listpack-entries", 0)
    limits.set_listpack_value = values.get("set-max-listpack-value", 64)
    limits.list_max_listpack_size = values["list-max-listpack-size"]
    limits.list_compress_depth = values["list-compress-depth"]
    limits.stream_node_entries = values["stream-node-max-entries"]
    limits.stream_node_bytes = values["stream-node-max-bytes"]
    limits.hll_sparse_bytes = values["hll-sparse-max-bytes"]


def _password(server: RedisEmulator, values: dict[str, Any]) -> None:
    server.acl.set_default_password(values["requirepass"])


def _max_bulk(server: RedisEmulator, values: dict[str, Any]) -> None:
    server.max_bulk = values["proto-max-bulk-len"]
    for session in server.sessions.values():
        session.reader.max_bulk = server.max_bulk  # type: ignore[attr-defined]


def _events(server: RedisEmulator, values: dict[str, Any]) -> None:
    server.notify_flags = event_letters(values["notify-keyspace-events"])
    server.notify_new = "n" in server.notify_flags
    server.instruments.settle()


_EFFECTS: dict[str, Effect] = {
    "requirepass": _password,
    "proto-max-bulk-len": _max_bulk,
    "notify-keyspace-events": _events,
    **dict.fromkeys(
        (
            "hash-max-listpack-entries",
            "hash-max-listpack-value",
            "zset-max-listpack-entries",
            "zset-max-listpack-value",
            "set-max-intset-entries",
            "set-max-listpack-entries",
            "set-max-listpack-value",
            "list-max-listpack-size",
            "list-compress-depth",
            "stream-node-max-entries",
            "stream-node-max-bytes",
            "hll-sparse-max-bytes",
        ),
        _thresholds,
    ),
}


def effect(*names: str) -> Callable[[Effect], Effect]:
    """Tie a function to parameters: it is called after any of them has changed."""

    def tie(function: Effect) -> Effect:
        for name in names:
            _EFFECTS[name] = function
        return function

    return tie
