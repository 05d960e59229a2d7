"""Libraries of functions: FUNCTION LOAD's texts, what they register, and running one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emulators.redis.errors import RedisError
from emulators.redis.resp import Reply
from emulators.redis.scripting.run import Run, ScriptFlags

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.scripting.engine import LuaEngine
    from emulators.redis.scripting.server import Scripting
    from emulators.redis.session import RedisSession

__all__ = ["Function", "FunctionLibraries", "Library"]

_NAME = re.compile(r"[A-Za-z0-9_]+")
_NAME_ERROR = (
    "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"
)
_FUNCTION_NAME_ERROR = (
    "Function names can only contain letters, numbers, or underscores(_) and must be at least one character long"
)


class Function:
    __slots__ = ("callback", "description", "flags", "library", "name")

    def __init__(self, library: Library, name: str, callback: Any, description: str | None, flags: ScriptFlags) -> None:
        self.library = library
        self.name = name
        self.callback = callback
        self.description = description
        self.flags = flags


class Library:
    __slots__ = ("code", "functions", "name")

    def __init__(self, name: str, code: bytes) -> None:
        self.name = name
        self.code = code
        self.functions: dict[str, Function] = {}


def _metadata(code: bytes) -> tuple[str, bytes]:
    """The library's name from the first line, and the text to compile."""
    if not code.startswith(b"#!"):
        raise RedisError("ERR Missing library metadata")
    end = code.find(b"\n")
    if end < 0:
        raise RedisError("ERR Invalid library metadata")
    engine, *parts = code[2:end].split(b" ")
    name: bytes | None = None
    for part in filter(None, map(bytes.strip, parts)):
        key, equals, value = part.partition(b"=")
        if key.lower() == b"name" and equals:
            if name is not None:
                raise RedisError("ERR Invalid metadata value, name argument was given multiple times")
            name = value
        else:
            raise RedisError(b"ERR Invalid metadata value given: " + part)
    if name is None:
        raise RedisError("ERR Library name was not given")
    text = name.decode("utf-8", "replace").strip("'\"")
    if not _NAME.fullmatch(text):
        raise RedisError("ERR " + _NAME_ERROR)
    if engine.lower() != b"lua":
        raise RedisError(b"ERR Engine '%b' not found" % engine)
    return text, code[end:]


class FunctionLibraries:
    """The libraries of a server; a part of its state."""

    def __init__(self, scripting: Scripting, server: RedisEmulator) -> None:
        self._scripting = scripting
        self._server = server
        self.libraries: dict[str, Library] = {}
        self.functions: dict[str, Function] = {}

    @property
    def engine(self) -> LuaEngine:
        return self._scripting.engine

    def load(self, code: bytes, replace: bool = False) -> str:
        """Load a library; nothing changes if it fails. Returns its name."""
        name, text = _metadata(code)
        if name in self.libraries and not replace:
            raise RedisError(f"ERR Library '{name}' already exists")
        library = Library(name, code)
        chunk = self.engine.compile(text, for_functions=True)
        if isinstance(chunk, bytes):
            raise RedisError(b"ERR Error compiling function: " + chunk)

        def register(function: str, callback: Any, description: str | None, flags: list[str]) -> str | None:
            if not _NAME.fullmatch(function):
                return _FUNCTION_NAME_ERROR if self._server.version >= (7, 2) else _NAME_ERROR
            if function.lower() in library.functions:
                return "Function already exists in the library"
            for flag in flags:
                if flag not in ScriptFlags.NAMES:
                    return "unknown flag given"
            # Names of functions do not depend on case; those of libraries do.
            library.functions[function.lower()] = Function(library, function, callback, description, ScriptFlags(flags))
            return None

        self.engine.register = register
        try:
            error = self.engine.load_library(chunk)
        finally:
            self.engine.register = None
        if error is not None:
            raise RedisError(b"ERR Error registering functions: " + error.line)
        if not library.functions:
            raise RedisError("ERR No functions registered")
        old = self.libraries.get(name)
        for function in library.functions:
            present = self.functions.get(function)
            if present is not None and present.library is not old:
                raise RedisError(f"ERR Function {library.functions[function].name} already exists")
        if old is not None:
            self._remove(old)
        self.libraries[name] = library
        self.functions.update(library.functions)
        return name

    def delete(self, name: str) -> None:
        library = self.libraries.get(name)
        if library is None:
            raise RedisError("ERR Library not found")
        self._remove(library)

    def _remove(self, library: Library) -> None:
        del self.libraries[library.name]
        for function in library.functions:
            self.functions.pop(function, None)

    def flush(self) -> None:
        self.libraries.clear()
        self.functions.clear()

    def find(self, name: bytes) -> Function:
        function = self.functions.get(name.decode("utf-8", "replace").lower())
        if function is None:
            raise RedisError("ERR Function not found")
        return function

    def call(
        self, caller: RedisSession, name: bytes, keys: list[bytes], arguments: list[bytes], read_only: bool
    ) -> Reply:
        function = self.find(name)
        if read_only and not function.flags.no_writes:
            raise RedisError("ERR Can not execute a script with write flag using *_ro command.")
        run = Run(caller, function.name, function.flags, read_only, is_function=True)
        self._server.admission.check_script_start(run)
        run.words = caller.current_args
        return self.engine.run(run, function.callback, keys, arguments)

    # -- StatePart -------------------------------------------------------------------------------------------

    def capture(self) -> Any:
        return [library.code for library in self.libraries.values()]

    def put_back(self, data: Any) -> None:
        # Lua state of a library (its local variables) starts anew: only the texts are part of a snapshot.
        if data != self.capture():
            self.flush()
            for code in data:
                self.load(code)
