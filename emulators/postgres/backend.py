"""One SQL session without its socket: transaction state, settings, statements, and the executor that plans run on.

`Backend` is what PostgreSQL calls a backend. The wire session (session.py) feeds it statements and reads results; tests
can do so directly. A statement that has to wait parks the session's greenlet in `waiting.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulators.postgres import guc, oids
from emulators.postgres.analyze.select import analyze_statement
from emulators.postgres.analyze.state import Parameters, ParseState
from emulators.postgres.catalog import store
from emulators.postgres.catalog.access import Catalog
from emulators.postgres.catalog.relations import IndexInfo, Relation
from emulators.postgres.compile.plan import Plan, compile_plan
from emulators.postgres.context import SessionContext, timestamp_of
from emulators.postgres.errors import PgError, in_failed_transaction, out_of_stack, unsupported
from emulators.postgres.execute.foreign_keys import ForeignKeys
from emulators.postgres.execute.locking import Locking
from emulators.postgres.execute.modify import Modifier, index_key
from emulators.postgres.execute.sequences import Sequences
from emulators.postgres.parse.node import unread
from emulators.postgres.parse.parser import Statement, parse
from emulators.postgres.storage.heap import Heap
from emulators.postgres.storage.index import Index
from emulators.postgres.storage.transaction import Snapshot, Transaction

if TYPE_CHECKING:
    from emulators.postgres.database import Cluster, Database

QUERY_KINDS = frozenset({"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})


class Result:
    """What one statement gave: a tag, and columns with rows where there are any."""

    __slots__ = ("columns", "copy", "rows", "tag")

    def __init__(self, tag: str, columns: Any = None, rows: Any = None) -> None:
        self.tag = tag
        self.columns = columns
        self.rows = rows
        self.copy: Any = None


class Runtime(Modifier, Locking):
    """What a plan's function gets: the snapshot, parameters, and access to heaps."""

    def __init__(
        self, backend: Backend, snapshot: Any, params: tuple[Any, ...], arguments: tuple[Any, ...] = ()
    ) -> None:
        self.backend = backend
        self.snapshot = snapshot
        self.context = backend.context
        self.params = params
        self.arguments = arguments

    def heap(self, relid: int, filenode: int) -> Heap:
        if store.is_shared(relid):
            return self.backend.cluster.heap(relid)
        return self.backend.database.heap(filenode)

    def index(self, relation: Relation, index: IndexInfo) -> Index:
        heap = self.heap(relation.oid, relation.filenode)
        found = heap.indexes.get(index.oid)
        if found is None:
            backend = self.backend

            def make(of: Heap) -> Index:
                key = index_key(backend.catalog, relation, index, backend.context)
                return Index(index.oid, of, index.width, key)

            return heap.index(index.oid, make)
        if not found.built:
            found.build()
        return found

    def sequence_heap(self, oid: int) -> Heap:
        state = self.backend.sequences.state(oid)
        return Heap.seeded(oid, [(state.last_value, state.log_count, state.is_called)])


