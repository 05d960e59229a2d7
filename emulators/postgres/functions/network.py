"""inet and cidr: comparison, parts, subnet tests, arithmetic."""

from __future__ import annotations

import operator
from typing import Any

from emulators.postgres.functions.registry import builtin
from emulators.postgres.types.errors import data_error, invalid_parameter
from emulators.postgres.types.network import address_text, inet_key, size_of
from emulators.postgres.types.values import Inet


def _compare(name: str, operation: Any) -> None:
    builtin(name)(lambda a, b: operation(inet_key(a), inet_key(b)))


for _suffix in ("eq", "ne", "lt", "le", "gt", "ge"):
    _compare(f"network_{_suffix}", getattr(operator, _suffix))
_compare("network_cmp", lambda a, b: (a > b) - (a < b))


@builtin("network_larger")
def larger(a: Inet, b: Inet) -> Inet:
    return a if inet_key(a) > inet_key(b) else b


@builtin("network_smaller")
def smaller(a: Inet, b: Inet) -> Inet:
    return a if inet_key(a) < inet_key(b) else b


def _host_mask(family: int, bits: int) -> int:
    return (1 << (size_of(family) - bits)) - 1


def _inside(a: Inet, b: Inet) -> bool:
    """a's address lies in b's network."""
    return a.family == b.family and not (a.address ^ b.address) >> (size_of(b.family) - b.bits)


@builtin("network_sub")
def subnet(a: Inet, b: Inet) -> bool:
    return a.bits > b.bits and _inside(a, b)


@builtin("network_subeq")
def subnet_or_equal(a: Inet, b: Inet) -> bool:
    return a.bits >= b.bits and _inside(a, b)


@builtin("network_sup")
def supernet(a: Inet, b: Inet) -> bool:
    return subnet(b, a)


@builtin("network_supeq")
def supernet_or_equal(a: Inet, b: Inet) -> bool:
    return subnet_or_equal(b, a)


@builtin("network_overlap")
def overlap(a: Inet, b: Inet) -> bool:
    return _inside(a, b) if a.bits >= b.bits else _inside(b, a)


@builtin("network_family")
def family(value: Inet) -> int:
    return value.family


@builtin("network_masklen")
def masklen(value: Inet) -> int:
    return value.bits


@builtin("network_host")
def host(value: Inet) -> str:
    return address_text(value.family, value.address)


@builtin("network_show")
def show(value: Inet) -> str:
    return f"{address_text(value.family, value.address)}/{value.bits}"


@builtin("inet_abbrev")
def inet_abbrev(value: Inet) -> str:
    text = address_text(value.family, value.address)
    return text if value.bits == size_of(value.family) else f"{text}/{value.bits}"


@builtin("cidr_abbrev")
def cidr_abbrev(value: Inet) -> str:
    if value.family == 6:
        return _cidr_abbrev6(value)
    octets = max((value.bits + 7) // 8, 1)
    parts = [str(value.address >> shift & 255) for shift in (24, 16, 8, 0)][:octets]
    return f"{'.'.join(parts)}/{value.bits}"


def _cidr_abbrev6(value: Inet) -> str:
    """IPv6 networks lose the groups beyond their prefix."""
    if value.bits == 0:
        return "::/0"
    if value.bits > 112:
        return f"{address_text(6, value.address)}/{value.bits}"
    groups = [f"{value.address >> shift & 0xFFFF:x}" for shift in range(112, -16, -16)]
    return f"{':'.join(groups[: (value.bits + 15) // 16])}/{value.bits}"


@builtin("network_network")
def network(value: Inet) -> Inet:
    return Inet(value.family, value.bits, value.address & ~_host_mask(value.family, value.bits))


@builtin("network_netmask")
def netmask(value: Inet) -> Inet:
    size = size_of(value.family)
    return Inet(value.family, size, ((1 << size) - 1) ^ _host_mask(value.family, value.bits))


@builtin("network_hostmask")
def hostmask(value: Inet) -> Inet:
    return Inet(value.family, size_of(value.family), _host_mask(value.family, value.bits))


@builtin("network_broadcast")
def broadcast(value: Inet) -> Inet:
    return Inet(value.family, value.bits, value.address | _host_mask(value.family, value.bits))


def _checked_bits(value: Inet, bits: int) -> int:
    if bits == -1:
        return size_of(value.family)
    if not 0 <= bits <= size_of(value.family):
        raise invalid_parameter(f"invalid mask length: {bits}")
    return bits


@builtin("inet_set_masklen")
def inet_set_masklen(value: Inet, bits: int) -> Inet:
    return Inet(value.family, _checked_bits(value, bits), value.address)


@builtin("cidr_set_masklen")
def cidr_set_masklen(value: Inet, bits: int) -> Inet:
    bits = _checked_bits(value, bits)
    return Inet(value.family, bits, value.address & ~_host_mask(value.family, bits))


builtin("inet_to_cidr")(network)


@builtin("inet_same_family")
def same_family(a: Inet, b: Inet) -> bool:
    return a.family == b.family


@builtin("inet_merge")
def merge(a: Inet, b: Inet) -> Inet:
    if a.family != b.family:
        raise invalid_parameter("cannot merge addresses from different families")
    size = size_of(a.family)
    common = size - (a.address ^ b.address).bit_length()
    bits = min(a.bits, b.bits, common)
    return Inet(a.family, bits, a.address & ~_host_mask(a.family, bits))


@builtin("inetnot")
def inet_not(value: Inet) -> Inet:
    return Inet(value.family, value.bits, ~value.address & ((1 << size_of(value.family)) - 1))


def _same_size(a: Inet, b: Inet, name: str) -> None:
    if a.family != b.family:
        raise invalid_parameter(f"cannot {name} inet values of different sizes")


@builtin("inetand")
def inet_and(a: Inet, b: Inet) -> Inet:
    _same_size(a, b, "AND")
    return Inet(a.family, max(a.bits, b.bits), a.address & b.address)


@builtin("inetor")
def inet_or(a: Inet, b: Inet) -> Inet:
    _same_size(a, b, "OR")
    return Inet(a.family, max(a.bits, b.bits), a.address | b.address)


def _moved(value: Inet, amount: int) -> Inet:
    address = value.address + amount
    if not 0 <= address < 1 << size_of(value.family):
        raise data_error("22003", "result is out of range")
    return Inet(value.family, value.bits, address)


@builtin("inetpl")
def inet_plus(value: Inet, amount: int) -> Inet:
    return _moved(value, amount)


@builtin("sql:int8pl_inet(int8,inet)")
def plus_inet(amount: int, value: Inet) -> Inet:
    return _moved(value, amount)


@builtin("inetmi_int8")
def inet_minus(value: Inet, amount: int) -> Inet:
    return _moved(value, -amount)


@builtin("inetmi")
def inet_difference(a: Inet, b: Inet) -> int:
    if a.family != b.family:
        raise invalid_parameter("cannot subtract inet values of different sizes")
    difference = a.address - b.address
    if not -(2**63) <= difference < 2**63:
        raise data_error("22003", "result is out of range")
    return difference
