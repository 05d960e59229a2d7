"""What types and functions need to know of a session and of the catalog: two protocols, implemented by the engine.

`Context` is passed (as `ctx`) at run time to text input/output and to functions registered with `ctx=True`.
`Catalog` is what binding needs (element types, enum labels, ...); it is reachable as `ctx.catalog` too.

Times are microseconds since 2000-01-01 00:00 UTC. `ctx.time_zone` is a `timezones.Zone`; get one for a GUC's text by
`timezones.zone(name)` (raises PgError 22023 for an unknown one). `SessionDefaults` in this file is a plain
implementation with PostgreSQL's defaults, used by tests and handy as a base class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(slots=True)
class TypeInfo:
    """One pg_type row, with what hangs on it. Function names are prosrc values.

    typtype: b c d e p r m as in pg_type. `element` is typelem for true arrays and 0 otherwise (typelem of name, point
    etc. is not wanted here, but int2vector and oidvector have it). `enum_labels` are in sort order; `attributes` of a
    composite are (name, type oid, typmod), dropped ones left out; `range_subtype` belongs to ranges, `range_type` is
    the range of a multirange. `display` is format_type's text, used by error messages.
    """

    oid: int
    name: str
    display: str
    typtype: str = "b"
    category: str = "U"
    input: str = ""
    output: str = ""
    receive: str = ""
    send: str = ""
    modin: str = ""
    modout: str = ""
    length: int = -1
    by_value: bool = False
    align: str = "i"
    delimiter: str = ","
    element: int = 0
    array: int = 0
    basetype: int = 0
    basetypmod: int = -1
    enum_labels: tuple[str, ...] = ()
    attributes: tuple[tuple[str, int, int], ...] = ()
    range_subtype: int = 0
    range_canonical: str = ""
    range_subdiff: str = ""
    range_type: int = 0
    multirange_type: int = 0
    relid: int = 0


class Catalog(Protocol):
    """Type lookups. `type_io_cache` is a dict the catalog owns and clears whenever a type changes."""

    type_io_cache: dict[int, Any]

    def type_info(self, oid: int) -> TypeInfo:
        """The type with that OID; KeyError when there is none."""

    def cast_function(self, source: int, target: int) -> tuple[str, str] | None:
        """pg_cast's row from source to target as (castmethod, prosrc or ''), None when there is none."""


class Context(Protocol):
    """One session's settings and moment."""

    date_style: str
    """ISO, SQL, Postgres or German"""
    date_order: str
    """MDY, DMY or YMD"""
    interval_style: str
    """postgres, postgres_verbose, sql_standard or iso_8601"""
    time_zone: Any
    """a timezones.Zone"""
    bytea_output: str
    """hex or escape"""
    extra_float_digits: int
    xmlbinary: str
    transaction_timestamp: int
    statement_timestamp: int
    catalog: Catalog

    def clock_timestamp(self) -> int:
        """The virtual clock, now."""

    def random_bytes(self, count: int) -> bytes:
        """From the dice: uuids, salts."""

    def random(self) -> float:
        """From the dice, in [0, 1): random() unless the session called setseed()."""

    def setting(self, name: str) -> str | None:
        """A GUC's text, None when there is no such GUC."""

    def notice(self, severity: str, sqlstate: str, message: str, detail: str | None, hint: str | None) -> None:
        """Send a NOTICE or WARNING to the client."""

    def reg_in(self, kind: str, text: str) -> int:
        """regclass, regtype, ... input: `kind` is the type's name. Raises PgError as PostgreSQL does."""

    def reg_out(self, kind: str, oid: int) -> str:
        """regclass, regtype, ... output."""


@dataclass
class SessionDefaults:
    """A Context with PostgreSQL's defaults and a frozen moment (2026-01-01 00:00 UTC)."""

    date_style: str = "ISO"
    date_order: str = "MDY"
    interval_style: str = "postgres"
    time_zone: Any = None
    bytea_output: str = "hex"
    extra_float_digits: int = 1
    xmlbinary: str = "base64"
    transaction_timestamp: int = 820_540_800_000_000
    statement_timestamp: int = 820_540_800_000_000
    catalog: Any = None
    settings: dict[str, str] = field(default_factory=dict)
    random_source: Callable[[int], bytes] | None = None

    def __post_init__(self) -> None:
        if self.time_zone is None:
            from emulators.postgres.types.timezones import zone

            self.time_zone = zone("UTC")

    def clock_timestamp(self) -> int:
        return self.statement_timestamp

    def random_bytes(self, count: int) -> bytes:
        return self.random_source(count) if self.random_source else bytes(count)

    def random(self) -> float:
        return int.from_bytes(self.random_bytes(6), "big") / 2**48

    def setting(self, name: str) -> str | None:
        return self.settings.get(name.lower())

    def notice(self, severity: str, sqlstate: str, message: str, detail: str | None, hint: str | None) -> None:
        return None

    def reg_in(self, kind: str, text: str) -> int:
        return int(text)

    def reg_out(self, kind: str, oid: int) -> str:
        return str(oid)
