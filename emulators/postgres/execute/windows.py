"""Run-time of grouping sets, DISTINCT, LIMIT and window functions over materialised rows.

A window function is computed a partition at a time: `compute` sorts each partition, finds peers, and asks for the
function's values given a `Partition`. Frames follow PostgreSQL's ROWS/RANGE/GROUPS rules with EXCLUDE.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from emulators.postgres.analyze import tree as t
from emulators.postgres.analyze import windows as w
from emulators.postgres.errors import PgError
from emulators.postgres.execute import helpers

__all__ = [
    "compute",
    "distinct_on",
    "distinct_rows",
    "grouping_sets",
    "itemgetter",
    "limit_ties",
    "limited",
    "rows_from",
]


def identity(row: Any) -> Any:
    return row


def rows_from(sources: Sequence[Any], widths: Sequence[int], ordinality: bool) -> list[tuple[Any, ...]]:
    """ROWS FROM (...) WITH ORDINALITY: functions side by side, the shorter ones padded with NULL."""
    out = []
    lists = [list(s) for s in sources]
    for number, cells in enumerate(itertools.zip_longest(*lists), 1):
        row: tuple[Any, ...] = ()
        for cell, width in zip(cells, widths, strict=True):
            row += tuple(cell) if cell is not None else (None,) * width
        out.append((*row, number) if ordinality else row)
    return out


def distinct_rows(rows: list[Any], key: Callable[[Any], Any] | None, seen: set[Any]) -> tuple[list[Any], set[Any]]:
    """Rows whose key was not seen before; `seen` grows."""
    out = []
    if key is None:
        for row in rows:
            if row not in seen:
                seen.add(row)
                out.append(row)
        return out, seen
    for row in rows:
        k = key(row)
        if k not in seen:
            seen.add(k)
            out.append(row)
    return out, seen


def distinct_on(rows: list[Any], key: Callable[[Any], Any]) -> list[Any]:
    return distinct_rows(rows, key, set())[0]


def limited(rows: list[Any], limit: int | None, offset: int | None) -> list[Any]:
    start = offset or 0
    return rows[start:] if limit is None else rows[start : start + limit]


def limit_ties(rows: list[Any], limit: int | None, offset: int | None, key: Callable[[Any], Any]) -> list[Any]:
    """FETCH FIRST n ROWS WITH TIES: also the rows equal to the last one in the ordering."""
    start = offset or 0
    if limit is None:
        return rows[start:]
    end = start + limit
    if limit == 0:
        return []
    if end < len(rows):
        last = key(rows[end - 1])
        while end < len(rows) and key(rows[end]) == last:
            end += 1
    return rows[start:end]


def in_set(value: Any, members: set[Any], has_null: bool) -> bool | None:
    if value is None:
        return None if members or has_null else False
    if value in members:
        return True
    return None if has_null else False


def not_in_set(value: Any, members: set[Any], has_null: bool) -> bool | None:
    found = in_set(value, members, has_null)
    return None if found is None else not found


# -- grouping sets -------------------------------------------------------------------------------------------


def grouping_sets(
    rows: list[Any], sets: list[list[int]], width: int, skip_none: Sequence[bool]
) -> list[tuple[list[int], tuple[Any, ...], tuple[list[Any], ...], Any]]:
    """Each set's groups: (key numbers of the set, key values with NULL for the others, argument lists, first row)."""
    out = []
    count = len(skip_none)
    for keys in sets:
        groups: dict[Any, Any] = {}
        members = set(keys)
        for cells, hashed, arguments, first in rows:
            k = tuple([hashed[i] for i in keys])
            group = groups.get(k)
            if group is None:
                shown = tuple([cells[i] if i in members else None for i in range(width)])
                group = groups[k] = (keys, shown, tuple([[] for _ in range(count)]), first)
            for column, argument in zip(group[2], arguments, strict=True):
                column.extend(argument)
        if not keys and not groups:
            groups[()] = (keys, (None,) * width, tuple([[] for _ in range(count)]), ())
        out.extend(groups.values())
    return out


def grouping_mask(keys: list[int], numbers: Sequence[int]) -> int:
    """GROUPING(...): a bit is 1 where the argument is not grouped by."""
    mask = 0
    for number in numbers:
        mask = mask << 1 | (number not in keys)
    return mask


# -- windows -------------------------------------------------------------------------------------------------


