"""inet, cidr, macaddr and macaddr8: text and binary forms, keys.

cidr refuses bits to the right of the mask and accepts classful short forms (10 is 10.0.0.0/8). inet shows its prefix
only when it is not the whole address. IPv6 text is shortened at its longest run of zeros.
"""

from __future__ import annotations

import re
from typing import Any

from emulators.postgres.types.errors import data_error, insufficient_data, invalid_binary, invalid_syntax
from emulators.postgres.types.registry import SORT_KEYS, binary_in, binary_out, text_in, text_out
from emulators.postgres.types.values import Inet

_OCTETS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3})*\.?\Z")


def size_of(family: int) -> int:
    return 32 if family == 4 else 128


def parse_ipv6(text: str) -> int | None:
    """An IPv6 address, with a dotted tail if need be; None when it is none."""
    if "." in text:
        head, _, tail = text.rpartition(":")
        octets = tail.split(".")
        if len(octets) != 4 or not all(part.isdigit() and len(part) <= 3 and int(part) < 256 for part in octets):
            return None
        value = [int(part) for part in octets]
        text = f"{head}:{value[0] << 8 | value[1]:x}:{value[2] << 8 | value[3]:x}"
    if text.count("::") > 1 or ":::" in text:
        return None
    if "::" in text:
        left, _, right = text.partition("::")
        before = left.split(":") if left else []
        after = right.split(":") if right else []
        if len(before) + len(after) > 7:
            return None
        groups = before + ["0"] * (8 - len(before) - len(after)) + after
    else:
        groups = text.split(":")
    if len(groups) != 8 or not all(re.match(r"[0-9a-fA-F]{1,4}\Z", group) for group in groups):
        return None
    result = 0
    for group in groups:
        result = result << 16 | int(group, 16)
    return result


def parse_network(text: str, cidr: bool) -> Inet:
    """inet or cidr input."""
    type_name = "cidr" if cidr else "inet"
    address_text, slash, prefix = text.partition("/")
    if slash and not re.match(r"[0-9]{1,3}\Z", prefix):
        raise invalid_syntax(type_name, text)
    if ":" in address_text:
        address = parse_ipv6(address_text)
        if address is None:
            raise invalid_syntax(type_name, text)
        family, bits = 6, int(prefix) if slash else 128
    else:
        if not _OCTETS.match(address_text) or address_text.endswith("."):
            raise invalid_syntax(type_name, text)
        parts = [int(part) for part in address_text.split(".")]
        if any(part > 255 for part in parts) or len(parts) > 4 or (len(parts) < 4 and not cidr and not slash):
            raise invalid_syntax(type_name, text)
        address = 0
        for part in [*parts, 0, 0, 0][:4]:
            address = address << 8 | part
        family = 4
        if slash:
            bits = int(prefix)
        elif not cidr or len(parts) == 4:
            bits = 32
        else:
            first = parts[0]
            classful = 32 if first >= 240 else 8 if first >= 224 else 24 if first >= 192 else 16 if first >= 128 else 8
            bits = max(classful, 8 * len(parts))
            if 224 <= first < 240 and len(parts) == 1:
                bits = 4
    if bits > size_of(family):
        raise invalid_syntax(type_name, text)
    if cidr and address & ((1 << (size_of(family) - bits)) - 1):
        raise data_error("22P02", f'invalid cidr value: "{text}"', "Value has bits set to right of mask.")
    return Inet(family, bits, address)


@text_in("inet_in")
def inet_in(value: str, typmod: int, ctx: Any) -> Inet:
    return parse_network(value, False)


@text_in("cidr_in")
def cidr_in(value: str, typmod: int, ctx: Any) -> Inet:
    return parse_network(value, True)


def address_text(family: int, address: int) -> str:
    """The address without its prefix length."""
    if family == 4:
        return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))
    groups = [address >> shift & 0xFFFF for shift in range(112, -16, -16)]
    best_start, best_size = -1, 1
    start = 0
    while start < 8:
        size = 0
        while start + size < 8 and groups[start + size] == 0:
            size += 1
        if size > best_size:
            best_start, best_size = start, size
        start += size or 1
    if best_start == 0 and (best_size == 6 or (best_size == 5 and groups[5] == 0xFFFF)):
        head = "::" if best_size != 5 else "::ffff:"
        return head + address_text(4, address & 0xFFFFFFFF)
    texts = [f"{group:x}" for group in groups]
    if best_start < 0:
        return ":".join(texts)
    return ":".join(texts[:best_start]) + "::" + ":".join(texts[best_start + best_size :])


@text_out("inet_out")
def inet_out(value: Inet, ctx: Any) -> str:
    text = address_text(value.family, value.address)
    return text if value.bits == size_of(value.family) else f"{text}/{value.bits}"


@text_out("cidr_out")
def cidr_out(value: Inet, ctx: Any) -> str:
    return f"{address_text(value.family, value.address)}/{value.bits}"


