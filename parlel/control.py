"""The private control socket of a running instance: how `parlel status`, `down`, `dump` and the rest reach it.

A unix socket that only its owner can open; where the system has none, a port on 127.0.0.1 that asks for a secret from the state
file first. A request is one line of JSON, `{"id": 1, "method": "dump", "params": {...}}`; the
answer is one line, `{"id": 1, "result": ...}` or `{"id": 1, "error": {"type", "message"}}`. A method that streams sends
`{"id": 1, "item": ...}` lines first. `METHODS` is the one table of what can be asked.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import logging
import os
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from emulators.kernel import HostError, SnapshotError, fresh_seed
from emulators.kernel.host import LOOPBACK
from parlel._version import __version__
from parlel.chaos import Rule
from parlel.errors import ConfigError, ControlError, ParlelError, suggest
from parlel.instance import ParallelInstance
from parlel.log import LogEntry

__all__ = ["METHODS", "ControlClient", "ControlServer", "encode"]

_logger = logging.getLogger("parlel")
_MAX_LINE = 16 << 20
_TCP = "tcp:"
# Entries that a slow reader of `follow` may fall behind before it loses some.
_FOLLOW_BACKLOG = 100_000
_FOLLOW_POLL_S = 0.2

Method = Callable[..., Any]
METHODS: dict[str, Method] = {}


def _method(function: Method) -> Method:
    METHODS[function.__name__.removeprefix("do_")] = function
    return function


# -- the methods ---------------------------------------------------------------------------------------------------


@_method
def do_ping(instance: ParallelInstance) -> dict[str, Any]:
    return {"version": __version__, "pid": os.getpid(), "seed": instance.random_seed}


@_method
def do_status(instance: ParallelInstance) -> dict[str, Any]:
    status = instance.status()
    for name, entry in status.items():
        entry["recovery"] = asdict(instance.recovery.get_recovery_state(name))
    return {
        "pid": os.getpid(),
        "version": __version__,
        "seed": instance.random_seed,
        "clock": instance.clock.status(),
        "chaos": instance.chaos.active,
        "recovered_operations": instance.recovered_operations,
        "services": status,
    }


@_method
def do_addresses(instance: ParallelInstance) -> dict[str, Any]:
    machine = instance._machine
    found: dict[str, Any] = {}
    for name, request in machine.requests.items():
        at = machine.address(name)
        found[name] = {"service": request.service, "host": at.host, "port": at.port, "options": dict(at.options)}
    return found


@_method
def do_check(instance: ParallelInstance, timeout: float = 2.0) -> dict[str, bool]:
    return {name: instance.recovery.check(name, timeout) for name in instance.services}


@_method
def do_environment(instance: ParallelInstance) -> dict[str, str]:
    return instance.environment


@_method
def do_dump(instance: ParallelInstance, service: str | None = None, at: str | None = None) -> dict[str, Any]:
    return instance.inspector.dump(service, at=at)


@_method
def do_digest(instance: ParallelInstance) -> dict[str, str]:
    return instance.digest()


@_method
def do_snapshot(instance: ParallelInstance, name: str | None = None, save: str | None = None) -> dict[str, Any]:
    snapshot = instance.snapshot(name)
    if save is not None:
        instance.save_snapshot(save, snapshot)
    return {"id": snapshot.id, "name": snapshot.name, "time_us": snapshot.time_us, "file": save}


@_method
def do_load_rdb(instance: ParallelInstance, service: str, path: str) -> int:
    return instance._machine.load_rdb(service, path)


@_method
def do_save_rdb(instance: ParallelInstance, path: str, service: str | None = None) -> str:
    machine = instance._machine
    names = [name for name, request in machine.requests.items() if request.service == "redis"]
    if service is None and len(names) != 1:
        raise ConfigError(f"say which Redis to write: there are {', '.join(names) or 'none'}")
    return str(machine.save_rdb(service or names[0], path))


@_method
def do_snapshots(instance: ParallelInstance) -> list[dict[str, Any]]:
    return [
        {"id": entry.id, "name": entry.name, "parent": entry.parent, "time_us": entry.time_us}
        for entry in instance.snapshots()
    ]


@_method
def do_restore(instance: ParallelInstance, name: str | None = None, load: str | None = None) -> dict[str, Any]:
    snapshot = instance.restore(instance.load_snapshot(load, name) if load is not None else name)
    return {"id": snapshot.id, "name": snapshot.name, "time_us": snapshot.time_us}


@_method
def do_reset(instance: ParallelInstance, service: str | None = None) -> None:
    instance.reset(service)


@_method
def do_logs(instance: ParallelInstance, tail: int = 100, service: str | None = None) -> list[dict[str, Any]]:
    return [_entry(entry) for entry in _log(instance, service).tail(tail)]


@_method
def do_follow(
    instance: ParallelInstance, tail: int = 100, service: str | None = None
) -> Iterator[dict[str, Any] | None]:
    """Entries as they come. None now and then, so that a reader who has gone is noticed."""
    entries: queue.Queue[LogEntry] = queue.Queue(_FOLLOW_BACKLOG)

    def put(entry: LogEntry) -> None:
        # The host's thread never waits for a reader.
        with contextlib.suppress(queue.Full):
            entries.put_nowait(entry)

    log = _log(instance, service)
    end = log.follow(put)
    try:
        before = log.tail(tail)
        shown = before[-1].sequence if before else -1
        yield from map(_entry, before)
        while not instance.closed:
            try:
                entry = entries.get(timeout=_FOLLOW_POLL_S)
            except queue.Empty:
                yield None
                continue
            if entry.sequence > shown:
                yield _entry(entry)
    finally:
        end()


@_method
def do_save_log(instance: ParallelInstance, path: str) -> str:
    return str(instance.log.save(path))


@_method
def do_chaos_list(instance: ParallelInstance) -> dict[str, Any]:
    rules = [{**handle.rule.to_dict(), "hits": handle.hits} for handle in instance.chaos.rules()]
    return {"active": instance.chaos.active, "rules": rules}


@_method
def do_chaos_add(instance: ParallelInstance, rule: dict[str, Any] | str) -> dict[str, Any]:
    handle = instance.chaos.configure(rule)
    instance.chaos.activate()
    return handle.rule.to_dict()


@_method
def do_chaos_clear(instance: ParallelInstance, name: str | None = None) -> int:
    handles = instance.chaos.rules()
    if name is None:
        instance.chaos.clear()
        return len(handles)
    for handle in handles:
        if handle.name == name:
            handle.remove()
            return 1
    raise ConfigError(f"no chaos rule {name!r}.{suggest(name, [handle.name for handle in handles])}")


@_method
def do_chaos_activate(instance: ParallelInstance) -> None:
    instance.chaos.activate()


@_method
def do_chaos_deactivate(instance: ParallelInstance) -> None:
    instance.chaos.deactivate()


@_method
def do_clock(instance: ParallelInstance) -> dict[str, Any]:
    return instance.clock.status()


@_method
def do_clock_advance(instance: ParallelInstance, seconds: float) -> dict[str, Any]:
    fired = instance.clock.advance(seconds)
    return {**instance.clock.status(), "timers_fired": fired}


@_method
def do_clock_freeze(instance: ParallelInstance) -> dict[str, Any]:
    instance.clock.freeze()
    return instance.clock.status()


@_method
def do_clock_resume(instance: ParallelInstance, scale: float = 1.0) -> dict[str, Any]:
    instance.clock.resume(scale)
    return instance.clock.status()


@_method
def do_crash(instance: ParallelInstance, service: str) -> dict[str, Any]:
    instance.recovery.crash(service)
    return asdict(instance.recovery.get_recovery_state(service))


@_method
def do_recover(instance: ParallelInstance, service: str) -> dict[str, Any]:
    instance.recovery.force_recovery(service)
    return asdict(instance.recovery.get_recovery_state(service))


def _log(instance: ParallelInstance, service: str | None) -> Any:
    if service is None:
        return instance.log
    if service not in instance.services:
        raise ConfigError(f"no service {service!r} here.{suggest(service, instance.services)}")
    return instance.services[service].log


def _entry(entry: LogEntry) -> dict[str, Any]:
    return {**entry.to_dict(), "line": str(entry)}


# -- the server ----------------------------------------------------------------------------------------------------


class ControlServer:
    """Answers on a socket, each client in a thread of its own. `path` None is a port; `stop` is called for the method `stop`."""

    def __init__(self, instance: ParallelInstance, path: str | None, stop: Callable[[], object]) -> None:
        self._instance = instance
        self._stop = stop
        self._path = path
        self._secret = ""
        self._closing = False
        if path is not None:
            self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            self._listener.bind(path)
            os.chmod(path, 0o600)
            self._listener.listen(16)
            #: What a `ControlClient` is made with.
            self.address = path
        else:
            self._secret = "".join(f"{fresh_seed():08x}" for _ in range(4))
            self._listener = socket.create_server((LOOPBACK, 0))
            self.address = f"{_TCP}{self._listener.getsockname()[1]}:{self._secret}"
        self._thread = threading.Thread(target=self._accept, name="parlel-control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and remove the socket. Idempotent."""
        if self._closing:
            return
        self._closing = True
        # A thread in accept() is not woken by close() alone.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(2.0)
        if self._path is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path)

    def _accept(self) -> None:
        while not self._closing:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), name="parlel-control-client", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), client, client.makefile("rwb") as stream:
            if self._secret and not hmac.compare_digest(stream.readline(_MAX_LINE).strip(), self._secret.encode()):
                return
            while line := stream.readline(_MAX_LINE):
                for answer in self.answer(line):
                    stream.write(encode(answer))
                    stream.flush()

    def answer(self, line: bytes) -> Iterator[dict[str, Any]]:
        """The answers to one request, as dicts."""
        number: Any = None
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise ControlError("a request is a JSON object with id, method and params")
            number = request.get("id")
            name, params = str(request.get("method")), request.get("params") or {}
            if name == "stop":
                yield {"id": number, "result": None}
                self._stop()
                return
            if name not in METHODS:
                raise ControlError(f"there is no method {name!r}.{suggest(name, [*METHODS, 'stop'])}")
            result = METHODS[name](self._instance, **params)
            if isinstance(result, Iterator):
                for item in result:
                    yield {"id": number, "item": item}
                result = None
            yield {"id": number, "result": result}
        except (ParlelError, HostError, SnapshotError, OSError, TypeError, ValueError) as error:
            yield {"id": number, "error": {"type": type(error).__name__, "message": str(error)}}
        except Exception as error:
            # A bug of ours: whoever asked gets an answer all the same, and the traceback goes to the log.
            _logger.exception("the method of %r failed", line[:200])
            yield {"id": number, "error": {"type": type(error).__name__, "message": f"internal error: {error!r}"}}


