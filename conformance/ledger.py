"""Reads KNOWN_DIFFERENCES.toml: what the emulators do not do, or do otherwise, and why.

    [[difference]]
    id = "redis-migrate"        named by a case's step as `#~ differs(redis-migrate)`
    service = "redis"
    area = "generic"
    reason = "there is no second server to send keys to"
    error = "IOERR error or timeout connecting to the client"      what a user sees (or `text`)

The runner fails when a step names an entry that does not exist, and when a step that should differ no longer does.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from conformance.model import ROOT

__all__ = ["LEDGER", "Difference", "load"]

LEDGER = ROOT / "KNOWN_DIFFERENCES.toml"


@dataclass(frozen=True)
class Difference:
    id: str
    service: str
    area: str
    reason: str
    #: What a user sees: the error's text, or what happens instead.
    seen: str


def load(path: Path = LEDGER) -> dict[str, Difference]:
    """The entries by id; raises ValueError naming the entry that is not complete."""
    if not path.exists():
        return {}
    entries: dict[str, Difference] = {}
    for raw in tomllib.loads(path.read_text(encoding="utf-8")).get("difference", []):
        name = raw.get("id", "(an entry without id)")
        missing = [key for key in ("id", "service", "area", "reason") if not raw.get(key)]
        if not raw.get("error") and not raw.get("text"):
            missing.append("error or text")
        if missing:
            raise ValueError(f"{path.name}: {name} lacks {', '.join(missing)}")
        if name in entries:
            raise ValueError(f"{path.name}: {name} stands there twice")
        entries[name] = Difference(name, raw["service"], raw["area"], raw["reason"], raw.get("error") or raw["text"])
    return entries