class Partition:
    """The sorted rows of one partition. `args[i]` are row i's arguments; `peer_start/peer_end` bound its peers."""

    __slots__ = ("args", "end_offset", "keep", "keys", "options", "order", "peer_end", "peer_number", "peer_start", "size",
                 "start_offset")  # fmt: skip

    def __init__(
        self, args: list[Any], keep: list[bool], order: list[Any], keys: Any, options: int, start: Any, end: Any
    ):
        self.args = args
        self.keep = keep
        self.order = order
        self.keys = keys
        self.options = options
        self.start_offset = start
        self.end_offset = end
        size = self.size = len(args)
        self.peer_start = [0] * size
        self.peer_end = [size] * size
        self.peer_number = [0] * size
        start_at = 0
        number = 0
        for i in range(1, size + 1):
            if i == size or order[i] != order[i - 1]:
                for j in range(start_at, i):
                    self.peer_start[j], self.peer_end[j], self.peer_number[j] = start_at, i, number
                start_at = i
                number += 1

    def frame(self, i: int) -> list[int]:
        """Indices of row i's frame, in order."""
        o = self.options
        if o & w.ROWS:
            first, last = self._rows_bounds(i)
        elif o & w.GROUPS:
            first, last = self._group_bounds(i)
        else:
            first, last = self._range_bounds(i)
        first, last = max(first, 0), min(last, self.size)
        if not o & (w.EXCLUDE_CURRENT | w.EXCLUDE_GROUP | w.EXCLUDE_TIES):
            return list(range(first, last))
        low, high = self.peer_start[i], self.peer_end[i]
        if o & w.EXCLUDE_CURRENT:
            return [j for j in range(first, last) if j != i]
        if o & w.EXCLUDE_GROUP:
            return [j for j in range(first, last) if not low <= j < high]
        return [j for j in range(first, last) if j == i or not low <= j < high]

    def _offset(self, value: Any, what: str) -> Any:
        if value is None:
            raise PgError("22004", f"frame {what} offset must not be null")
        if isinstance(value, int) and value < 0:
            raise PgError("22013", f"frame {what} offset must not be negative")
        return value

    def _rows_bounds(self, i: int) -> tuple[int, int]:
        o = self.options
        if o & w.START_UNBOUNDED_PRECEDING:
            first = 0
        elif o & w.START_CURRENT:
            first = i
        else:
            n = self._offset(self.start_offset, "starting")
            first = i - n if o & w.START_PRECEDING else i + n
        if o & w.END_UNBOUNDED_FOLLOWING:
            last = self.size
        elif o & w.END_CURRENT:
            last = i + 1
        else:
            n = self._offset(self.end_offset, "ending")
            last = i - n + 1 if o & w.END_PRECEDING else i + n + 1
        return first, last

    def _group_bounds(self, i: int) -> tuple[int, int]:
        o = self.options
        groups = self.peer_number
        mine = groups[i]
        if o & w.START_UNBOUNDED_PRECEDING:
            first = 0
        else:
            n = 0 if o & w.START_CURRENT else self._offset(self.start_offset, "starting")
            wanted = mine - n if o & w.START_PRECEDING else mine + n
            first = next((j for j in range(self.size) if groups[j] >= wanted), self.size)
        if o & w.END_UNBOUNDED_FOLLOWING:
            last = self.size
        else:
            n = 0 if o & w.END_CURRENT else self._offset(self.end_offset, "ending")
            wanted = mine - n if o & w.END_PRECEDING else mine + n
            last = next((j for j in range(self.size) if groups[j] > wanted), self.size)
        return first, last

    def _range_bounds(self, i: int) -> tuple[int, int]:
        o = self.options
        if o & w.START_UNBOUNDED_PRECEDING:
            first = 0
        elif o & w.START_CURRENT:
            first = self.peer_start[i]
        else:
            first = self._range_edge(i, self._offset(self.start_offset, "starting"), bool(o & w.START_PRECEDING), True)
        if o & w.END_UNBOUNDED_FOLLOWING:
            last = self.size
        elif o & w.END_CURRENT:
            last = self.peer_end[i]
        else:
            last = self._range_edge(i, self._offset(self.end_offset, "ending"), bool(o & w.END_PRECEDING), False)
        return first, last

    def _range_edge(self, i: int, offset: Any, preceding: bool, is_start: bool) -> int:
        value = self.order[i][0]
        _, descending, _ = self.keys[0]
        if value is None:
            return self.peer_start[i] if is_start else self.peer_end[i]
        edge = add_offset(value, offset, (not preceding) != descending)
        indices = [j for j in range(self.size) if self.order[j][0] is not None]
        if is_start:
            for j in indices:
                other = self.order[j][0]
                if (other <= edge) if descending else (other >= edge):
                    return j
            return indices[-1] + 1 if indices else 0
        result = indices[0] if indices else 0
        for j in indices:
            other = self.order[j][0]
            if (other >= edge) if descending else (other <= edge):
                result = j + 1
        return result


