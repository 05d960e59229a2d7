"""A Redis server of its own: `python -m emulators.redis [redis.conf] [--parameter value ...]`.

It is started as redis-server is, listens on the configured port, says ` PID: <pid>` when it is up, and ends on SIGTERM
or SHUTDOWN. Unlike the emulator inside a program it reads `dir`/`dbfilename` at the start and writes it on SAVE, BGSAVE
and SHUTDOWN (when save points are set, or SAVE is asked for). `--emulated-version 7.0` chooses the version.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from emulators.kernel import Environment, Host
from emulators.redis.config_file import ConfigFile, ConfigFileError, read
from emulators.redis.emulator import VERSIONS, RedisEmulator
from emulators.redis.errors import RedisError
from emulators.redis.loading import from_rdb, to_rdb

_FATAL = "\n*** FATAL CONFIG FILE ERROR (Redis {version}) ***\n{problem}"


def _options(words: list[str]) -> list[str]:
    """`--port 7 --save 1 2` as lines of a configuration file."""
    lines: list[str] = []
    for word in words:
        if word.startswith("--") and lines and lines[-1] == "save":
            lines[-1] = 'save ""'
        # A parameter that has no value yet takes whatever follows.
        if word.startswith("--") and not (lines and " " not in lines[-1]):
            lines.append(word[2:])
        elif lines:
            escaped = word.replace("\\", "\\\\").replace('"', '\\"')
            lines[-1] += f' "{escaped}"'
        else:
            raise ConfigFileError(1, word, "Bad directive or wrong number of arguments")
    return lines


def _configuration(arguments: list[str]) -> tuple[ConfigFile, Path | None, str]:
    version = "7.2"
    if "--emulated-version" in arguments:
        place = arguments.index("--emulated-version")
        version = arguments[place + 1]
        arguments = arguments[:place] + arguments[place + 2 :]
    path: Path | None = None
    found = ConfigFile()
    if arguments and not arguments[0].startswith("-"):
        path = Path(arguments[0]).resolve()
        found = read(path)
        arguments = arguments[1:]
    # What is said here comes after the file: it replaces values, and adds save points.
    for number, line in enumerate(_options(arguments), 1):
        found.take(line.encode("utf-8", "surrogateescape"), number, Path.cwd())
    return found, path, version


class _Standalone:
    """One server and its files."""

    def __init__(self, found: ConfigFile, path: Path | None, version: str) -> None:
        self._found = found
        self._path = path
        self._version = version
        self.directory = Path(found.values.get("dir", ".")).resolve()
        found.values["dir"] = str(self.directory)
        found.values.setdefault("save", "3600 1 300 100 60 10000")
        self.over = threading.Event()

    def build(self, environment: Environment) -> RedisEmulator:
        values = dict(self._found.values)
        databases = int(values.pop("databases", "16"))
        cluster = values.pop("cluster-enabled", "no") == "yes"
        server = RedisEmulator(
            environment,
            version=self._version,
            databases=databases,
            cluster=cluster,
            config=values,
        )
        server.process_id = os.getpid()
        server.config.file = str(self._path or "")
        for name, rules in self._found.users:
            server.acl.set_user(name, [b"reset", *rules])
        if server.config["aclfile"]:
            name = server.config["aclfile"].decode()
            server.acl.load((self.directory / name).read_bytes(), name)
        data = self._dump(server)
        if data.exists():
            from_rdb(server, data.read_bytes())
        server.settle()
        server.on_save = lambda: self._save(server)
        server.on_shutdown = self.over.set
        self.server = server
        return server

    @staticmethod
    def _dump(server: RedisEmulator) -> Path:
        return Path(server.config["dir"].decode(), server.config["dbfilename"].decode())

    def _save(self, server: RedisEmulator) -> None:
        self._dump(server).write_bytes(to_rdb(server))


def main(arguments: list[str]) -> int:
    """Run until told to end."""
    version = VERSIONS["7.2"]
    try:
        found, path, chosen = _configuration(arguments)
        version = VERSIONS[chosen]
        standalone = _Standalone(found, path, chosen)
        port = int(found.values.get("port", "6379")) if found.values.get("port", "0").isdigit() else 0
        host = Host()
        host.start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: standalone.over.set())
        host.add("redis", standalone.build, port=port)
    except (ConfigFileError, ValueError, RedisError, OSError) as problem:
        print(_FATAL.format(version=version, problem=problem), file=sys.stderr, flush=True)
        return 1
    print(f"{os.getpid()}:M parlel's Redis emulator {version}, port {port}, PID: {os.getpid()}", flush=True)
    print(f"{os.getpid()}:M Server initialized\n{os.getpid()}:M Ready to accept connections", flush=True)
    standalone.over.wait()
    if standalone.server.config["save"]:
        host.call(standalone.server.saved)
    host.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
