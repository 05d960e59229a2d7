"""A small synchronous Kafka client over a real socket, with our own codec: what `ctx.kafka` and seeds use. It works on
a real broker too.

    with KafkaClient("127.0.0.1:9092") as kafka:
        kafka.produce("orders", {"id": 1}, key="a")
        [record.json() for record in kafka.consume_all("orders")]
        kafka.topics(); kafka.lag("group"); kafka.wait_for_group("group", members=2)

Values and keys: bytes, text, None, or anything else as JSON. Not for many threads at once; one request is in flight at
a time.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from emulators.kafka import errors
from emulators.kafka.wire.codec import decoder, encode, header_version
from emulators.kafka.wire.compression import CODEC_NAMES
from emulators.kafka.wire.records import CONTROL_BIT, Record, build_batch, decode_records, split_batches
from emulators.kafka.wire.schema import API_KEYS

__all__ = ["ConsumedRecord", "KafkaClient", "KafkaError", "ProducedRecord"]

#: The versions that it speaks: old enough for Kafka 2.8, new enough for everything here.
_VERSIONS = {
    "produce": 9,
    "fetch": 12,
    "list_offsets": 7,
    "metadata": 9,
    "offset_fetch": 7,
    "find_coordinator": 3,
    "describe_groups": 5,
    "list_groups": 4,
    "create_topics": 5,
    "delete_topics": 4,
    "consumer_group_describe": 0,
    "sasl_handshake": 1,
    "sasl_authenticate": 2,
}
#: Codes after which the same request may be tried again, when metadata was read anew.
_RETRIED = {
    errors.UNKNOWN_TOPIC_OR_PARTITION,
    errors.LEADER_NOT_AVAILABLE,
    errors.NOT_LEADER_OR_FOLLOWER,
    errors.COORDINATOR_NOT_AVAILABLE,
    errors.NOT_COORDINATOR,
    errors.COORDINATOR_LOAD_IN_PROGRESS,
}
_RETRIES = 20
_RETRY_S = 0.05
_FETCH_BYTES = 64 << 20


class KafkaError(Exception):
    """The broker answered with an error; `code` and `name` say which, the text says for what."""

    def __init__(self, code: int, what: str, message: str | None = None) -> None:
        self.code = code
        self.name = errors.name_of(code)
        super().__init__(f"{what}: {self.name} ({code})" + (f": {message}" if message else ""))


@dataclass(frozen=True, slots=True)
class ProducedRecord:
    """Where a record went."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class ConsumedRecord:
    """One record. `timestamp` is milliseconds since the epoch; headers are (name, value) pairs in order."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    def text(self) -> str | None:
        """The value as UTF-8 text."""
        return None if self.value is None else self.value.decode()

    def json(self) -> Any:
        """The value read as JSON."""
        return None if self.value is None else json.loads(self.value)


def as_bytes(value: Any) -> bytes | None:
    """What travels for a value: bytes and None as they are, text as UTF-8, the rest as JSON."""
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, str):
        return value.encode()
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


class _Connection:
    """One socket to one node."""

    def __init__(self, host: str, port: int, timeout: float, sasl: tuple[str, str] | None, tls: Any) -> None:
        sock = socket.create_connection((host, port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = tls.wrap_socket(sock, server_hostname=host) if tls is not None else sock
        self._correlation = 0
        if sasl is not None:
            self._authenticate(*sasl)

    def _authenticate(self, user: str, password: str) -> None:
        answer = self.call("sasl_handshake", {"mechanism": "PLAIN"})
        if answer.error_code:
            raise KafkaError(answer.error_code, "SASL handshake", f"the broker offers {', '.join(answer.mechanisms)}")
        token = b"\0" + user.encode() + b"\0" + password.encode()
        answer = self.call("sasl_authenticate", {"auth_bytes": token})
        if answer.error_code:
            raise KafkaError(answer.error_code, f"SASL PLAIN as {user!r}", answer.error_message)

    def call(self, name: str, fields: dict[str, Any]) -> Any:
        key, version = API_KEYS[name], _VERSIONS[name]
        self._correlation += 1
        head = struct.pack(">hhih", key, version, self._correlation, 6) + b"parlel"
        if header_version(key, version, False) == 2:
            head += b"\0"
        body = encode(f"{name}.request", version, fields)
        self.sock.sendall(struct.pack(">i", len(head) + len(body)) + head + body)
        (size,) = struct.unpack(">i", self._read(4))
        frame = self._read(size)
        start = 4 + header_version(key, version, True)
        return decoder(f"{name}.response", version)(frame, start)[0]

    def _read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            part = self.sock.recv(min(size - len(data), 1 << 20))
            if not part:
                raise ConnectionError("the broker closed the connection")
            data += part
        return bytes(data)

    def close(self) -> None:
        self.sock.close()


class KafkaClient:
    """See the module's text. `sasl` is (user, password) for PLAIN; `tls` an `ssl.SSLContext`; `now_ms` what
    records without a time are stamped with (default: the machine's clock)."""

    def __init__(
        self,
        bootstrap: str,
        *,
        timeout: float = 30.0,
        sasl: tuple[str, str] | None = None,
        tls: Any = None,
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        host, _, port = bootstrap.split(",")[0].rpartition(":")
        if not host or not port.isdigit():
            raise ValueError(f"bootstrap is host:port, not {bootstrap!r}")
        self._bootstrap = (host, int(port))
        self._timeout = timeout
        self._sasl = sasl
        self._tls = tls
        self._connections: dict[tuple[str, int], _Connection] = {}
        self._nodes: dict[int, tuple[str, int]] = {}
        self._leaders: dict[str, dict[int, int]] = {}
        self._next_partition: dict[str, int] = {}
        self._pause = threading.Event()
        self._now_ms = now_ms or _machine_ms

    def close(self) -> None:
        """Close the connections. Idempotent."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def __enter__(self) -> KafkaClient:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # -- topics ----------------------------------------------------------------------------------------------

    def topics(self) -> dict[str, int]:
        """Topics by name with their number of partitions."""
        self._metadata(None)
        return {name: len(leaders) for name, leaders in sorted(self._leaders.items())}

    def create_topic(
        self, name: str, partitions: int = 1, replication_factor: int = 1, configs: Mapping[str, str] | None = None
    ) -> None:
        """Create a topic. KafkaError 36 when it is there already."""
        wanted = {
            "name": name,
            "num_partitions": partitions,
            "replication_factor": replication_factor,
            "configs": [{"name": key, "value": value} for key, value in (configs or {}).items()],
        }
        answer = self._controller().call("create_topics", {"topics": [wanted], "timeout_ms": self._timeout_ms})
        row = answer.topics[0]
        if row.error_code:
            raise KafkaError(row.error_code, f"create topic {name!r}", row.error_message)

    def delete_topic(self, name: str) -> None:
        """Delete a topic. KafkaError 3 when it is not there."""
        fields = {"topic_names": [name], "timeout_ms": self._timeout_ms}
        row = self._controller().call("delete_topics", fields).responses[0]
        self._leaders.pop(name, None)
        if row.error_code:
            raise KafkaError(row.error_code, f"delete topic {name!r}")

    # -- records ---------------------------------------------------------------------------------------------

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
        """Write one record and wait for all replicas; the topic is created if the broker does that."""
        row = {"value": value, "key": key, "headers": headers, "partition": partition, "timestamp": timestamp}
        return self.produce_many(topic, [row])[0]

    def produce_many(self, topic: str, rows: Iterable[Mapping[str, Any]], codec: str = "none") -> list[ProducedRecord]:
        """Write rows `{value, key, headers, partition, timestamp}`, one batch a partition, in order."""
        partitions = self._partitions(topic)
        batches: dict[int, list[tuple[int, Record]]] = {}
        listed = list(rows)
        for position, row in enumerate(listed):
            key = as_bytes(row.get("key"))
            partition = row.get("partition")
            if partition is None:
                partition = self._choose(topic, key, len(partitions))
            batch = batches.setdefault(partition, [])
            timestamp = row.get("timestamp")
            headers = row.get("headers") or ()
            pairs = headers.items() if isinstance(headers, Mapping) else headers
            batch.append(
                (
                    position,
                    Record(
                        len(batch),
                        timestamp if timestamp is not None else self._now_ms(),
                        key,
                        as_bytes(row.get("value")),
                        [(name, as_bytes(item)) for name, item in pairs],
                    ),
                )
            )
        found: list[ProducedRecord | None] = [None] * len(listed)
        for partition, batch in batches.items():
            data = build_batch([record for _, record in batch], codec=CODEC_NAMES.index(codec))
            base = self._produce(topic, partition, data)
            for position, record in batch:
                found[position] = ProducedRecord(topic, partition, base + record.offset)
        return [record for record in found if record is not None]

    def _produce(self, topic: str, partition: int, data: bytes) -> int:
        fields = {
            "acks": -1,
            "timeout_ms": self._timeout_ms,
            "topic_data": [{"name": topic, "partition_data": [{"index": partition, "records": data}]}],
        }

        def attempt() -> tuple[int, Any]:
            row = self._leader(topic, partition).call("produce", fields).responses[0].partition_responses[0]
            return row.error_code, row

        row = self._retried(topic, f"produce to {topic}-{partition}", attempt)
        return int(row.base_offset)

    def consume_all(
        self, topic: str, *, partition: int | None = None, offset: int | None = None, committed: bool = True
    ) -> list[ConsumedRecord]:
        """Every record that is there now, partition by partition in order. `committed` leaves out open and aborted
        transactions.
        """
        found: list[ConsumedRecord] = []
        for index in sorted(self._partitions(topic)) if partition is None else [partition]:
            start = offset if offset is not None else self.offset(topic, index, -2)
            end = self.offset(topic, index, -1, committed=committed)
            found += self._read(topic, index, start, end, committed)
        return found

    def offset(self, topic: str, partition: int, timestamp: int, *, committed: bool = False) -> int:
        """The offset for a time in milliseconds; -1 is the end, -2 the start. -1 when there is none."""
        fields = {
            "replica_id": -1,
            "isolation_level": int(committed),
            "topics": [{"name": topic, "partitions": [{"partition_index": partition, "timestamp": timestamp}]}],
        }

        def attempt() -> tuple[int, Any]:
            row = self._leader(topic, partition).call("list_offsets", fields).topics[0].partitions[0]
            return row.error_code, row

        row = self._retried(topic, f"offsets of {topic}-{partition}", attempt)
        return int(row.offset)

    def _read(self, topic: str, partition: int, start: int, end: int, committed: bool) -> list[ConsumedRecord]:
        found: list[ConsumedRecord] = []
        position = start
        while position < end:
            asked = {"partition": partition, "fetch_offset": position, "partition_max_bytes": _FETCH_BYTES}
            fields = {
                "max_wait_ms": 0,
                "min_bytes": 0,
                "max_bytes": _FETCH_BYTES,
                "isolation_level": int(committed),
                "topics": [{"topic": topic, "partitions": [asked]}],
            }

            def attempt(fields: dict[str, Any] = fields) -> tuple[int, Any]:
                answer = self._leader(topic, partition).call("fetch", fields)
                if answer.error_code:
                    return answer.error_code, None
                row = answer.responses[0].partitions[0]
                return row.error_code, row

            row = self._retried(topic, f"fetch from {topic}-{partition} at {position}", attempt)
            aborted = sorted(row.aborted_transactions or (), key=lambda gone: gone.first_offset)
            batches = split_batches(row.records or b"")
            if not batches:
                break
            open_aborted: set[int] = set()
            for header, batch in batches:
                last = header.base_offset + header.last_offset_delta
                while aborted and aborted[0].first_offset <= last:
                    open_aborted.add(aborted.pop(0).producer_id)
                position = max(position, last + 1)
                if header.attributes & CONTROL_BIT:
                    open_aborted.discard(header.producer_id)
                    continue
                if committed and header.transactional and header.producer_id in open_aborted:
                    continue
                for record in decode_records(batch, header):
                    if start <= record.offset < end:
                        found.append(
                            ConsumedRecord(
                                topic,
                                partition,
                                record.offset,
                                record.timestamp,
                                record.key,
                                record.value,
                                tuple(record.headers),
                            )
                        )
        return found

    # -- groups ----------------------------------------------------------------------------------------------

    def groups(self) -> dict[str, str]:
        """Groups by id with their state."""
        self._metadata([])
        found = {}
        for node in self._nodes.values():
            answer = self._connect(node).call("list_groups", {})
            if answer.error_code:
                raise KafkaError(answer.error_code, "list groups")
            found.update({row.group_id: row.group_state for row in answer.groups})
        return dict(sorted(found.items()))

    def committed(self, group: str) -> dict[tuple[str, int], int]:
        """The group's committed offsets by partition."""
        answer = self._coordinator(group).call("offset_fetch", {"group_id": group, "topics": None})
        if answer.error_code:
            raise KafkaError(answer.error_code, f"offsets of group {group!r}")
        rows = [(topic.name, row) for topic in answer.topics for row in topic.partitions]
        return {(name, row.partition_index): row.committed_offset for name, row in rows if row.committed_offset >= 0}

    def lag(self, group: str) -> dict[tuple[str, int], int]:
        """Records behind the group's committed offsets, by partition."""
        return {
            (topic, partition): self.offset(topic, partition, -1) - offset
            for (topic, partition), offset in self.committed(group).items()
        }

    def group_state(self, group: str) -> tuple[str, int]:
        """(state, number of members); ("Dead", 0) when there is none."""
        connection = self._coordinator(group)
        row = connection.call("describe_groups", {"groups": [group]}).groups[0]
        if row.group_state in ("Dead", ""):
            row848 = connection.call("consumer_group_describe", {"group_ids": [group]}).groups[0]
            if not row848.error_code:
                return row848.group_state, len(row848.members)
        return row.group_state or "Dead", len(row.members)

    def wait_for_group(
        self, group: str, *, members: int | None = None, state: str = "Stable", timeout: float = 10.0
    ) -> None:
        """Block until a group has that state (and so many members). TimeoutError says what it was instead."""
        waited = 0.0
        while True:
            now, count = self.group_state(group)
            if now == state and members in (None, count):
                return
            if waited >= timeout:
                raise TimeoutError(
                    f"group {group!r} is {now} with {count} members after {timeout} s, not {state}"
                    + (f" with {members}" if members is not None else "")
                )
            self._pause.wait(0.01)
            waited += 0.01

    # -- finding nodes ---------------------------------------------------------------------------------------

    @property
    def _timeout_ms(self) -> int:
        return int(self._timeout * 1000)

    def _connect(self, address: tuple[str, int]) -> _Connection:
        found = self._connections.get(address)
        if found is None:
            found = _Connection(*address, self._timeout, self._sasl, self._tls)
            self._connections[address] = found
        return found

    def _metadata(self, topics: list[str] | None) -> Any:
        address = next(iter(self._nodes.values()), self._bootstrap)
        wanted = None if topics is None else [{"name": name} for name in topics]
        fields = {"topics": wanted, "allow_auto_topic_creation": True}
        try:
            answer = self._connect(address).call("metadata", fields)
        except (ConnectionError, OSError):
            self._drop(address)
            answer = self._connect(self._bootstrap).call("metadata", fields)
        self._nodes = {node.node_id: (node.host, node.port) for node in answer.brokers}
        if topics is None:
            self._leaders.clear()
        for topic in answer.topics:
            if not topic.error_code:
                self._leaders[topic.name] = {row.partition_index: row.leader_id for row in topic.partitions}
        return answer

    def _drop(self, address: tuple[str, int]) -> None:
        gone = self._connections.pop(address, None)
        if gone is not None:
            gone.close()

    def _controller(self) -> _Connection:
        answer = self._metadata([])
        return self._connect(self._nodes[answer.controller_id])

    def _coordinator(self, group: str) -> _Connection:
        self._metadata([])
        answer = self._connect(next(iter(self._nodes.values()))).call("find_coordinator", {"key": group, "key_type": 0})
        if answer.error_code:
            raise KafkaError(answer.error_code, f"coordinator of group {group!r}", answer.error_message)
        return self._connect((answer.host, answer.port))

    def _partitions(self, topic: str) -> dict[int, int]:
        if topic not in self._leaders:

            def attempt() -> tuple[int, Any]:
                row = self._metadata([topic]).topics[0]
                return row.error_code, row

            self._retried(None, f"metadata of {topic!r}", attempt)
        return self._leaders[topic]

    def _leader(self, topic: str, partition: int) -> _Connection:
        leaders = self._partitions(topic)
        if partition not in leaders:
            text = f"the topic has partitions 0 to {len(leaders) - 1}"
            raise KafkaError(errors.UNKNOWN_TOPIC_OR_PARTITION, f"{topic}-{partition}", text)
        node = self._nodes.get(leaders[partition])
        if node is None:
            raise KafkaError(errors.LEADER_NOT_AVAILABLE, f"{topic}-{partition}")
        return self._connect(node)

    def _retried(self, topic: str | None, what: str, attempt: Any) -> Any:
        for left in range(_RETRIES, -1, -1):
            code, row = attempt()
            if not code:
                return row
            if code not in _RETRIED or not left:
                raise KafkaError(code, what, getattr(row, "error_message", None))
            self._pause.wait(_RETRY_S)
            if topic is not None:
                self._leaders.pop(topic, None)
        raise AssertionError("unreachable")

    def _choose(self, topic: str, key: bytes | None, count: int) -> int:
        if key is not None:
            return (murmur2(key) & 0x7FFFFFFF) % count
        turn = self._next_partition.get(topic, 0)
        self._next_partition[topic] = turn + 1
        return turn % count


def murmur2(data: bytes) -> int:
    """The hash by which Kafka's Java client places keys."""
    multiplier, mask = 0x5BD1E995, 0xFFFFFFFF
    value = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        word = word * multiplier & mask
        word = (word ^ word >> 24) * multiplier & mask
        value = (value * multiplier & mask) ^ word
    rest = data[whole:]
    if rest:
        value ^= int.from_bytes(rest, "little")
        value = value * multiplier & mask
    value = (value ^ value >> 13) * multiplier & mask
    return value ^ value >> 15


def _machine_ms() -> int:
    from emulators.kernel.clock import Clock

    return Clock().now_ms()
