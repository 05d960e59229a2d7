"""COPY TO and FROM: text, csv and binary, to and from the client and to and from files of the machine."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.relations import find_relation_oid, range_var_names
from emulators.postgres.commands import command
from emulators.postgres.errors import PgError, unsupported
from emulators.postgres.types.registry import type_io

SIGNATURE = b"PGCOPY\n\xff\r\n\0"


class Options:
    """COPY's options, checked."""

    def __init__(self, node: Any, is_from: bool) -> None:
        self.format = "text"
        self.delimiter: str | None = None
        self.null: str | None = None
        self.header: Any = False
        self.quote: str | None = None
        self.escape: str | None = None
        self.force_quote: Any = None
        self.force_not_null: Any = None
        self.force_null: Any = None
        self.freeze = False
        self.default: str | None = None
        self.on_error = "stop"
        self.encoding = ""
        seen: set[str] = set()
        for option in node.options or ():
            name = option.defname
            if name in seen:
                raise PgError("42601", "conflicting or redundant options", location=option.location)
            seen.add(name)
            self._one(name, option, is_from)
            option.mark_read()
        self._check(is_from)

    def _one(self, name: str, option: Any, is_from: bool) -> None:
        arg = option.arg
        if name == "format":
            value = _word(arg)
            if value not in ("text", "csv", "binary"):
                raise PgError("22023", f'COPY format "{value}" not recognized', location=option.location)
            self.format = value
        elif name == "delimiter":
            self.delimiter = arg.sval
        elif name == "null":
            self.null = arg.sval
        elif name == "default":
            self.default = arg.sval
        elif name == "header":
            value = _word(arg) if arg is not None else "true"
            self.header = "match" if value == "match" else value in ("true", "on", "1")
            if self.header == "match" and not is_from:
                raise PgError("0A000", 'cannot use "match" with HEADER in COPY TO')
        elif name == "quote":
            self.quote = arg.sval
        elif name == "escape":
            self.escape = arg.sval
        elif name in ("force_quote", "force_not_null", "force_null"):
            setattr(self, name, "*" if getattr(arg, "kind", "") == "A_Star" else [a.sval for a in arg])
        elif name == "freeze":
            self.freeze = arg is None or _word(arg) in ("true", "on", "1")
        elif name == "encoding":
            self.encoding = arg.sval
        elif name == "on_error":
            self.on_error = _word(arg)
            if self.on_error not in ("stop", "ignore"):
                raise PgError("22023", f'COPY ON_ERROR "{self.on_error}" not recognized', location=option.location)
        elif name in ("log_verbosity", "reject_limit") or name == "convert_selectively":
            pass
        else:
            raise PgError("42601", f'option "{name}" not recognized', location=option.location)

    def _check(self, is_from: bool) -> None:
        csv = self.format == "csv"
        if self.format == "binary":
            for name in ("delimiter", "null", "default"):
                if getattr(self, name) is not None:
                    raise PgError("42601", f"cannot specify {name.upper()} in BINARY mode")
            if self.header:
                raise PgError("0A000", "cannot specify HEADER in BINARY mode")
        if self.delimiter is None:
            self.delimiter = "," if csv else "\t"
        if self.null is None:
            self.null = "" if csv else "\\N"
        if csv:
            self.quote = '"' if self.quote is None else self.quote
            self.escape = self.quote if self.escape is None else self.escape
        if len(self.delimiter.encode()) != 1:
            raise PgError("0A000", "COPY delimiter must be a single one-byte character")
        if self.delimiter in "\r\n":
            raise PgError("22023", "COPY delimiter cannot be newline or carriage return")
        if "\r" in self.null or "\n" in self.null:
            raise PgError("22023", "COPY null representation cannot use newline or carriage return")
        if not csv and self.delimiter in "\\.abcdefghijklmnopqrstuvwxyz0123456789":
            raise PgError("22023", f'COPY delimiter cannot be "{self.delimiter}"')
        if not csv:
            for name in ("quote", "escape"):
                if getattr(self, name) is not None:
                    raise PgError("0A000", f"COPY {name.upper()} requires CSV mode")
            for name in ("force_quote", "force_not_null", "force_null"):
                if getattr(self, name) is not None:
                    raise PgError("0A000", f"COPY {name.upper()} requires CSV mode")
        else:
            assert self.quote is not None
            assert self.escape is not None
            if len(self.quote.encode()) != 1:
                raise PgError("0A000", "COPY quote must be a single one-byte character")
            if self.delimiter == self.quote:
                raise PgError("22023", "COPY delimiter and quote must be different")
            if len(self.escape.encode()) != 1:
                raise PgError("0A000", "COPY escape must be a single one-byte character")
        if self.force_quote is not None and is_from:
            raise PgError("22023", "COPY FORCE_QUOTE cannot be used with COPY FROM")
        for name in ("force_not_null", "force_null"):
            if getattr(self, name) is not None and not is_from:
                raise PgError("22023", f"COPY {name.upper()} cannot be used with COPY TO")
        if self.delimiter in self.null:
            raise PgError("22023", "COPY delimiter character must not appear in the NULL specification")
        if csv and self.quote and self.quote in self.null:
            raise PgError("22023", "CSV quote character must not appear in the NULL specification")


