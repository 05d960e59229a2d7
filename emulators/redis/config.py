"""What CONFIG knows: thresholds of the encodings so far; the parameter table stands on top of them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Thresholds"]


@dataclass(slots=True)
class Thresholds:
    """When a compact value turns into a large one (entries, and bytes of an element)."""

    hash_entries: int = 512
    hash_value: int = 64
    zset_entries: int = 128
    zset_value: int = 64
    set_intset_entries: int = 512
    #: 0 before 7.2, which had no listpack sets.
    set_listpack_entries: int = 128
    set_listpack_value: int = 64
    #: Negative: -1 to -5 for 4, 8, 16, 32, 64 KiB a node; positive: entries.
    list_max_listpack_size: int = -2