class ControlClient:
    """Asks a running instance. ControlError when it cannot be reached, or for what it refuses."""

    def __init__(self, address: str, timeout: float | None = 30.0) -> None:
        # The secret of a port is not for error texts.
        where, _, secret = address.rpartition(":") if address.startswith(_TCP) else (address, "", "")
        try:
            self._socket = _dial(address, timeout)
        except OSError as error:
            raise ControlError(f"cannot reach the instance at {where}: {error.strerror or error}") from error
        self._stream = self._socket.makefile("rwb")
        if secret:
            self._stream.write(secret.encode() + b"\n")
        self._count = 0
        self._lock = threading.Lock()

    def call(self, method: str, /, **params: Any) -> Any:
        """The result of a method. One call at a time; other threads wait."""
        with self._lock:
            for _ in self.stream(method, **params):
                continue
            return self._result

    def stream(self, method: str, /, **params: Any) -> Iterator[Any]:
        """The items of a method that streams."""
        self._count += 1
        self._result: Any = None
        try:
            self._stream.write(encode({"id": self._count, "method": method, "params": params}))
            self._stream.flush()
            while line := self._stream.readline():
                answer = json.loads(line)
                if "error" in answer:
                    raise ControlError(answer["error"]["message"])
                if "item" not in answer:
                    self._result = answer["result"]
                    return
                if answer["item"] is not None:
                    yield answer["item"]
        except OSError as error:
            raise ControlError(f"the instance does not answer: {error}") from error
        raise ControlError("the instance has closed the connection")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.close()
        self._socket.close()

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _dial(address: str, timeout: float | None) -> socket.socket:
    if address.startswith(_TCP):
        return socket.create_connection((LOOPBACK, int(address.split(":")[1])), timeout)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def encode(message: dict[str, Any]) -> bytes:
    """A message as one line of JSON."""
    return json.dumps(message, default=_plain, ensure_ascii=True).encode() + b"\n"


def _plain(value: object) -> Any:
    if isinstance(value, Rule):
        return value.to_dict()
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return str(value)
