"""Everything a server has to do with scripts: the runtime (made at first use), the caches, and the one that is running."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.kernel import Decision
from emulators.kernel.oplog import FAULT, OPERATION
from emulators.redis import errors
from emulators.redis.errors import RedisError
from emulators.redis.resp import OK, Reply
from emulators.redis.scripting.functions import FunctionLibraries
from emulators.redis.scripting.scripts import ScriptCache

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.scripting.engine import LuaEngine
    from emulators.redis.scripting.run import Run

__all__ = ["Scripting"]


class Scripting:
    """The scripts and functions of one server.

    busy  the script or function that has run for longer than `busy-reply-threshold`, or None
    """

    def __init__(self, server: RedisEmulator) -> None:
        self._server = server
        self._engine: LuaEngine | None = None
        self.busy: Run | None = None
        self.scripts = ScriptCache(self, server)
        self.functions = FunctionLibraries(self, server)

    @property
    def engine(self) -> LuaEngine:
        """The Lua runtime. Importing and building it takes a few milliseconds, which servers without scripts save."""
        if self._engine is None:
            from emulators.redis.scripting.engine import LuaEngine

            self._engine = LuaEngine(self._server, self)
        return self._engine

    @property
    def running(self) -> Run | None:
        """The script or function under way."""
        return None if self._engine is None else self._engine.run_now

    def became_busy(self, run: Run) -> None:
        """A script has run for so long that other clients are served in between, and refused."""
        self.busy = run
        self._server.update_special()

    def finished(self, run: Run) -> None:
        if self.busy is run:
            self.busy = None
            self._server.update_special()

    def busy_error(self, run: Run) -> RedisError:
        """What others are told while `run` goes on."""
        return errors.BUSY_FUNCTION if run.is_function else errors.BUSY_SCRIPT

    def kill(self, is_function: bool) -> Reply:
        """SCRIPT KILL and FUNCTION KILL."""
        run = self.busy
        if run is None:
            raise errors.NOT_BUSY
        if run.is_function != is_function:
            raise self.busy_error(run)
        if run.wrote:
            raise errors.UNKILLABLE
        run.killed = True
        # It has changed nothing, so a replay of the log must not run it, least of all for ever.
        log = self._server.environment.log
        for sequence, record in reversed(log.since(log.base)):
            if record[0] == OPERATION and record[2] == run.caller.id:
                decision = Decision("skip", "SCRIPT KILL")
                log.append((FAULT, self._server.clock.now_us(), run.caller.id, [sequence, *decision.to_record()]))
                break
        return OK
