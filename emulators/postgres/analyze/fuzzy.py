"""The "Perhaps you meant" hints for unknown columns: closest names by edit distance, as PostgreSQL weighs them."""

from __future__ import annotations

from typing import Any

MAX_DISTANCE = 3


def levenshtein(a: str, b: str, limit: int) -> int:
    """Edit distance, or limit + 1 when it is larger."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            current.append(min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (x != y)))
        previous = current
    return min(previous[-1], limit + 1)


def closest_columns(
    ps: Any, table: str | None, name: str, entries: list[tuple[Any, Any]]
) -> tuple[str | None, str | None]:
    """(hint, detail) for a column that does not exist."""
    best = MAX_DISTANCE + 1
    first: tuple[Any, str] | None = None
    second: tuple[Any, str] | None = None
    third = False
    exact_hidden: tuple[Any, Any] | None = None
    for state, entry in entries:
        if entry.kind == "join":
            continue
        penalty = 0
        if table is not None:
            penalty = levenshtein(table, entry.name, MAX_DISTANCE)
            if penalty > MAX_DISTANCE:
                continue
        for column in entry.column_names:
            if column == "":
                continue
            if column == name and penalty == 0:
                exact_hidden = (state, entry)
            distance = penalty + levenshtein(name, column, MAX_DISTANCE)
            # More than half of the name differing is no near miss.
            if distance > MAX_DISTANCE or distance > len(name) // 2:
                continue
            if distance < best:
                best, first, second, third = distance, (entry, column), None, False
            elif distance == best and first is not None and (entry, column) != first:
                if second is None:
                    second = (entry, column)
                else:
                    third = True
    if exact_hidden is not None:
        state, entry = exact_hidden
        detail = (
            f'There is a column named "{name}" in table "{entry.name}", '
            "but it cannot be referenced from this part of the query."
        )
        hint = None
        for item in state.namespace:
            if item.entry is entry and item.lateral_only and not state.lateral_active:
                hint = "To reference that column, you must mark this subquery with LATERAL."
            elif item.entry is entry and not item.columns_visible and item.name_visible:
                hint = "To reference that column, you must use a table-qualified name."
        return hint, detail
    if first is None or third:
        return None, None
    if second is not None:
        return (
            f'Perhaps you meant to reference the column "{first[0].name}.{first[1]}" '
            f'or the column "{second[0].name}.{second[1]}".',
            None,
        )
    return f'Perhaps you meant to reference the column "{first[0].name}.{first[1]}".', None
