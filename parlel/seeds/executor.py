"""SeedExecutor: runs seed files and texts against services, over their sockets, so it works on real servers too.

    redis     one command a line, redis-cli's quoting, `#` comments        (`redis_lines.py`);
              or a dump of a real server (a file that begins with REDIS), for a Redis of parlel's
    postgres  SQL separated by semicolons, with COPY … FROM stdin blocks   (`sql.py`)
    kafka     a JSON array of {"topic", "key", "value", "partition", "headers", "timestamp"};
              topics are made as needed

Statements run one after the other and the first error stops the seed; what ran before it stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from emulators.kernel.host import LOOPBACK
from parlel import services as table
from parlel._aliases import CamelAliases
from parlel.clients.resp import ReplyError, RespClient
from parlel.errors import SeedError, ServiceNotAvailable, suggest
from parlel.seeds.redis_lines import LineError, read_commands
from parlel.seeds.sql import SqlError, split_statements

__all__ = ["SeedExecutor"]

_T = TypeVar("_T")

# A seed with more statements than this shows its progress, on a terminal.
_LONG = 1000
_RECORD_FIELDS = ("topic", "key", "value", "partition", "headers", "timestamp")
_RDB_MAGIC = b"REDIS0"
_JSON_BETWEEN = " \t\r\n,"


class SeedExecutor(CamelAliases):
    """Loads data into the services of a context.

    >>> import parlel
    >>> with parlel.create_test_context(services=["redis"]) as ctx:
    ...     ctx.seed.execute_content("redis", "SET user:1 alice\\nSET user:2 bob")
    2
    """

    def __init__(
        self,
        instances: Mapping[str, tuple[str, Callable[[], table.Address]]],
        guard: Callable[[], None] = lambda: None,
        load_rdb: Callable[[str, str], int] | None = None,
    ) -> None:
        self._instances = dict(instances)
        self._guard = guard
        self._load_rdb = load_rdb

    def execute_file(self, service: str, path: str | PathLike[str], port: int | None = None) -> int:
        """Run a file; returns how many statements (commands, records) were executed, or keys loaded from a Redis dump.

        `port` sends it to another server on this machine. SeedError names file, line and reply. OSError when it cannot be read.
        """
        data = Path(path).read_bytes()
        if data.startswith(_RDB_MAGIC) and self._kind(service) == "redis":
            return self._execute_rdb(service, path, port)
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise SeedError(service, str(path), line, 0, f"the file is not UTF-8 text: {error}") from error
        return self._execute(service, text, str(path), port)

    def execute_content(self, service: str, text: str, port: int | None = None) -> int:
        """Run a text; see `execute_file`."""
        return self._execute(service, text, "<content>", port)

    # -- inside ----------------------------------------------------------------------------------------------

    def _execute(self, service: str, text: str, file: str, port: int | None) -> int:
        self._guard()
        kind, at = self._find(service, port)
        runner = {"redis": _seed_redis, "postgres": _seed_postgres, "kafka": _seed_kafka}.get(kind)
        if runner is None:
            raise ServiceNotAvailable(f"there is no seed format for {kind!r}")
        return runner(service, at, text, file)

    def _kind(self, service: str) -> str:
        known = self._instances.get(service)
        return known[0] if known is not None else service

    def _execute_rdb(self, service: str, path: str | PathLike[str], port: int | None) -> int:
        self._guard()
        if port is not None or self._load_rdb is None:
            reason = (
                "an RDB file goes into a Redis of parlel's only, by its name: let another server read it at its start"
            )
            raise SeedError(service, str(path), 1, 0, reason)
        self._find(service, None)
        return self._load_rdb(service, str(Path(path).absolute()))

    def _find(self, service: str, port: int | None) -> tuple[str, table.Address]:
        known = self._instances.get(service)
        if known is not None:
            kind, address = known
            at = address()
            return kind, at if port is None else table.Address(at.host, port, at.options)
        if port is not None:
            return table.find(service).name, table.Address(LOOPBACK, port, {})
        raise ServiceNotAvailable(
            f"no service {service!r} runs here.{suggest(service, self._instances)} "
            "With port= a server that runs elsewhere on this machine can be seeded."
        )


def _seed_redis(service: str, at: table.Address, text: str, file: str) -> int:
    applied = 0
    with RespClient(at.host, at.port, password=at.options.get("password"), timeout=60.0) as client:
        try:
            for number, line, arguments in _progress(read_commands(text), text.count("\n"), file):
                try:
                    client.execute(*arguments)
                except (ReplyError, OSError) as error:
                    raise SeedError(service, file, number, applied, str(error), line) from error
                applied += 1
        except LineError as error:
            raise SeedError(
                service, file, error.line, applied, f"{error} (the line was not sent)", error.text
            ) from error
    return applied


def _seed_postgres(service: str, at: table.Address, text: str, file: str) -> int:
    from parlel.clients.pg import PgClient, QueryError

    applied = 0
    login: dict[str, Any] = dict(table.postgres_login(at))
    try:
        connected = PgClient(at.host, at.port, timeout=60.0, **login)
    except (QueryError, OSError) as error:
        raise SeedError(service, file, 1, 0, f"cannot connect: {error}") from error
    with connected as client:
        try:
            for statement in _progress(split_statements(text), text.count(";"), file):
                try:
                    if statement.copy_data is None:
                        client.query(statement.sql)
                    else:
                        client.copy_in(statement.sql, statement.copy_data)
                except (QueryError, OSError) as error:
                    line = statement.line
                    position = getattr(error, "position", None)
                    if position:
                        line += statement.sql.count("\n", 0, position - 1)
                    raise SeedError(service, file, line, applied, str(error), statement.sql) from error
                applied += 1
        except SqlError as error:
            raise SeedError(
                service, file, error.line, applied, f"{error} (nothing more was sent)", error.text
            ) from error
    return applied


def _seed_kafka(service: str, at: table.Address, text: str, file: str) -> int:
    from emulators.kafka.client import KafkaClient, KafkaError

    records = list(_read_records(service, text, file))
    applied = 0
    with KafkaClient(f"{at.host}:{at.port}", timeout=60.0, sasl=table.kafka_sasl(at)) as client:
        for line, record in _progress(records, len(records), file):
            try:
                client.produce(**record)
            except (KafkaError, OSError) as error:
                raise SeedError(service, file, line, applied, str(error), json.dumps(record)) from error
            applied += 1
    return applied


def _read_records(service: str, text: str, file: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The records with the lines on which they begin; the array is read element by element to know them."""
    text = text.removeprefix("\ufeff")
    decoder = json.JSONDecoder()
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise SeedError(service, file, error.lineno, 0, f"the text is no JSON: {error}") from error
    if not isinstance(data, list):
        raise SeedError(service, file, 1, 0, 'a Kafka seed is a JSON array of {"topic": …, "key": …, "value": …}')
    position = text.index("[") + 1
    for record in data:
        while text[position] in _JSON_BETWEEN:
            position += 1
        line = text.count("\n", 0, position) + 1
        _, position = decoder.raw_decode(text, position)
        if not isinstance(record, dict) or not isinstance(record.get("topic"), str):
            raise SeedError(service, file, line, 0, 'a record is an object with a "topic"', json.dumps(record))
        for key in record:
            if key not in _RECORD_FIELDS:
                reason = f"a record has no field {key!r}.{suggest(key, _RECORD_FIELDS)}"
                raise SeedError(service, file, line, 0, reason, json.dumps(record))
        yield line, record


def _progress(items: Iterable[_T], expected: int, file: str) -> Iterable[_T]:
    """The items, with a progress bar on stderr when there are many and stderr is a terminal."""
    if expected <= _LONG:
        return items
    import sys

    if not sys.stderr.isatty():
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, description=f"seeding {file}", total=expected, console=Console(stderr=True), transient=True)
