"""Codecs compiled from Kafka's schemas: one decoder and one encoder of Python source per (message, version), made when
first used.

A decoder gives an object whose attributes are the union of all versions' fields: what the version at hand lacks reads
as the schema's default, so a handler serves every version with one text. An encoder takes nested dicts and writes what
the version has; absent keys take the default, and None where that version knows no null becomes the type's empty value.

As Kafka does: unknown tagged fields and trailing bytes are skipped. Anything else out of shape raises `DecodeError`.
UUIDs are 16 raw bytes, times are plain integers in milliseconds, error codes are integers.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from emulators.kafka.wire.schema import API_NAMES, Field, message

__all__ = [
    "DecodeError",
    "Decoder",
    "Encoder",
    "decoder",
    "encode",
    "encoder",
    "header_version",
    "read_uvarint",
    "uvarint",
]

Decoder = Callable[[bytes, int], tuple[Any, int]]
Encoder = Callable[[dict[str, Any], Callable[[bytes], None]], None]

#: Elements over all arrays of one message: more is an attack on our memory, not a request.
MAX_ELEMENTS = 1_000_000

_FORMATS = {
    "int8": "b",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "float64": "d",
    "bool": "?",
    "uuid": "16s",
}


class DecodeError(ValueError):
    """The bytes are not a message of that kind and version: the connection is closed, as Kafka does."""


class Record:
    """A decoded struct: attributes by the protocol's field names."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in vars(self).items())})"


def read_uvarint(data: bytes, position: int) -> tuple[int, int]:
    """An unsigned varint of at most five bytes, and the position behind it."""
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 28:
            raise DecodeError("a varint is longer than five bytes")


