"""Figures of several peers as tables: medians, and ratios to the real service."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Table", "interleave", "machine"]


@dataclass
class Table:
    """Rows of one kind of measurement. `better` is `less` or `more`."""

    title: str
    unit: str
    better: str
    peers: list[str]
    rows: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    note: str = ""

    def add(self, row: str, peer: str, value: float | None) -> None:
        if value is not None:
            self.rows.setdefault(row, {}).setdefault(peer, []).append(value)

    def median(self, row: str, peer: str) -> float | None:
        values = self.rows[row].get(peer)
        return statistics.median(values) if values else None

    def markdown(self, real: str = "redis-server") -> str:
        shown = [peer for peer in self.peers if any(peer in cells for cells in self.rows.values())]
        with_ratio = real in shown and "emulator" in shown
        head = [self.unit, *shown] + (["emulator / real"] if with_ratio else [])
        lines = [f"### {self.title}", "", *([self.note, ""] if self.note else [])]
        lines += ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
        for row in self.rows:
            medians = {peer: self.median(row, peer) for peer in shown}
            cells = [row, *(_number(medians[peer]) for peer in shown)]
            if with_ratio:
                ours, theirs = medians["emulator"], medians[real]
                cells.append(f"{ours / theirs:.2f} ×" if ours is not None and theirs else "")
            lines.append("| " + " | ".join(cells) + " |")
        return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def interleave(rounds: int, peers: list[str], measure: Callable[[str], None]) -> None:
    """Call `measure` for every peer, `rounds` times, beginning with another peer each time."""
    for number in range(rounds):
        turn = number % len(peers)
        for peer in peers[turn:] + peers[:turn]:
            measure(peer)


def machine() -> str:
    """What this ran on, in a line."""
    model = "unknown CPU"
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), model)
    except OSError:
        model = platform.processor() or model
    import os

    day = time.strftime("%Y-%m-%d", time.gmtime())
    return f"{day}, {os.cpu_count()} × {model}, {platform.system()} {platform.release()}, CPython {platform.python_version()}"
