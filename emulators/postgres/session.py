"""One client's connection: start-up, the simple and the extended protocol, COPY, over a Backend.

Messages are run inside the session's one greenlet, so that a statement can wait; frames that arrive meanwhile queue up.
Bytes leave when the session has nothing more to do, at Flush, and when it begins to wait.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import greenlet

from emulators.kernel.emulator import Link, Session
from emulators.kernel.interceptor import Decision
from emulators.kernel.oplog import OPERATION
from emulators.postgres import commands, guc, oids
from emulators.postgres.analyze.state import Parameters
from emulators.postgres.backend import QUERY_KINDS, Backend, Result
from emulators.postgres.context import timestamp_of
from emulators.postgres.describe import describe_sql
from emulators.postgres.encode import make_encoder
from emulators.postgres.errors import PgError, in_failed_transaction, out_of_stack
from emulators.postgres.settings_checks import REPORTED_AT_START
from emulators.postgres.types.registry import type_io
from emulators.postgres.waiting import cancel
from emulators.postgres.wire import backend as out
from emulators.postgres.wire import frontend

if TYPE_CHECKING:
    from emulators.postgres.emulator import PostgresEmulator

_logger = logging.getLogger("parlel")

_EMPTY_TAGS = {
    "SELECT": "SELECT 0",
    "INSERT": "INSERT 0 0",
    "UPDATE": "UPDATE 0",
    "DELETE": "DELETE 0",
    "MERGE": "MERGE 0",
}

_SEVERITIES = ("debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error")


class Prepared:
    """A prepared statement."""

    __slots__ = (
        "from_sql",
        "key",
        "name",
        "node",
        "parameters",
        "plan",
        "prepared_at",
        "result_types",
        "text",
        "types",
    )

    def __init__(self, name: str, text: str, node: Any, types: tuple[int, ...]) -> None:
        self.name = name
        self.text = text
        self.node = node
        self.types = types
        self.plan: Any = None
        self.key: Any = None
        self.result_types: Any = None
        self.from_sql = False
        self.prepared_at = 0


class Portal:
    """A bound statement, or a cursor: what is left of its rows."""

    __slots__ = ("columns", "formats", "held", "hold", "name", "params", "position", "rows", "scroll", "statement", "tag",
                 "text", "versions")  # fmt: skip

    def __init__(self, name: str, statement: Any, params: tuple[Any, ...], formats: tuple[int, ...]) -> None:
        self.name = name
        self.statement = statement
        self.params = params
        self.formats = formats
        self.rows: Any = None
        self.position = 0
        self.tag = ""
        self.columns: Any = None
        self.hold = False
        self.held = False
        self.scroll: bool | None = None
        self.text = ""
        self.versions: Any = None

    def is_current(self, relid: int, version: Any) -> bool:
        if self.versions is None or not 1 <= self.position <= len(self.versions):
            raise PgError("24000", f'cursor "{self.name}" is not positioned on a row')
        current = self.versions[self.position - 1].get(relid)
        return current is version or (current is not None and current.next is version)


class PostgresSession(Session):
    """See the module's docstring."""

    emulator: PostgresEmulator

    def __init__(self, emulator: PostgresEmulator, link: Link, session_id: int, endpoint: str) -> None:
        super().__init__(emulator, link, session_id, endpoint)
        self.decoder = frontend.Decoder()
        self.backend: Backend | None = None
        self.inbox: list[Any] = []
        self.outbox: list[bytes] = []
        self.skipping = False
        self.greenlet = greenlet.greenlet(self._loop)
        self.running = False
        self.copy: Any = None
        self.authenticator: Any = None
        self.secret = b""
        self.parameters: dict[str, str] = {}
        self.pid = 0
        self.ending = False
        self.busy = False
        self.idle_timer: Any = None

    # -- the kernel's side -----------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        if self.ending:
            return
        self.decoder.feed(data)
        if not self.held:
            self.process()

    def process(self) -> None:
        while not self.held and not self.ending:
            try:
                frame = self.decoder.next()
            except frontend.Fatal as error:
                self._fatal(error)
                return
            if frame is None:
                return
            if frame[0] == "E" and self.backend is not None:
                frame = (*frame, self._portal_text(frame[1]))
            self.log_append((OPERATION, self.clock.now_us(), self.id, frame))
            self.emulator.operations += 1
            if self.interceptor.armed:
                self.admit(frame)
            else:
                self.execute(frame)

    def _portal_text(self, payload: bytes) -> str:
        """The SQL that an Execute runs, for the log."""
        assert self.backend is not None
        portal = self.backend.portals.get(payload[: payload.find(b"\0")].decode("utf-8", "replace"))
        return portal.statement.text if portal is not None and portal.statement is not None else ""

    def execute(self, frame: Any) -> None:
        self.inbox.append((frame[0], frame[1]))
        self.resume()

    def resume(self) -> None:
        """Run queued frames, unless the session waits (then they stay queued) or is running already."""
        if self.busy or (
            self.backend is not None and self.backend.waiting is not None and not self.backend.waiting.ready
        ):
            return
        if greenlet.getcurrent() is self.greenlet:
            return
        self.busy = True
        try:
            self.greenlet.switch()
        finally:
            self.busy = False
        self.flush()
        self.emulator.drain()

    def flush(self) -> None:
        if self.outbox:
            data = b"".join(self.outbox)
            self.outbox.clear()
            self.write(data)

    def send(self, data: bytes) -> None:
        self.outbox.append(data)

    def send_fault(self, frame: Any, decision: Decision) -> None:
        """An injected error, or an empty success, in the protocol's own form."""
        code = frame[0]
        backend = self.backend
        if decision.action == "error":
            sqlstate, _, message = (decision.error or "").partition(":")
            if len(sqlstate) != 5 or not sqlstate.isalnum():
                sqlstate, message = "XX000", decision.error or "injected fault"
            error = PgError(sqlstate, message.strip() or "injected fault")
            if backend is None:
                error.severity = "FATAL"
                self._fatal(error)
                return
            self.send(out.error_response(error))
            backend.fail()
            if code in ("Q", "S"):
                self._ready()
            else:
                self.skipping = True
        elif backend is not None and code == "Q":
            self._empty_answer(frontend.parse_string(bytes(frame[1])))
            self._ready()
        elif backend is not None and code == "E":
            verb = describe_sql(frame[2])[0] if len(frame) > 2 else "SELECT"
            self.send(out.command_complete(_EMPTY_TAGS.get(verb, verb)))
        elif code == "S":
            self._ready()
        self.flush()

    def _empty_answer(self, text: str) -> None:
        """What the statements of a Query answer when they find nothing."""
        backend = self.backend
        assert backend is not None
        for statement in backend.parse(text):
            verb = describe_sql(text)[0]
            if statement.node.kind in QUERY_KINDS and not _select_into(statement.node):
                backend.start_transaction()
                try:
                    plan = backend.plan(statement.node, text)
                    if plan.returns_rows:
                        self.send(out.row_description(self.fields(plan.columns)))
                    verb = plan.command.upper()
                except PgError:
                    self.send(out.EMPTY_QUERY)
                    return
                finally:
                    if backend.state == "idle":
                        backend.rollback()
            self.send(out.command_complete(_EMPTY_TAGS.get(verb, verb)))

    def lost(self) -> None:
        self.ending = True
        if self.idle_timer is not None:
            self.idle_timer.cancel()
        self.emulator.session_ended(self)
        backend = self.backend
        if backend is not None:
            if backend.waiting is not None and not backend.waiting.ready:
                cancel(backend, PgError("57P01", "terminating connection", severity="FATAL"))
            backend.close()
        self.emulator.drain()

    # -- checkpoints and restores ----------------------------------------------------------------------------

    def is_plain(self) -> bool:
        """True when the start-up message alone says everything about this session."""
        backend = self.backend
        if backend is None:
            return not self.decoder.started
        return (
            backend.state == "idle"
            and backend.catalog.transaction is None
            and backend.waiting is None
            and not (backend.prepared or backend.portals or backend.listening or backend.held_locks)
            and backend.temp_schema is None
            and backend.settings.values == backend.settings.reset_values
            and backend.sequences.last is None
        )

    def export_state(self) -> Any:
        if self.backend is None:
            return None
        return {"parameters": dict(self.parameters), "pid": self.pid, "secret": self.secret}

    def import_state(self, state: Any) -> None:
        if state is None:
            return
        self.parameters = dict(state["parameters"])
        self.decoder.started = True
        self.pid, self.secret = state["pid"], bytes(state["secret"])
        self.emulator.adopt_backend_key(self, self.pid)
        self._start_backend(self.parameters, greet=False)

    def rebind(self, cluster: Any) -> None:
        """The emulator went to another state, perhaps of another cluster: find the database again by its name."""
        backend = self.backend
        if backend is None:
            return
        database = next((d for d in cluster.databases.values() if d.name == backend.database.name), None)
        if database is None or (backend.cluster is not cluster and backend.in_block):
            self._fatal(PgError("57P01", "terminating connection due to administrator command", severity="FATAL"))
            return
        if backend.cluster is not cluster or backend.database is not database:
            backend.cluster.backends.pop(backend.pid, None)
            backend.cluster = cluster
            backend.database = database
            backend.catalog.rebind(database)
            cluster.backends[backend.pid] = backend
        backend.update_search_path()

    def _fatal(self, error: PgError) -> None:
        self.ending = True
        if not getattr(error, "silent", False):
            self.send(out.error_response(error))
        self.flush()
        self.close()

    # -- the greenlet ----------------------------------------------------------------------------------------

    def _loop(self) -> None:
        while True:
            while self.inbox and not self.ending:
                code, payload = self.inbox.pop(0)
                try:
                    self._frame(code, payload)
                except PgError as error:
                    self._fatal(error)
                except RecursionError:
                    self._fatal(out_of_stack())
            parent = greenlet.getcurrent().parent
            assert parent is not None
            parent.switch()

    def _frame(self, code: str, payload: bytes) -> None:
        if self.backend is None:
            self._startup(code, payload)
            return
        backend = self.backend
        if self.idle_timer is not None:
            self.idle_timer.cancel()
            self.idle_timer = None
        backend.cancel_requested = "" if backend.cancel_requested != "terminate" else "terminate"
        if self.copy is not None and code in "dcfHS":
            self._copy_message(code, payload)
            return
        if self.skipping and code not in "SX":
            return
        try:
            backend.check_interrupts()
            if code == "Q":
                self._simple(frontend.parse_string(payload))
                return
            handler = _MESSAGES.get(code)
            if handler is not None:
                handler(self, payload)
        except PgError as error:
            self._error(error)
            if code == "Q":
                self._ready()
            elif code != "S":
                self.skipping = True
            else:
                self._ready()
        except RecursionError:
            self._error(out_of_stack())
            if code == "Q":
                self._ready()
            else:
                self.skipping = True
        except Exception as error:
            # A bug of the emulator: the client gets an error instead of a dead connection.
            _logger.exception("internal error in %r", backend.query_text)
            self._error(PgError("XX000", f"internal error of the emulator: {type(error).__name__}: {error}"))
            if code == "Q":
                self._ready()
            else:
                self.skipping = code != "S"

    def _error(self, error: PgError) -> None:
        backend = self.backend
        assert backend is not None
        if backend.query_text:
            backend.locate(error, backend.query_text)
        if error.severity == "FATAL":
            backend.rollback()
            raise error
        self.send(out.error_response(error))
        backend.fail()

    def _ready(self) -> None:
        backend = self.backend
        assert backend is not None
        backend.state_change = self.clock.now_us()
        backend.query_done()
        self._arm_idle_timeout()
        self.send(out.ready(backend.status_letter()))

    def _arm_idle_timeout(self) -> None:
        """From ReadyForQuery on the client's silence counts; its next message cancels this."""
        backend = self.backend
        assert backend is not None
        if backend.in_block:
            name, code, what = "idle_in_transaction_session_timeout", "25P03", "idle-in-transaction timeout"
        else:
            name, code, what = "idle_session_timeout", "57P05", "idle-session timeout"
        value = backend.settings.values.get(name)
        if not value or value == "0":
            return

        def expired() -> None:
            if not self.busy and not self.ending:
                backend.rollback()
                self._fatal(PgError(code, f"terminating connection due to {what}", severity="FATAL"))
                self.emulator.drain()

        self.idle_timer = self.clock.call_later(int(value) * 1000, expired)

    # -- start-up --------------------------------------------------------------------------------------------

    def _startup(self, code: str, payload: bytes) -> None:
        if code in ("ssl", "gssenc"):
            self.send(out.REFUSED)
            return
        if code == "cancel":
            pid, secret = frontend.parse_cancel(payload)
            self.emulator.cancel_request(pid, secret)
            self.ending = True
            self.close()
            return
        if code == "startup":
            version, parameters = frontend.parse_startup(payload)
            self.parameters = parameters
            options = [k for k in parameters if k.startswith("_pq_.")]
            if version & 0xFFFF > 2 or options:
                self.send(out.negotiate_version(min(version & 0xFFFF, 2), options))
            self._authenticate(parameters)
            return
        if code == "p" and self.authenticator is not None:
            done, reply = self.authenticator.receive(payload)
            if reply:
                self.send(reply)
            if done:
                self._authenticated(self.parameters)
            return
        raise PgError("08P01", f"expected password response, got message type {ord(code[0])}", severity="FATAL")

    def _authenticate(self, parameters: dict[str, str]) -> None:
        user = parameters.get("user")
        if not user:
            raise PgError("28000", "no PostgreSQL user name specified in startup packet", severity="FATAL")
        from emulators.postgres.auth import start

        self.authenticator = start(self.emulator, user)
        if self.authenticator is None:
            self._authenticated(parameters)
        else:
            self.send(self.authenticator.challenge())

    def _authenticated(self, parameters: dict[str, str]) -> None:
        self._start_backend(parameters, greet=True)

    def _start_backend(self, parameters: dict[str, str], *, greet: bool) -> None:
        emulator = self.emulator
        cluster = emulator.cluster
        user = parameters["user"]
        name = parameters.get("database") or user
        role, database = emulator.resolve(user, name)
        if greet:
            self.pid, self.secret = emulator.new_backend_key(self)
        backend = Backend(cluster, database, role.oid, self.pid)
        backend.authenticated_user = role.oid
        self.backend = backend
        backend.session = self
        backend.client_address = getattr(self.link, "peer", "")
        cluster.backends[self.pid] = backend
        backend.notices = self._notice
        backend.initial_settings(name, user, parameters)
        if not greet:
            backend.status = self._parameter_status
            return
        self.send(out.AUTH_OK)
        for setting in REPORTED_AT_START:
            self.send(out.parameter_status(setting, backend.show_setting(setting) or ""))
        backend.status = self._parameter_status
        self.send(out.backend_key_data(self.pid, self.secret))
        self._ready()

    def _parameter_status(self, name: str, value: str) -> None:
        self.send(out.parameter_status(name, value))

    def _notice(self, notice: PgError) -> None:
        backend = self.backend
        if backend is None:
            return
        wanted = backend.settings.get("client_min_messages") or "notice"
        level = notice.severity.lower()
        if level != "info" and level in _SEVERITIES and _SEVERITIES.index(level) < _SEVERITIES.index(wanted):
            return
        if backend.query_text:
            backend.locate(notice, backend.query_text)
        self.send(out.notice_response(notice))

    def notify(self, pid: int, channel: str, payload: str) -> None:
        """A notification: at once when idle, else before the next ReadyForQuery."""
        self.send(out.notification(pid, channel, payload))
        if not self.busy:
            self.flush()

    # -- statements ------------------------------------------------------------------------------------------

    def _begin_statement(self, text: str) -> None:
        backend = self.backend
        assert backend is not None
        backend.query_text = text
        backend.query_start = self.clock.now_us()
        now = self.clock.now_us() if self.clock.frozen else self.clock.wall_us()
        backend.context.statement_timestamp = timestamp_of(now)
        backend.start_timeout()

    def _simple(self, text: str) -> None:
        backend = self.backend
        assert backend is not None
        self._begin_statement(text)
        try:
            statements = backend.parse(text)
            if not statements:
                self.send(out.EMPTY_QUERY)
            last = len(statements) - 1
            backend.implicit_block = last > 0
            backend.prepared.pop("", None)
            for number, statement in enumerate(statements):
                backend.check_failed(statement.node)
                backend.start_transaction()
                result = self.run_statement(statement.node, text)
                if self.copy is not None:
                    self.copy.rest = (statements[number + 1 :], text)
                    return
                self._finish_statement(statement, result, number == last)
        except PgError as error:
            self._error(error)
        except RecursionError:
            self._error(out_of_stack())
        self._ready()

    def _finish_statement(self, statement: Any, result: Result, last: bool) -> None:
        backend = self.backend
        assert backend is not None
        self._send_rows(result)
        if last and backend.state == "idle":
            backend.commit()
        self.send(out.command_complete(result.tag))

    def _send_rows(self, result: Result) -> None:
        backend = self.backend
        assert backend is not None
        if result.copy is not None:
            for chunk in result.copy:
                self.send(chunk)
            return
        if result.columns is None:
            return
        types = tuple([c[3] for c in result.columns])
        formats = (0,) * len(types)
        self.send(out.row_description(self.fields(result.columns)))
        encode = self.encoder(types, formats)
        self.send(encode(result.rows, backend.context))

    def encoder(self, types: tuple[int, ...], formats: tuple[int, ...]) -> Any:
        backend = self.backend
        assert backend is not None
        key = ("encoder", types, formats)
        cache = backend.catalog.cache
        found = cache.get(key)
        if found is None:
            found = cache[key] = make_encoder(backend.catalog, types, formats)
        return found

    def fields(self, columns: Any) -> list[out.Field]:
        backend = self.backend
        assert backend is not None
        fields = []
        for name, table, column, oid, typmod in columns:
            shown = oid
            size = -1
            if oid:
                row = backend.catalog.type_row(oid)
                if row.typtype == "d":
                    shown, typmod = backend.catalog.base_type_and_mod(oid, typmod)
                    row = backend.catalog.type_row(shown)
                size = row.typlen
            fields.append(out.Field(name, table, column, shown, size, typmod))
        return fields

    def run_statement(self, node: Any, text: str) -> Result:
        """One statement of a simple Query."""
        backend = self.backend
        assert backend is not None
        if node.kind in QUERY_KINDS and not _select_into(node):
            plans = backend.database.plans
            key = ("simple", text, backend.plan_key(), id(node)) if backend.catalog.version is None else None
            plan = None
            if key is None:
                cache_key = (text, node.location, backend.plan_key())
                plan = plans.get(cache_key) if not backend.implicit_block else None
            if plan is None:
                plan = backend.plan(node, text, Parameters((), variable=False))
                if key is None and not backend.implicit_block:
                    if len(plans) > 2000:
                        plans.clear()
                    plans[cache_key] = plan
            return backend.run_plan(plan, ())
        result = commands.execute(backend, node, text)
        if isinstance(result, Result) and result.copy is not None and not isinstance(result.copy, list):
            self._start_copy(result)
        return result  # type: ignore[no-any-return]

    # -- COPY ------------------------------------------------------------------------------------------------

    def _start_copy(self, result: Result) -> None:
        """COPY FROM STDIN: ask for data, and go on when it ends."""
        self.copy = result.copy
        self.copy.result = result
        self.copy.rest = ((), "")
        self.send(out.copy_in_response(self.copy.width, self.copy.binary))

    def _copy_message(self, code: str, payload: bytes) -> None:
        backend = self.backend
        assert backend is not None
        copy = self.copy
        if code in "HS":
            return
        extended = getattr(copy, "extended", False)
        try:
            if code == "d":
                if not copy.failed:
                    copy.feed(payload)
                return
            self.copy = None
            if code == "f":
                reason = frontend.parse_string(payload)
                raise copy.located(PgError("57014", f"COPY from stdin failed: {reason}"))
            if copy.failed:
                return
            count = copy.finish()
            tag = f"COPY {count}"
            if extended:
                self.send(out.command_complete(tag))
                return
            rest, text = copy.rest
            if not rest and backend.state == "idle":
                backend.commit()
            self.send(out.command_complete(tag))
            last = len(rest) - 1
            for number, statement in enumerate(rest):
                backend.check_failed(statement.node)
                backend.start_transaction()
                result = self.run_statement(statement.node, text)
                if self.copy is not None:
                    self.copy.rest = (rest[number + 1 :], text)
                    return
                self._finish_statement(statement, result, number == last)
        except PgError as error:
            self._error(error)
            copy.failed = True
            if code == "d":
                # The client may go on sending: what it sends is dropped until it is done.
                copy.rest = ((), "")
                self.copy = None
                self.drop_copy = True
            if extended:
                self.skipping = True
                return
        self._ready()

    # -- extended protocol -----------------------------------------------------------------------------------

    def _parse(self, payload: bytes) -> None:
        backend = self.backend
        assert backend is not None
        message = frontend.parse_parse(payload)
        self._begin_statement(message.query)
        backend.start_transaction()
        statements = backend.parse(message.query)
        if len(statements) > 1:
            raise PgError("42601", "cannot insert multiple commands into a prepared statement")
        if message.name and message.name in backend.prepared:
            raise PgError("42P05", f'prepared statement "{message.name}" already exists')
        node = statements[0].node if statements else None
        if node is not None and backend.state == "failed":
            backend.check_failed(node)
        prepared = self.prepare(message.name, message.query, node, message.types)
        backend.prepared[message.name] = prepared
        self.send(out.PARSE_COMPLETE)

    def prepare(self, name: str, text: str, node: Any, types: tuple[int, ...]) -> Prepared:
        backend = self.backend
        assert backend is not None
        prepared = Prepared(name, text, node, types)
        prepared.prepared_at = backend.context.statement_timestamp
        if node is not None and node.kind in QUERY_KINDS and not _select_into(node):
            self._plan(prepared)
        return prepared

    def _plan(self, prepared: Prepared) -> Any:
        """The statement's plan under the present catalog and settings."""
        backend = self.backend
        assert backend is not None
        key = backend.plan_key()
        if prepared.plan is not None and prepared.key == key and backend.catalog.version is not None:
            return prepared.plan
        plans = backend.database.plans
        cache_key = (prepared.text, prepared.types, key)
        found = plans.get(cache_key) if backend.catalog.version is not None else None
        if found is None:
            parameters = Parameters(prepared.types)
            node = prepared.node
            plan = backend.plan(node, prepared.text, parameters)
            found = (plan, parameters.final())
            if backend.catalog.version is not None:
                if len(plans) > 2000:
                    plans.clear()
                plans[cache_key] = found
        plan, types = found
        result_types = [c[3] for c in plan.columns]
        if prepared.result_types is not None and prepared.result_types != result_types:
            raise PgError("0A000", "cached plan must not change result type")
        prepared.result_types = result_types
        prepared.plan, prepared.types, prepared.key = plan, types, key
        return plan

    def statement(self, name: str) -> Prepared:
        backend = self.backend
        assert backend is not None
        found = backend.prepared.get(name)
        if found is None:
            if name:
                raise PgError("26000", f'prepared statement "{name}" does not exist')
            raise PgError("26000", "unnamed prepared statement does not exist")
        return found  # type: ignore[no-any-return]

    def _bind(self, payload: bytes) -> None:
        backend = self.backend
        assert backend is not None
        message = frontend.parse_bind(payload)
        prepared = self.statement(message.statement)
        if backend.query_text != prepared.text:
            self._begin_statement(prepared.text)
        if prepared.node is not None:
            if backend.state == "failed":
                backend.check_failed(prepared.node)
            backend.start_transaction()
            if prepared.plan is not None:
                self._plan(prepared)
        count = len(message.values)
        if len(message.formats) > 1 and len(message.formats) != count:
            raise PgError("08P01", f"bind message has {len(message.formats)} parameter formats but {count} parameters")
        if count != len(prepared.types):
            raise PgError(
                "08P01",
                f'bind message supplies {count} parameters, but prepared statement "{prepared.name}" '
                f"requires {len(prepared.types)}",
            )
        if message.portal and message.portal in backend.portals:
            raise PgError("42P03", f'cursor "{message.portal}" already exists')
        params = self._parameters(message, prepared, message.portal)
        formats = message.result_formats
        columns = self._columns(prepared)
        width = len(columns) if columns else 0
        if len(formats) > 1 and len(formats) != width:
            raise PgError("08P01", f"bind message has {len(formats)} result formats but query has {width} columns")
        full = (formats[0],) * width if len(formats) == 1 else formats if formats else (0,) * width
        if any(f > 1 for f in full):
            raise PgError("22023", f"unsupported format code: {max(full)}")
        portal = Portal(message.portal, prepared, params, full)
        backend.portals[message.portal] = portal
        self.send(out.BIND_COMPLETE)

    def _parameters(self, message: frontend.BindMessage, prepared: Prepared, portal: str) -> tuple[Any, ...]:
        backend = self.backend
        assert backend is not None
        values: list[Any] = []
        formats = message.formats
        for number, (data, oid) in enumerate(zip(message.values, prepared.types, strict=True)):
            if data is None:
                values.append(self._checked(oid, None))
                continue
            code = formats[number] if len(formats) > 1 else formats[0] if formats else 0
            io = type_io(oid, backend.catalog)
            try:
                if code == 1:
                    value = io.binary_in(data, -1, backend.context)
                elif code == 0:
                    value = io.text_in(frontend.text(data), -1, backend.context)
                else:
                    raise PgError("22023", f"unsupported format code: {code}")
            except PgError as error:
                if error.where is None and error.sqlstate != "22021":
                    where = f'portal "{portal}"' if portal else "unnamed portal"
                    shown = f"{where} parameter ${number + 1}"
                    # log_parameter_max_length_on_error is 0: the value itself is not shown.
                    error.add_where(f"{shown} = '...'" if code == 0 else shown)
                raise
            values.append(self._checked(oid, value))
        return tuple(values)

    def _checked(self, oid: int, value: Any) -> Any:
        backend = self.backend
        assert backend is not None
        if oid >= oids.FIRST_USER_OID and backend.catalog.type_row(oid).typtype == "d":
            return backend.context.check_domain(oid, value)
        return value

    def _columns(self, prepared: Prepared) -> Any:
        if prepared.plan is not None:
            return prepared.plan.columns if prepared.plan.returns_rows else None
        return self._utility_columns(prepared)

    def _utility_columns(self, prepared: Prepared) -> Any:
        """Columns of utility statements that return rows."""
        backend = self.backend
        assert backend is not None
        node = prepared.node
        if node is None:
            return None
        if node.kind == "VariableShowStmt":
            name = node._fields["name"]
            if name == "all":
                return [(n, 0, 0, oids.TEXT, -1) for n in ("name", "setting", "description")]
            if backend.show_setting(name) is None:
                raise guc.unknown(name)
            return [(backend.settings.display_name(name), 0, 0, oids.TEXT, -1)]
        if node.kind == "ExplainStmt":
            return [("QUERY PLAN", 0, 0, oids.TEXT, -1)]
        if node.kind == "FetchStmt":
            portal = backend.portals.get(node._fields["portalname"])
            if node._fields.get("ismove"):
                return None
            return portal.columns if portal is not None else None
        if node.kind == "ExecuteStmt":
            found = backend.prepared.get(node._fields["name"])
            return self._columns(found) if found is not None else None
        return None

    def _describe(self, payload: bytes) -> None:
        backend = self.backend
        assert backend is not None
        kind, name = frontend.parse_target(payload)
        if kind == "S":
            prepared = self.statement(name)
            if prepared.plan is not None:
                backend.start_transaction()
                self._plan(prepared)
            self.send(out.parameter_description(prepared.types))
            columns = self._columns(prepared)
            if columns is not None and backend.state == "failed":
                raise in_failed_transaction()
            self.send(out.NO_DATA if columns is None else out.row_description(self.fields(columns)))
        elif kind == "P":
            portal = backend.portals.get(name)
            if portal is None:
                raise PgError("34000", f'portal "{name}" does not exist')
            columns = portal.columns if portal.columns is not None else self._columns(portal.statement)
            if columns is None:
                self.send(out.NO_DATA)
            else:
                formats = portal.formats or (0,) * len(columns)
                self.send(out.row_description(self.fields(columns), formats))
        else:
            raise PgError("08P01", f"invalid DESCRIBE message subtype {ord(kind)}")

    def _execute(self, payload: bytes) -> None:
        backend = self.backend
        assert backend is not None
        name, limit = frontend.parse_execute(payload)
        portal = backend.portals.get(name)
        if portal is None:
            raise PgError("34000", f'portal "{name}" does not exist')
        prepared = portal.statement
        if prepared is None or prepared.node is None:
            if prepared is not None:
                self.send(out.EMPTY_QUERY)
                return
        else:
            if backend.query_text != prepared.text:
                self._begin_statement(prepared.text)
            if portal.rows is None:
                backend.check_failed(prepared.node)
        if portal.rows is None and not portal.tag:
            backend.start_transaction()
            if prepared.plan is not None:
                result = backend.run_plan(self._plan(prepared), portal.params)
            else:
                result = commands.execute(backend, prepared.node, prepared.text)
                if result.copy is not None:
                    if not isinstance(result.copy, list):
                        self._start_copy(result)
                        self.copy.extended = True
                        return
                    for chunk in result.copy:
                        self.send(chunk)
            portal.tag = result.tag
            if result.columns is None:
                self.send(out.command_complete(result.tag))
                portal.rows = []
                return
            portal.columns = result.columns
            portal.rows = result.rows
            if not portal.formats:
                portal.formats = (0,) * len(result.columns)
        if portal.columns is None:
            self.send(out.command_complete(portal.tag))
            return
        encode = self.encoder(tuple([c[3] for c in portal.columns]), portal.formats)
        start = portal.position
        rows = portal.rows[start:] if start or limit > 0 else portal.rows
        if limit > 0 and len(rows) >= limit:
            portal.position = start + limit
            self.send(encode(rows[:limit], backend.context))
            self.send(out.PORTAL_SUSPENDED)
            return
        portal.position = start + len(rows)
        self.send(encode(rows, backend.context))
        tag = portal.tag
        if tag.startswith("SELECT ") and start:
            tag = f"SELECT {len(rows)}"
        self.send(out.command_complete(tag))

    def _close(self, payload: bytes) -> None:
        backend = self.backend
        assert backend is not None
        kind, name = frontend.parse_target(payload)
        if kind == "S":
            backend.prepared.pop(name, None)
        elif kind == "P":
            backend.portals.pop(name, None)
        else:
            raise PgError("08P01", f"invalid CLOSE message subtype {ord(kind)}")
        self.send(out.CLOSE_COMPLETE)

    def _sync(self, payload: bytes) -> None:
        backend = self.backend
        assert backend is not None
        self.skipping = False
        if backend.state == "idle":
            backend.commit()
        self._ready()

    def _flush(self, payload: bytes) -> None:
        self.flush()

    def _terminate(self, payload: bytes) -> None:
        self.ending = True
        self.flush()
        self.close()

    def _ignore(self, payload: bytes) -> None:
        """CopyData and its like outside of a COPY are dropped."""

    def _function_call(self, payload: bytes) -> None:
        raise PgError("0A000", "the function call protocol is not supported by this emulator")


_MESSAGES: dict[str, Any] = {
    "P": PostgresSession._parse,
    "B": PostgresSession._bind,
    "D": PostgresSession._describe,
    "E": PostgresSession._execute,
    "C": PostgresSession._close,
    "S": PostgresSession._sync,
    "H": PostgresSession._flush,
    "X": PostgresSession._terminate,
    "F": PostgresSession._function_call,
    "d": PostgresSession._ignore,
    "c": PostgresSession._ignore,
    "f": PostgresSession._ignore,
    "p": PostgresSession._ignore,
}


def _select_into(node: Any) -> bool:
    if node.kind != "SelectStmt":
        return False
    while "larg" in node._fields:
        node = node._fields["larg"]
    return "intoClause" in node._fields
