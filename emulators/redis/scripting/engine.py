"""The Lua runtime of a server: compiles and runs scripts in the sandbox of `boot.lua`, and translates values both ways.

Lua 5.1 by lupa, one runtime per server. No Python exception crosses into Lua: a command's error goes over as a table with
`err`, which `redis.call` raises and `redis.pcall` returns. A script is one step of the server; while it runs longer than
`busy-reply-threshold`, other clients are served by nested turns of the host's loop and told that the server is busy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lupa import lua51

from emulators.kernel import MemoryLink
from emulators.redis.errors import RedisError
from emulators.redis.resp import (
    NO_REPLY,
    NULL_ARRAY,
    BigNumber,
    Encoded,
    Pairs,
    Reply,
    SetReply,
    Status,
    Verbatim,
    format_double,
)
from emulators.redis.scripting.bytecode import without_tail_calls
from emulators.redis.scripting.libraries import (
    LibraryError,
    bit_functions,
    pack_double,
    pack_integer,
    struct_functions,
    unpack_number,
)
from emulators.redis.scripting.run import Run

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.scripting.server import Scripting
    from emulators.redis.session import RedisSession
    from emulators.redis.table import Command

__all__ = ["LuaEngine"]

_FOLDER = Path(__file__).parent
_LUA_TYPE = lua51.lua_type
# How many Lua instructions pass between two looks at the time.
_HOOK_STEP = 100_000
_MAX_DEPTH = 100
# A library that takes longer than this to load is refused.
_LOAD_LIMIT_US = 500_000
_KILLED = b"Script killed by user with SCRIPT KILL..."


class LuaEngine:
    """The runtime and the state of what is running in it."""

    def __init__(self, server: RedisEmulator, scripting: Scripting) -> None:
        self.server = server
        self.scripting = scripting
        self.run_now: Run | None = None
        self.protocol = 2
        #: State of the generator behind math.random; None until it is first used.
        self.random_state: int | None = None
        #: Takes what `redis.register_function` is given while a library is loaded; None otherwise.
        self.register: Callable[[str, Any, str | None, list[str]], str | None] | None = None
        self._session: RedisSession | None = None
        #: When the library that is being loaded has taken too long; None while none is.
        self._load_limit_us: int | None = None
        runtime = lua51.LuaRuntime(
            encoding=None,
            register_eval=False,
            register_builtins=False,
            unpack_returned_tuples=True,
            attribute_filter=_no_attributes,
        )
        self._runtime = runtime
        self._table = runtime.table_from
        self._null = runtime.eval(b"newproxy and newproxy() or {}")
        self._entry = self._boot()
        self._run_script = self._entry[b"run_script"]
        self._run_function = self._entry[b"run_function"]
        self._entry[b"watch"](_HOOK_STEP, self._tick)

    # -- building --------------------------------------------------------------------------------------------

    def _boot(self) -> Any:
        major, minor, patch = (int(part) for part in self.server.full_version.split("."))
        host = {
            b"call": self._call,
            b"call_table": lambda words: self._call(*words.values()),
            b"version": self.server.full_version.encode(),
            b"version_number": major << 16 | minor << 8 | patch,
            b"patch": without_tail_calls,
            b"random": self._random,
            b"randomseed": self._random_seed,
            b"sha1hex": lambda text: hashlib.sha1(text).hexdigest().encode(),
            b"running": lambda: self.run_now is not None,
            b"setresp": self._set_protocol,
            b"set_repl": lambda flags: None,
            b"acl_check": self._acl_check,
            b"register": self._register,
            b"loading": lambda: self.register is not None,
            b"libraries": self._libraries,
        }
        return self._load("boot.lua")(self._table(host))

    def _load(self, name: str) -> Any:
        loader = self._runtime.eval(b"function(text, name) return assert(loadstring(text, name)) end")
        return loader((_FOLDER / name).read_bytes(), b"=" + name.encode())

    def _libraries(self, make_error: Any) -> Any:
        codecs = self._table(
            {
                b"null": self._null,
                b"pack_double": pack_double,
                b"pack_integer": pack_integer,
                b"unpack_number": unpack_number,
            }
        )
        return self._table(
            {
                b"cjson": self._load("cjson.lua")(codecs, make_error),
                b"cmsgpack": self._load("cmsgpack.lua")(codecs),
                b"struct": self._guarded(struct_functions()),
                b"bit": self._guarded(bit_functions()),
            }
        )

    def _guarded(self, functions: dict[str, Callable[..., Any]]) -> Any:
        """Python functions as a Lua library: their errors become Lua errors with the position of the call."""
        wrap = self._runtime.eval(
            b"""function(action)
                local select, error = select, error
                local function check(ok, ...)
                    if not ok then error((...), 3) end
                    return ...
                end
                return function(...) return check(action(...)) end
            end"""
        )

        def safe(function: Callable[..., Any]) -> Callable[..., Any]:
            def called(*values: Any) -> Any:
                try:
                    result = function(*values)
                except LibraryError as error:
                    return False, str(error).encode()
                except (TypeError, ValueError, OverflowError):
                    return False, b"bad argument (number expected)"
                return (True, *result) if isinstance(result, tuple) else (True, result)

            return called

        return self._table({name.encode(): wrap(safe(function)) for name, function in functions.items()})

    # -- scripts and libraries -------------------------------------------------------------------------------

    def compile(self, text: bytes, for_functions: bool = False) -> Any:
        """A Lua function from a chunk; RedisError-free: returns the function, or the compiler's message as bytes."""
        name = b"@user_function" if for_functions else b"@user_script"
        result = self._entry[b"compile"](text, name, for_functions)
        if isinstance(result, tuple):
            return result[1]
        return result

    def run(self, run: Run, function: Any, keys: list[bytes], arguments: list[bytes]) -> Reply:
        """Run a compiled script or a function's callback, and translate what it returns (errors are returned, not raised)."""
        action = self._run_function if run.is_function else self._run_script
        session = self._session_for(run.caller)
        self.run_now = run
        self.protocol = 2
        try:
            result = action(function, len(keys), *keys, *arguments)
            return self._result(run, result)
        except lua51.LuaError as error:
            # Only what cannot be caught inside Lua ends here: memory, or an error in the handler of errors.
            text = str(error).encode("utf-8", "replace")[:100]
            return RedisError(b"ERR Error running script %b, %b" % (run.name.encode(), text))
        finally:
            self.run_now = None
            if run.killed:
                self._entry[b"relax"]()
            session.blocked = None
            if run.busy:
                self.scripting.finished(run)

    def load_library(self, chunk: Any) -> RedisError | None:
        """Run a library's chunk, which registers its functions; the error, if there was one."""
        self._load_limit_us = self.server.clock.wall_us() + _LOAD_LIMIT_US
        try:
            result = self._entry[b"load_library"](chunk)
        finally:
            self._load_limit_us = None
            self._entry[b"relax"]()
        ok, value = result if isinstance(result, tuple) else (result, None)
        if ok:
            return None
        return _error_of(value, None)

    def _session_for(self, caller: RedisSession) -> RedisSession:
        """The session in whose name a script's commands run: the caller's database and user, but no connection."""
        session = self._session
        if session is None:
            session = self._session = type(caller)(self.server, MemoryLink("script", keep=False), 0, "script")
            session.deny_blocking = session.in_script = True
        session.db = caller.db
        session.user = caller.user
        session.authenticated = True
        session.id = caller.id
        if session.protocol != 2:
            session.set_protocol(2)
        return session

    # -- calls from Lua --------------------------------------------------------------------------------------

    def _call(self, *values: Any) -> Any:
        """redis.call and redis.pcall: run one command; an error comes back as a table."""
        run = self.run_now
        if run is None:
            return self._error_table(RedisError("ERR redis.call/pcall can only be called inside a script invocation"))
        if not values:
            return self._error_table(RedisError("ERR Please specify at least one argument for this redis lib call"))
        words: list[bytes] = []
        for value in values:
            kind = type(value)
            if kind is bytes:
                words.append(value)
            elif kind is int:
                words.append(b"%d" % value)
            elif kind is float:
                words.append(b"%.17g" % value)
            else:
                return self._error_table(RedisError("ERR Lua redis lib command arguments must be strings or integers"))
        session = self._session
        assert session is not None
        server = self.server
        try:
            row = server.commands.get(words[0])
            if row is None:
                row = self._find(words)
            if not row.min_args <= len(words) <= row.max_args:
                raise RedisError("ERR Wrong number of args calling Redis command from script")
            try:
                self._admit(run, session, row, words)
            except RedisError:
                row.rejected += 1
                raise
            session.current_args = words
            reply = session.call(row, words)
        except RedisError as error:
            reply = error
        kind = type(reply)
        if kind is RedisError:
            # Counted here; when it ends the script, EVAL's own error does not count again.
            server.count_error(reply)
            server.error_of_script = reply.line
        if kind is bytes or kind is int:
            return reply
        if kind is Status and reply == b"OK" and self.protocol == 2:
            return True
        return self.to_lua(reply)

    def _find(self, words: list[bytes]) -> Command:
        try:
            return self.server.find(words)
        except RedisError as error:
            if b"parlel does not implement" in error.line:
                raise
            if b"wrong number of arguments" in error.line:
                raise RedisError("ERR Wrong number of args calling Redis command from script") from None
            raise RedisError("ERR Unknown Redis command called from script") from None

    def _admit(self, run: Run, session: RedisSession, row: Command, words: list[bytes]) -> None:
        if "noscript" in row.flags and not self.server.scripts_may_run_all:
            raise RedisError("ERR This Redis command is not allowed from script")
        if row.writes:
            if run.read_only:
                raise RedisError("ERR Write commands are not allowed from read-only scripts.")
            run.wrote = True
        self.server.admission.check_script(run, session, row, words)

    def _acl_check(self, *values: Any) -> Any:
        words = [value if isinstance(value, bytes) else b"%d" % value for value in values]
        if not words:
            return self._error_table(RedisError("ERR Please specify at least one argument for this redis lib call"))
        try:
            row = self.server.find(words)
        except RedisError:
            return self._error_table(RedisError("ERR Invalid command passed to redis.acl_check_cmd()"))
        session = self._session
        assert session is not None
        return self.server.admission.allows(session, row, words)

    def _set_protocol(self, version: int) -> None:
        self.protocol = version
        assert self._session is not None
        self._session.set_protocol(version)

    def _register(self, name: bytes, callback: Any, description: Any, flags: bytes) -> bytes | None:
        listed = [flag for flag in flags.decode("utf-8", "replace").split(",") if flag]
        text = description.decode("utf-8", "replace") if isinstance(description, bytes) else None
        assert self.register is not None
        problem = self.register(name.decode("utf-8", "replace"), callback, text, listed)
        return None if problem is None else problem.encode()

    # -- chance ----------------------------------------------------------------------------------------------

    def _random(self) -> float:
        # The 48-bit linear congruential generator that the server uses, started from the dice.
        state = self.random_state
        if state is None:
            state = self.server.random.getrandbits(48)
        state = (state * 0x5DEECE66D + 0xB) & ((1 << 48) - 1)
        self.random_state = state
        return ((state >> 17) % 0x7FFFFFFF) / 0x7FFFFFFF

    def _random_seed(self, seed: Any) -> None:
        self.random_state = (int(seed) & 0xFFFFFFFF) << 16 | 0x330E

    # -- long scripts ----------------------------------------------------------------------------------------

    def _tick(self) -> bytes | None:
        """Asked by Lua every so many instructions: the error that ends what is running, or None to go on."""
        run = self.run_now
        if run is None:
            late = self._load_limit_us is not None and self.server.clock.wall_us() > self._load_limit_us
            return b"FUNCTION LOAD timeout" if late else None
        if run.killed:
            return _KILLED
        poll = self.server.environment.poll
        threshold_ms: int = self.server.config["busy-reply-threshold"]
        if poll is None or threshold_ms <= 0:
            return None
        if self.server.clock.wall_us() - run.started_us > threshold_ms * 1000:
            if not run.busy:
                run.busy = True
                self.scripting.became_busy(run)
            poll()
        return _KILLED if run.killed else None

    # -- values: Redis to Lua --------------------------------------------------------------------------------

    def _error_table(self, error: RedisError) -> Any:
        return self._table({b"err": error.line})

    def to_lua(self, reply: Reply) -> Any:
        """A reply as the value that a script sees."""
        kind = type(reply)
        if kind is list or kind is tuple:
            return self._table([v if type(v) is bytes or type(v) is int else self.to_lua(v) for v in reply])
        if reply is None or reply is NULL_ARRAY or reply is NO_REPLY:
            return False if self.protocol == 2 else None
        if isinstance(reply, RedisError):
            return self._error_table(reply)
        if isinstance(reply, Status):
            return self._table({b"ok": bytes(reply)})
        if self.protocol == 3:
            return self._to_lua3(reply)
        if kind is bool:
            return int(reply)
        if isinstance(reply, BigNumber):
            return b"%d" % reply
        if isinstance(reply, (bytes, int)):
            return bytes(reply) if isinstance(reply, bytes) else int(reply)
        if kind is float:
            return format_double(reply, self.server.version >= (7, 2))
        if isinstance(reply, dict):
            return self._table([self.to_lua(item) for pair in reply.items() for item in pair])
        if isinstance(reply, Pairs):
            return self._table([self.to_lua(item) for pair in reply for item in pair])
        if isinstance(reply, Encoded):
            # Those that exist are bulk strings in RESP2.
            return reply.resp2.split(b"\r\n", 1)[1][:-2]
        return self._table([self.to_lua(item) for item in reply])

    def _to_lua3(self, reply: Reply) -> Any:
        if type(reply) is bool:
            return reply
        if isinstance(reply, Encoded):
            if reply.resp3.startswith(b","):
                return self._table({b"double": float(reply.resp3[1:])})
            return reply.resp2.split(b"\r\n", 1)[1][:-2]
        if isinstance(reply, BigNumber):
            return self._table({b"big_number": b"%d" % reply})
        if isinstance(reply, Verbatim):
            inner = self._table({b"format": b"txt", b"string": bytes(reply)})
            return self._table({b"verbatim_string": inner})
        if isinstance(reply, (bytes, int)):
            return bytes(reply) if isinstance(reply, bytes) else int(reply)
        if type(reply) is float:
            return self._table({b"double": reply})
        if isinstance(reply, dict):
            content = self._table({self.to_lua(key): self.to_lua(value) for key, value in reply.items()})
            return self._table({b"map": content})
        if isinstance(reply, SetReply):
            return self._table({b"set": self._table({self.to_lua(item): True for item in reply})})
        return self._table([self.to_lua(item) for item in reply])

    # -- values: Lua to Redis --------------------------------------------------------------------------------

    def _result(self, run: Run, result: Any) -> Reply:
        if not isinstance(result, tuple):
            result = (result,)
        if not result[0]:
            return _error_of(result[1], run.name)
        if len(result) > 2:
            # A flat list, handed back value by value.
            return [value if type(value) is bytes else int(value) for value in result[2:]]
        return self.from_lua(result[1] if len(result) == 2 else None, 0)

    def from_lua(self, value: Any, depth: int = 0) -> Reply:
        """A script's value as a reply."""
        kind = type(value)
        if kind is bytes or value is None:
            return value
        if kind is bool:
            if self.protocol == 3:
                return value
            return 1 if value else None
        if kind is int:
            return _to_int64(value)
        if kind is float:
            if value != value:
                return -(2**63)
            return _to_int64(int(value)) if abs(value) < 1e30 else -(2**63)
        if _LUA_TYPE(value) != "table":
            return None
        if depth > _MAX_DEPTH:
            return RedisError("ERR reached lua stack limit")
        return self._from_table(value, depth)

    def _from_table(self, table: Any, depth: int) -> Reply:
        error = table[b"err"]
        if isinstance(error, bytes):
            return RedisError(error)
        status = table[b"ok"]
        if isinstance(status, bytes):
            return Status(status.replace(b"\r", b" ").replace(b"\n", b" "))
        double = table[b"double"]
        if isinstance(double, (int, float)) and not isinstance(double, bool):
            return float(double)
        number = table[b"big_number"]
        if isinstance(number, bytes):
            text = number.replace(b"\r", b" ").replace(b"\n", b" ")
            return Encoded(b"$%d\r\n%b\r\n" % (len(text), text), b"(%b\r\n" % text)
        verbatim = table[b"verbatim_string"]
        if _LUA_TYPE(verbatim) == "table" and isinstance(verbatim[b"format"], bytes):
            text, form = verbatim[b"string"], verbatim[b"format"]
            if isinstance(text, bytes):
                return Encoded(
                    b"$%d\r\n%b\r\n" % (len(text), text), b"=%d\r\n%b:%b\r\n" % (len(text) + 4, form[:3], text)
                )
        mapping = table[b"map"]
        if _LUA_TYPE(mapping) == "table":
            pairs = [(self.from_lua(key, depth + 1), self.from_lua(item, depth + 1)) for key, item in mapping.items()]
            return _Map(pairs)
        members = table[b"set"]
        if _LUA_TYPE(members) == "table":
            return SetReply(self.from_lua(key, depth + 1) for key in members)
        items: list[Reply] = []
        position = 1
        while (item := table[position]) is not None:
            items.append(self.from_lua(item, depth + 1))
            position += 1
        return items


class _Map(dict[Any, Any]):
    """A map whose keys need not be hashable: it is only iterated."""

    def __init__(self, pairs: list[tuple[Any, Any]]) -> None:
        super().__init__()
        self._pairs = pairs

    def __len__(self) -> int:
        return len(self._pairs)

    def items(self) -> Any:
        return self._pairs


def _error_of(value: Any, name: str | None) -> RedisError:
    """The error reply for what a script raised: its text, and where it was raised."""
    if value is None or _LUA_TYPE(value) != "table":
        return RedisError(b"ERR " + (value if isinstance(value, bytes) else b"unknown error"))
    text = value[b"err"]
    if not isinstance(text, bytes):
        text = b"ERR unknown error"
    source, line = value[b"source"], value[b"line"]
    if name is not None and isinstance(source, bytes) and line is not None:
        text += b" script: %b, on %b:%d." % (name.encode(), source, int(line))
    return RedisError(text)


def _to_int64(value: int) -> int:
    if -(2**63) <= value < 2**63:
        return value
    return -(2**63)


def _no_attributes(owner: object, name: object, setting: bool) -> Any:
    raise AttributeError("scripts cannot reach into Python objects")
