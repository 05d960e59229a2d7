"""PostgreSQL's hash functions: hashtext, hashint4, hash_array and all the others, with their seeded (extended) forms.

The algorithm is Bob Jenkins' lookup3 as PostgreSQL uses it. Results are signed 32 (or, extended, 64) bits.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from emulators.postgres.functions.registry import builtin
from emulators.postgres.types.errors import data_error
from emulators.postgres.types.interval import span
from emulators.postgres.types.network import size_of
from emulators.postgres.types.values import JSON_NULL, PgArray, Range, Row

_MASK = 0xFFFFFFFF
_MASK64 = 0xFFFFFFFFFFFFFFFF


def _rotate(value: int, count: int) -> int:
    return (value << count | value >> (32 - count)) & _MASK


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    a = (a - c & _MASK) ^ _rotate(c, 4)
    c = c + b & _MASK
    b = (b - a & _MASK) ^ _rotate(a, 6)
    a = a + c & _MASK
    c = (c - b & _MASK) ^ _rotate(b, 8)
    b = b + a & _MASK
    a = (a - c & _MASK) ^ _rotate(c, 16)
    c = c + b & _MASK
    b = (b - a & _MASK) ^ _rotate(a, 19)
    a = a + c & _MASK
    c = (c - b & _MASK) ^ _rotate(b, 4)
    b = b + a & _MASK
    return a, b, c


def _final(a: int, b: int, c: int) -> tuple[int, int]:
    c = (c ^ b) - _rotate(b, 14) & _MASK
    a = (a ^ c) - _rotate(c, 11) & _MASK
    b = (b ^ a) - _rotate(a, 25) & _MASK
    c = (c ^ b) - _rotate(b, 16) & _MASK
    a = (a ^ c) - _rotate(c, 4) & _MASK
    b = (b ^ a) - _rotate(a, 14) & _MASK
    c = (c ^ b) - _rotate(b, 24) & _MASK
    return b, c


def _start(length: int, seed: int) -> tuple[int, int, int]:
    a = b = c = 0x9E3779B9 + length + 3923095 & _MASK
    if seed:
        a = a + (seed >> 32) & _MASK
        b = b + seed & _MASK
        a, b, c = _mix(a, b, c)
    return a, b, c


def hash_bytes_wide(data: bytes, seed: int = 0) -> tuple[int, int]:
    """The two halves of a hash: (high, low); the 32-bit hash is the low one."""
    a, b, c = _start(len(data), seed)
    position, left = 0, len(data)
    while left >= 12:
        x, y, z = struct.unpack_from("<III", data, position)
        a, b, c = _mix(a + x & _MASK, b + y & _MASK, c + z & _MASK)
        position += 12
        left -= 12
    tail = data[position:] + bytes(12 - left)
    a = a + int.from_bytes(tail[0:4], "little") & _MASK
    b = b + int.from_bytes(tail[4:8], "little") & _MASK
    # The lowest byte of c is kept for the length.
    c = c + (int.from_bytes(tail[8:11], "little") << 8) & _MASK
    return _final(a, b, c)


def hash_uint32_wide(value: int, seed: int = 0) -> tuple[int, int]:
    a, b, c = _start(4, seed)
    return _final(a + (value & _MASK) & _MASK, b, c)


def _fold_int8(value: int) -> int:
    """int8 values that fit int4 hash like int4."""
    low, high = value & _MASK, value >> 32 & _MASK
    return low ^ (high if value >= 0 else high ^ _MASK)


def _float_bytes(value: float) -> bytes | None:
    if value == 0:
        return None
    return struct.pack("<d", value if value == value else float("nan"))


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >= 1 << (bits - 1) else value


Wide = Callable[[Any, int], int]
"""(value, seed) -> 64 bits whose low half is the plain hash when the seed is 0"""


def _of_bytes(convert: Callable[[Any], bytes]) -> Wide:
    def run(value: Any, seed: int) -> int:
        high, low = hash_bytes_wide(convert(value), seed)
        return high << 32 | low

    return run


def _of_uint32(convert: Callable[[Any], int]) -> Wide:
    def run(value: Any, seed: int) -> int:
        high, low = hash_uint32_wide(convert(value), seed)
        return high << 32 | low

    return run


_hash_int8 = _of_uint32(_fold_int8)


def _hash_float(value: float, seed: int) -> int:
    data = _float_bytes(value)
    if data is None:
        return seed
    high, low = hash_bytes_wide(data, seed)
    return high << 32 | low


def _numeric_groups(value: Decimal) -> tuple[list[int], int]:
    """Base-10000 digits without outer zeros, and the weight of the first."""
    text = f"{value.copy_abs():f}"
    whole, _, fraction = text.partition(".")
    whole = "0" * (-len(whole) % 4) + whole
    fraction += "0" * (-len(fraction) % 4)
    digits = whole + fraction
    groups = [int(digits[index : index + 4]) for index in range(0, len(digits), 4)]
    weight = len(whole) // 4 - 1
    while groups and groups[0] == 0:
        groups.pop(0)
        weight -= 1
    while groups and groups[-1] == 0:
        groups.pop()
    return groups, weight


def _hash_numeric(value: Decimal, seed: int) -> int:
    if not value.is_finite():
        return seed
    groups, weight = _numeric_groups(value)
    if not groups:
        return seed - 1 & _MASK64
    high, low = hash_bytes_wide(struct.pack(f"<{len(groups)}h", *groups), seed)
    return (high << 32 | low) ^ (weight & _MASK64)


def _hash_timetz(value: Any, seed: int) -> int:
    zone = _of_uint32(lambda item: item)(value.zone, seed)
    return _hash_int8(value.us, seed) ^ zone


def _hash_interval(value: Any, seed: int) -> int:
    return _hash_int8(_signed(span(value) & _MASK64, 64), seed)


def _inet_bytes(value: Any) -> bytes:
    size = size_of(value.family) // 8
    return bytes([2 if value.family == 4 else 3, value.bits]) + value.address.to_bytes(size, "big")  # type: ignore[no-any-return]


def _oidvector_bytes(value: PgArray) -> bytes:
    return struct.pack(f"<{len(value.elements)}I", *value.elements)


def _char_code(value: str) -> int:
    code = ord(value) if value else 0
    return code - 256 if code > 127 else code


_HASHES: dict[str, Wide] = {
    "hashint2": _of_uint32(int),
    "hashint4": _of_uint32(int),
    "hashint8": _hash_int8,
    "hashoid": _of_uint32(int),
    "hashxid": _of_uint32(int),
    "hashcid": _of_uint32(int),
    "hashxid8": lambda value, seed: _hash_int8(_signed(value, 64), seed),
    "hashbool": _of_uint32(int),
    "hashdate": _of_uint32(int),
    "hashchar": _of_uint32(_char_code),
    "hashname": _of_bytes(str.encode),
    "hashtext": _of_bytes(str.encode),
    "hashbpchar": _of_bytes(lambda value: value.rstrip(" ").encode()),
    "hashbytea": _of_bytes(bytes),
    "hashfloat4": _hash_float,
    "hashfloat8": _hash_float,
    "hashoidvector": _of_bytes(_oidvector_bytes),
    "hashinet": _of_bytes(_inet_bytes),
    "hashmacaddr8": _of_bytes(lambda value: value.to_bytes(8, "big")),
    "hashtid": _of_bytes(lambda value: struct.pack("<HHH", value[0] >> 16, value[0] & 0xFFFF, value[1])),
    "hashmacaddr": _of_bytes(lambda value: value.to_bytes(6, "big")),
    "hash_numeric": _hash_numeric,
    "time_hash": _hash_int8,
    "timetz_hash": _hash_timetz,
    "interval_hash": _hash_interval,
    "timestamp_hash": _hash_int8,
    "timestamptz_hash": _hash_int8,
    "uuid_hash": _of_bytes(bytes),
    "pg_lsn_hash": _hash_int8,
}


def _register() -> None:
    def plain(wide: Wide) -> Callable[[Any], int]:
        return lambda value: _signed(wide(value, 0) & _MASK, 32)

    def extended(wide: Wide) -> Callable[[Any, int], int]:
        return lambda value, seed: _signed(wide(value, seed & _MASK64) & _MASK64, 64)

    for name, wide in _HASHES.items():
        builtin(name)(plain(wide))
        builtin(f"{name}_extended" if "_" in name else f"{name}extended")(extended(wide))


_register()

_BY_INPUT = {
    "int2in": "hashint2",
    "int4in": "hashint4",
    "int8in": "hashint8",
    "oidin": "hashoid",
    "xidin": "hashxid",
    "xid8in": "hashxid8",
    "boolin": "hashbool",
    "date_in": "hashdate",
    "charin": "hashchar",
    "namein": "hashname",
    "textin": "hashtext",
    "varcharin": "hashtext",
    "bpcharin": "hashbpchar",
    "byteain": "hashbytea",
    "float4in": "hashfloat4",
    "float8in": "hashfloat8",
    "oidvectorin": "hashoidvector",
    "inet_in": "hashinet",
    "cidr_in": "hashinet",
    "macaddr_in": "hashmacaddr",
    "numeric_in": "hash_numeric",
    "time_in": "time_hash",
    "timetz_in": "timetz_hash",
    "interval_in": "interval_hash",
    "timestamp_in": "timestamp_hash",
    "timestamptz_in": "timestamptz_hash",
    "uuid_in": "uuid_hash",
    "pg_lsn_in": "pg_lsn_hash",
}


def hash_of_type(oid: int, catalog: Any) -> Wide:
    """The seeded hash of a type's values; 42883 when the type has none."""
    info = catalog.type_info(oid)
    while info.typtype == "d":
        info = catalog.type_info(info.basetype)
    if info.element:
        return _array_hash(info.element, catalog)
    if info.typtype == "r":
        return _range_hash(info, catalog)
    if info.typtype == "m":
        return _multirange_hash(info, catalog)
    if info.input == "record_in":
        return _row_hash(oid, catalog)
    if info.input == "jsonb_in":
        return _hash_jsonb
    name = _BY_INPUT.get(info.input)
    if name is None:
        raise data_error("42883", f"could not identify a hash function for type {info.display}")
    return _HASHES[name]