def uvarint(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


@lru_cache(maxsize=8192)
def _compact_string(value: str | None) -> bytes:
    if value is None:
        return b"\0"
    raw = value.encode()
    return uvarint(len(raw) + 1) + raw


@lru_cache(maxsize=8192)
def _legacy_string(value: str | None) -> bytes:
    if value is None:
        return b"\xff\xff"
    raw = value.encode()
    return struct.pack(">h", len(raw)) + raw


def _short() -> DecodeError:
    return DecodeError("the message ends early")


class _Writer:
    """Lines of generated source and the constants they refer to."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "uv": read_uvarint,
            "UV": uvarint,
            "CS": _compact_string,
            "LS": _legacy_string,
            "short": _short,
            "DecodeError": DecodeError,
            "Z16": bytes(16),
        }
        self.depth = 1
        self.counter = 0

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def fresh(self, prefix: str) -> str:
        self.counter += 1
        return f"{prefix}{self.counter}"

    def constant(self, prefix: str, value: Any) -> str:
        name = self.fresh(prefix)
        self.names[name] = value
        return name

    def build(self, head: str) -> Any:
        source = "\n".join([head, *self.lines])
        exec(compile(source, "<kafka codec>", "exec"), self.names)
        return self.names["run"]


# -- decoding ------------------------------------------------------------------------------------------------


@cache
def _class_of(name: str, path: tuple[str, ...]) -> type[Record]:
    """The class of a struct; defaults of fields that a version lacks are its class attributes."""
    fields = message(name).fields
    for step in path:
        fields = [child for found in fields if found.name == step for child in found.children]
    words = "_".join((name.replace(".", "_"), *path))
    made: type[Record] = type("".join(word.capitalize() for word in words.split("_")), (Record,), {})
    for found in fields:
        if found.type == "{}" and not found.has_default:
            setattr(made, found.name, _class_of(name, (*path, found.name))())
        else:
            setattr(made, found.name, found.zero)
    return made


@cache
def decoder(name: str, version: int) -> Decoder:
    """`decode(data, position) -> (message, position behind it)`; KeyError for a version that does not exist."""
    found = message(name)
    if not found.versions[0] <= version <= found.versions[1]:
        raise KeyError(f"{name} v{version}")
    writer = _Writer()
    writer.names["budget"] = [0]
    writer.names["MAX"] = MAX_ELEMENTS
    writer.line("budget[0] = MAX")
    writer.line("try:")
    writer.depth += 1
    _decode_struct(writer, name, (), found.fields, version, found.flexible(version), "o")
    writer.depth -= 1
    writer.line("except (IndexError, UnicodeDecodeError, StructError) as error:")
    writer.line("    raise DecodeError(f'malformed message: {error}') from error")
    writer.line("return o, p")
    writer.names["StructError"] = struct.error
    run: Decoder = writer.build("def run(b, p):")
    return run


def _decode_struct(
    w: _Writer, name: str, path: tuple[str, ...], fields: list[Field], version: int, flexible: bool, target: str
) -> None:
    w.line(f"{target} = {w.constant('new', _class_of(name, path))}()")
    present = [found for found in fields if found.within(version)]
    plain = [found for found in present if found.tag is None]
    index = 0
    while index < len(plain):
        run = []
        while index < len(plain) and plain[index].type in _FORMATS:
            run.append(plain[index])
            index += 1
        if run:
            packer = struct.Struct(">" + "".join(_FORMATS[found.type] for found in run))
            targets = ", ".join(f"{target}.{found.name}" for found in run)
            comma = "," if len(run) == 1 else ""
            w.line(f"{targets}{comma} = {w.constant('S', packer.unpack_from)}(b, p); p += {packer.size}")
            continue
        found = plain[index]
        index += 1
        _decode_value(w, name, path, found, version, flexible, f"{target}.{found.name}")
    if flexible:
        _decode_tags(w, name, path, [found for found in present if found.tag is not None], version, target)


def _decode_tags(w: _Writer, name: str, path: tuple[str, ...], tagged: list[Field], version: int, target: str) -> None:
    count, tag, size, end = w.fresh("n"), w.fresh("t"), w.fresh("n"), w.fresh("e")
    w.line(f"{count} = b[p]; p += 1")
    w.line(f"if {count}:")
    w.depth += 1
    w.line(f"if {count} > 127: {count}, p = uv(b, p - 1)")
    w.line(f"while {count}:")
    w.depth += 1
    w.line(f"{count} -= 1")
    w.line(f"{tag}, p = uv(b, p); {size}, p = uv(b, p); {end} = p + {size}")
    w.line(f"if {end} > len(b): raise short()")
    for position, found in enumerate(tagged):
        w.line(f"{'if' if position == 0 else 'elif'} {tag} == {found.tag}:")
        w.depth += 1
        _decode_value(w, name, path, found, version, True, f"{target}.{found.name}", tagged=True)
        w.depth -= 1
    w.line(f"p = {end}")
    w.depth -= 2


def _decode_length(w: _Writer, n: str, flexible: bool, width: str) -> None:
    """Leave in `n` the length, -1 for null."""
    if flexible:
        w.line(f"{n} = b[p] - 1; p += 1")
        w.line(f"if {n} > 126: {n}, p = uv(b, p - 1); {n} -= 1")
    else:
        packer = struct.Struct(">h" if width == "h" else ">i")
        w.line(f"{n}, = {w.constant('S', packer.unpack_from)}(b, p); p += {packer.size}")


def _decode_value(
    w: _Writer,
    name: str,
    path: tuple[str, ...],
    found: Field,
    version: int,
    flexible: bool,
    target: str,
    tagged: bool = False,
) -> None:
    nullable = found.nullable(version) or tagged
    kind = found.type
    if kind in _FORMATS:
        packer = struct.Struct(">" + _FORMATS[kind])
        w.line(f"{target}, = {w.constant('S', packer.unpack_from)}(b, p); p += {packer.size}")
        return
    if kind == "{}":
        if found.nullable(version):
            w.line("p += 1")
            w.line(f"if b[p - 1] > 127: {target} = None")
            w.line("else:")
            w.depth += 1
        inner = w.fresh("o")
        _decode_struct(w, name, (*path, found.name), found.children, version, flexible, inner)
        w.line(f"{target} = {inner}")
        if found.nullable(version):
            w.depth -= 1
        return
    n = w.fresh("n")
    if kind in ("string", "bytes", "records"):
        _decode_length(w, n, flexible, "h" if kind == "string" else "i")
        w.line(f"if {n} < 0:")
        w.line(f"    {target} = None" if nullable else "    raise DecodeError('null where none is allowed')")
        w.line("else:")
        end = w.fresh("e")
        w.line(f"    {end} = p + {n}")
        w.line(f"    if {end} > len(b): raise short()")
        decoded = f"str(b[p:{end}], 'utf-8')" if kind == "string" else f"b[p:{end}]"
        w.line(f"    {target} = {decoded}; p = {end}")
        return
    _decode_length(w, n, flexible, "i")
    w.line(f"if {n} < 0:")
    w.line(f"    {target} = None" if nullable else "    raise DecodeError('null where none is allowed')")
    w.line("else:")
    w.depth += 1
    w.line(f"budget[0] -= {n}")
    w.line(f"if {n} > len(b) - p or budget[0] < 0: raise DecodeError('an array is longer than its message')")
    element = kind[1:-1]
    if element in _FORMATS:
        packer = struct.Struct(">" + _FORMATS[element])
        items = w.fresh("a")
        w.names["unpack_from"] = struct.unpack_from
        if element == "uuid":
            w.line(f"{items} = [b[p + 16 * i:p + 16 * i + 16] for i in range({n})]")
            w.line(f"if len(b) < p + 16 * {n}: raise short()")
        else:
            w.line(f"{items} = list(unpack_from(f'>{{{n}}}{_FORMATS[element]}', b, p))")
        w.line(f"p += {packer.size} * {n}; {target} = {items}")
    else:
        items, item = w.fresh("a"), w.fresh("o")
        w.line(f"{items} = []")
        w.line(f"for _ in range({n}):")
        w.depth += 1
        if element:
            child = Field(found.name, element, found.versions)
            _decode_value(w, name, path, child, version, flexible, item)
        else:
            _decode_struct(w, name, (*path, found.name), found.children, version, flexible, item)
        w.line(f"{items}.append({item})")
        w.depth -= 1
        w.line(f"{target} = {items}")
    w.depth -= 1


# -- encoding ------------------------------------------------------------------------------------------------


@cache
def encoder(name: str, version: int) -> Encoder:
    """`encode(fields, write)` hands the pieces of the message to `write`; KeyError for a version that does not exist."""
    found = message(name)
    if not found.versions[0] <= version <= found.versions[1]:
        raise KeyError(f"{name} v{version}")
    w = _Writer()
    _encode_struct(w, found.fields, version, found.flexible(version), "d")
    w.line("return None")
    run: Encoder = w.build("def run(d, w):")
    return run


def encode(name: str, version: int, fields: dict[str, Any]) -> bytes:
    """A message as bytes, without header."""
    parts: list[bytes] = []
    encoder(name, version)(fields, parts.append)
    return b"".join(parts)


def _value(w: _Writer, found: Field, source: str) -> str:
    zero = found.zero
    if found.type == "{}" and not found.has_default:
        zero = {}
    if found.type == "string" and not found.has_default and found.null[0] <= found.null[1]:
        zero = None
    literal = repr(zero) if isinstance(zero, (int, str, bool, type(None), bytes)) and zero != bytes(16) else None
    return f"{source}.get({found.name!r}, {literal if literal is not None else w.constant('K', zero)})"


def _encode_struct(w: _Writer, fields: list[Field], version: int, flexible: bool, source: str) -> None:
    present = [found for found in fields if found.within(version)]
    plain = [found for found in present if found.tag is None]
    index = 0
    while index < len(plain):
        run = []
        while index < len(plain) and plain[index].type in _FORMATS:
            run.append(plain[index])
            index += 1
        if run:
            packer = struct.Struct(">" + "".join(_FORMATS[found.type] for found in run))
            values = ", ".join(
                f"({_value(w, found, source)} or Z16)" if found.type == "uuid" else _value(w, found, source)
                for found in run
            )
            w.line(f"w({w.constant('P', packer.pack)}({values}))")
            continue
        found = plain[index]
        index += 1
        _encode_value(w, found, version, flexible, _value(w, found, source))
    if flexible:
        _encode_tags(w, [found for found in present if found.tag is not None], version, source)


def _encode_tags(w: _Writer, tagged: list[Field], version: int, source: str) -> None:
    if not tagged:
        w.line("w(b'\\0')")
        return
    pairs = w.fresh("g")
    w.line(f"{pairs} = []")
    for found in sorted(tagged, key=lambda one: one.tag or 0):
        value, parts, outer = w.fresh("v"), w.fresh("q"), w.fresh("w")
        w.line(f"{value} = {source}.get({found.name!r})")
        skip = "None" if found.has_default and found.default is None else w.constant("K", found.zero)
        w.line(f"if {value} is not None and {value} != {skip}{f' and {value}' if found.array else ''}:")
        w.depth += 1
        w.line(f"{parts} = []; {outer} = w; w = {parts}.append")
        _encode_value(w, found, version, True, value)
        w.line(f"w = {outer}; {parts} = b''.join({parts})")
        w.line(f"{pairs}.append(UV({found.tag}) + UV(len({parts})) + {parts})")
        w.depth -= 1
    w.line(f"w(UV(len({pairs})))")
    w.line(f"if {pairs}: w(b''.join({pairs}))")


def _encode_value(w: _Writer, found: Field, version: int, flexible: bool, value: str) -> None:
    nullable = found.nullable(version)
    kind = found.type
    if kind in _FORMATS:
        w.line(f"w({w.constant('P', struct.Struct('>' + _FORMATS[kind]).pack)}({value}))")
        return
    if kind == "string":
        text = value if nullable else f"{value} or ''"
        w.line(f"w({'CS' if flexible else 'LS'}({text}))")
        return
    v = w.fresh("v")
    w.line(f"{v} = {value}")
    if kind == "{}":
        if nullable:
            w.line(f"if {v} is None: w(b'\\xff')")
            w.line("else:")
            w.depth += 1
            w.line("w(b'\\1')")
        else:
            w.line(f"if {v} is None: {v} = {{}}")
        _encode_struct(w, found.children, version, flexible, v)
        if nullable:
            w.depth -= 1
        return
    length = w.constant("P", struct.Struct(">i").pack)
    null = "b'\\0'" if flexible else "b'\\xff\\xff\\xff\\xff'"
    if nullable:
        w.line(f"if {v} is None: w({null})")
        w.line("else:")
        w.depth += 1
    else:
        empty = "b''" if kind in ("bytes", "records") else "()"
        w.line(f"if {v} is None: {v} = {empty}")
    w.line(f"w(UV(len({v}) + 1))" if flexible else f"w({length}(len({v})))")
    if kind in ("bytes", "records"):
        w.line(f"w({v})")
    else:
        item = w.fresh("i")
        w.line(f"for {item} in {v}:")
        w.depth += 1
        if kind == "[]":
            _encode_struct(w, found.children, version, flexible, item)
        else:
            _encode_value(w, Field(found.name, kind[1:-1], found.versions), version, flexible, item)
        w.depth -= 1
    if nullable:
        w.depth -= 1


# -- headers -------------------------------------------------------------------------------------------------


def header_version(key: int, version: int, response: bool) -> int:
    """0/1 for responses, 1/2 for requests. ApiVersions answers with header 0 always, so that any client can read it."""
    name = API_NAMES[key]
    if response:
        return 1 if key != 18 and message(f"{name}.response").flexible(version) else 0
    return 2 if message(f"{name}.request").flexible(version) else 1