def _word(arg: Any) -> str:
    if arg.sval is not None:
        return str(arg.sval).lower()
    if arg.boolval is not None:
        return "true"
    if arg.ival is not None:
        return str(arg.ival)
    return "false"


def _columns(relation: Any, names: Any, *, is_from: bool) -> list[Any]:
    if names:
        out = []
        for item in names:
            column = relation.column(item.sval)
            if column is None:
                raise PgError("42703", f'column "{item.sval}" of relation "{relation.name}" does not exist')
            if column.generated:
                raise PgError(
                    "42P10",
                    f'column "{item.sval}" is a generated column',
                    detail="Generated columns cannot be used in COPY.",
                )
            if column in out:
                raise PgError("42701", f'column "{item.sval}" specified more than once')
            out.append(column)
        return out
    return [c for c in relation.live if not c.generated]


@command("CopyStmt")
def copy(backend: Any, node: Any, text: str) -> Any:
    from emulators.postgres.privileges import check_relation

    is_from = bool(node.is_from)
    if node.is_program:
        raise unsupported("COPY with a program")
    if node.filename and not backend.is_superuser():
        verb, role = ("from", "pg_read_server_files") if is_from else ("to", "pg_write_server_files")
        raise PgError(
            "42501",
            f"permission denied to COPY {verb} a file",
            detail=f'Only roles with privileges of the "{role}" role may COPY {verb} a file.',
            hint="Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.",
        )
    options = Options(node, is_from)
    catalog = backend.catalog
    if node.relation is not None:
        oid = find_relation_oid(catalog, range_var_names(node.relation), None)
        relation = catalog.relation(oid)
        check_relation(backend, relation, "a" if is_from else "r")
        columns = _columns(relation, node.attlist, is_from=is_from)
    if is_from:
        if relation.kind != "r":
            what = {"v": "view", "S": "sequence"}.get(relation.kind, "relation")
            raise PgError("42809", f'cannot copy to {what} "{relation.name}"')
        if backend.read_only and relation.persistence != "t":
            raise PgError("25006", "cannot execute COPY FROM in a read-only transaction")
        where = None
        if node.whereClause is not None:
            from emulators.postgres.commands.objects import table_condition
            from emulators.postgres.compile.plan import row_function

            expr = table_condition(backend, relation, node.whereClause, "copy where", "WHERE")
            where = row_function(catalog, expr)
            node.whereClause.mark_read()
        from emulators.postgres.backend import Result

        taker = CopyIn(backend, relation, columns, options, where)
        if node.filename:
            taker.feed(_read_file(node.filename))
            return Result(f"COPY {taker.finish()}")
        result = Result("COPY 0")
        result.copy = taker
        return result
    if node.query is not None:
        plan = backend.plan(node.query, text)
        if not plan.returns_rows:
            raise PgError("0A000", "COPY query must have a RETURNING clause")
        outcome = backend.run_plan(plan, ())
        rows = outcome.rows
        names = [c[0] for c in plan.columns]
        types = [c[3] for c in plan.columns]
    else:
        if relation.kind not in "r":
            what = {"v": "view", "S": "sequence", "m": "materialized view"}.get(relation.kind, "relation")
            hint = "Try the COPY (SELECT ...) TO variant." if relation.kind == "v" else None
            raise PgError("42809", f'cannot copy from {what} "{relation.name}"', hint=hint)
        snapshot = backend.take_snapshot()
        positions = [c.num - 1 for c in columns]
        heap = backend.database.heap(relation.filenode)
        rows = [tuple([r[p] for p in positions]) for r in heap.rows(snapshot)]
        names = [c.name for c in columns]
        types = [c.type for c in columns]
    outcome = _copy_out(backend, rows, names, types, options)
    if node.filename:
        _write_file(node.filename, outcome.copy[1:-1])
        outcome.copy = None
    return outcome


