"""The functions of the extensions citext, hstore, pgcrypto and uuid-ossp, under the names their C code has upstream.

Left out: PGP and raw encryption of pgcrypto, GiST and GIN support of hstore (0A000 through the missing entry).
"""

from __future__ import annotations

import hashlib
import hmac
import operator
from collections.abc import Callable
from typing import Any

from emulators.postgres.functions.hashing import hash_bytes_wide
from emulators.postgres.functions.json_functions import json_to_value
from emulators.postgres.functions.registry import builtin
from emulators.postgres.functions.strings import lower
from emulators.postgres.types.errors import data_error, invalid_parameter
from emulators.postgres.types.hstore import Pairs, hstore_key, make_hstore
from emulators.postgres.types.json_io import jsonb_text, make_object, quote
from emulators.postgres.types.numeric import parse_numeric
from emulators.postgres.types.registry import type_io
from emulators.postgres.types.values import JSON_NULL, PgArray, Row


# citext: everything through the lower-case form.
def _citext(name: str, operation: Callable[[Any, Any], Any]) -> None:
    builtin(name)(lambda a, b: operation(lower(a), lower(b)))


for _suffix in ("eq", "ne", "lt", "le", "gt", "ge"):
    _citext(f"citext_{_suffix}", getattr(operator, _suffix))
    if _suffix not in ("eq", "ne"):
        _citext(f"citext_pattern_{_suffix}", getattr(operator, _suffix))
_citext("citext_cmp", lambda a, b: (a > b) - (a < b))
_citext("citext_pattern_cmp", lambda a, b: (a > b) - (a < b))


@builtin("citext_larger")
def citext_larger(a: str, b: str) -> str:
    return a if lower(a) > lower(b) else b


@builtin("citext_smaller")
def citext_smaller(a: str, b: str) -> str:
    return a if lower(a) < lower(b) else b


@builtin("citext_hash")
def citext_hash(value: str) -> int:
    code = hash_bytes_wide(lower(value).encode())[1]
    return code - (1 << 32) if code >= 1 << 31 else code


# hstore
@builtin("hstore_fetchval")
def hstore_fetchval(value: Pairs, key: str) -> str | None:
    return value.get(key)


@builtin("hstore_exists")
def hstore_exists(value: Pairs, key: str) -> bool:
    return key in value


@builtin("hstore_exists_any")
def hstore_exists_any(value: Pairs, keys: PgArray) -> bool:
    return any(key in value for key in keys.elements if key is not None)


@builtin("hstore_exists_all")
def hstore_exists_all(value: Pairs, keys: PgArray) -> bool:
    return all(key in value for key in keys.elements if key is not None)


@builtin("hstore_defined")
def hstore_defined(value: Pairs, key: str) -> bool:
    return value.get(key) is not None


@builtin("hstore_delete")
def hstore_delete(value: Pairs, key: str) -> Pairs:
    return {name: item for name, item in value.items() if name != key}


@builtin("hstore_delete_array")
def hstore_delete_array(value: Pairs, keys: PgArray) -> Pairs:
    return {name: item for name, item in value.items() if name not in keys.elements}


@builtin("hstore_delete_hstore")
def hstore_delete_hstore(value: Pairs, other: Pairs) -> Pairs:
    return {name: item for name, item in value.items() if name not in other or other[name] != item}


@builtin("hstore_concat")
def hstore_concat(a: Pairs, b: Pairs) -> Pairs:
    return make_hstore([*b.items(), *a.items()])


@builtin("hstore_contains")
def hstore_contains(a: Pairs, b: Pairs) -> bool:
    return all(key in a and a[key] == item for key, item in b.items())


@builtin("hstore_contained")
def hstore_contained(a: Pairs, b: Pairs) -> bool:
    return hstore_contains(b, a)


@builtin("hstore_akeys")
def hstore_akeys(value: Pairs) -> PgArray:
    return PgArray(list(value))


@builtin("hstore_avals")
def hstore_avals(value: Pairs) -> PgArray:
    return PgArray(list(value.values()))


@builtin("hstore_skeys", srf=True)
def hstore_skeys(value: Pairs) -> list[str]:
    return list(value)


@builtin("hstore_svals", srf=True)
def hstore_svals(value: Pairs) -> list[str | None]:
    return list(value.values())


@builtin("hstore_each", srf=True)
def hstore_each(value: Pairs) -> list[tuple[str, str | None]]:
    return list(value.items())


@builtin("hstore_to_array")
def hstore_to_array(value: Pairs) -> PgArray:
    return PgArray([item for pair in value.items() for item in pair])


@builtin("hstore_to_matrix")
def hstore_to_matrix(value: Pairs) -> PgArray:
    items = [item for pair in value.items() for item in pair]
    return PgArray(items, (len(value), 2)) if items else PgArray([])


