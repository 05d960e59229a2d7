"""The values that keys hold. Strings are plain `bytes`; everything else is a small class of its own, copied on write.

`epoch` says for which snapshot epoch a value may be changed in place: `Database.write` copies a value whose epoch is not the
keyspace's own, so that snapshots share what did not change. Encodings follow the real server's thresholds, because they are visible
(OBJECT ENCODING, the order of SMEMBERS and HGETALL, what SCAN returns at once): a compact value turns into a large
one and never back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

from sortedcontainers import SortedList

from emulators.redis import listpack
from emulators.redis.scan import ScanIndex

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

    def canonical(self) -> Any:
        """The content in a form that does not depend on how it came about, for digests."""
        raise NotImplementedError

    def check(self) -> str | None:
        """What breaks the value's own rules, or None."""
        return None if len(self) else f"an empty {self.type_name.decode()}"


class ListValue(Value):
    """A list, as two stacks whose bottoms touch: both ends push and pop at once, and any index or slice is direct.

    `front` holds the beginning in reverse, `back` the rest. When one end runs dry, it takes half of the other side, so that a
    queue costs a constant per element however it is used.
    `large` is True for a `quicklist`, False for a single `listpack` (7.2 on, see `listpack.py` for the sizes); `size` is the
    listpack's size in bytes then, or -1 while unknown.
    """

    __slots__ = ("back", "front", "large", "size")
    type_name = b"list"

    def __init__(self, items: Iterable[bytes] = (), large: bool = True) -> None:
        self.front: list[bytes] = []
        self.back: list[bytes] = list(items)
        self.large = large
        self.size = -1

    @classmethod
    def small(cls, items: list[bytes], thresholds: Thresholds) -> ListValue:
        """A list made of these items at once, in the form that a 7.2 server gives it."""
        value = cls(items, large=False)
        value.large = listpack.list_exceeds(thresholds.list_max_listpack_size, value.listpack_bytes(), len(items))
        return value

    def copy(self) -> ListValue:
        value = ListValue((), self.large)
        value.front = self.front[:]
        value.back = self.back[:]
        value.size = self.size
        return value

    def encoding(self) -> bytes:
        return b"quicklist" if self.large else b"listpack"

    def __len__(self) -> int:
        return len(self.front) + len(self.back)

    @property
    def items(self) -> list[bytes]:
        """All elements in order, in a list of their own."""
        return self.front[::-1] + self.back

    # -- reading ---------------------------------------------------------------------------------------------

    def at(self, index: int) -> bytes:
        """The element at an index from 0 on."""
        head = len(self.front)
        return self.front[head - 1 - index] if index < head else self.back[index - head]

    def slice(self, start: int, stop: int) -> list[bytes]:
        """Elements from `start` to before `stop`, both within bounds."""
        front = self.front
        head = len(front)
        if start >= head:
            return self.back[start - head : stop - head]
        if stop <= head:
            chosen = front[head - stop : head - start]
            chosen.reverse()
            return chosen
        chosen = front[: head - start]
        chosen.reverse()
        return chosen + self.back[: stop - head]

    def find(self, item: bytes, from_tail: bool = False, scan: int | None = None) -> Iterator[int]:
        """Indexes of the elements equal to `item`, in order from one end, within the first `scan` elements looked at."""
        size = len(self)
        limit = size if scan is None else min(scan, size)
        done = 0
        while done < limit:
            width = min(_FIND_BLOCK, limit - done)
            if from_tail:
                block = self.slice(size - done - width, size - done)
                block.reverse()
            else:
                block = self.slice(done, done + width)
            if item in block:
                for offset, other in enumerate(block):
                    if other == item:
                        place = done + offset
                        yield size - 1 - place if from_tail else place
            done += width

    # -- writing ---------------------------------------------------------------------------------------------

    def push_left(self, items: list[bytes]) -> None:
        """Push one after the other, so the last one comes to stand first."""
        if self.size >= 0:
            self.size += sum(map(listpack.entry_bytes, items))
        self.front += items

    def push_right(self, items: list[bytes]) -> None:
        if self.size >= 0:
            self.size += sum(map(listpack.entry_bytes, items))
        self.back += items

    def pop_left(self) -> bytes:
        front = self.front
        if front:
            item = front.pop()
        else:
            back = self.back
            half = (len(back) + 1) // 2
            moved = back[:half]
            del back[:half]
            moved.reverse()
            item = moved.pop()
            front += moved
        if self.size >= 0:
            self.size -= listpack.entry_bytes(item)
        return item

    def pop_right(self) -> bytes:
        back = self.back
        if back:
            item = back.pop()
        else:
            front = self.front
            half = (len(front) + 1) // 2
            moved = front[:half]
            del front[:half]
            moved.reverse()
            item = moved.pop()
            back += moved
        if self.size >= 0:
            self.size -= listpack.entry_bytes(item)
        return item

    def pop_many(self, count: int, left: bool) -> list[bytes]:
        """Pop up to `count` elements, in the order in which they are popped."""
        size = len(self)
        count = min(count, size)
        if left:
            items = self.slice(0, count)
            self.keep(count, size)
        else:
            items = self.slice(size - count, size)
            items.reverse()
            self.keep(0, size - count)
        return items

    def keep(self, start: int, stop: int) -> None:
        """Drop everything outside the slice."""
        if self.size >= 0:
            self.size -= sum(map(listpack.entry_bytes, self.slice(0, start)))
            self.size -= sum(map(listpack.entry_bytes, self.slice(stop, len(self))))
        head = len(self.front)
        if stop <= head:
            self.back.clear()
            del self.front[: head - stop]
        else:
            del self.back[stop - head :]
        if start >= head:
            self.front.clear()
            del self.back[: start - head]
        else:
            # What is kept of the front keeps its distance from the bottom.
            bottom = head - stop if stop <= head else 0
            del self.front[head - bottom - start :]

    def replace(self, index: int, item: bytes) -> None:
        if self.size >= 0:
            self.size += listpack.entry_bytes(item) - listpack.entry_bytes(self.at(index))
        head = len(self.front)
        if index < head:
            self.front[head - 1 - index] = item
        else:
            self.back[index - head] = item

    def insert(self, index: int, item: bytes) -> None:
        """Put an item before the element at `index`, or at the end."""
        if self.size >= 0:
            self.size += listpack.entry_bytes(item)
        head = len(self.front)
        if index <= head:
            self.front.insert(head - index, item)
        else:
            self.back.insert(index - head, item)

    def remove(self, indexes: list[int]) -> None:
        """Remove the elements at these indexes, given in ascending order."""
        if self.size >= 0:
            self.size -= sum(listpack.entry_bytes(self.at(index)) for index in indexes)
        if len(indexes) <= _REMOVE_SINGLY:
            for index in reversed(indexes):
                head = len(self.front)
                if index < head:
                    del self.front[head - 1 - index]
                else:
                    del self.back[index - head]
            return
        gone = set(indexes)
        self.back = [item for index, item in enumerate(self.items) if index not in gone]
        self.front = []

    # -- form ------------------------------------------------------------------------------------------------

    def listpack_bytes(self) -> int:
        """The size that the elements have, or would have, as one listpack."""
        if self.size < 0:
            self.size = listpack.EMPTY_BYTES + sum(map(listpack.entry_bytes, self.front))
            self.size += sum(map(listpack.entry_bytes, self.back))
        return self.size

    def will_grow(self, items: list[bytes], thresholds: Thresholds) -> None:
        """Become large if a listpack could not take these items as well: called before they are added."""
        if not self.large and listpack.list_exceeds(
            thresholds.list_max_listpack_size,
            self.listpack_bytes() + sum(map(len, items)),
            len(self) + len(items),
        ):
            self.large = True
            self.size = -1

    def has_shrunk(self, thresholds: Thresholds) -> None:
        """Become a listpack again when half of one's limit is enough (7.2 on): called after elements were removed."""
        if not self.large:
            return
        bytes_limit, entries_limit = listpack.list_limits(thresholds.list_max_listpack_size)
        count = len(self)
        if 2 * count > entries_limit or 4 * count > bytes_limit:
            # Far from it, as no entry takes less than two bytes: not worth keeping the size up to date.
            self.size = -1
        elif 2 * self.listpack_bytes() <= bytes_limit:
            self.large = False

    def export(self) -> Any:
        return [self.items, self.large]

    @classmethod
    def load(cls, data: Any) -> ListValue:
        return cls(*data)

    def plain(self) -> Any:
        return [readable(item) for item in self.items]

    def canonical(self) -> Any:
        return self.items