def _read_file(name: str) -> bytes:
    """A file of the machine that the emulator runs on, which is the server's own."""
    try:
        return Path(name).read_bytes()
    except IsADirectoryError:
        raise PgError("42809", f'"{name}" is a directory') from None
    except OSError as error:
        raise PgError(
            "58P01" if isinstance(error, FileNotFoundError) else "42501",
            f'could not open file "{name}" for reading: {error.strerror}',
            hint="COPY FROM instructs the PostgreSQL server process to read a file. You may want a client-side "
            "facility such as psql's \\copy.",
        ) from None


def _write_file(name: str, chunks: list[bytes]) -> None:
    if not Path(name).is_absolute():
        raise PgError("42602", "relative path not allowed for COPY to file")
    try:
        Path(name).write_bytes(b"".join([c[5:] for c in chunks]))
    except OSError as error:
        raise PgError(
            "42501" if isinstance(error, PermissionError) else "58P01",
            f'could not open file "{name}" for writing: {error.strerror}',
            hint="COPY TO instructs the PostgreSQL server process to write a file. You may want a client-side "
            "facility such as psql's \\copy.",
        ) from None


# -- TO ------------------------------------------------------------------------------------------------------

_ESCAPES = {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}


def _copy_out(backend: Any, rows: list[Any], names: list[str], types: list[int], options: Options) -> Any:
    from emulators.postgres.backend import Result
    from emulators.postgres.wire import backend as wire

    context = backend.context
    ios = [type_io(t, backend.catalog) for t in types]
    binary = options.format == "binary"
    chunks = [wire.copy_out_response(len(types), binary)]
    add = chunks.append
    if binary:
        add(wire.copy_data(SIGNATURE + struct.pack("!II", 0, 0)))
        for row in rows:
            parts = [struct.pack("!h", len(types))]
            for value, io in zip(row, ios, strict=True):
                if value is None:
                    parts.append(b"\xff\xff\xff\xff")
                else:
                    data = io.binary_out(value, context)
                    parts.append(struct.pack("!i", len(data)) + data)
            add(wire.copy_data(b"".join(parts)))
        add(wire.copy_data(b"\xff\xff"))
    else:
        csv = options.format == "csv"
        if options.header:
            line = [(_csv(n, options, False) if csv else _escape(n, options)) for n in names]
            add(wire.copy_data((options.delimiter or "").join(line).encode() + b"\n"))
        forced = [
            options.force_quote == "*" or (options.force_quote is not None and n in options.force_quote) for n in names
        ]
        for row in rows:
            cells = []
            for value, io, force in zip(row, ios, forced, strict=True):
                if value is None:
                    cells.append(options.null or "")
                else:
                    text = io.text_out(value, context)
                    cells.append(_csv(text, options, force, len(row) == 1) if csv else _escape(text, options))
            add(wire.copy_data((options.delimiter or "").join(cells).encode() + b"\n"))
    add(wire.COPY_DONE)
    result = Result(f"COPY {len(rows)}")
    result.copy = chunks
    return result


def _escape(text: str, options: Options) -> str:
    special = options.delimiter or ""
    if not any(c in _ESCAPES or c == special for c in text):
        return text
    return "".join([_ESCAPES.get(c) or (f"\\{c}" if c == special else c) for c in text])


def _csv(text: str, options: Options, force: bool, single: bool = False) -> str:
    quote, escape = options.quote or '"', options.escape or '"'
    if not force and text != options.null and not any(c in text for c in (quote, options.delimiter or ",", "\n", "\r")):
        if not (single and text == "\\."):
            return text
    body = text
    if escape != quote:
        body = body.replace(escape, escape + escape)
    body = body.replace(quote, escape + quote)
    return f"{quote}{body}{quote}"