class Backend:
    """See the module's docstring."""

    def __init__(self, cluster: Cluster, database: Database, user: int, pid: int) -> None:
        self.cluster = cluster
        self.clock = cluster.clock
        self.database = database
        self.catalog = Catalog(database)
        self.pid = pid
        self.session_user = user
        self.current_user = user
        self.context = SessionContext(self)
        self.transaction = Transaction(cluster.transactions)
        #: idle | block | failed; "implicit" while a multi-statement string runs.
        self.state = "idle"
        self.implicit_block = False
        self.isolation = "read committed"
        self.read_only = False
        self.deferrable = False
        self.transaction_snapshot: Snapshot | None = None
        self.snapshot_taken = False
        self.settings = guc.Settings(self, {})
        self.sequences = Sequences(self)
        self.foreign_keys = ForeignKeys(self)
        self.prepared: dict[str, Any] = {}
        self.portals: dict[str, Any] = {}
        self.notices: Callable[[PgError], None] = lambda notice: None
        self.status: Callable[[str, str], None] = lambda name, value: None
        self.listening: set[str] = set()
        self.pending_notifies: list[tuple[str, str]] = []
        self.pending_listens: list[tuple[str, str]] = []
        self.deferred_unique: list[Any] = []
        self.temp_schema: int | None = None
        self.temp_tables: dict[int, str] = {}
        self.on_commit_delete: list[Callable[[], None]] = []
        self.application_name = ""
        self.query_text = ""
        self.cancel_requested = ""
        self.waiting: Any = None
        self.greenlet: Any = None
        self.client_address = ""
        self.backend_start = cluster.clock.now_us()
        self.state_change = self.backend_start
        self.query_start = self.backend_start
        self.xact_start: int | None = None
        self.function_depth = 0
        self.authenticated_user = user
        self.session: Any = None
        self.timeout: Any = None
        self.held_locks: dict[Any, Any] = {}
        self.update_search_path()

    # -- settings --------------------------------------------------------------------------------------------

    def is_superuser(self) -> bool:
        row = self.catalog.one("pg_authid", oid=self.current_user)
        return row is not None and bool(row.rolsuper)

    def show_setting(self, name: str) -> str | None:
        special = self._special_setting(name.lower())
        return special if special is not None else self.settings.show(name)

    def _special_setting(self, key: str) -> str | None:
        if key == "transaction_isolation":
            return self.isolation
        if key == "transaction_read_only":
            return "on" if self.read_only else "off"
        if key == "transaction_deferrable":
            return "on" if self.deferrable else "off"
        if key == "is_superuser":
            return "on" if self.is_superuser() else "off"
        if key == "session_authorization":
            return self.catalog.role_name(self.session_user)
        if key == "role":
            return self.settings.values.get("role", "none")
        return None

    def check_setting(self, key: str, value: str) -> str:
        """Checks and canonical forms that a list of types and ranges cannot say."""
        from emulators.postgres.settings_checks import check

        return check(self, key, value)

    def setting_changed(self, key: str, value: str | None) -> None:
        from emulators.postgres.settings_checks import apply

        apply(self, key, value or "")

    def update_search_path(self) -> None:
        from emulators.postgres.settings_checks import search_path_oids

        self.catalog.search_path = search_path_oids(self)

    def notice(self, notice: PgError) -> None:
        self.notices(notice)

    def warning(self, sqlstate: str, message: str, **kw: Any) -> None:
        self.notice(PgError(sqlstate, message, severity="WARNING", **kw))

    def plan_key(self) -> tuple[Any, ...]:
        """Settings that input functions read at analysis time."""
        c = self.context
        return (
            self.catalog.version, self.catalog.search_path, c.date_style, c.date_order, c.interval_style, id(c.time_zone),
            self.current_user, self.database.oid,
        )  # fmt: skip

    # -- transactions ----------------------------------------------------------------------------------------

    @property
    def in_block(self) -> bool:
        return self.state in ("block", "failed")

    def status_letter(self) -> str:
        return {"idle": "I", "implicit": "I", "block": "T", "failed": "E"}[self.state]

    def start_transaction(self) -> None:
        """Begin a transaction if none is running (each statement does)."""
        if self.catalog.transaction is not None:
            return
        self.transaction = Transaction(self.cluster.transactions)
        self.catalog.transaction = self.transaction
        now = timestamp_of(self.clock.wall_us() if not self.clock.frozen else self.clock.now_us())
        self.context.transaction_timestamp = now
        self.xact_start = self.clock.now_us()
        get = self.settings.get
        self.isolation = get("default_transaction_isolation") or "read committed"
        self.read_only = get("default_transaction_read_only") == "on"
        self.deferrable = get("default_transaction_deferrable") == "on"
        self.snapshot_taken = False

    def commit(self) -> None:
        """End the running transaction well; deferred constraints may still fail it."""
        if self.catalog.transaction is None:
            self.state = "idle"
            return
        transaction = self.transaction
        try:
            self.foreign_keys.run_deferred()
            self.run_deferred_unique()
            self.close_portals(commit=True)
            for hook in [*self.on_commit_delete, *transaction.on_commit]:
                hook()
            self.before_commit()
        except PgError:
            self.rollback()
            raise
        if transaction.catalog_changed:
            self._forget_catalog()
        transaction.commit()
        self._end(True)

    def rollback(self) -> None:
        if self.catalog.transaction is None:
            self.state = "idle"
            return
        transaction = self.transaction
        transaction.rollback()
        if transaction.catalog_changed:
            self.catalog.forget_private()
        self.close_portals(commit=False)
        self.settings.rollback()
        self._end(False)

    def _forget_catalog(self) -> None:
        self.database.catalog_committed()
        for database in self.cluster.databases.values():
            if database is not self.database and self.transaction.catalog_changed == "shared":
                database.catalog_committed()

    def _end(self, committed: bool) -> None:
        transaction = self.transaction
        if committed:
            self.settings.commit()
        self.foreign_keys.forget()
        self.deferred_unique.clear()
        if self.transaction_snapshot is not None:
            self.cluster.transactions.release(self.transaction_snapshot)
            self.transaction_snapshot = None
        self.catalog.transaction = None
        self.catalog.forget_private()
        self.xact_start = None
        self.state = "idle"
        self.implicit_block = False
        for hook in list(transaction.on_end):
            hook(committed)
        self.release_locks()
        if committed:
            self.send_notifications()
        else:
            self.pending_notifies.clear()
            self.pending_listens.clear()
        self.update_search_path()

    def before_commit(self) -> None:
        from emulators.postgres.notify import apply_listens

        apply_listens(self)

    def send_notifications(self) -> None:
        from emulators.postgres.notify import deliver

        deliver(self)

    def release_locks(self) -> None:
        from emulators.postgres.waiting import transaction_ended

        transaction_ended(self)

    def fail(self) -> None:
        """An error ended a statement: undo, or put the block into the failed state."""
        self.deferred_unique.clear()
        if self.state == "block":
            self.state = "failed"
            self._abort_now()
        elif self.state != "failed":
            self.rollback()

    def _abort_now(self) -> None:
        """What failed is undone and its locks are free at once, though ROLLBACK has yet to come."""
        from emulators.postgres.locks import restore_holds
        from emulators.postgres.waiting import transaction_ended, wake

        transaction = self.transaction
        if not transaction.savepoints:
            transaction.rollback()
            transaction_ended(self)
            return
        _, length, saved = transaction.savepoints[-1]
        transaction.rollback_to(length)
        restore_holds(self, saved["held"])
        for waiter in list(transaction.waiters):
            wake(waiter)

    def transaction_snapshot_only(self) -> bool:
        return self.isolation in ("repeatable read", "serializable")

    def take_snapshot(self) -> Snapshot:
        """The snapshot for a new statement."""
        transaction = self.transaction
        if self.transaction_snapshot_only():
            first = self.transaction_snapshot
            if first is None:
                first = self.cluster.transactions.snapshot(transaction, transaction.cid)
                self.transaction_snapshot = first
                self.cluster.transactions.hold(first)
            self.snapshot_taken = True
            return first.at(transaction.cid)
        self.snapshot_taken = True
        return self.cluster.transactions.snapshot(transaction, transaction.cid)

    def next_command(self) -> None:
        self.transaction.cid += 1

    def begin_write(self, relation: Relation, verb: str) -> Transaction:
        """Before a statement changes rows: read-only transactions may not, except in temporary tables."""
        if self.read_only and relation.persistence != "t":
            raise PgError("25006", f"cannot execute {verb} in a read-only transaction")
        self.transaction.begin_write()
        return self.transaction

    def defer_unique(self, relation: Relation, index: IndexInfo, row: Any, skip: Any) -> None:
        """A deferrable unique constraint is looked at again after the statement, or at commit."""
        self.deferred_unique.append((relation, index, row, index.constraint is not None and index.constraint.deferred))

    def run_deferred_unique(self, *, immediate_only: bool = False) -> None:
        todo, self.deferred_unique = self.deferred_unique, []
        for relation, index, row, deferred in todo:
            if immediate_only and self.foreign_keys.is_deferred(index.constraint):
                self.deferred_unique.append((relation, index, row, deferred))
                continue
            runtime = Runtime(self, None, ())
            store_index = runtime.index(relation, index)
            key = store_index.key(row)
            if key is None or None in key:
                continue
            own = self.transaction.xid
            live = [
                v
                for v in store_index.lookup(key)
                if (v.xmin == own or v.xmin not in self.cluster.transactions.active) and not v.xmax
            ]
            if len(live) > 1:
                raise runtime.unique_violation(relation, index, row)

    def close_portals(self, *, commit: bool) -> None:
        for name, portal in list(self.portals.items()):
            if not (commit and getattr(portal, "hold", False)) and not getattr(portal, "held", False):
                del self.portals[name]
            elif commit:
                portal.held = True

    # -- statements ------------------------------------------------------------------------------------------

    def parse(self, text: str) -> list[Statement]:
        try:
            return parse(text)
        except PgError as error:
            raise self.locate(error, text) from None

    @staticmethod
    def locate(error: PgError, text: str) -> PgError:
        """Turn a byte location into the character position that clients get."""
        if error.position is None and error.location is not None and error.location >= 0:
            data = text.encode("utf-8", "surrogateescape")
            error.position = len(data[: error.location].decode("utf-8", "replace")) + 1
            error.location = None
        return error

    def analyze(self, node: Any, text: str, parameters: Parameters | None = None) -> Any:
        """Analyse a query statement and check that every part of it was understood."""
        state = ParseState(self.catalog, self.context)
        state.text = text
        if parameters is not None:
            state.parameters = parameters
        try:
            query = analyze_statement(state, node)
        except RecursionError:
            raise out_of_stack() from None
        missed = unread(node)
        if missed is not None:
            raise unsupported(missed)
        return query

    def plan(self, node: Any, text: str, parameters: Parameters | None = None) -> Plan:
        query = self.analyze(node, text, parameters)
        try:
            plan = compile_plan(self.catalog, query)
        except RecursionError:
            raise out_of_stack() from None
        return plan

    def run_plan(self, plan: Plan, params: tuple[Any, ...], snapshot: Snapshot | None = None) -> Result:
        """Execute a compiled statement in the running transaction."""
        from emulators.postgres.privileges import check_plan

        check_plan(self, plan)
        manager = self.cluster.transactions
        if self.read_only and plan.locks:
            strength = {1: "FOR KEY SHARE", 2: "FOR SHARE", 3: "FOR NO KEY UPDATE", 4: "FOR UPDATE"}
            raise PgError(
                "25006",
                f"cannot execute SELECT {strength[plan.query.row_marks[0].strength]} in a read-only transaction",
            )
        if plan.table_locks is None:
            from emulators.postgres.privileges import table_locks

            plan.table_locks = table_locks(plan.query)
        if plan.table_locks:
            from emulators.postgres.locks import lock_relation

            version = self.database.catalog_version
            for relid, mode in plan.table_locks:
                lock_relation(self, relid, mode)
            if version != self.database.catalog_version:
                raise PgError(
                    "0A000", "a table changed while the statement waited for it; planning again is not supported"
                )
        if plan.modifies:
            self.transaction.cid += 1
        snapshot = snapshot or self.take_snapshot()
        manager.hold(snapshot)
        try:
            outcome = plan.run(Runtime(self, snapshot, params))
            if plan.command == "select":
                rows = outcome
                tag = f"SELECT {len(rows)}"
                count = len(rows)
            else:
                count, rows = outcome
                tag = f"INSERT 0 {count}" if plan.command == "insert" else f"{plan.command.upper()} {count}"
            if plan.modifies:
                self.transaction.cid += 1
                self.foreign_keys.end_of_statement()
                if self.deferred_unique:
                    self.run_deferred_unique(immediate_only=True)
        except RecursionError:
            raise out_of_stack() from None
        finally:
            manager.release(snapshot)
        return Result(tag, plan.columns if plan.returns_rows else None, rows if plan.returns_rows else None)

    def check_failed(self, node: Any) -> None:
        """In a failed block only the end of it, or going back to a savepoint, is accepted."""
        if self.state == "failed":
            kind = node.kind
            if kind == "TransactionStmt" and node._fields.get("kind") in (
                "TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK", "TRANS_STMT_ROLLBACK_TO", "TRANS_STMT_PREPARE",
            ):  # fmt: skip
                return
            raise in_failed_transaction()

    def check_interrupts(self) -> None:
        reason = self.cancel_requested
        if reason:
            self.cancel_requested = ""
            if reason == "terminate":
                raise PgError("57P01", "terminating connection due to administrator command", severity="FATAL")
            raise PgError("57014", f"canceling statement due to {reason}")

    # -- the session's life ----------------------------------------------------------------------------------

    def initial_settings(self, database: str, user: str, parameters: dict[str, str]) -> None:
        """Settings from ALTER DATABASE/ROLE SET and from the start-up message."""
        from emulators.postgres.settings_checks import split_options

        for row in self.catalog.find("pg_db_role_setting"):
            if row.setdatabase in (0, self.database.oid) and row.setrole in (0, self.session_user):
                for item in row.setconfig.elements:
                    name, _, value = item.partition("=")
                    self.settings.set(name, value, startup=True)
        for name, value in split_options(parameters.get("options", "")):
            self.settings.set(name, value, startup=True)
        for name, value in parameters.items():
            if name in ("user", "database", "options", "replication") or name.startswith("_pq_."):
                continue
            try:
                self.settings.set(name, value, startup=True)
            except PgError as error:
                error.severity = "FATAL"
                raise

    def start_timeout(self) -> None:
        """Arm statement_timeout for the statement that begins."""
        self.query_done()
        value = self.settings.values.get("statement_timeout")
        if value and value != "0":
            from emulators.postgres.waiting import cancel

            def expired() -> None:
                if self.waiting is not None:
                    cancel(self, PgError("57014", "canceling statement due to statement timeout"))

            self.timeout = self.clock.call_later(int(value) * 1000, expired)

    def query_done(self) -> None:
        if self.timeout is not None:
            self.timeout.cancel()
            self.timeout = None

    def notification(self, pid: int, channel: str, payload: str) -> None:
        if self.session is not None:
            self.session.notify(pid, channel, payload)

    def close(self) -> None:
        """The session is over: roll back, drop temporary objects, release locks."""
        from emulators.postgres.commands.temp import drop_temp_objects
        from emulators.postgres.locks import release_all

        self.query_done()
        self.rollback()
        if self.temp_schema is not None:
            self.start_transaction()
            drop_temp_objects(self)
            self.commit()
        release_all(self, session=True)
        self.cluster.backends.pop(self.pid, None)

    def interrupted_by_restore(self) -> None:
        """parlel went to another snapshot: an open transaction is lost."""
        if self.catalog.transaction is not None:
            state = self.state
            self.rollback()
            if state in ("block", "failed"):
                self.start_transaction()
                self.state = "failed"
        self.portals.clear()
        self.catalog.forget_private()

    def run_script(self, text: str) -> list[Result]:
        """Run statements outside the protocol, each in its own transaction unless the script says otherwise."""
        from emulators.postgres import commands

        results = []
        for statement in self.parse(text):
            self.check_failed(statement.node)
            self.start_transaction()
            try:
                if statement.node.kind in QUERY_KINDS:
                    result = self.run_plan(self.plan(statement.node, text), ())
                else:
                    result = commands.execute(self, statement.node, text)
                if self.state == "idle":
                    self.commit()
            except PgError:
                self.fail()
                raise
            results.append(result)
        return results

    # -- values ----------------------------------------------------------------------------------------------

    def sql_value(self, op: str, typmod: int) -> Any:
        from emulators.postgres.catalog.sessioninfo import sql_value

        return sql_value(self, op, typmod)

    def call_function(self, oid: int, args: tuple[Any, ...], types: tuple[int, ...], result: int) -> Any:
        from emulators.postgres.sqlfunctions import call

        return call(self, oid, args, types, result)

    def current_of(self, cursor: str, relid: int, version: Any) -> bool:
        portal = self.portals.get(cursor)
        if portal is None:
            raise PgError("34000", f'cursor "{cursor}" does not exist')
        return bool(portal.is_current(relid, version))

    # -- waiting ---------------------------------------------------------------------------------------------

    def wait_for_transaction(self, xid: int, kind: str, relation: Relation, version: Any, where: str) -> None:
        from emulators.postgres.waiting import wait_for_xid

        try:
            wait_for_xid(self, xid)
        except PgError as error:
            if relation is not None and version is not None:
                block, offset = (version.tid - 1) // 226, (version.tid - 1) % 226 + 1
                error.add_where(f'{where} ({block},{offset}) in relation "{relation.name}"')
            raise

    def lock_version(
        self, relation: Relation, version: Any, mode: int, wait: str, snapshot: Any, *, conflict: bool = False
    ) -> Any:
        from emulators.postgres.execute.locking import lock_version

        return lock_version(self, relation, version, mode, wait, snapshot, conflict=conflict)


__all__ = ["QUERY_KINDS", "Backend", "Result", "Runtime", "oids"]
