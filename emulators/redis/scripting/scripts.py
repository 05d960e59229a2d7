"""The script cache: EVAL's texts by SHA-1, their shebangs, and running one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from emulators.redis.errors import RedisError
from emulators.redis.resp import Reply
from emulators.redis.scripting.run import Run, ScriptFlags

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.scripting.server import Scripting
    from emulators.redis.session import RedisSession

__all__ = ["Script", "ScriptCache", "read_shebang"]

NO_SCRIPT = RedisError("NOSCRIPT No matching script. Please use EVAL.")


class Script:
    """One cached script."""

    __slots__ = ("body", "flags", "function", "sha")

    def __init__(self, body: bytes, sha: str, function: Any, flags: ScriptFlags) -> None:
        self.body = body
        self.sha = sha
        self.function = function
        self.flags = flags


def read_shebang(body: bytes) -> tuple[ScriptFlags, bytes]:
    """The flags that a script declares in its first line, and the text to compile (its line numbers stay right)."""
    if not body.startswith(b"#!"):
        return ScriptFlags([], compatible=True), body
    end = body.find(b"\n")
    if end < 0:
        raise RedisError("ERR Invalid script shebang")
    engine, *parts = body[:end].split(b" ")
    if engine != b"#!lua":
        raise RedisError(b"ERR Unexpected engine in script shebang: " + engine)
    names: list[str] = []
    for part in filter(None, map(bytes.strip, parts)):
        if not part.startswith(b"flags="):
            raise RedisError(b"ERR Unknown lua shebang option: " + part)
        for flag in part[6:].split(b",") if part[6:] else ():
            if flag.decode("latin-1") not in ScriptFlags.NAMES:
                raise RedisError(b"ERR Unexpected flag in script shebang: " + flag)
            names.append(flag.decode())
    return ScriptFlags(names), body[end:]


class ScriptCache:
    """The scripts of a server; a part of its state."""

    def __init__(self, scripting: Scripting, server: RedisEmulator) -> None:
        self._scripting = scripting
        self._server = server
        self._by_sha: dict[str, Script] = {}
        self._by_body: dict[bytes, Script] = {}

    def __contains__(self, sha: str) -> bool:
        return sha in self._by_sha

    def __len__(self) -> int:
        return len(self._by_sha)

    def find(self, sha: bytes) -> Script:
        script = self._by_sha.get(sha.decode("latin-1").lower())
        if script is None:
            raise NO_SCRIPT
        return script

    def load(self, body: bytes) -> Script:
        """Compile a script, or find it in the cache."""
        script = self._by_body.get(body)
        if script is not None:
            return script
        flags, text = read_shebang(body)
        function = self._scripting.engine.compile(text)
        if isinstance(function, bytes):
            raise RedisError(b"ERR Error compiling script (new function): " + function)
        sha = hashlib.sha1(body).hexdigest()
        script = self._by_sha[sha] = self._by_body[body] = Script(body, sha, function, flags)
        return script

    def run(
        self, caller: RedisSession, script: Script, keys: list[bytes], arguments: list[bytes], read_only: bool
    ) -> Reply:
        if read_only and not script.flags.compatible and not script.flags.no_writes:
            return RedisError("ERR Can not execute a script with write flag using *_ro command.")
        run = Run(caller, script.sha, script.flags, read_only, is_function=False)
        self._server.admission.check_script_start(run)
        run.words = caller.current_args
        return self._scripting.engine.run(run, script.function, keys, arguments)

    def flush(self) -> None:
        self._by_sha.clear()
        self._by_body.clear()

    # -- StatePart -------------------------------------------------------------------------------------------

    def capture(self) -> Any:
        return list(self._by_body)

    def put_back(self, data: Any) -> None:
        if data != list(self._by_body):
            self.flush()
            for body in data:
                self.load(body)
