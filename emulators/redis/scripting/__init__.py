"""Scripts and functions in Lua 5.1.

boot.lua      the sandbox: what a script can see, `redis.*`, how errors find their line
cjson.lua cmsgpack.lua libraries.py   the libraries beside Lua's own (`struct` and `bit` in Python)
engine.py     the runtime: compile, run, translate values both ways, long scripts
run.py        one script under way, and its flags
scripts.py    EVAL's cache
functions.py  FUNCTION's libraries
server.py     all of it for one server, and the script that is busy
"""

from emulators.redis.scripting.run import Run, ScriptFlags
from emulators.redis.scripting.server import Scripting

__all__ = ["Run", "ScriptFlags", "Scripting"]