def _receiver(cidr: bool) -> Any:
    name = "cidr" if cidr else "inet"

    def receive(data: bytes, typmod: int, ctx: Any) -> Inet:
        if len(data) < 4:
            raise insufficient_data()
        family, bits, _, size = data[:4]
        if family not in (2, 3):
            raise invalid_binary(f'invalid address family in external "{name}" value')
        kind = 4 if family == 2 else 6
        if bits > size_of(kind):
            raise invalid_binary(f'invalid bits in external "{name}" value')
        if size != size_of(kind) // 8:
            raise invalid_binary(f'invalid length in external "{name}" value')
        if len(data) != 4 + size:
            raise insufficient_data() if len(data) < 4 + size else invalid_binary()
        address = int.from_bytes(data[4:], "big")
        if cidr and address & ((1 << (size_of(kind) - bits)) - 1):
            raise invalid_binary('invalid external "cidr" value')
        return Inet(kind, bits, address)

    return receive


binary_in("inet_recv")(_receiver(False))
binary_in("cidr_recv")(_receiver(True))


def _sender(cidr: int) -> Any:
    def send(value: Inet, ctx: Any) -> bytes:
        size = size_of(value.family) // 8
        return bytes([2 if value.family == 4 else 3, value.bits, cidr, size]) + value.address.to_bytes(size, "big")

    return send


binary_out("inet_send")(_sender(0))
binary_out("cidr_send")(_sender(1))


def inet_key(value: Inet) -> tuple[int, int, int, int]:
    """IPv4 first; by the network's bits, then prefix length, then the whole address."""
    shift = size_of(value.family) - value.bits
    network = value.address >> shift << shift
    return value.family, network, value.bits, value.address


SORT_KEYS["inet_in"] = SORT_KEYS["cidr_in"] = inet_key


# MAC addresses are held as ints of 48 or 64 bits.
_MAC = re.compile(
    r"[ \t\n]*(?:"
    + "|".join(
        [
            r"(?:[0-9a-f]{1,2}:){5}[0-9a-f]{1,2}",
            r"(?:[0-9a-f]{1,2}-){5}[0-9a-f]{1,2}",
            r"[0-9a-f]{6}[:-][0-9a-f]{6}",
            r"(?:[0-9a-f]{4}[.-]){2}[0-9a-f]{4}",
            r"[0-9a-f]{12}",
        ]
    )
    + r")[ \t\n]*\Z",
    re.IGNORECASE,
)


@text_in("macaddr_in")
def macaddr_in(value: str, typmod: int, ctx: Any) -> int:
    if not _MAC.match(value):
        raise invalid_syntax("macaddr", value)
    pieces = re.findall(r"[0-9a-fA-F]+", value)
    if len(pieces) == 6:
        return int("".join(piece.rjust(2, "0") for piece in pieces), 16)
    return int("".join(pieces), 16)


_MAC8 = re.compile(r"[ \t\n]*([0-9a-f]{2}(?:([:.\-]?)[0-9a-f]{2})*)[ \t\n]*\Z", re.IGNORECASE)


@text_in("macaddr8_in")
def macaddr8_in(value: str, typmod: int, ctx: Any) -> int:
    separators = set(re.findall(r"[:.\-]", value))
    digits = re.sub(r"[:.\- \t\n]", "", value)
    if not _MAC8.match(value) or len(separators) > 1 or len(digits) not in (12, 16):
        raise invalid_syntax("macaddr8", value)
    number = int(digits, 16)
    if len(digits) == 12:
        return number >> 24 << 40 | 0xFFFE << 24 | number & 0xFFFFFF
    return number


def mac_text(value: int, size: int) -> str:
    return ":".join(f"{byte:02x}" for byte in value.to_bytes(size, "big"))


@text_out("macaddr_out")
def macaddr_out(value: int, ctx: Any) -> str:
    return mac_text(value, 6)


@text_out("macaddr8_out")
def macaddr8_out(value: int, ctx: Any) -> str:
    return mac_text(value, 8)


@binary_in("macaddr_recv")
def macaddr_recv(data: bytes, typmod: int, ctx: Any) -> int:
    if len(data) != 6:
        raise insufficient_data() if len(data) < 6 else invalid_binary()
    return int.from_bytes(data, "big")


@binary_out("macaddr_send")
def macaddr_send(value: int, ctx: Any) -> bytes:
    return value.to_bytes(6, "big")


@binary_in("macaddr8_recv")
def macaddr8_recv(data: bytes, typmod: int, ctx: Any) -> int:
    if len(data) == 6:
        number = int.from_bytes(data, "big")
        return number >> 24 << 40 | 0xFFFE << 24 | number & 0xFFFFFF
    if len(data) != 8:
        raise insufficient_data() if len(data) < 8 else invalid_binary()
    return int.from_bytes(data, "big")


@binary_out("macaddr8_send")
def macaddr8_send(value: int, ctx: Any) -> bytes:
    return value.to_bytes(8, "big")
