"""The Postgres emulator on the kernel's contracts: sessions, snapshots, dumps, status."""

from __future__ import annotations

from typing import Any, ClassVar

import greenlet

from emulators.kernel.emulator import Emulator, Environment, Link
from emulators.kernel.operation import Description
from emulators.postgres import oids
from emulators.postgres.backend import Backend
from emulators.postgres.database import Cluster, Database
from emulators.postgres.errors import PgError
from emulators.postgres.session import PostgresSession
from emulators.postgres.storage.history import Mark


class PostgresEmulator(Emulator):
    """A PostgreSQL 18 cluster in memory."""

    service: ClassVar[str] = "postgres"
    default_port: ClassVar[int] = 5432

    def __init__(
        self,
        environment: Environment,
        *,
        user: str = "postgres",
        password: str | None = None,
        database: str | None = None,
        authentication: str = "trust",
    ) -> None:
        super().__init__(environment)
        self.user = user
        self.password = password
        self.database_name = database or user
        self.authentication = authentication
        self.operations = 0
        self._by_pid: dict[int, PostgresSession] = {}
        self._next_pid = 1000
        self._draining = False
        self.reset()

    # -- clients ---------------------------------------------------------------------------------------------

    def open_session(self, link: Link, session_id: int, endpoint: str) -> PostgresSession:
        session = PostgresSession(self, link, session_id, endpoint)
        self.sessions[session_id] = session
        return session

    def session_ended(self, session: PostgresSession) -> None:
        self.sessions.pop(session.id, None)
        self._by_pid.pop(session.pid, None)

    def new_backend_key(self, session: PostgresSession) -> tuple[int, bytes]:
        self._next_pid += 1
        pid = self._next_pid
        self._by_pid[pid] = session
        return pid, self.environment.random.randbytes(4)

    def adopt_backend_key(self, session: PostgresSession, pid: int) -> None:
        """A session that comes back from a checkpoint keeps its process id."""
        self._by_pid[pid] = session
        self._next_pid = max(self._next_pid, pid)

    def cancel_request(self, pid: int, secret: bytes) -> None:
        session = self._by_pid.get(pid)
        if session is not None and session.secret == secret:
            self.interrupt(pid, "user request")

    def interrupt(self, pid: int, reason: str) -> bool:
        """Cancel what a session runs (or `terminate` it)."""
        session = self._by_pid.get(pid)
        if session is None or session.backend is None:
            return False
        backend = session.backend
        from emulators.postgres.waiting import cancel

        if backend.waiting is not None and not backend.waiting.ready:
            if reason == "terminate":
                cancel(
                    backend, PgError("57P01", "terminating connection due to administrator command", severity="FATAL")
                )
            else:
                cancel(backend, PgError("57014", f"canceling statement due to {reason}"))
        elif reason == "terminate":
            if session.busy:
                backend.cancel_requested = "terminate"
            else:
                backend.rollback()
                session._fatal(
                    PgError("57P01", "terminating connection due to administrator command", severity="FATAL")
                )
        return True

    def role(self, name: str) -> Any:
        from emulators.postgres.catalog.access import Catalog

        return Catalog(self.cluster.databases[1]).one("pg_authid", rolname=name)

    def resolve(self, user: str, name: str) -> tuple[Any, Database]:
        """Role and database of a start-up message."""
        from emulators.postgres.catalog.access import Catalog

        catalog = Catalog(self.cluster.databases[1])
        role = catalog.one("pg_authid", rolname=user)
        if role is None:
            raise PgError("28000", f'role "{user}" does not exist', severity="FATAL")
        if not role.rolcanlogin:
            raise PgError("28000", f'role "{user}" is not permitted to log in', severity="FATAL")
        row = catalog.one("pg_database", datname=name)
        if row is None:
            raise PgError("3D000", f'database "{name}" does not exist', severity="FATAL")
        if not row.datallowconn:
            raise PgError("55000", f'database "{name}" is not currently accepting connections', severity="FATAL")
        return role, self.cluster.databases[row.oid]

    def drain(self) -> None:
        """Let sessions whose wait is over go on, in order; only on the hub."""
        if self._draining or greenlet.getcurrent().parent is not None:
            return
        self._draining = True
        try:
            ready = self.cluster.ready
            while ready:
                backend = ready.popleft()
                session = backend.session
                if session is None:
                    continue
                session.busy = True
                session.greenlet.switch()
                session.busy = False
                session.flush()
        finally:
            self._draining = False

    # -- state -----------------------------------------------------------------------------------------------

    def reset(self) -> None:
        sessions = list(self.sessions.values())
        self.cluster = Cluster(self.clock, self.environment.random)
        self.cluster.resume = self.drain
        self.cluster.emulator = self
        self._create_defaults()
        for session in sessions:
            session._fatal(PgError("57P01", "terminating connection due to administrator command", severity="FATAL"))

    def _create_defaults(self) -> None:
        """The role and the database that were asked for."""
        backend = Backend(self.cluster, self.cluster.databases[5], oids.BOOTSTRAP_USER, 0)
        backend.authenticated_user = oids.BOOTSTRAP_USER
        if self.user != "postgres":
            backend.run_script(f'CREATE ROLE "{self.user}" SUPERUSER LOGIN')
        if self.password is not None:
            quoted = self.password.replace("'", "''")
            backend.run_script(f"ALTER ROLE \"{self.user}\" PASSWORD '{quoted}'")
        if self.database_name not in ("postgres", "template1"):
            backend.run_script(f'CREATE DATABASE "{self.database_name}" OWNER "{self.user}"')

    def snapshot(self) -> Any:
        cluster = self.cluster
        history = cluster.history
        extra = self.extra_of(cluster)
        if history.base is not None and not history.pending and history.base.extra == extra:
            return (cluster, history.base)
        return (cluster, history.mark(extra))

    @staticmethod
    def extra_of(cluster: Cluster) -> dict[str, Any]:
        """What a mark keeps beside the rows."""
        return {
            "next_oid": cluster.next_oid,
            "databases": dict(cluster.databases),
            "next_xid": cluster.transactions.next_xid,
        }

    def restore(self, state: Any) -> None:
        """Open transactions end: their sessions' blocks are failed ones (25P02 until ROLLBACK). Connections stay up."""
        cluster, mark = state
        assert isinstance(mark, Mark)
        sessions = [s for s in self.sessions.values() if s.backend is not None]  # type: ignore[attr-defined]
        for session in sessions:
            session.backend.interrupted_by_restore()  # type: ignore[attr-defined]
        cluster.transactions.settle()
        touched = cluster.history.go(mark)
        moved = cluster is not self.cluster or cluster.databases != mark.extra["databases"]
        cluster.databases = dict(mark.extra["databases"])
        cluster.next_oid = mark.extra["next_oid"]
        cluster.transactions.next_xid = max(mark.extra["next_xid"], *cluster.transactions.active, 0)
        if any(relid < oids.FIRST_USER_OID for relid in touched) or moved:
            # The catalog went back too: numbers may be given again, so what hangs on them is forgotten.
            for database in cluster.databases.values():
                database.catalog_committed()
                for relid, heap in database.heaps.items():
                    if relid >= oids.FIRST_USER_OID:
                        heap.indexes.clear()
        if cluster is not self.cluster:
            self.cluster = cluster
        for session in sessions:
            session.rebind(cluster)  # type: ignore[attr-defined]
        self.drain()

    def export_state(self, state: Any) -> Any:
        from emulators.postgres.export import export_cluster

        return export_cluster(self, state)

    def import_state(self, data: Any) -> Any:
        from emulators.postgres.export import import_cluster

        return import_cluster(self, data)

    # -- looking in ------------------------------------------------------------------------------------------

    @classmethod
    def describe(cls, frame: Any) -> Description:
        from emulators.postgres.describe import describe_frame

        return describe_frame(frame)

    def digest(self, state: Any = None) -> str:
        """A hash of a state's rows and sequences; transaction numbers, which rolled-back work consumes too, stay out."""
        from emulators.postgres.export import cluster_digest

        return cluster_digest(self, self.snapshot() if state is None else state)

    def dump(self, state: Any = None) -> dict[str, Any]:
        from emulators.postgres.export import dump_database

        return dump_database(self, state)

    def status(self) -> dict[str, Any]:
        database = self.cluster.databases.get(5)
        return {
            "connections": len(self.sessions),
            "operations": self.operations,
            "tables": sum(1 for h in (database.heaps if database else {}) if h >= oids.FIRST_USER_OID),
        }

    def quiescent(self) -> bool:
        """Between transactions, with nothing in the sessions that a start-up message would not give back."""
        return all(s.is_plain() for s in self.sessions.values())  # type: ignore[attr-defined]

    def close(self) -> None:
        for session in list(self.sessions.values()):
            if session.backend is not None and session.backend.waiting is not None:
                for timer in session.backend.waiting.timers:
                    timer.cancel()