@builtin("hstore_slice_to_hstore")
def hstore_slice(value: Pairs, keys: PgArray) -> Pairs:
    return make_hstore([(key, value[key]) for key in keys.elements if key is not None and key in value])


@builtin("hstore_slice_to_array")
def hstore_slice_array(value: Pairs, keys: PgArray) -> PgArray:
    return PgArray([None if key is None else value.get(key) for key in keys.elements], keys.dims, keys.lbounds)


@builtin("hstore_from_text")
def hstore_from_text(key: str | None, value: str | None) -> Pairs | None:
    return None if key is None else {key: value}


def _no_null_key(pairs: list[tuple[Any, Any]]) -> Pairs:
    for key, _ in pairs:
        if key is None:
            raise data_error("22004", "null value not allowed for hstore key")
    return make_hstore(pairs)


@builtin("hstore_from_array")
def hstore_from_array(array: PgArray) -> Pairs:
    if len(array.dims) == 1 and array.dims[0] % 2:
        raise data_error("2202E", "array must have even number of elements")
    if len(array.dims) == 2 and array.dims[1] != 2:
        raise data_error("2202E", "array must have two columns")
    if len(array.dims) > 2:
        raise data_error("2202E", "wrong number of array subscripts")
    items = array.elements
    return _no_null_key([(items[index], items[index + 1]) for index in range(0, len(items), 2)])


@builtin("hstore_from_arrays")
def hstore_from_arrays(keys: PgArray | None, values: PgArray | None) -> Pairs | None:
    if keys is None:
        return None
    if len(keys.dims) > 1 or (values is not None and len(values.dims) > 1):
        raise data_error("2202E", "wrong number of array subscripts")
    items = [None] * len(keys.elements) if values is None else values.elements
    if len(items) != len(keys.elements):
        raise data_error("2202E", "arrays must have same bounds")
    return _no_null_key(list(zip(keys.elements, items, strict=True)))


@builtin("hstore_from_record", bind=True, ctx=True)
def hstore_from_record(types: tuple[int, ...], catalog: Any) -> Any:
    from emulators.postgres.functions.json_convert import base_info, row_columns

    info = base_info(types[0], catalog)

    def run(ctx: Any, row: Row | None) -> Pairs:
        if row is None:
            return make_hstore([(name, None) for name, _, _ in info.attributes])
        names, oids = row_columns(row, info)
        return make_hstore(
            [
                (name, None if item is None else type_io(oid, catalog).text_out(item, ctx))
                for name, oid, item in zip(names, oids, row, strict=True)
            ]
        )

    return run


@builtin("hstore_populate_record", bind=True, ctx=True)
def hstore_populate_record(types: tuple[int, ...], catalog: Any) -> Any:
    columns = catalog.type_info(types[0]).attributes

    def run(ctx: Any, base: Row | None, value: Pairs | None) -> Row | None:
        if value is None:
            return base
        out = []
        for index, (name, oid, typmod) in enumerate(columns):
            if name in value:
                text = value[name]
                out.append(None if text is None else json_to_value(text, oid, typmod, catalog, ctx))
            else:
                out.append(None if base is None else base[index])
        return Row.of(out, tuple(oid for _, oid, _ in columns), tuple(name for name, _, _ in columns))

    return run


def _hstore_json(value: Pairs) -> Any:
    return make_object([(key, JSON_NULL if item is None else item) for key, item in value.items()])


def _loose(item: str | None) -> Any:
    if item is None:
        return JSON_NULL
    if item in ("t", "f"):
        return item == "t"
    try:
        number = parse_numeric(item)
    except Exception:
        return item
    return number if number.is_finite() and item[:1] not in (" ", "+") and item.strip() == item else item


@builtin("hstore_to_json")
def hstore_to_json(value: Pairs) -> str:
    pairs = [f"{quote(key)}: {'null' if item is None else quote(item)}" for key, item in value.items()]
    return "{" + ", ".join(pairs) + "}"


@builtin("hstore_to_json_loose")
def hstore_to_json_loose(value: Pairs) -> str:
    return "{" + ", ".join(f"{quote(key)}: {jsonb_text(_loose(item))}" for key, item in value.items()) + "}"


builtin("hstore_to_jsonb")(_hstore_json)


@builtin("hstore_to_jsonb_loose")
def hstore_to_jsonb_loose(value: Pairs) -> Any:
    return make_object([(key, _loose(item)) for key, item in value.items()])


def _hstore_comparison(name: str, operation: Callable[[Any, Any], Any]) -> None:
    builtin(name)(lambda a, b: operation(hstore_key(a), hstore_key(b)))


for _suffix in ("eq", "ne", "lt", "le", "gt", "ge"):
    _hstore_comparison(f"hstore_{_suffix}", getattr(operator, _suffix))