def add_offset(value: Any, offset: Any, add: bool) -> Any:
    """value plus or minus a RANGE offset (numbers, and intervals on times)."""
    from emulators.postgres.types.values import Interval

    if isinstance(offset, Interval):
        from emulators.postgres.functions import registry as functions

        name = "timestamp_pl_interval" if add else "timestamp_mi_interval"
        entry = functions.lookup(name)
        if entry is None:
            raise PgError("0A000", "RANGE with an interval offset is not supported by this emulator")
        scale = 86_400_000_000 if abs(value) < 10_000_000 else 1
        moved = entry.function(value * scale, offset)
        return moved / scale if scale > 1 else moved
    if type(value) is not type(offset) and isinstance(value, float) != isinstance(offset, float):
        offset = type(value)(offset)
    return value + offset if add else value - offset


def _sort_indices(indices: list[int], cells: list[Any], keys: Sequence[tuple[Any, bool, bool]]) -> None:
    for position in range(len(keys) - 1, -1, -1):
        key, descending, nulls_first = keys[position]
        null_low = nulls_first != descending

        def sort_key(i: int, p: int = position, k: Any = key, low: bool = null_low) -> Any:
            value = cells[i][p]
            if value is None:
                return (not low, None)
            return (low, k(value) if k is not None else value)

        indices.sort(key=sort_key, reverse=descending)


def compute(
    rows: list[Any],
    number: int,
    keys: Sequence[tuple[Any, bool, bool]],
    options: int,
    start: Any,
    end: Any,
    function: Callable[[Partition, Any], list[Any]],
    ctx: Any,
) -> tuple[list[Any], list[int]]:
    """The values of window function `number` for every row, and the order in which the window saw the rows."""
    partitions: dict[Any, list[int]] = {}
    for i, (_, cells) in enumerate(rows):
        partitions.setdefault(cells[number][0], []).append(i)
    values: list[Any] = [None] * len(rows)
    seen: list[int] = []
    orders = [cells[number][1] for _, cells in rows]
    names = list(partitions)
    try:
        names.sort(key=lambda part: tuple([(v is None, v) for v in part]))
    except TypeError:
        pass
    for part in names:
        indices = partitions[part]
        if keys:
            _sort_indices(indices, orders, keys)
        order = [tuple(orders[i]) for i in indices]
        comparable = [
            tuple([v if v is None or k is None else k(v) for v, (k, _, _) in zip(o, keys, strict=True)]) for o in order
        ]
        view = Partition(
            [rows[i][1][number][2] for i in indices],
            [rows[i][1][number][3] for i in indices],
            comparable if keys and not options & (w.START_PRECEDING | w.START_FOLLOWING | w.END_PRECEDING | w.END_FOLLOWING)
            else order,
            keys,
            options,
            start,
            end,
        )  # fmt: skip
        for i, value in zip(indices, function(view, ctx), strict=True):
            values[i] = value
        seen.extend(indices)
    return values, seen


def output_order(rows: list[Any], columns: Sequence[tuple[list[Any], list[int]]]) -> list[Any]:
    """(variables, values of all window functions) of each row, in the order of the last window."""
    order = columns[-1][1] if columns else range(len(rows))
    lists = [c[0] for c in columns]
    return [(rows[i][0], tuple([values[i] for values in lists])) for i in order]


# -- the functions -------------------------------------------------------------------------------------------


def window_function(catalog: Any, node: t.WindowFunc) -> Callable[[Partition, Any], list[Any]]:
    """A function (partition, ctx) -> one value a row."""
    if node.aggregate:
        return _aggregate_over(catalog, node)
    found = _FUNCTIONS.get(node.func.prosrc)
    if found is None:
        raise PgError("0A000", f"window function {node.func.proname} is not supported by this emulator")
    return found


