"""The value of a sorted set: scores by member, and the order, which is worked out when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sortedcontainers import SortedList

from emulators.redis.scan import ScanIndex
from emulators.redis.value import Collection, readable

if TYPE_CHECKING:
    from emulators.redis.config import Thresholds

__all__ = ["SortedSet"]

# Changes are merged into the order, instead of worked in one by one, when they are more than this part of it.
_MERGE = 16


class SortedSet(Collection):
    """Members with scores.

    The order is worked out when it is first asked for. From then on, changes are noted, and worked in when it is asked for again:
    one by one if they are few, by merging if they are many. So adding costs little, however large the set is.
    """

    __slots__ = ("_moved", "_order", "large", "scores")
    type_name = b"zset"

    def __init__(self, scores: dict[bytes, float] | None = None, large: bool = False) -> None:
        self.scores: dict[bytes, float] = {} if scores is None else scores
        self.large = large
        self._order: Any = None
        #: Members that have changed since the order was worked out: the score with which they stand in it, or None.
        self._moved: dict[bytes, float | None] = {}
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
            twin._moved = dict(self._moved)
        if self.index is not None:
            twin.index = self.index.copy(twin.scores)
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
        if self._order is None:
            self._order = SortedList([(score, member) for member, score in self.scores.items()])
        elif self._moved:
            self._settle()
        return self._order

    def _settle(self) -> None:
        """Work noted changes into the order."""
        order, moved, scores = self._order, self._moved, self.scores
        self._moved = {}
        if len(moved) * _MERGE < len(order):
            for member, old in moved.items():
                if old is not None:
                    order.remove((old, member))
                score = scores.get(member)
                if score is not None:
                    order.add((score, member))
            return
        kept = [pair for pair in order if pair[1] not in moved]
        # Two runs that are sorted already merge at little cost.
        kept += sorted([(scores[member], member) for member in moved if member in scores])
        self._order = SortedList(kept)

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
                if self._order is not None and member not in self._moved:
                    self._moved[member] = old
            return False
        scores[member] = score
        if self._order is not None and member not in self._moved:
            self._moved[member] = None
        if self.index is not None:
            self.index.added(member)
        return True

    def remove(self, member: bytes) -> bool:
        score = self.scores.pop(member, None)
        if score is None:
            return False
        if self._order is not None and member not in self._moved:
            self._moved[member] = score
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
        if count == 1:
            score, member = order.pop(-1 if greatest else 0)
            del scores[member]
            return [(member, score)]
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
        if self._order is not None and sorted((s, m) for m, s in self.scores.items()) != list(self.order):
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