# -- FROM ----------------------------------------------------------------------------------------------------

_UNESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_DEFAULT = object()


class CopyIn:
    """COPY FROM STDIN: takes the data in any chunks, stores rows when it ends."""

    def __init__(self, backend: Any, relation: Any, columns: list[Any], options: Options, where: Any) -> None:
        self.backend = backend
        self.relation = relation
        self.columns = columns
        self.options = options
        self.where = where
        self.width = len(columns)
        self.binary = options.format == "binary"
        self.failed = False
        self.result: Any = None
        self.rest: Any = ((), "")
        self.parts: list[bytes] = []
        self.line = 0
        self.extended = False

    def feed(self, data: bytes) -> None:
        self.parts.append(data)

    def located(self, error: PgError, column: str | None = None, value: str | None = None) -> PgError:
        where = f"COPY {self.relation.name}, line {max(self.line, 1)}"
        if column is not None:
            where += f", column {column}"
        if value is not None:
            where += f': "{value}"' if column is None or value is not None else ""
        error.add_where(where)
        return error

    def finish(self) -> int:
        """Parse everything and insert it; returns how many rows were stored."""
        backend = self.backend
        data = b"".join(self.parts)
        rows = self._binary_rows(data) if self.binary else self._text_rows(data)
        return self._store(backend, rows)

    def _store(self, backend: Any, rows: Any) -> int:
        from emulators.postgres.analyze.tree import Default, Query, RangeEntry  # noqa: F401
        from emulators.postgres.backend import Runtime
        from emulators.postgres.execute.modify import programs

        relation = self.relation
        transaction = backend.begin_write(relation, "COPY FROM")
        transaction.cid += 1
        runtime = Runtime(backend, backend.take_snapshot(), ())
        heap = runtime.heap(relation.oid, relation.filenode)
        defaults = column_defaults(backend, relation, {c.num for c in self.columns})
        positions = [c.num - 1 for c in self.columns]
        width = len(relation.columns)
        has_unique = bool(programs(backend, relation).unique)
        context = backend.context
        inserted = []
        for cells in rows:
            row: list[Any] = [None] * width
            for position, value in zip(positions, cells, strict=True):
                row[position] = value
            for position, function in defaults:
                row[position] = function()
            try:
                full = runtime.complete(relation, tuple(row))
                if self.where is not None and self.where(context, full) is not True:
                    continue
                if has_unique:
                    runtime.check_unique(relation, full, None)
            except PgError as error:
                raise self.located(error, None, getattr(self, "raw", None)) from None
            inserted.append(transaction.insert(heap, full))
        if relation.foreign_keys:
            backend.foreign_keys.after_insert(relation, inserted)
        transaction.cid += 1
        backend.foreign_keys.end_of_statement()
        if backend.deferred_unique:
            backend.run_deferred_unique(immediate_only=True)
        return len(inserted)

    # -- text and csv ----------------------------------------------------------------------------------------

    def _text_rows(self, data: bytes) -> Any:
        from emulators.postgres.wire.frontend import text as decode

        try:
            content = decode(data)
        except PgError as error:
            self.line = data[:0].count(b"\n") + 1
            raise self.located(error) from None
        options = self.options
        ios = [type_io(c.type, self.backend.catalog) for c in self.columns]
        context = self.backend.context
        lines = self._csv_lines(content) if options.format == "csv" else self._plain_lines(content)
        header = options.header
        forced = self._forced()
        domains = [self.backend.catalog.type_row(c.type).typtype == "d" for c in self.columns]
        for number, raw, fields in lines:
            self.line = number
            self.raw = raw
            if header and number == 1:
                if header == "match":
                    self._match_header(fields)
                continue
            if len(fields) > self.width:
                if self.width == 0 and fields == [None]:
                    yield ()
                    continue
                raise self.located(PgError("22P04", "extra data after last expected column"), None, raw)
            if len(fields) < self.width:
                missing = self.columns[len(fields)].name
                raise self.located(PgError("22P04", f'missing data for column "{missing}"'), None, raw)
            cells: list[Any] = []
            skip = False
            for i, (field, io, column) in enumerate(zip(fields, ios, self.columns, strict=True)):
                if forced is not None:
                    field = forced(i, field)
                if field is _DEFAULT:
                    (one,) = column_defaults(self.backend, self.relation, set(), only=column.num) or (
                        (0, lambda: None),
                    )
                    cells.append(one[1]())
                    continue
                if isinstance(field, tuple):
                    field = field[0]
                try:
                    value = None if field is None else io.text_in(field, column.typmod, context)
                    if domains[i]:
                        value = context.check_domain(column.type, value)
                except PgError as error:
                    if options.on_error == "ignore":
                        skip = True
                        break
                    raise self.located(error, column.name, field if field is not None else None) from None
                cells.append(value)
            if skip:
                continue
            yield cells

    def _forced(self) -> Any:
        options = self.options
        if options.format != "csv" or (options.force_not_null is None and options.force_null is None):
            return None
        names = [c.name for c in self.columns]

        def has(which: Any, i: int) -> bool:
            return which == "*" or (which is not None and names[i] in which)

        def apply(i: int, field: Any) -> Any:
            if field is None and has(options.force_not_null, i):
                return options.null
            if isinstance(field, tuple) and field[0] == options.null and has(options.force_null, i):
                return None
            return field

        return apply

    def _match_header(self, fields: list[Any]) -> None:
        names = [f[0] if isinstance(f, tuple) else f for f in fields]
        if len(names) != self.width:
            raise self.located(
                PgError("22P04", f"wrong number of fields in header line: got {len(names)}, expected {self.width}")
            )
        for i, (name, column) in enumerate(zip(names, self.columns, strict=True), 1):
            if name != column.name:
                raise self.located(
                    PgError(
                        "22P04",
                        f'column name mismatch in header line field {i}: got "{name}", expected "{column.name}"',
                    )
                )

    def _plain_lines(self, content: str) -> Any:
        options = self.options
        delimiter, null = options.delimiter or "\t", options.null
        number = 0
        lines = content.split("\n")
        if lines and lines[-1] == "":
            lines.pop()
        pending = ""
        for line in lines:
            number += 1
            line = pending + line
            pending = ""
            line = line[:-1] if line.endswith("\r") else line
            if line == "\\.":
                return
            # A backslash before the newline continues the line.
            if line.endswith("\\") and (len(line) - len(line.rstrip("\\"))) % 2:
                pending = line + "\n"
                continue
            if "\\" not in line:
                yield number, line, [None if f == null else f for f in line.split(delimiter)]
                continue
            yield number, line, self._split_escaped(line, delimiter, null)

    def _split_escaped(self, line: str, delimiter: str, null: str | None) -> list[Any]:
        raw: list[str] = [""]
        i, n = 0, len(line)
        while i < n:
            c = line[i]
            if c == "\\" and i + 1 < n:
                raw[-1] += line[i : i + 2]
                i += 2
            elif c == delimiter:
                raw.append("")
                i += 1
            else:
                raw[-1] += c
                i += 1
        out: list[Any] = []
        for field in raw:
            if field == null:
                out.append(None)
            elif self.options.default is not None and field == self.options.default:
                out.append(_DEFAULT)
            else:
                out.append(_unescape(field))
        return out

    def _csv_lines(self, content: str) -> Any:
        options = self.options
        delimiter, quote, escape, null = options.delimiter, options.quote, options.escape, options.null
        i, n = 0, len(content)
        number = 0
        while i < n:
            number += 1
            start = i
            fields: list[Any] = []
            field = ""
            quoted = False
            in_quotes = False
            while True:
                if i >= n:
                    if in_quotes:
                        self.line = number
                        raise self.located(PgError("22P04", "unterminated CSV quoted field"), None, content[start:])
                    break
                c = content[i]
                if in_quotes:
                    if c == escape and i + 1 < n and content[i + 1] in (quote, escape):
                        field += content[i + 1]
                        i += 2
                        continue
                    if c == quote:
                        in_quotes = False
                        i += 1
                        continue
                    field += c
                    i += 1
                    continue
                if c == quote:
                    in_quotes = quoted = True
                    i += 1
                    continue
                if c == delimiter:
                    fields.append(self._csv_field(field, quoted, null))
                    field, quoted = "", False
                    i += 1
                    continue
                if c in "\r\n":
                    break
                field += c
                i += 1
            raw = content[start:i]
            if i < n and content[i] == "\r":
                i += 1
            if i < n and content[i] == "\n":
                i += 1
            if raw == "\\.":
                return
            fields.append(self._csv_field(field, quoted, null))
            yield number, raw, fields

    def _csv_field(self, field: str, quoted: bool, null: str | None) -> Any:
        if quoted:
            return (field,)
        if self.options.default is not None and field == self.options.default:
            return _DEFAULT
        return None if field == null else field

    # -- binary ----------------------------------------------------------------------------------------------

    def _binary_rows(self, data: bytes) -> Any:
        if data[:11] != SIGNATURE:
            raise self.located(PgError("22P04", "COPY file signature not recognized"))
        if len(data) < 19:
            raise self.located(PgError("22P04", "invalid COPY file header (missing flags)"))
        flags, extension = struct.unpack_from("!II", data, 11)
        if flags & ~0xFFFF:
            raise self.located(PgError("22P04", "unrecognized critical flags in COPY file header"))
        offset = 19 + extension
        ios = [type_io(c.type, self.backend.catalog) for c in self.columns]
        context = self.backend.context
        while True:
            self.line += 1
            if offset + 2 > len(data):
                if offset == len(data):
                    return
                raise self.located(PgError("22P04", "unexpected EOF in COPY data"))
            (count,) = struct.unpack_from("!h", data, offset)
            offset += 2
            if count == -1:
                return
            if count != self.width:
                raise self.located(PgError("22P04", f"row field count is {count}, expected {self.width}"))
            cells: list[Any] = []
            for io, column in zip(ios, self.columns, strict=True):
                if offset + 4 > len(data):
                    raise self.located(PgError("22P04", "unexpected EOF in COPY data"), column.name)
                (length,) = struct.unpack_from("!i", data, offset)
                offset += 4
                if length == -1:
                    cells.append(None)
                    continue
                if length < 0:
                    raise self.located(PgError("22P04", "invalid field size"), column.name)
                if offset + length > len(data):
                    raise self.located(PgError("22P04", "unexpected EOF in COPY data"), column.name)
                try:
                    cells.append(io.binary_in(data[offset : offset + length], column.typmod, context))
                except PgError as error:
                    raise self.located(error, column.name) from None
                offset += length
            yield cells


