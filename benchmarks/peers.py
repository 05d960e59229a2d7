"""The servers that are compared, each a process with a port, its CPU time and its memory."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Peer", "Process", "redis_peers", "start_python", "start_redis_server"]

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Process:
    """A running server."""

    def __init__(
        self, process: subprocess.Popen[str], port: int, folder: tempfile.TemporaryDirectory[str] | None = None
    ) -> None:
        self.process = process
        self.port = port
        self._folder = folder

    def cpu_s(self) -> float:
        """CPU seconds used so far by the server, user and system."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory_bytes(self) -> int:
        """Resident memory."""
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * _PAGE

    def close(self) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(0.5)
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        if self._folder is not None:
            self._folder.cleanup()


@dataclass(frozen=True)
class Peer:
    """One of those compared; `emulator` is the one this is about and `real` the yardstick."""

    name: str
    start: Callable[[], Process]


def redis_peers() -> tuple[list[Peer], list[str]]:
    """What can be started here, and notes about what cannot."""
    peers = [Peer("emulator", lambda: start_python("emulator"))]
    notes = []
    if shutil.which("redis-server"):
        peers.append(Peer("redis-server", start_redis_server))
    else:
        notes.append("redis-server is not installed; there is no yardstick")
    if importlib.util.find_spec("fakeredis"):
        peers.append(Peer("fakeredis", lambda: start_python("fakeredis")))
    else:
        notes.append("fakeredis is not installed")
    return peers, notes


def start_redis_server() -> Process:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    folder = tempfile.TemporaryDirectory(prefix="benchmark-redis-")
    arguments = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder.name]
    arguments += ["--save", "", "--appendonly", "no", "--enable-debug-command", "yes"]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as probe:
            probe.sendall(b"PING\r\n")
            if probe.recv(7) == b"+PONG\r\n":
                return Process(process, port, folder)
        time.sleep(0.001)
    raise RuntimeError("redis-server did not start")


def start_python(kind: str) -> Process:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.serve", kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith("port "):
        raise RuntimeError(f"{kind} did not start")
    return Process(process, int(line.split()[1]))
