"""One script or function under way, and what it declares about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

__all__ = ["Run", "ScriptFlags"]


class ScriptFlags:
    """What a shebang or a function's registration declares."""

    NAMES = ("no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys")
    __slots__ = ("allow_cross_slot", "allow_oom", "allow_stale", "compatible", "names", "no_cluster", "no_writes")

    def __init__(self, names: list[str], compatible: bool = False) -> None:
        self.names = names
        #: A script without a shebang: nothing is declared, everything is checked per command.
        self.compatible = compatible
        self.no_writes = "no-writes" in names
        self.allow_oom = "allow-oom" in names or self.no_writes
        self.allow_stale = "allow-stale" in names
        self.no_cluster = "no-cluster" in names
        self.allow_cross_slot = "allow-cross-slot-keys" in names


class Run:
    """One script or function under way."""

    def __init__(self, caller: RedisSession, name: str, flags: ScriptFlags, read_only: bool, is_function: bool) -> None:
        self.caller = caller
        self.name = name
        self.flags = flags
        self.read_only = read_only or flags.no_writes
        self.is_function = is_function
        self.started_us = caller.clock.wall_us()
        self.wrote = False
        self.killed = False
        self.busy = False
        #: Memory was over its limit when it started, and could not be freed.
        self.out_of_memory = False
        #: The cluster slot of the keys used so far.
        self.slot: int | None = None
        self.words: list[bytes] = []