def _unescape(field: str) -> str:
    out: list[str] = []
    i, n = 0, len(field)
    while i < n:
        c = field[i]
        if c != "\\" or i + 1 >= n:
            out.append(c)
            i += 1
            continue
        d = field[i + 1]
        i += 2
        if d in _UNESCAPES:
            out.append(_UNESCAPES[d])
        elif d in "01234567":
            digits = d
            while len(digits) < 3 and i < n and field[i] in "01234567":
                digits += field[i]
                i += 1
            out.append(chr(int(digits, 8) & 0xFF))
        elif d == "x" and i < n and field[i] in "0123456789abcdefABCDEF":
            digits = field[i]
            i += 1
            if i < n and field[i] in "0123456789abcdefABCDEF":
                digits += field[i]
                i += 1
            out.append(chr(int(digits, 16)))
        else:
            out.append(d)
    return "".join(out)


def column_defaults(backend: Any, relation: Any, given: set[int], only: int = 0) -> list[tuple[int, Any]]:
    """(position, function) for the columns that COPY does not fill."""
    from emulators.postgres.compile.plan import row_function

    out: list[tuple[int, Any]] = []
    for column in relation.columns:
        if column.dropped or column.generated or column.num in given or (only and column.num != only):
            continue
        if column.identity:
            sequence = backend.sequences.owned(relation.oid, column.num)
            out.append((column.num - 1, lambda s=sequence: backend.sequences.nextval(s)))
            continue
        tree = getattr(column.default, "tree", None)
        if tree is not None:
            function = row_function(backend.catalog, tree)
            out.append((column.num - 1, lambda f=function: f(backend.context, ())))
    return out


_ = oids
