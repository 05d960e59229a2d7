"""The bases of the values that keys hold (see `values`): what all containers have in common.

`epoch` says for which snapshot epoch a value may be changed in place: `Database.write` copies a value whose epoch is not the
keyspace's own, so that snapshots share what did not change.
"""

from __future__ import annotations

from random import Random
from typing import Any, ClassVar

from emulators.redis.scan import ScanIndex

__all__ = ["Collection", "Value", "readable"]


def readable(data: bytes) -> str:
    """Bytes for people: text where it is UTF-8, backslash escapes where it is not."""
    return data.decode("utf-8", "backslashreplace")


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
