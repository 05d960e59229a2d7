"""The registry of type input and output, and how the engine gets a type's behaviour.

For the engine
--------------
`type_io(oid, catalog)` gives a `TypeIO` for any type (base, array, range, multirange, enum, composite, domain, pseudo):

    text_in(value: str, typmod: int, ctx) -> value      raises PgError 22P02 / 22003 / ...
    text_out(value, ctx) -> str
    binary_in(data: bytes, typmod: int, ctx) -> value
    binary_out(value, ctx) -> bytes
    text_in_typmod: True when text_in looks at typmod (else the engine may skip passing it)
    sort_key:  None, or value -> key; keys order (and are equal) as the type's default btree operators say
    hash_key:  None, or value -> hashable; equal keys exactly when the type's `=` is true (None: the value itself will do)
    inline_out: None, or a Python expression template over {0} equal to text_out without ctx (ints, text)

Values are never None here: NULL is the caller's business. `sort_key` does not deal with NULL or DESC either.
TypeIOs are cached in `catalog.type_io_cache`, which the catalog clears when a type is changed or dropped.
A domain's TypeIO is its base type's with the domain's typmod; its constraints are checked by the engine.

Typmods: `typmod_in(prosrc, ["10", "2"]) -> int` parses the numbers written in `numeric(10,2)` for a type's
`typmodin` function (e.g. "numerictypmodin"), `typmod_out(prosrc, typmod) -> "(10,2)"` is its inverse.
Length coercion functions are ordinary builtins by prosrc: "numeric" (numeric, int4), "varchar", "bpchar", "bit",
"varbit", "timestamp_scale", "interval_scale", ...

For this package
----------------
`@text_in("int4in")`, `@text_out("int4out")`, `@binary_in("int4recv")`, `@binary_out("int4send")` register plain
functions by prosrc; `@container("array_in")` registers a factory (TypeInfo, Catalog) -> TypeIO for types that depend
on other types. `compare.py` holds the keys. `load()` imports every module of the package once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

from emulators.postgres.types.context import Catalog, TypeInfo
from emulators.postgres.types.errors import feature_not_supported

F = TypeVar("F", bound=Callable[..., Any])

TEXT_IN: dict[str, Callable[[str, int, Any], Any]] = {}
TEXT_OUT: dict[str, Callable[[Any, Any], str]] = {}
BINARY_IN: dict[str, Callable[[bytes, int, Any], Any]] = {}
BINARY_OUT: dict[str, Callable[[Any, Any], bytes]] = {}
CONTAINERS: dict[str, Callable[[TypeInfo, Catalog], TypeIO]] = {}
SORT_KEYS: dict[str, Callable[[Any], Any]] = {}
HASH_KEYS: dict[str, Callable[[Any], Any]] = {}
INLINE_OUT: dict[str, str] = {}
TYPMOD_IN: dict[str, Callable[[list[str]], int]] = {}
TYPMOD_OUT: dict[str, Callable[[int], str]] = {}

_MODULES = (
    "scalars",
    "strings",
    "floats",
    "numeric",
    "datetime_io",
    "interval",
    "uuid",
    "json_io",
    "jsonpath_io",
    "bits",
    "network",
    "oids",
    "arrays",
    "ranges",
    "enums",
    "records",
    "money",
)


@dataclass(slots=True)
class TypeIO:
    """All behaviour of one type, see the module's docstring."""

    oid: int
    info: TypeInfo
    text_in: Callable[[str, int, Any], Any]
    text_out: Callable[[Any, Any], str]
    binary_in: Callable[[bytes, int, Any], Any]
    binary_out: Callable[[Any, Any], bytes]
    sort_key: Callable[[Any], Any] | None = None
    hash_key: Callable[[Any], Any] | None = None
    inline_out: str | None = None
    text_in_typmod: bool = True


def text_in(*names: str) -> Callable[[F], F]:
    def register(function: F) -> F:
        for name in names:
            TEXT_IN[name] = function
        return function

    return register


def text_out(*names: str, inline: str | None = None) -> Callable[[F], F]:
    def register(function: F) -> F:
        for name in names:
            TEXT_OUT[name] = function
            if inline:
                INLINE_OUT[name] = inline
        return function

    return register


def binary_in(*names: str) -> Callable[[F], F]:
    def register(function: F) -> F:
        for name in names:
            BINARY_IN[name] = function
        return function

    return register


def binary_out(*names: str) -> Callable[[F], F]:
    def register(function: F) -> F:
        for name in names:
            BINARY_OUT[name] = function
        return function

    return register


def container(*names: str) -> Callable[[F], F]:
    def register(function: F) -> F:
        for name in names:
            CONTAINERS[name] = function
        return function

    return register


_loaded = False


def load() -> None:
    """Import every type module of this package, once."""
    global _loaded
    if not _loaded:
        _loaded = True
        for module in _MODULES:
            import_module(f"emulators.postgres.types.{module}")


def type_io(oid: int, catalog: Catalog) -> TypeIO:
    """The behaviour of the type with that OID (KeyError from the catalog when there is none)."""
    io = catalog.type_io_cache.get(oid)
    if io is None:
        load()
        io = catalog.type_io_cache[oid] = _build(catalog.type_info(oid), catalog)
    return io


def _build(info: TypeInfo, catalog: Catalog) -> TypeIO:
    if info.typtype == "d":
        base = type_io(info.basetype, catalog)
        if info.basetypmod == -1:
            return base
        return _with_typmod(base, info.basetypmod)
    maker = CONTAINERS.get(info.input)
    if maker is not None:
        return maker(info, catalog)
    return TypeIO(
        info.oid,
        info,
        TEXT_IN.get(info.input) or _missing(info.input),
        TEXT_OUT.get(info.output) or _missing(info.output),
        BINARY_IN.get(info.receive) or _missing(info.receive or info.input),
        BINARY_OUT.get(info.send) or _missing(info.send or info.output),
        SORT_KEYS.get(info.input),
        HASH_KEYS.get(info.input, SORT_KEYS.get(info.input)),
        INLINE_OUT.get(info.output),
        bool(info.modin),
    )


def _with_typmod(base: TypeIO, fixed: int) -> TypeIO:
    def domain_text_in(value: str, typmod: int, ctx: Any) -> Any:
        return base.text_in(value, fixed, ctx)

    def domain_binary_in(data: bytes, typmod: int, ctx: Any) -> Any:
        return base.binary_in(data, fixed, ctx)

    return TypeIO(
        base.oid,
        base.info,
        domain_text_in,
        base.text_out,
        domain_binary_in,
        base.binary_out,
        base.sort_key,
        base.hash_key,
        base.inline_out,
        False,
    )


def _missing(name: str) -> Callable[..., Any]:
    def missing(*_: Any) -> Any:
        raise feature_not_supported(f'type function "{name}" is not supported by the emulator')

    return missing


def typmod_in(prosrc: str, args: list[str]) -> int:
    """The typmod for the arguments written after a type's name, by the type's typmodin function."""
    load()
    function = TYPMOD_IN.get(prosrc)
    if function is None:
        raise feature_not_supported(f'type modifier function "{prosrc}" is not supported by the emulator')
    return function(args)


def typmod_out(prosrc: str, typmod: int) -> str:
    """What format_type appends to the type's name: "(10,2)", " without time zone" is not part of it."""
    load()
    function = TYPMOD_OUT.get(prosrc)
    return function(typmod) if function is not None else f"({typmod})"
