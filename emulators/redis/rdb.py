"""RDB: DUMP payloads and whole files, in the formats of real servers, both ways.

A payload is a value's type and body, the RDB version in two bytes, and a CRC-64 over all of that. A file is `REDIS`
and the version, fields about its making, per database its keys with deadlines, and a CRC-64. Files of every version
from 1 to 12 are read; of the later ones, those that hold nothing new. `load` gives rows, and the caller puts them
where they belong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.crc64 import crc64
from emulators.redis.rdb_values import RDB_VERSIONS, UnsupportedError, read_value, write_value
from emulators.redis.rdb_wire import DamagedError, RdbReader, RdbWriter
from emulators.redis.values import Value

if TYPE_CHECKING:
    from emulators.redis.config import Thresholds

__all__ = [
    "DamagedError",
    "Loaded",
    "Row",
    "UnsupportedError",
    "dump_functions",
    "dump_payload",
    "load",
    "load_functions",
    "payload_is_sound",
    "restore_payload",
    "save",
]

Version = tuple[int, int]

_MAX_VERSION = 12
_SLOT_INFO, _FUNCTION, _FUNCTION_OLD, _MODULE_AUX, _IDLE, _FREQUENCY = 244, 245, 246, 247, 248, 249
_AUX, _RESIZE, _EXPIRE_MS, _EXPIRE_S, _SELECT, _END = 250, 251, 252, 253, 254, 255
_FOOTER = 10


def rdb_version(version: Version) -> int:
    """The RDB version that a server of this Redis version writes."""
    return RDB_VERSIONS[max(known for known in RDB_VERSIONS if known <= version)]


# -- DUMP and RESTORE ----------------------------------------------------------------------------------------


def dump_payload(value: bytes | Value, version: Version, thresholds: Thresholds) -> bytes:
    """What DUMP answers. UnsupportedError for a value of a module."""
    writer = RdbWriter()
    write_value(writer, value, version, thresholds)
    writer.raw(rdb_version(version).to_bytes(2, "little"))
    body = bytes(writer.out)
    return body + crc64(body).to_bytes(8, "little")


def payload_is_sound(payload: bytes, version: Version) -> bool:
    """True if a payload's version is known to such a server, and its checksum is right."""
    if len(payload) < _FOOTER or int.from_bytes(payload[-10:-8], "little") > rdb_version(version):
        return False
    return crc64(payload[:-8]) == int.from_bytes(payload[-8:], "little")


def restore_payload(payload: bytes, version: Version, thresholds: Thresholds) -> bytes | Value:
    """The value in a sound payload; DamagedError or UnsupportedError."""
    reader = RdbReader(payload[:-_FOOTER])
    value = read_value(reader, reader.byte(), version, thresholds)
    if value is None:
        raise DamagedError("an empty value")
    return value


def dump_functions(codes: Iterable[bytes], version: Version = (7, 0)) -> bytes:
    """What FUNCTION DUMP answers: the code of the libraries, with a payload's footer."""
    writer = RdbWriter()
    for code in codes:
        writer.byte(_FUNCTION)
        writer.string(code)
    writer.raw(rdb_version(version).to_bytes(2, "little"))
    body = bytes(writer.out)
    return body + crc64(body).to_bytes(8, "little")


def load_functions(payload: bytes, version: Version = (7, 4)) -> list[bytes]:
    """The code of the libraries in a FUNCTION DUMP payload; raises what FUNCTION RESTORE answers to a wrong one."""
    if not payload_is_sound(payload, version):
        raise errors.BAD_PAYLOAD
    reader = RdbReader(payload[:-_FOOTER])
    codes: list[bytes] = []
    while reader.position < len(reader.data):
        kind = reader.byte()
        if kind != _FUNCTION:
            raise errors.NOT_A_FUNCTION if kind != _FUNCTION_OLD else errors.OLD_FUNCTION
        try:
            codes.append(reader.string())
        except DamagedError:
            raise errors.BAD_FUNCTION from None
    return codes


# -- whole files ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One key. `deadline` in ms since the epoch; `idle_s` and `frequency` when the file has them."""

    database: int
    key: bytes
    value: bytes | Value
    deadline: int | None = None
    idle_s: int | None = None
    frequency: int | None = None


@dataclass(slots=True)
class Loaded:
    """A file's content: rows, the code of function libraries, and the fields about its making."""

    rows: list[Row] = field(default_factory=list)
    functions: list[bytes] = field(default_factory=list)
    about: dict[bytes, bytes] = field(default_factory=dict)