# Elements looked at in one go when searching, and how many are removed one by one rather than by building the list anew.
_FIND_BLOCK = 512
_REMOVE_SINGLY = 8


class Collection(Value):
    """Base of hashes, sets and sorted sets: what SCAN and the random commands need. `live` is the dict of the members."""

    __slots__ = ("index",)
    index: ScanIndex | None

    @property
    def live(self) -> dict[bytes, Any]:
        raise NotImplementedError

    @property
    def compact(self) -> bool:
        """True for an encoding that keeps an order."""
        raise NotImplementedError

    def ordered(self) -> list[bytes]:
        """The members in the order in which the server lists them."""
        return list(self.live)

    def __len__(self) -> int:
        return len(self.live)

    def scan_index(self) -> ScanIndex:
        if self.index is None:
            self.index = ScanIndex(self.live)
        return self.index

    def pick(self, dice: Random) -> bytes:
        """A member by chance."""
        if self.index is None and len(self.live) <= _FEW:
            return list(self.live)[dice.randrange(len(self.live))]
        return self.scan_index().pick(dice)

    def sample(self, count: int, dice: Random) -> list[bytes]:
        """`count` different members, all if there are no more; a negative count means that members may repeat.

        In the order of the collection where the server goes through it once, in that of drawing elsewhere.
        """
        size = len(self.live)
        if count < 0:
            if -count * 4 < size:
                return [self.pick(dice) for _ in range(-count)]
            members = self.ordered()
            return [members[dice.randrange(size)] for _ in range(-count)]
        if count >= size:
            return self.ordered()
        if self.compact or count * 3 > size:
            members = self.ordered()
            return [members[place] for place in sorted(_choose(size, count, dice))]
        chosen: dict[bytes, None] = {}
        while len(chosen) < count:
            chosen[self.pick(dice)] = None
        return list(chosen)


