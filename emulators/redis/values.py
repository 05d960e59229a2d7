"""The values that keys hold. Strings are plain `bytes`; everything else is a small class of its own, copied on write.

`epoch` says for which snapshot epoch a value may be changed in place: `Database.write` copies a value whose epoch is not the
keyspace's own, so that snapshots share what did not change. Encodings follow the real server's thresholds, because they are visible
(OBJECT ENCODING, the order of SMEMBERS and HGETALL, what SCAN returns at once): a compact value turns into a large
one and never back.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar

from sortedcontainers import SortedList

from emulators.redis.scan import ScanIndex

if TYPE_CHECKING:
    from emulators.redis.config import Thresholds

__all__ = ["Hash", "ListValue", "RawString", "SetValue", "SortedSet", "Value", "string_encoding", "type_name"]


class RawString(bytes):
    """A string that was changed in place (APPEND, SETRANGE, SETBIT ...): OBJECT ENCODING says `raw` whatever its length."""

    __slots__ = ()


class Value:
    """Base of all container values."""

    __slots__ = ("epoch",)
    type_name: ClassVar[bytes]
    epoch: int

    def copy(self) -> Value:
        raise NotImplementedError

    def encoding(self) -> bytes:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def export(self) -> Any:
        """As plain data; `type(value).load` reads it back."""
        raise NotImplementedError

    def plain(self) -> Any:
        """For people: JSON-able (see `inspect`)."""
        raise NotImplementedError


class ListValue(Value):
    """A list. `large` becomes True when it outgrows one listpack; then it is a `quicklist`."""

    __slots__ = ("items", "large")
    type_name = b"list"

    def __init__(self, items: Any = (), large: bool = False) -> None:
        self.items: deque[bytes] = deque(items)
        self.large = large

    def copy(self) -> ListValue:
        return ListValue(self.items, self.large)

    def encoding(self) -> bytes:
        return b"quicklist" if self.large else b"listpack"

    def __len__(self) -> int:
        return len(self.items)

    def export(self) -> Any:
        return [list(self.items), self.large]

    @classmethod
    def load(cls, data: Any) -> ListValue:
        return cls(*data)


class Hash(Value):
    """A hash. `expires` holds deadlines in ms by field (7.4), or None while no field has one."""

    __slots__ = ("expires", "fields", "index", "large")
    type_name = b"hash"

    def __init__(
        self, fields: dict[bytes, bytes] | None = None, large: bool = False, expires: dict[bytes, int] | None = None
    ) -> None:
        self.fields: dict[bytes, bytes] = {} if fields is None else fields
        self.large = large
        self.expires = expires
        self.index: ScanIndex | None = None

    def copy(self) -> Hash:
        return Hash(dict(self.fields), self.large, dict(self.expires) if self.expires else None)

    def encoding(self) -> bytes:
        if self.large:
            return b"hashtable"
        return b"listpackex" if self.expires is not None else b"listpack"

    def __len__(self) -> int:
        return len(self.fields)

    def scan_index(self) -> ScanIndex:
        if self.index is None:
            self.index = ScanIndex(self.fields)
        return self.index

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

    @classmethod
    def load(cls, data: Any) -> Hash:
        return cls(*data)


class SetValue(Value):
    """A set, in order of arrival; an `intset` is read out in numeric order by `ordered`."""

    __slots__ = ("form", "index", "members")
    type_name = b"set"

    INTSET, LISTPACK, HASHTABLE = 0, 1, 2
    _ENCODINGS = (b"intset", b"listpack", b"hashtable")

    def __init__(self, members: dict[bytes, None] | None = None, form: int = 0) -> None:
        self.members: dict[bytes, None] = {} if members is None else members
        self.form = form
        self.index: ScanIndex | None = None

    def copy(self) -> SetValue:
        return SetValue(dict(self.members), self.form)

    def encoding(self) -> bytes:
        return self._ENCODINGS[self.form]

    def __len__(self) -> int:
        return len(self.members)

    def scan_index(self) -> ScanIndex:
        if self.index is None:
            self.index = ScanIndex(self.members)
        return self.index

    def ordered(self) -> list[bytes]:
        """The members in the order in which the server lists them."""
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

    @classmethod
    def load(cls, data: Any) -> SetValue:
        return cls(dict.fromkeys(data[0]), data[1])


class SortedSet(Value):
    """Members with scores. The order index is built at first need and kept up from then on."""

    __slots__ = ("_order", "index", "large", "scores")
    type_name = b"zset"

    def __init__(self, scores: dict[bytes, float] | None = None, large: bool = False) -> None:
        self.scores: dict[bytes, float] = {} if scores is None else scores
        self.large = large
        self._order: Any = None
        self.index: ScanIndex | None = None

    def copy(self) -> SortedSet:
        return SortedSet(dict(self.scores), self.large)

    def encoding(self) -> bytes:
        return b"skiplist" if self.large else b"listpack"

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def order(self) -> Any:
        """A SortedList of (score, member): by score, then by the member's bytes."""
        order = self._order
        if order is None:
            order = self._order = SortedList([(score, member) for member, score in self.scores.items()])
        return order

    def scan_index(self) -> ScanIndex:
        if self.index is None:
            self.index = ScanIndex(self.scores)
        return self.index

    def put(self, member: bytes, score: float, thresholds: Thresholds) -> bool:
        """Set a member's score; True if the member is new."""
        scores = self.scores
        old = scores.get(member)
        if old is not None:
            if old != score:
                scores[member] = score
                if self._order is not None:
                    self._order.remove((old, member))
                    self._order.add((score, member))
            return False
        scores[member] = score
        if self._order is not None:
            self._order.add((score, member))
        if self.index is not None:
            self.index.added(member)
        if not self.large and (len(scores) > thresholds.zset_entries or len(member) > thresholds.zset_value):
            self.large = True
        return True

    def remove(self, member: bytes) -> bool:
        score = self.scores.pop(member, None)
        if score is None:
            return False
        if self._order is not None:
            self._order.remove((score, member))
        return True

    def export(self) -> Any:
        return [self.scores, self.large]

    @classmethod
    def load(cls, data: Any) -> SortedSet:
        return cls(*data)


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
    return b"embstr" if len(value) <= 44 and type(value) is bytes else b"raw"


def type_name(value: bytes | Value) -> bytes:
    """What TYPE answers."""
    return b"string" if isinstance(value, bytes) else value.type_name