def _combine(hashes: list[int], start: int, seed: int) -> int:
    result = start
    for each in hashes:
        result = (result << 5) - result + each & _MASK64
    return result


def _array_hash(element: int, catalog: Any) -> Wide:
    of_element = hash_of_type(element, catalog)

    def run(value: PgArray, seed: int) -> int:
        return _combine([0 if item is None else of_element(item, seed) for item in value.elements], 1, seed)

    return run


def _row_hash(oid: int, catalog: Any) -> Wide:
    def run(value: Row, seed: int) -> int:
        types = value.types or tuple(each for _, each, _ in catalog.type_info(oid).attributes)
        hashes = [
            0 if item is None else hash_of_type(each, catalog)(item, seed)
            for item, each in zip(value, types, strict=True)
        ]
        return _combine(hashes, 0, seed)

    return run


def _range_flags(value: Range) -> int:
    if value.empty:
        return 1
    flags = 2 * value.lower_inc + 4 * value.upper_inc
    return flags + 8 * (value.lower is None) + 16 * (value.upper is None)


def _range_hash(info: Any, catalog: Any) -> Wide:
    of_bound = hash_of_type(info.range_subtype, catalog)

    def run(value: Range, seed: int) -> int:
        high, low = hash_uint32_wide(_range_flags(value), seed)
        lower = 0 if value.lower is None else of_bound(value.lower, seed)
        upper = 0 if value.upper is None else of_bound(value.upper, seed)
        if not seed:
            return _rotate(low ^ lower & _MASK, 1) ^ upper & _MASK
        result = (high << 32 | low) ^ lower
        # The two 32-bit halves are rotated apart.
        halves = _rotate(result >> 32, 1) << 32 | _rotate(result & _MASK, 1)
        return halves ^ upper

    return run


