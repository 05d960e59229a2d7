"""The values that keys hold. Strings are plain `bytes`; everything else is a small class of its own, copied on write.

The bases stand in `value`, lists in `list_value`, sorted sets in `sorted_set`, streams in `stream`. Encodings follow the real
server's thresholds, because they are visible (OBJECT ENCODING, the order of SMEMBERS and HGETALL, what SCAN returns at
once): a compact value turns into a large one and never back, but for lists from 7.2 on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.redis.list_value import ListValue
from emulators.redis.scan import ScanIndex
from emulators.redis.sorted_set import SortedSet
from emulators.redis.value import Collection, Value, readable

if TYPE_CHECKING:
    from emulators.redis.config import Thresholds

__all__ = [
    "Collection",
    "Hash",
    "ListValue",
    "RawString",
    "SetValue",
    "SortedSet",
    "TextString",
    "Value",
    "readable",
    "string_encoding",
    "type_name",
]


class RawString(bytes):
    """A string that was changed in place (APPEND, SETRANGE, SETBIT ...): OBJECT ENCODING says `raw` whatever its length."""

    __slots__ = ()


class TextString(bytes):
    """A string that the server wrote as text without looking at what it spells (INCRBYFLOAT): never `int`."""

    __slots__ = ()


class Hash(Collection):
    """A hash. `expires` holds deadlines in ms by field (7.4), or None while no field has one."""

    __slots__ = ("expires", "fields", "large")
    type_name = b"hash"

    def __init__(
        self, fields: dict[bytes, bytes] | None = None, large: bool = False, expires: dict[bytes, int] | None = None
    ) -> None:
        self.fields: dict[bytes, bytes] = {} if fields is None else fields
        self.large = large
        self.expires = expires
        self.index: ScanIndex | None = None

    def copy(self) -> Hash:
        twin = Hash(dict(self.fields), self.large, None if self.expires is None else dict(self.expires))
        if self.index is not None:
            twin.index = self.index.copy(twin.fields)
        return twin

    def encoding(self) -> bytes:
        if self.large:
            return b"hashtable"
        return b"listpackex" if self.expires is not None else b"listpack"

    def __len__(self) -> int:
        return len(self.fields)

    @property
    def live(self) -> dict[bytes, Any]:
        return self.fields

    @property
    def compact(self) -> bool:
        return not self.large

    def put(self, field: bytes, value: bytes, thresholds: Thresholds) -> bool:
        """Set a field; True if it is new. The field's deadline, if any, is not touched."""
        fields = self.fields
        new = field not in fields
        fields[field] = value
        if new and self.index is not None:
            self.index.added(field)
        if not self.large and (
            len(fields) > thresholds.hash_entries
            or len(value) > thresholds.hash_value
            or len(field) > thresholds.hash_value
        ):
            self.large = True
        return new

    def remove(self, field: bytes) -> bool:
        if self.fields.pop(field, None) is None:
            return False
        if self.expires is not None:
            self.expires.pop(field, None)
        return True

    def export(self) -> Any:
        return [self.fields, self.large, self.expires]

    def plain(self) -> Any:
        return {readable(field): readable(item) for field, item in self.fields.items()}

    def canonical(self) -> Any:
        return [sorted(self.fields.items()), sorted((self.expires or {}).items())]

    def check(self) -> str | None:
        if self.expires and not self.expires.keys() <= self.fields.keys():
            return "a field has a deadline but does not exist"
        return super().check()

    @classmethod
    def load(cls, data: Any) -> Hash:
        return cls(*data)


class SetValue(Collection):
    """A set, in order of arrival; an `intset` is read out in numeric order by `ordered`."""

    __slots__ = ("form", "members")
    type_name = b"set"

    INTSET, LISTPACK, HASHTABLE = 0, 1, 2
    _ENCODINGS = (b"intset", b"listpack", b"hashtable")

    def __init__(self, members: dict[bytes, None] | None = None, form: int = 0) -> None:
        self.members: dict[bytes, None] = {} if members is None else members
        self.form = form
        self.index: ScanIndex | None = None

    def copy(self) -> SetValue:
        twin = SetValue(dict(self.members), self.form)
        if self.index is not None:
            twin.index = self.index.copy(twin.members)
        return twin

    def encoding(self) -> bytes:
        return self._ENCODINGS[self.form]

    def __len__(self) -> int:
        return len(self.members)

    @property
    def live(self) -> dict[bytes, Any]:
        return self.members

    @property
    def compact(self) -> bool:
        return self.form != self.HASHTABLE

    def ordered(self) -> list[bytes]:
        return sorted(self.members, key=int) if self.form == self.INTSET else list(self.members)

    def add(self, member: bytes, thresholds: Thresholds) -> bool:
        """Add one; True if it is new. Converts the encoding where the server would."""
        members = self.members
        if member in members:
            return False
        if self.form == self.INTSET and not is_integer(member):
            compact = thresholds.set_listpack_entries
            fits = len(members) < compact and len(member) <= thresholds.set_listpack_value
            if compact and fits:
                members_sorted = self.ordered()
                members.clear()
                members.update(dict.fromkeys(members_sorted))
                self.form = self.LISTPACK
                self.index = None
            else:
                self.form = self.HASHTABLE
        elif self.form == self.LISTPACK and (
            len(members) >= thresholds.set_listpack_entries or len(member) > thresholds.set_listpack_value
        ):
            self.form = self.HASHTABLE
        members[member] = None
        if self.index is not None:
            self.index.added(member)
        if self.form == self.INTSET and len(members) > thresholds.set_intset_entries:
            compact_left = thresholds.set_listpack_entries >= len(members) and all(
                len(item) <= thresholds.set_listpack_value for item in members
            )
            self.form = self.LISTPACK if compact_left else self.HASHTABLE
        return True

    def discard(self, member: bytes) -> bool:
        if member not in self.members:
            return False
        del self.members[member]
        return True

    def export(self) -> Any:
        return [list(self.members), self.form]

    def plain(self) -> Any:
        return [readable(member) for member in self.ordered()]

    def canonical(self) -> Any:
        return sorted(self.members)

    def check(self) -> str | None:
        if self.form == self.INTSET and not all(map(is_integer, self.members)):
            return "an intset holds something else than integers"
        return super().check()

    @classmethod
    def load(cls, data: Any) -> SetValue:
        return cls(dict.fromkeys(data[0]), data[1])


def is_integer(text: bytes) -> bool:
    """True for the text of a 64-bit integer in canonical form (what an intset or an `int` string can hold)."""
    if not text or len(text) > 20:
        return False
    digits = text[1:] if text[0] == 0x2D else text
    if not digits.isdigit() or (digits[0] == 0x30 and len(text) > 1):
        return False
    return -(2**63) <= int(text) < 2**63


def string_encoding(value: bytes) -> bytes:
    """OBJECT ENCODING of a string."""
    if is_integer(value) and type(value) is bytes:
        return b"int"
    return b"embstr" if len(value) <= 44 and type(value) is not RawString else b"raw"


def type_name(value: bytes | Value) -> bytes:
    """What TYPE answers."""
    return b"string" if isinstance(value, bytes) else value.type_name
