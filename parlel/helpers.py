"""`ctx.redis`, `ctx.postgres` and `ctx.kafka`: the few calls that tests need, over the real sockets, without a client library.

They see what any client sees: chaos hits them, and a crash breaks their connections. For more, use a client of your choice on
`ctx["redis"].url`.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from parlel._aliases import CamelAliases
from parlel.clients.resp import RespClient

if TYPE_CHECKING:
    from parlel.clients.pg import PgClient
    from parlel.machine import Machine

__all__ = ["KafkaHelper", "PostgresHelper", "RedisHelper"]


class _Helper(CamelAliases):
    """A connection that is opened when it is first used, and belongs to one call at a time."""

    def __init__(self, machine: Machine, name: str) -> None:
        self._machine = machine
        self._lock = threading.Lock()
        self.name = name

    @property
    def url(self) -> str:
        """What clients take to connect."""
        return self._machine.services()[self.name].url

    def client(self, **options: Any) -> Any:
        """A client of the usual library, see `Service.client`."""
        return self._machine.services()[self.name].client(**options)


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

        if self._client is None or self._client.closed:
            at = self._machine.address(self.name)
            login = postgres_login(at)
            self._client = PgClient(
                at.host, at.port, user=login["user"], password=login["password"], database=login["database"]
            )
        return self._client


class KafkaHelper(_Helper):
    """Produce and consume over the wire. `produce` takes a dict or list as JSON; keys and values come back as text or bytes."""

    def __init__(self, machine: Machine, name: str = "kafka") -> None:
        super().__init__(machine, name)

    @property
    def bootstrap_servers(self) -> str:
        """`host:port`, what Kafka clients take."""
        return self.url