def _multirange_hash(info: Any, catalog: Any) -> Wide:
    member = catalog.type_info(info.range_type)
    of_range = _range_hash(member, catalog)

    def run(value: tuple[Range, ...], seed: int) -> int:
        return _combine([of_range(each, seed) for each in value], 1, seed)

    return run


_ARRAY_FLAG, _OBJECT_FLAG = 0x40000000, 0x20000000


def _hash_jsonb(value: Any, seed: int) -> int:
    if seed:
        raise data_error("0A000", "jsonb_hash_extended with a seed is not supported by the emulator")
    if isinstance(value, (dict, list)) and not value:
        return 0
    result = 0

    def scalar(item: Any) -> None:
        nonlocal result
        if item is JSON_NULL:
            code = 1
        elif isinstance(item, bool):
            code = 2 if item else 4
        elif isinstance(item, str):
            code = hash_bytes_wide(item.encode())[1]
        else:
            code = _hash_numeric(item, 0) & _MASK
        result = _rotate(result, 1) ^ code

    def walk(item: Any) -> None:
        nonlocal result
        if isinstance(item, dict):
            result ^= _OBJECT_FLAG
            for key, member in item.items():
                scalar(key)
                walk(member)
        elif isinstance(item, list):
            result ^= _ARRAY_FLAG
            for member in item:
                walk(member)
        else:
            scalar(item)

    walk(value if isinstance(value, (dict, list)) else [value])
    return result


def _bound_hash(name: str, is_extended: bool) -> None:
    def bind(types: tuple[int, ...], catalog: Any) -> Any:
        wide = hash_of_type(types[0], catalog)
        if is_extended:
            return lambda value, seed: _signed(wide(value, seed & _MASK64) & _MASK64, 64)
        return lambda value: _signed(wide(value, 0) & _MASK, 32)

    builtin(name, bind=True)(bind)


for _name in ("hash_array", "hash_record", "hash_range", "hash_multirange", "jsonb_hash"):
    _bound_hash(_name, False)
for _name in ("hash_array_extended", "hash_record_extended"):
    _bound_hash(_name, True)
