"""Runs an instance as a process: `parlel up`, in the foreground or detached.

`run` starts the services, registers the instance, serves the control socket and returns after Ctrl-C, SIGTERM or `parlel down`.
A detached instance is this module run by a fresh interpreter: it reads its settings as JSON on stdin and answers with one line of
JSON on stdout, `{"status": …}` or `{"error": …}`, and from there on says nothing more.
"""

from __future__ import annotations

import contextlib
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


def run(settings: Settings, ready: Callable[[dict[str, Any]], object]) -> None:
    """Run until somebody says stop; `ready(status)` is called once everything answers."""
    done = threading.Event()
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
                ready(status)
                # Woken by the signal handlers; a wait without a timeout would not be interruptible everywhere.
                while not done.wait(3600.0):
                    continue
            finally:
                server.close()
    finally:
        for number, handler in former:
            signal.signal(number, handler)


def launch(settings: Settings) -> dict[str, Any]:
    """Start a detached instance and return its status once it is up. ControlError with its reason if it does not start."""
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
        process.stdin.write(msgspec.json.encode(settings))
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
    if not line:
        code = process.wait()
        raise ControlError(f"the detached instance ended with exit code {code} before it was up; see {log}")
    answer = json.loads(line)
    if "error" in answer:
        process.wait()
        raise ControlError(answer["error"])
    status: dict[str, Any] = answer["status"]
    # It lives on without us; without this, Popen would warn that nobody has waited for it.
    process.returncode = 0
    return status


def _addresses(status: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"service": entry["service"], "port": entry["port"], "url": entry["url"]}
        for name, entry in status["services"].items()
    }


def _main() -> int:
    said = False

    def say(message: dict[str, Any]) -> None:
        nonlocal said
        said = True
        sys.stdout.write(json.dumps(message, default=str) + "\n")
        sys.stdout.flush()
        # The launcher goes away: whatever is printed later must not fail.
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.close(null)

    try:
        settings = msgspec.json.decode(sys.stdin.buffer.read(), type=Settings)
        run(settings, lambda status: say({"status": status}))
    except (ParlelError, HostError, OSError, ValueError) as error:
        if said:
            raise
        say({"error": str(error)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
