"""`ctx.redis`, `ctx.postgres` and `ctx.kafka`: the few calls that tests need, over the real sockets, without a client library.

They see what any client sees: chaos hits them, and a crash breaks their connections. For more, use a client of your choice on
`ctx["redis"].url`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from parlel._aliases import CamelAliases
from parlel.clients.resp import RespClient

if TYPE_CHECKING:
    from emulators.kafka.client import ConsumedRecord, KafkaClient, ProducedRecord
    from parlel.clients.pg import PgClient
    from parlel.machine import Machine

__all__ = ["KafkaHelper", "PostgresHelper", "RedisHelper"]


class _Helper(CamelAliases):
    """A connection that is opened when it is first used, and belongs to one call at a time."""

    def __init__(self, machine: Machine, name: str) -> None:
        self._machine = machine
        self._lock = threading.Lock()
        self._crashes = 0
        self.name = name

    @property
    def url(self) -> str:
        """What clients take to connect."""
        return self._machine.services()[self.name].url

    def client(self, **options: Any) -> Any:
        """A client of the usual library, see `Service.client`."""
        return self._machine.services()[self.name].client(**options)

    def _crashed(self) -> bool:
        """Whether the service has crashed since the last call, so that our connection is gone."""
        before, self._crashes = self._crashes, self._machine.runtime(self.name).crashes
        return before != self._crashes


class RedisHelper(_Helper):
    """A few Redis commands; `execute` takes any other. Values come back as text (bytes that are not UTF-8: as bytes)."""

    def __init__(self, machine: Machine, name: str = "redis") -> None:
        super().__init__(machine, name)
        self._client: RespClient | None = None

    def execute(self, *args: object) -> Any:
        """Any command: `execute("HSET", "h", "field", 1)`. ReplyError for an error reply."""
        self._machine.forbid_host_thread()
        with self._lock:
            if self._client is None:
                at = self._machine.address(self.name)
                self._client = RespClient(at.host, at.port, password=at.options.get("password"))
            return self._client.execute(*args)

    def set(
        self,
        key: str,
        value: object,
        *,
        ex: int | None = None,
        px: int | None = None,
        nx: bool = False,
        xx: bool = False,
    ) -> bool:
        """Set a key; `ex` seconds or `px` milliseconds to live. False when `nx` or `xx` kept it from being set."""
        command: list[object] = ["SET", key, value]
        if ex is not None:
            command += ["EX", ex]
        if px is not None:
            command += ["PX", px]
        command += ["NX"] * nx + ["XX"] * xx
        return bool(self.execute(*command) == "OK")

    def get(self, key: str) -> str | bytes | None:
        """The value of a string, or None."""
        value: str | bytes | None = self.execute("GET", key)
        return value

    def delete(self, *keys: str) -> int:
        """Delete keys; returns how many there were."""
        return int(self.execute("DEL", *keys))

    del_ = delete

    def incr(self, key: str, amount: int = 1) -> int:
        """Add to a number and return it."""
        return int(self.execute("INCR", key) if amount == 1 else self.execute("INCRBY", key, amount))

    def expire(self, key: str, seconds: int) -> bool:
        """Let a key live for `seconds`; False when there is no such key."""
        return bool(self.execute("EXPIRE", key, seconds))

    def flushdb(self) -> bool:
        """Delete all keys."""
        return bool(self.execute("FLUSHDB") == "OK")

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        with self._lock:
            if self._client is not None:
                self._client.close()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            # `del` is a keyword, so it can only come from getattr(helper, "del").
            return self.delete if name == "del" else super().__getattr__(name)


class PostgresHelper(_Helper):
    """SQL over the wire: `query` for rows, `execute` for counts. Parameters are written `$1`, `$2`, ... as in PostgreSQL."""

    def __init__(self, machine: Machine, name: str = "postgres") -> None:
        super().__init__(machine, name)
        self._client: PgClient | None = None

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """The rows of a statement as dicts by column. QueryError for an error of the server."""
        self._machine.forbid_host_thread()
        with self._lock:
            results = self._connected().query(sql, parameters)
        return results[-1].dicts() if results else []

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run one statement, or several separated by semicolons; returns how many rows the last one changed or gave."""
        self._machine.forbid_host_thread()
        with self._lock:
            results = self._connected().query(sql, parameters)
        return results[-1].count if results else 0

    def cleanup(self) -> None:
        """Drop everything users have made in this database: schemas with all they hold; `public` comes back empty."""
        schemas = self.query(
            "SELECT nspname FROM pg_catalog.pg_namespace "
            "WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' ORDER BY oid"
        )
        for row in schemas:
            quoted = '"' + str(row["nspname"]).replace('"', '""') + '"'
            self.execute(f"DROP SCHEMA {quoted} CASCADE")
        self.execute("CREATE SCHEMA public; GRANT ALL ON SCHEMA public TO public")

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        with self._lock:
            if self._client is not None:
                self._client.close()

    def _connected(self) -> PgClient:
        from parlel.clients.pg import PgClient
        from parlel.services import postgres_login

        if self._crashed() and self._client is not None and self._client.transaction_status == "I":
            self._client.close()
        if self._client is None or self._client.closed:
            at = self._machine.address(self.name)
            login = postgres_login(at)
            self._client = PgClient(
                at.host, at.port, user=login["user"], password=login["password"], database=login["database"]
            )
        return self._client