def _aggregate_over(catalog: Any, node: t.WindowFunc) -> Callable[[Partition, Any], list[Any]]:
    from emulators.postgres.execute.aggregates import core_of

    core, skip = core_of(catalog, node)
    width = len(node.args)

    def pick(view: Partition, indices: Sequence[int]) -> list[Any]:
        out = []
        for j in indices:
            if not view.keep[j]:
                continue
            cell = view.args[j]
            if width == 0:
                out.append(True)
            elif width == 1:
                if not skip or cell[0] is not None:
                    out.append(cell[0])
            elif not skip or None not in cell:
                out.append(tuple(cell))
        return out

    def run(view: Partition, ctx: Any) -> list[Any]:
        o = view.options
        plain = not o & (w.EXCLUDE_CURRENT | w.EXCLUDE_GROUP | w.EXCLUDE_TIES)
        if plain and o & w.START_UNBOUNDED_PRECEDING and o & w.END_UNBOUNDED_FOLLOWING:
            value = core(pick(view, range(view.size)), ctx)
            return [value] * view.size
        if plain and o & w.RANGE and o & w.START_UNBOUNDED_PRECEDING and o & w.END_CURRENT:
            out: list[Any] = []
            i = 0
            while i < view.size:
                end = view.peer_end[i]
                value = core(pick(view, range(end)), ctx)
                out.extend([value] * (end - i))
                i = end
            return out
        return [core(pick(view, view.frame(i)), ctx) for i in range(view.size)]

    return run


def _row_number(view: Partition, ctx: Any) -> list[Any]:
    return list(range(1, view.size + 1))


def _rank(view: Partition, ctx: Any) -> list[Any]:
    return [s + 1 for s in view.peer_start]


def _dense_rank(view: Partition, ctx: Any) -> list[Any]:
    return [n + 1 for n in view.peer_number]


def _percent_rank(view: Partition, ctx: Any) -> list[Any]:
    n = view.size
    return [0.0 if n <= 1 else s / (n - 1) for s in view.peer_start]


def _cume_dist(view: Partition, ctx: Any) -> list[Any]:
    return [e / view.size for e in view.peer_end]


def _ntile(view: Partition, ctx: Any) -> list[Any]:
    buckets = view.args[0][0] if view.args else None
    if buckets is None:
        return [None] * view.size
    if buckets <= 0:
        raise PgError("22014", "argument of ntile must be greater than zero")
    size, extra = divmod(view.size, buckets)
    out: list[int] = []
    for bucket in range(1, buckets + 1):
        out.extend([bucket] * (size + (bucket <= extra)))
    return out[: view.size]


def _shift(direction: int) -> Callable[[Partition, Any], list[Any]]:
    def run(view: Partition, ctx: Any) -> list[Any]:
        out = []
        for i, cells in enumerate(view.args):
            offset = cells[1] if len(cells) > 1 else 1
            default = cells[2] if len(cells) > 2 else None
            if offset is None:
                out.append(None)
                continue
            j = i + direction * offset
            out.append(view.args[j][0] if 0 <= j < view.size else default)
        return out

    return run


def _first_value(view: Partition, ctx: Any) -> list[Any]:
    frames = [view.frame(i) for i in range(view.size)]
    return [view.args[f[0]][0] if f else None for f in frames]


def _last_value(view: Partition, ctx: Any) -> list[Any]:
    frames = [view.frame(i) for i in range(view.size)]
    return [view.args[f[-1]][0] if f else None for f in frames]


def _nth_value(view: Partition, ctx: Any) -> list[Any]:
    out = []
    for i in range(view.size):
        n = view.args[i][1]
        if n is None:
            out.append(None)
            continue
        if n <= 0:
            raise PgError("22016", "argument of nth_value must be greater than zero")
        frame = view.frame(i)
        out.append(view.args[frame[n - 1]][0] if n <= len(frame) else None)
    return out


_FUNCTIONS: dict[str, Callable[[Partition, Any], list[Any]]] = {
    "window_row_number": _row_number,
    "window_rank": _rank,
    "window_dense_rank": _dense_rank,
    "window_percent_rank": _percent_rank,
    "window_cume_dist": _cume_dist,
    "window_ntile": _ntile,
    "window_lag": _shift(-1),
    "window_lag_with_offset": _shift(-1),
    "window_lag_with_offset_and_default": _shift(-1),
    "window_lead": _shift(1),
    "window_lead_with_offset": _shift(1),
    "window_lead_with_offset_and_default": _shift(1),
    "window_first_value": _first_value,
    "window_last_value": _last_value,
    "window_nth_value": _nth_value,
}

_ = helpers
