"""Window functions over a partition with peers and frames."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.postgres.errors import PgError
from emulators.postgres.functions.windows import Partition, window_for

# Rows ordered by 1 2 2 3: two peers in the middle; the frame runs to the end of the peer group.
VALUES = ["a", "b", "c", "d"]
ENDS = [1, 3, 3, 4]
PARTITION = Partition(4, [0, 1, 1, 3], ENDS, lambda row: range(ENDS[row]))
EMPTY_FRAMES = Partition(4, [0, 1, 1, 3], ENDS, lambda row: range(0))


def run(name: str, *columns: Any, partition: Partition = PARTITION) -> list[Any]:
    function = window_for(name, (), None)
    assert function is not None
    return function(partition, columns)


@pytest.mark.parametrize(
    ("name", "columns", "expected"),
    [
        ("window_row_number", (), [1, 2, 3, 4]),
        ("window_rank", (), [1, 2, 2, 4]),
        ("window_dense_rank", (), [1, 2, 2, 3]),
        ("window_percent_rank", (), [0.0, 1 / 3, 1 / 3, 1.0]),
        ("window_cume_dist", (), [0.25, 0.75, 0.75, 1.0]),
        ("window_ntile", ([3] * 4,), [1, 1, 2, 3]),
        ("window_ntile", ([None] * 4,), [None] * 4),
        ("window_ntile", ([9] * 4,), [1, 2, 3, 4]),
        ("window_lag", (VALUES,), [None, "a", "b", "c"]),
        ("window_lead_with_offset", (VALUES, [2, 2, None, 0]), ["c", "d", None, "d"]),
        ("window_lag_with_offset_and_default", (VALUES, [1] * 4, ["z"] * 4), ["z", "a", "b", "c"]),
        ("window_first_value", (VALUES,), ["a"] * 4),
        ("window_last_value", (VALUES,), ["a", "c", "c", "d"]),
        ("window_nth_value", (VALUES, [2, 2, None, 9]), [None, "b", None, None]),
    ],
)
def test_window_functions(name: str, columns: tuple[Any, ...], expected: list[Any]) -> None:
    assert run(name, *columns) == expected


def test_empty_frames_give_null() -> None:
    assert run("window_first_value", VALUES, partition=EMPTY_FRAMES) == [None] * 4
    assert run("window_last_value", VALUES, partition=EMPTY_FRAMES) == [None] * 4


@pytest.mark.parametrize(("name", "state"), [("window_ntile", "22014"), ("window_nth_value", "22016")])
def test_arguments_below_one_are_refused(name: str, state: str) -> None:
    with pytest.raises(PgError) as caught:
        run(name, *([[0] * 4] if name == "window_ntile" else [VALUES, [0] * 4]))
    assert caught.value.sqlstate == state
