"""Values as the engine holds them.

SQL NULL is None everywhere. bool, int2/4/8, oid and reg* are Python's bool and int; float4/float8 are float
(float4 rounded to single on entry); numeric is decimal.Decimal whose exponent carries the display scale;
text-like types, json, xml and enum labels are str (bpchar padded as PostgreSQL stores it); bytea and uuid are
bytes; bit and varbit are str of 0 and 1; date is days since 2000-01-01, time microseconds, timestamp(tz)
microseconds since 2000-01-01 with PostgreSQL's own extreme integers for infinity; jsonb is plain Python with
JSON_NULL for its null. What is left has a small class in this file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

DATE_INFINITY: Final = 2**31 - 1
DATE_MINUS_INFINITY: Final = -(2**31)
TIMESTAMP_INFINITY: Final = 2**63 - 1
TIMESTAMP_MINUS_INFINITY: Final = -(2**63)


class Interval(NamedTuple):
    """interval: three independent fields, as PostgreSQL stores them. Comparison goes through `span`, not the tuple."""

    months: int
    days: int
    us: int


INTERVAL_INFINITY: Final = Interval(2**31 - 1, 2**31 - 1, 2**63 - 1)
INTERVAL_MINUS_INFINITY: Final = Interval(-(2**31), -(2**31), -(2**63))


class TimeTz(NamedTuple):
    """timetz: microseconds of the day, and the zone in seconds *west* of Greenwich as PostgreSQL stores it."""

    us: int
    zone: int


class Inet(NamedTuple):
    """inet and cidr: family 4 or 6, prefix length, address as an integer."""

    family: int
    bits: int
    address: int


class Range(NamedTuple):
    """A range; a None bound is infinite. The empty range is `EMPTY_RANGE`, always that shape."""

    lower: Any
    upper: Any
    lower_inc: bool
    upper_inc: bool
    empty: bool


EMPTY_RANGE: Final = Range(None, None, False, False, True)


class Row(tuple[Any, ...]):
    """A composite or record value. `types` are the columns' type OIDs, `names` the column names, where known."""

    types: tuple[int, ...] = ()
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Iterable[Any], types: tuple[int, ...] = (), names: tuple[str, ...] = ()) -> Row:
        row = cls(values)
        row.types = types
        row.names = names
        return row


class PgArray:
    """An array: elements in row-major order, lengths and lower bounds per dimension; () dims means empty.

    Immutable by convention: every operation makes a new one. Equality here is that of elements, dims and bounds as
    Python sees them (good for tests); SQL comparison goes through `types.compare`.
    """

    __slots__ = ("dims", "elements", "lbounds")

    def __init__(
        self, elements: list[Any], dims: tuple[int, ...] | None = None, lbounds: tuple[int, ...] | None = None
    ):
        self.elements = elements
        self.dims: tuple[int, ...] = dims if dims is not None else ((len(elements),) if elements else ())
        self.lbounds: tuple[int, ...] = lbounds if lbounds is not None else (1,) * len(self.dims)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PgArray):
            return NotImplemented
        return self.dims == other.dims and self.lbounds == other.lbounds and self.elements == other.elements

    def __hash__(self) -> int:
        return hash((self.dims, self.lbounds, tuple(self.elements)))

    def __iter__(self) -> Iterator[Any]:
        return iter(self.elements)

    def __len__(self) -> int:
        return len(self.elements)

    def __repr__(self) -> str:
        return f"PgArray({self.elements!r}, {self.dims!r}, {self.lbounds!r})"


class _JsonNull:
    """The null of jsonb, told apart from SQL NULL. One instance, `JSON_NULL`, also after copy and pickle."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "JSON_NULL"

    def __bool__(self) -> bool:
        return False

    def __copy__(self) -> _JsonNull:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> _JsonNull:
        return self

    def __reduce__(self) -> str:
        return "JSON_NULL"


JSON_NULL: Final = _JsonNull()
