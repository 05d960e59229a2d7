"""The value of a list. Its form (quicklist or listpack) matters from 7.2 on; see `listpack` for the sizes that decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from emulators.redis import listpack
from emulators.redis.value import Value, readable

if TYPE_CHECKING:
    from emulators.redis.config import Thresholds

__all__ = ["ListValue"]


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
