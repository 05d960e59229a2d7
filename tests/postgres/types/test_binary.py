"""Binary forms: what a type sends, it receives; broken bytes are refused with the protocol's errors."""

from __future__ import annotations

import pytest

from emulators.postgres.errors import PgError
from emulators.postgres.types.registry import type_io
from tests.postgres.functions.pools import POOLS
from tests.postgres.functions.replay import CATALOG, context

SKIPPED: set[str] = set()


@pytest.mark.parametrize("name", sorted(set(POOLS) - SKIPPED))
def test_binary_round_trip_keeps_the_text(name: str) -> None:
    ctx = context()
    io = type_io(CATALOG.by_name[name], CATALOG)
    for text in POOLS[name]:
        value = io.text_in(text, -1, ctx)
        data = io.binary_out(value, ctx)
        assert io.text_out(io.binary_in(data, -1, ctx), ctx) == io.text_out(value, ctx)


@pytest.mark.parametrize("name", ["int4", "float8", "timestamptz", "uuid", "numeric", "_int4", "int4range", "inet"])
def test_cut_binary_data_is_a_protocol_error(name: str) -> None:
    ctx = context()
    io = type_io(CATALOG.by_name[name], CATALOG)
    data = io.binary_out(io.text_in(POOLS[name][-1], -1, ctx), ctx)
    for size in range(len(data)):
        with pytest.raises(PgError) as caught:
            io.binary_in(data[:size], -1, ctx)
        assert caught.value.sqlstate in ("08P01", "22P03")
    with pytest.raises(PgError):
        io.binary_in(data + b"\0", -1, ctx)
