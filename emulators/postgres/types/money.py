"""money in the C locale: "$1,234.56", held as an int of cents."""

from __future__ import annotations

import re
from typing import Any

from emulators.postgres.types.errors import invalid_syntax, value_out_of_range
from emulators.postgres.types.registry import binary_in, binary_out, text_in, text_out

_MONEY = re.compile(r"\s*(\(|-|\+)?\s*\$?\s*(-|\+)?\$?\s*([0-9,]*)(?:\.([0-9]*))?\s*(\))?\s*\$?\s*(-)?\s*\Z")


@text_in("cash_in")
def cash_in(value: str, typmod: int, ctx: Any) -> int:
    match = _MONEY.match(value)
    if match is None:
        raise invalid_syntax("money", value)
    negative = match[1] in ("-", "(") or match[2] == "-" or match[6] == "-"
    digits = match[4] or ""
    cents = int(match[3].replace(",", "") or "0") * 100 + int(digits[:2].ljust(2, "0") or "0")
    if digits[2:3] >= "5" and digits[2:3]:
        cents += 1
    if negative:
        cents = -cents
    if not -(2**63) <= cents < 2**63:
        raise value_out_of_range(value, "money")
    return cents


@text_out("cash_out")
def cash_out(value: int, ctx: Any) -> str:
    return f"{'-' if value < 0 else ''}${abs(value) // 100:,}.{abs(value) % 100:02d}"


@binary_in("cash_recv")
def cash_recv(data: bytes, typmod: int, ctx: Any) -> int:
    from emulators.postgres.types.registry import BINARY_IN

    return BINARY_IN["int8recv"](data, typmod, ctx)  # type: ignore[no-any-return]


@binary_out("cash_send")
def cash_send(value: int, ctx: Any) -> bytes:
    return value.to_bytes(8, "big", signed=True)