class KafkaHelper(_Helper):
    """Produce, consume and look at groups over the wire. Keys and values: bytes, text, None, or anything else as JSON.

    Records that come back (`ConsumedRecord`) have `topic partition offset timestamp key value headers`, `.text()` and `.json()`.
    `KafkaError` (from `emulators.kafka.client`) for an error of the broker.
    """

    def __init__(self, machine: Machine, name: str = "kafka") -> None:
        super().__init__(machine, name)
        self._client: KafkaClient | None = None

    @property
    def bootstrap_servers(self) -> str:
        """`host:port`, what Kafka clients take."""
        return self.url

    def produce(
        self,
        topic: str,
        value: Any = None,
        *,
        key: Any = None,
        headers: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        partition: int | None = None,
        timestamp: int | None = None,
    ) -> ProducedRecord:
        """Write one record, to a topic that is made if need be; `timestamp` in milliseconds. Returns topic, partition, offset."""
        with self._using() as client:
            return client.produce(topic, value, key=key, headers=headers, partition=partition, timestamp=timestamp)

    def produce_many(self, topic: str, rows: Iterable[Mapping[str, Any]]) -> list[ProducedRecord]:
        """Write rows `{"value", "key", "headers", "partition", "timestamp"}`, one batch a partition."""
        with self._using() as client:
            return client.produce_many(topic, rows)

    def consume(self, topic: str, *, partition: int | None = None, offset: int | None = None) -> list[ConsumedRecord]:
        """Every committed record that is there now, partition by partition, from `offset` on."""
        with self._using() as client:
            return client.consume_all(topic, partition=partition, offset=offset)

    def topics(self) -> dict[str, int]:
        """Topics by name with their number of partitions."""
        with self._using() as client:
            return client.topics()

    def create_topic(self, name: str, partitions: int = 1, configs: Mapping[str, str] | None = None) -> None:
        """Make a topic. KafkaError when it is there already."""
        with self._using() as client:
            client.create_topic(name, partitions, configs=configs)

    def delete_topic(self, name: str) -> None:
        """Delete a topic. KafkaError when there is none."""
        with self._using() as client:
            client.delete_topic(name)

    def committed(self, group: str) -> dict[tuple[str, int], int]:
        """A group's committed offsets by (topic, partition)."""
        with self._using() as client:
            return client.committed(group)

    def lag(self, group: str) -> dict[tuple[str, int], int]:
        """Records behind a group's committed offsets, by (topic, partition)."""
        with self._using() as client:
            return client.lag(group)

    def wait_for_group(
        self, group: str, *, members: int | None = None, state: str = "Stable", timeout: float = 10.0
    ) -> None:
        """Wait until a group has that state (and so many members). TimeoutError after `timeout` real seconds."""
        self._machine.forbid_host_thread()
        # On a connection of its own: this may take long, and other threads go on meanwhile.
        with self._connected() as client:
            client.wait_for_group(group, members=members, state=state, timeout=timeout)

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        with self._lock:
            self._drop()

    @contextmanager
    def _using(self) -> Iterator[KafkaClient]:
        self._machine.forbid_host_thread()
        with self._lock:
            if self._crashed():
                self._drop()
            if self._client is None:
                self._client = self._connected()
            try:
                yield self._client
            except OSError:
                # A broken connection is not used again.
                self._drop()
                raise

    def _connected(self) -> KafkaClient:
        from emulators.kafka.client import KafkaClient
        from parlel.services import kafka_sasl

        return KafkaClient(self.url, sasl=kafka_sasl(self._machine.address(self.name)))

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
