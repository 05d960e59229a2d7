"""Runs an instance as a process: `parlel up`, in the foreground or detached.

`run` starts the services, registers the instance, serves the control socket and returns after Ctrl-C, SIGTERM or `parlel down`.
A detached instance is this module run by a fresh interpreter: it reads one line of JSON on stdin, `{"settings", "tied"}`, and
answers with one on stdout, `{"status": …}` or `{"error": …}`; from there on it says nothing more. A tied one ends when its stdin
does, that is, with the process that started it.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from emulators.kernel import HostError
from parlel.config import Settings
from parlel.control import METHODS, ControlServer
from parlel.errors import ConfigError, ControlError, ParlelError, suggest
from parlel.instance import ParallelInstance, start_parallel
from parlel.registry import Registration, runtime_dir

__all__ = ["launch", "run", "start"]

_EXTRA_WAIT_S = 10.0


def start(settings: Settings) -> ParallelInstance:
    """The instance that the settings ask for. ConfigError, ServiceNotAvailable, PortInUseError."""
    if not settings.services:
        raise ConfigError("which services? For example: parlel up redis postgres:5433")
    entries: list[dict[str, Any]] = []
    for index, entry in enumerate(settings.services):
        if isinstance(entry, str):
            name, _, port = entry.partition(":")
            read: dict[str, Any] = {"name": name, "port": port or 0}
        else:
            read = dict(entry)
        if settings.base_port and not int(read.get("port") or 0):
            read["port"] = settings.base_port + index
        named = str(read.get("name") or read.get("service"))
        read["options"] = {**read.get("options", {}), **settings.options.get(named, {})}
        entries.append(read)
    names = [str(entry.get("name") or entry.get("service")) for entry in entries]
    for service in settings.options:
        if service not in names:
            raise ConfigError(f"there are options for {service!r}, which is not started.{suggest(service, names)}")
    return start_parallel(
        entries,
        settings.log_dir,
        settings.state_dir,
        {"enabled": True, "interval_s": None, **settings.recovery},
        seed=settings.seed,
        clock=settings.clock,
        fsync=settings.fsync,
        log_limit=settings.log_limit,
    )


def run(settings: Settings, ready: Callable[[dict[str, Any]], object], done: threading.Event | None = None) -> None:
    """Run until somebody says stop (or sets `done`); `ready(status)` is called once everything answers."""
    done = done or threading.Event()
    former = [(number, signal.signal(number, lambda *_: done.set())) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        with Registration(settings.name) as registration, start(settings) as instance:
            server = ControlServer(instance, registration.socket, done.set)
            try:
                status = METHODS["status"](instance)
                registration.publish(
                    {
                        "socket": server.address,
                        "version": status["version"],
                        "seed": status["seed"],
                        "services": _addresses(status),
                    }
                )
                _calm_collector()
                ready(status)
                # Woken by the signal handlers; a wait without a timeout would not be interruptible everywhere.
                while not done.wait(3600.0):
                    continue
            finally:
                server.close()
    finally:
        for number, handler in former:
            signal.signal(number, handler)


def _calm_collector() -> None:
    """Let the garbage collector look less often: this process is ours, and keeps a log of many small objects without cycles."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def launch(settings: Settings, *, tied: bool = False) -> tuple[dict[str, Any], subprocess.Popen[bytes]]:
    """Start an instance in a process of its own; returns its status once it is up, and the process.

    `tied` ends it together with this process, or when its stdin is closed. ControlError with the reason if it does not start.
    """
    log = runtime_dir() / f"{settings.name}.log"
    with open(log, "ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "parlel.running"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(msgspec.json.encode({"settings": settings, "tied": tied}) + b"\n")
        process.stdin.flush()
        if not tied:
            process.stdin.close()
    # A child that hangs at its start is not waited for without end.
    guard = threading.Timer(settings.wait_timeout + _EXTRA_WAIT_S, process.kill)
    guard.start()
    try:
        line = process.stdout.readline()
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        guard.cancel()
        process.stdout.close()
    if not line or b'"error"' in line[:10]:
        with contextlib.suppress(OSError):
            if log.stat().st_size == 0:
                log.unlink()
    if not line:
        code = process.wait()
        raise ControlError(f"the detached instance ended with exit code {code} before it was up; see {log}")
    answer = json.loads(line)
    if "error" in answer:
        process.stdin.close()
        process.wait()
        raise ControlError(answer["error"])
    status: dict[str, Any] = answer["status"]
    if not tied:
        # It lives on without us; without this, Popen would warn that nobody has waited for it.
        process.returncode = 0
    return status, process


def _addresses(status: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"service": entry["service"], "port": entry["port"], "url": entry["url"]}
        for name, entry in status["services"].items()
    }


class _Start(msgspec.Struct, forbid_unknown_fields=True):
    settings: Settings
    tied: bool


def _main() -> int:
    said = False
    done = threading.Event()

    def say(message: dict[str, Any]) -> None:
        nonlocal said
        said = True
        sys.stdout.write(json.dumps(message, default=str) + "\n")
        sys.stdout.flush()
        # The launcher reads no more: whatever is printed later must not fail.
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.close(null)

    def watch() -> None:
        while sys.stdin.buffer.read(4096):
            continue
        done.set()

    try:
        asked = msgspec.json.decode(sys.stdin.buffer.readline(), type=_Start)
        if asked.tied:
            threading.Thread(target=watch, name="parlel-tie", daemon=True).start()
        run(asked.settings, lambda status: say({"status": status}), done)
    except (ParlelError, HostError, OSError, ValueError) as error:
        if said:
            raise
        say({"error": str(error)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
