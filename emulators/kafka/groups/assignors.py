"""Server-side assignors of KIP-848: who should have which partition. Pure functions of sorted input, so the same on
every run.

`uniform` keeps what members have as far as the balance allows (sizes differ by one at most where subscriptions are
equal) and gives the rest to whoever has least. `range` cuts each topic into runs in the order of instance ids, then
member ids. A partition is (topic id, index).
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["ASSIGNORS", "Assignment", "Slot"]

Slot = tuple[bytes, int]
Assignment = dict[str, set[Slot]]
#: (topics by id with their number of partitions, topics that each member reads, what each has now, order of members)
Assignor = Callable[[dict[bytes, int], dict[str, set[bytes]], Assignment, list[str]], Assignment]


def uniform(sizes: dict[bytes, int], reads: dict[str, set[bytes]], present: Assignment, order: list[str]) -> Assignment:
    found: Assignment = {member: set() for member in order}
    slots = [(topic, index) for topic in sorted(sizes) for index in range(sizes[topic])]
    wanted = [slot for slot in slots if any(slot[0] in reads[member] for member in order)]
    if not order:
        return found
    share, extra = divmod(len(wanted), len(order))
    taken: set[Slot] = set()
    # First pass: everybody keeps up to a fair share; those who have more than it may keep one more while there are
    # extras.
    for member in order:
        mine = [
            slot
            for slot in sorted(present.get(member, ()))
            if slot[0] in reads[member] and slot[1] < sizes.get(slot[0], 0)
        ]
        mine = [slot for slot in mine if slot not in taken]
        keep = mine[:share]
        if len(mine) > share and extra > 0:
            keep = mine[: share + 1]
            extra -= 1
        found[member].update(keep)
        taken.update(keep)
    for slot in wanted:
        if slot not in taken:
            able = [member for member in order if slot[0] in reads[member]]
            target = min(able, key=lambda member: len(found[member]))
            found[target].add(slot)
    return found


def by_range(
    sizes: dict[bytes, int], reads: dict[str, set[bytes]], present: Assignment, order: list[str]
) -> Assignment:
    found: Assignment = {member: set() for member in order}
    for topic in sorted(sizes):
        able = [member for member in order if topic in reads[member]]
        if not able:
            continue
        each, extra = divmod(sizes[topic], len(able))
        start = 0
        for position, member in enumerate(able):
            size = each + (1 if position < extra else 0)
            found[member].update((topic, index) for index in range(start, start + size))
            start += size
    return found


#: By the name that a member asks for; the first is the default.
ASSIGNORS: dict[str, Assignor] = {"uniform": uniform, "range": by_range}