def save(
    rows: Iterable[Row],
    *,
    version: Version,
    thresholds: Thresholds,
    full_version: str,
    now_ms: int,
    functions: Iterable[bytes] = (),
) -> bytes:
    """A file with these rows, which have to be grouped by database."""
    writer = RdbWriter()
    writer.raw(b"REDIS%04d" % rdb_version(version))
    about = {
        "redis-ver": full_version,
        "redis-bits": "64",
        "ctime": str(now_ms // 1000),
        "used-mem": "0",
        "aof-base": "0",
    }
    for name, text in about.items():
        writer.byte(_AUX)
        writer.string(name.encode())
        writer.string(text.encode())
    for code in functions:
        writer.byte(_FUNCTION)
        writer.string(code)
    for number, group in _by_database(rows):
        writer.byte(_SELECT)
        writer.length(number)
        writer.byte(_RESIZE)
        writer.length(len(group))
        writer.length(sum(row.deadline is not None for row in group))
        for row in group:
            _save_row(writer, row, version, thresholds)
    writer.byte(_END)
    writer.raw(crc64(bytes(writer.out)).to_bytes(8, "little"))
    return bytes(writer.out)


def _by_database(rows: Iterable[Row]) -> Iterator[tuple[int, list[Row]]]:
    groups: dict[int, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.database, []).append(row)
    yield from sorted(groups.items())


def _save_row(writer: RdbWriter, row: Row, version: Version, thresholds: Thresholds) -> None:
    if row.deadline is not None:
        writer.byte(_EXPIRE_MS)
        writer.milliseconds(row.deadline)
    if row.idle_s is not None:
        writer.byte(_IDLE)
        writer.length(row.idle_s)
    if row.frequency is not None:
        writer.byte(_FREQUENCY)
        writer.byte(row.frequency)
    value = RdbWriter()
    write_value(value, row.value, version, thresholds)
    # The key stands between the type and the body.
    writer.byte(value.out[0])
    writer.string(row.key)
    writer.raw(bytes(value.out[1:]))


def load(data: bytes, *, version: Version, thresholds: Thresholds) -> Loaded:
    """Read a file. Keys whose value is empty are left out, as servers do. DamagedError or UnsupportedError."""
    if data[:5] != b"REDIS" or not data[5:9].isdigit():
        raise DamagedError("this is not an RDB file (it does not begin with REDIS and a version)")
    file_version = int(data[5:9])
    if not 1 <= file_version <= _MAX_VERSION:
        raise DamagedError(f"RDB version {file_version} is not known (the latest known is {_MAX_VERSION})")
    reader = RdbReader(data, 9)
    loaded = Loaded()
    number = 0
    deadline: int | None = None
    idle: int | None = None
    frequency: int | None = None
    while (kind := reader.byte()) != _END:
        if kind == _SELECT:
            number = reader.length()
        elif kind == _EXPIRE_MS:
            deadline = reader.milliseconds()
        elif kind == _EXPIRE_S:
            deadline = int.from_bytes(reader.raw(4), "little", signed=True) * 1000
        elif kind == _IDLE:
            idle = reader.length()
        elif kind == _FREQUENCY:
            frequency = reader.byte()
        elif kind == _FUNCTION:
            loaded.functions.append(reader.string())
        elif kind == _AUX:
            name = reader.string()
            loaded.about[name] = reader.string()
        elif kind == _RESIZE:
            reader.length(), reader.length()
        elif kind == _SLOT_INFO:
            reader.length(), reader.length(), reader.length()
        elif kind == _MODULE_AUX:
            _skip_module(reader)
        elif kind == _FUNCTION_OLD:
            raise UnsupportedError("functions in the form of a 7.0 release candidate")
        else:
            key = reader.string()
            value = read_value(reader, kind, version, thresholds)
            if value is not None:
                loaded.rows.append(Row(number, key, value, deadline, idle, frequency))
            deadline = idle = frequency = None
    if file_version >= 5:
        body = reader.position
        found = int.from_bytes(reader.raw(8), "little")
        # A file written without checksums has a zero here.
        if found and found != crc64(data[:body]):
            raise DamagedError("the checksum is wrong")
    return loaded


def _skip_module(reader: RdbReader) -> None:
    """Pass over what a module stored beside the keys: an id, then parts with their kind in front."""
    reader.length()
    while (kind := reader.length()) != 0:
        if kind in (1, 2):
            reader.length()
        elif kind in (3, 4):
            reader.raw(4 if kind == 3 else 8)
        elif kind == 5:
            reader.string()
        else:
            raise DamagedError("a module's data of an unknown kind")