_hstore_comparison("hstore_cmp", lambda a, b: (a > b) - (a < b))


# pgcrypto
_DIGESTS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")


def _digest_name(name: str) -> str:
    wanted = name.lower()
    if wanted not in _DIGESTS:
        raise invalid_parameter(f'Cannot use "{name}": No such hash algorithm')
    return wanted


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else value


@builtin("pg_digest")
def digest(data: Any, name: str) -> bytes:
    return hashlib.new(_digest_name(name), _bytes(data), usedforsecurity=False).digest()


@builtin("pg_hmac")
def keyed_digest(data: Any, key: Any, name: str) -> bytes:
    return hmac.new(_bytes(key), _bytes(data), _digest_name(name)).digest()


@builtin("pg_random_bytes", ctx=True)
def gen_random_bytes(ctx: Any, count: int) -> bytes:
    if not 1 <= count <= 1024:
        raise data_error("39000", "Length not in range")
    return ctx.random_bytes(count)  # type: ignore[no-any-return]


@builtin("pg_random_uuid", "uuid_generate_v4", ctx=True)
def random_uuid(ctx: Any) -> bytes:
    from emulators.postgres.functions.rows import gen_random_uuid

    return gen_random_uuid(ctx)


_SALT_LETTERS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@builtin("pg_gen_salt", "pg_gen_salt_rounds", ctx=True)
def gen_salt(ctx: Any, kind: str, rounds: int = 0) -> str:
    from emulators.postgres.functions.passwords import bcrypt_salt

    name = kind.lower()
    if name == "bf":
        cost = rounds or 6
        if not 4 <= cost <= 31:
            raise invalid_parameter("gen_salt: Incorrect number of rounds")
        return bcrypt_salt(ctx.random_bytes(16), cost)
    if name == "md5":
        if rounds not in (0, 1000):
            raise invalid_parameter("gen_salt: Incorrect number of rounds")
        return "$1$" + "".join(_SALT_LETTERS[byte & 63] for byte in ctx.random_bytes(8))
    raise invalid_parameter("gen_salt: Unknown salt algorithm")


@builtin("pg_crypt")
def crypt(password: str, salt: str) -> str:
    from emulators.postgres.functions.passwords import bcrypt, md5_crypt

    if salt.startswith(("$2a$", "$2x$")) and len(salt) >= 29:
        return bcrypt(password, salt)
    if salt.startswith("$1$"):
        return md5_crypt(password, salt)
    if salt[:1] in ("$", "_") or len(salt) < 2:
        raise invalid_parameter("invalid salt")
    raise data_error("0A000", "crypt() with a DES salt is not supported by the emulator")


# uuid-ossp
_NAMESPACES = {
    "uuid_nil": "00000000000000000000000000000000",
    "uuid_ns_dns": "6ba7b8109dad11d180b400c04fd430c8",
    "uuid_ns_url": "6ba7b8119dad11d180b400c04fd430c8",
    "uuid_ns_oid": "6ba7b8129dad11d180b400c04fd430c8",
    "uuid_ns_x500": "6ba7b8149dad11d180b400c04fd430c8",
}


def _constant(name: str, digits: str) -> None:
    value = bytes.fromhex(digits)
    builtin(name)(lambda: value)


for _name, _digits in _NAMESPACES.items():
    _constant(_name, _digits)


def _stamp(data: bytes, version: int) -> bytes:
    out = bytearray(data[:16])
    out[6] = out[6] & 0x0F | version << 4
    out[8] = out[8] & 0x3F | 0x80
    return bytes(out)


@builtin("uuid_generate_v3")
def uuid_v3(namespace: bytes, name: str) -> bytes:
    return _stamp(hashlib.md5(namespace + name.encode(), usedforsecurity=False).digest(), 3)


@builtin("uuid_generate_v5")
def uuid_v5(namespace: bytes, name: str) -> bytes:
    return _stamp(hashlib.sha1(namespace + name.encode(), usedforsecurity=False).digest(), 5)


@builtin("uuid_generate_v1", "uuid_generate_v1mc", ctx=True)
def uuid_v1(ctx: Any) -> bytes:
    """The virtual clock's 100 ns ticks; the node is random with the multicast bit."""
    ticks = (ctx.clock_timestamp() + 946_684_800_000_000) * 10 + 0x01B21DD213814000
    node = bytearray(ctx.random_bytes(6))
    node[0] |= 1
    head = (ticks & 0xFFFFFFFF).to_bytes(4, "big") + (ticks >> 32 & 0xFFFF).to_bytes(2, "big")
    return _stamp(head + (ticks >> 48 & 0x0FFF).to_bytes(2, "big") + ctx.random_bytes(2) + bytes(node), 1)
