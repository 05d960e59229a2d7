"""Starts redis-server and the emulator on free loopback ports, and plays cases on either."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from conformance.model import CASES, Case, Missing, Server, Step
from conformance.redis import normalise
from conformance.redis.player import Client, Player
from conformance.redis.script import parse_file

__all__ = ["EmulatedRedis", "RealRedis", "RedisService"]

_REAL_OPTIONS = {
    "save": "",
    "appendonly": "no",
    "enable-debug-command": "yes",
    "enable-protected-configs": "yes",
    "logfile": "",
    "daemonize": "no",
}
_START_TIMEOUT_S = 10.0
# The emulator is in this process: what takes it longer than this is lost.
_EMULATOR_TIMEOUT_S = 3.0


class RealRedis:
    """A throw-away redis-server."""

    def __init__(self, options: dict[str, str] | None = None) -> None:
        binary = shutil.which("redis-server")
        if binary is None:
            raise Missing("redis-server is not installed (Debian: apt install redis-server)")
        self.folder = tempfile.TemporaryDirectory(prefix="conformance-redis-")
        self.port = _free_port()
        arguments = [binary, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder.name]
        for name, value in {**_REAL_OPTIONS, **(options or {})}.items():
            arguments += [f"--{name}", value]
        self.process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        try:
            self.player = Player(self._wait())
        except BaseException:
            self.close()
            raise
        info = self.player.control.ask(b"INFO", b"server").text.decode()
        found = re.search(r"redis_version:(\S+)", info)
        self.version = "redis-server " + (found.group(1) if found else "unknown")

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    def problems(self) -> list[str]:
        return []

    def close(self) -> None:
        if hasattr(self, "player"):
            self.player.close()
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()

    def _wait(self) -> tuple[str, int]:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError):
                client = Client(self.address)
                answer = client.ask(b"PING")
                client.close()
                if answer.text == b"PONG":
                    return self.address
            time.sleep(0.005)
        raise Missing(f"redis-server did not start on port {self.port}")


class EmulatedRedis:
    """The emulator on a host of its own."""

    def __init__(self, version: str = "7.0", seed: int = 1) -> None:
        self._start = version, seed
        self.version = f"parlel redis {version}"
        self._problems: list[str] = []
        self._launch()

    def _launch(self) -> None:
        from emulators.kernel import Host
        from emulators.redis import RedisEmulator

        version, seed = self._start
        self.host = Host(seed=seed).start()
        try:
            runtime = self.host.add("redis", lambda env: RedisEmulator(env, version=version))
            self.address = ("127.0.0.1", runtime.port)
            self.player = Player(self.address, _EMULATOR_TIMEOUT_S)
        except BaseException:
            self.host.stop()
            raise

    def problems(self) -> list[str]:
        found = self._problems + ["".join(traceback.format_exception(error)) for error in self.host.internal_errors]
        self.host.internal_errors.clear()
        self._problems = []
        return found

    def close(self) -> None:
        self.player.close()
        with contextlib.suppress(TimeoutError):  # a thread that hangs in an endless loop ends with the process
            self.host.stop()

    def replace_if_stuck(self) -> None:
        """Start anew when the case before left the server without answers."""
        if self.player.control.ended:
            self._problems = self.problems()
            self.close()
            self._launch()


class RedisService:
    """Redis 7.0 in RESP2 and RESP3."""

    name = "redis"

    def cases(self) -> list[Case]:
        found = []
        for path in sorted((CASES / "redis").glob("*.case")):
            found += parse_file(path)
        for case in found:
            for step in case.steps:
                for rule in step.normalise:
                    try:
                        normalise.check_rule(rule)
                    except ValueError as error:
                        raise ValueError(f"{case.path}:{step.line}: {error}") from None
        return found

    def modes(self, case: Case) -> list[str]:
        only = case.options.get("resp")
        return [f"resp{only}"] if only else ["resp2", "resp3"]

    @contextmanager
    def reference(self) -> Iterator[Server]:
        server = RealRedis()
        try:
            yield server
        finally:
            server.close()

    @contextmanager
    def emulator(self) -> Iterator[Server]:
        server = EmulatedRedis()
        try:
            yield server
        finally:
            server.close()

    def play(self, case: Case, mode: str, server: Server) -> Iterator[str]:
        assert isinstance(server, RealRedis | EmulatedRedis)
        if "fresh" in case.options:
            own = type(server)()
            try:
                yield from own.player.play(case, mode)
            finally:
                if isinstance(own, EmulatedRedis) and isinstance(server, EmulatedRedis):
                    server.host.internal_errors += own.host.internal_errors
                own.close()
        else:
            if isinstance(server, EmulatedRedis):
                server.replace_if_stuck()
            server.player.reset()
            yield from server.player.play(case, mode)

    def compare(self, step: Step, expected: str, actual: str) -> tuple[str, str]:
        return normalise.compare(step, expected, actual)

    def reduce(self, step: Step, outcome: str) -> str:
        return normalise.reduce(step, outcome)


def _free_port() -> int:
    """A port for a server that cannot be told to choose one itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
