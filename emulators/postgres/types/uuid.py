"""uuid: 16 bytes; on input a hyphen may follow every four digits, braces may enclose it, letters in any case."""

from __future__ import annotations

import re
from typing import Any

from emulators.postgres.types.errors import insufficient_data, invalid_binary, invalid_syntax
from emulators.postgres.types.registry import binary_in, binary_out, text_in, text_out

# A hyphen may follow each group of four digits; braces must pair.
_UUID = re.compile(r"(\{)?((?:[0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4})(?(1)\})\Z")


@text_in("uuid_in")
def uuid_in(value: str, typmod: int, ctx: Any) -> bytes:
    match = _UUID.match(value)
    if match is None:
        raise invalid_syntax("uuid", value)
    return bytes.fromhex(match[2].replace("-", ""))


@text_out("uuid_out")
def uuid_out(value: bytes, ctx: Any) -> str:
    text = value.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@binary_in("uuid_recv")
def uuid_recv(data: bytes, typmod: int, ctx: Any) -> bytes:
    if len(data) != 16:
        raise insufficient_data() if len(data) < 16 else invalid_binary()
    return bytes(data)


@binary_out("uuid_send")
def uuid_send(value: bytes, ctx: Any) -> bytes:
    return value