# Up to so many members, a random one is picked without an index.
_FEW = 64


def _choose(size: int, count: int, dice: Random) -> set[int]:
    """`count` different numbers below `size` (Floyd's method)."""
    chosen: set[int] = set()
    for top in range(size - count, size):
        number = dice.randrange(top + 1)
        chosen.add(top if number in chosen else number)
    return chosen


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
        return Hash(dict(self.fields), self.large, dict(self.expires) if self.expires else None)

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
        return SetValue(dict(self.members), self.form)

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


class SortedSet(Collection):
    """Members with scores. The order index is built at first need and kept up from then on."""

    __slots__ = ("_order", "large", "scores")
    type_name = b"zset"

    def __init__(self, scores: dict[bytes, float] | None = None, large: bool = False) -> None:
        self.scores: dict[bytes, float] = {} if scores is None else scores
        self.large = large
        self._order: Any = None
        self.index: ScanIndex | None = None

    @classmethod
    def of(cls, scores: dict[bytes, float], thresholds: Thresholds) -> SortedSet:
        """A sorted set made of these scores at once."""
        if len(scores) > thresholds.zset_entries or max(map(len, scores)) > thresholds.zset_value:
            return cls(scores, large=True)
        return cls({member: score + 0.0 for member, score in scores.items()})

    def copy(self) -> SortedSet:
        twin = SortedSet(dict(self.scores), self.large)
        if self._order is not None:
            twin._order = _copy_sorted(self._order)
        return twin

    def ordered(self) -> list[bytes]:
        return [member for _, member in self.order]

    def encoding(self) -> bytes:
        return b"skiplist" if self.large else b"listpack"

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def live(self) -> dict[bytes, Any]:
        return self.scores

    @property
    def compact(self) -> bool:
        return not self.large

    @property
    def order(self) -> Any:
        """A SortedList of (score, member): by score, then by the member's bytes."""
        order = self._order
        if order is None:
            order = self._order = SortedList([(score, member) for member, score in self.scores.items()])
        return order

    def put(self, member: bytes, score: float, thresholds: Thresholds) -> bool:
        """Set a member's score; True if the member is new."""
        scores = self.scores
        old = scores.get(member)
        if not self.large:
            if old is None and (len(scores) >= thresholds.zset_entries or len(member) > thresholds.zset_value):
                self.large = True
            else:
                # A listpack holds whole numbers as integers, which know no -0.
                score += 0.0
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
        return True

    def remove(self, member: bytes) -> bool:
        score = self.scores.pop(member, None)
        if score is None:
            return False
        if self._order is not None:
            self._order.remove((score, member))
        return True

    def remove_slice(self, start: int, stop: int) -> None:
        """Remove the members at these places of the order."""
        order = self.order
        scores = self.scores
        for _, member in order[start:stop]:
            del scores[member]
        del order[start:stop]

    def pop(self, count: int, greatest: bool) -> list[tuple[bytes, float]]:
        """Remove the first or last `count` members, of which there are as many, and return them as they are popped."""
        order, scores = self.order, self.scores
        popped = []
        for _ in range(count):
            score, member = order.pop() if greatest else order.pop(0)
            del scores[member]
            popped.append((member, score))
        return popped

    def export(self) -> Any:
        return [self.scores, self.large]

    def plain(self) -> Any:
        return {readable(member): score for score, member in self.order}

    def canonical(self) -> Any:
        return sorted(self.scores.items())

    def check(self) -> str | None:
        if self._order is not None and sorted((s, m) for m, s in self.scores.items()) != list(self._order):
            return "the order of a sorted set does not agree with its scores"
        return super().check()

    @classmethod
    def load(cls, data: Any) -> SortedSet:
        return cls(*data)


def _copy_sorted(order: Any) -> Any:
    """A copy of a SortedList without sorting it again, which its own `copy` does."""
    twin = SortedList()
    twin.__dict__.update(
        {name: value.copy() if isinstance(value, list) else value for name, value in order.__dict__.items()}
    )
    twin._lists = [part.copy() for part in order._lists]
    return twin


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


def readable(data: bytes) -> str:
    """Bytes for people: text where it is UTF-8, backslash escapes where it is not."""
    return data.decode("utf-8", "backslashreplace")


def type_name(value: bytes | Value) -> bytes:
    """What TYPE answers."""
    return b"string" if isinstance(value, bytes) else value.type_name
