"""Window functions.

For the engine
--------------
`window_for(prosrc, types, catalog)` gives a function (Partition, columns) -> list with one result per row, or None when
there is no such function. `columns` holds one list of values per argument, evaluated for every row of the partition.
The engine fills a `Partition`:

* `size`: number of rows, in the window's order;
* `peer_starts` / `peer_ends`: for every row the index of its peer group's first row and one past its last
  (all rows are peers without ORDER BY);
* `frame(i)`: the row indexes of row i's frame after exclusion, in order: a range, or a list with EXCLUDE. Only
  first_value, last_value and nth_value look at it.

Aggregates used as window functions are the engine's business (`aggregates.py`: step, inverse, final).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from emulators.postgres.types.errors import data_error


@dataclass(slots=True)
class Partition:
    """One partition, see the module's docstring."""

    size: int
    peer_starts: Sequence[int]
    peer_ends: Sequence[int]
    frame: Callable[[int], Sequence[int]]


Columns = Sequence[Sequence[Any]]
WindowFunction = Callable[[Partition, Columns], list[Any]]
WINDOWS: dict[str, WindowFunction] = {}


def window(*names: str) -> Callable[[WindowFunction], WindowFunction]:
    def register(function: WindowFunction) -> WindowFunction:
        for name in names:
            WINDOWS[name] = function
        return function

    return register


def window_for(prosrc: str, types: tuple[int, ...], catalog: Any) -> WindowFunction | None:
    return WINDOWS.get(prosrc)


@window("window_row_number")
def row_number(partition: Partition, columns: Columns) -> list[Any]:
    return list(range(1, partition.size + 1))


@window("window_rank")
def rank(partition: Partition, columns: Columns) -> list[Any]:
    return [start + 1 for start in partition.peer_starts]


@window("window_dense_rank")
def dense_rank(partition: Partition, columns: Columns) -> list[Any]:
    out: list[Any] = []
    current = 0
    for index, start in enumerate(partition.peer_starts):
        if start == index:
            current += 1
        out.append(current)
    return out


@window("window_percent_rank")
def percent_rank(partition: Partition, columns: Columns) -> list[Any]:
    if partition.size <= 1:
        return [0.0] * partition.size
    return [start / (partition.size - 1) for start in partition.peer_starts]


@window("window_cume_dist")
def cume_dist(partition: Partition, columns: Columns) -> list[Any]:
    return [end / partition.size for end in partition.peer_ends]


@window("window_ntile")
def ntile(partition: Partition, columns: Columns) -> list[Any]:
    """Upstream reads the argument at the first row only; a NULL there makes every result NULL."""
    if not partition.size:
        return []
    buckets = columns[0][0]
    if buckets is None:
        return [None] * partition.size
    if buckets <= 0:
        raise data_error("22014", "argument of ntile must be greater than zero")
    base, larger = divmod(partition.size, buckets)
    out: list[Any] = []
    for bucket in range(1, min(buckets, partition.size) + 1):
        out += [bucket] * (base + (1 if bucket <= larger else 0))
    return out


def _shifted(partition: Partition, columns: Columns, direction: int) -> list[Any]:
    values = columns[0]
    offsets = columns[1] if len(columns) > 1 else None
    defaults = columns[2] if len(columns) > 2 else None
    out: list[Any] = []
    for index in range(partition.size):
        offset = 1 if offsets is None else offsets[index]
        if offset is None:
            out.append(None)
            continue
        place = index + direction * offset
        if 0 <= place < partition.size:
            out.append(values[place])
        else:
            out.append(defaults[index] if defaults is not None else None)
    return out


@window("window_lag", "window_lag_with_offset", "window_lag_with_offset_and_default")
def lag(partition: Partition, columns: Columns) -> list[Any]:
    return _shifted(partition, columns, -1)


@window("window_lead", "window_lead_with_offset", "window_lead_with_offset_and_default")
def lead(partition: Partition, columns: Columns) -> list[Any]:
    return _shifted(partition, columns, 1)


@window("window_first_value")
def first_value(partition: Partition, columns: Columns) -> list[Any]:
    out: list[Any] = []
    for index in range(partition.size):
        frame = partition.frame(index)
        out.append(columns[0][frame[0]] if len(frame) else None)
    return out


@window("window_last_value")
def last_value(partition: Partition, columns: Columns) -> list[Any]:
    out: list[Any] = []
    for index in range(partition.size):
        frame = partition.frame(index)
        out.append(columns[0][frame[-1]] if len(frame) else None)
    return out


@window("window_nth_value")
def nth_value(partition: Partition, columns: Columns) -> list[Any]:
    out: list[Any] = []
    for index in range(partition.size):
        place = columns[1][index]
        if place is None:
            out.append(None)
            continue
        if place <= 0:
            raise data_error("22016", "argument of nth_value must be greater than zero")
        frame = partition.frame(index)
        out.append(columns[0][frame[place - 1]] if len(frame) >= place else None)
    return out
