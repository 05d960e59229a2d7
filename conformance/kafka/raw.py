"""A client that sends exactly what a test says, any API in any version, over a real socket."""

from __future__ import annotations

import socket
import struct
from typing import Any

from emulators.kafka.wire import codec
from emulators.kafka.wire.codec import decoder, encode, header_version
from emulators.kafka.wire.records import Record, build_batch
from emulators.kafka.wire.schema import API_KEYS


class Raw:
    """One connection; `call` sends a request and returns the answer as plain dicts."""

    def __init__(self, address: str | int, client_id: str = "raw", timeout: float = 10.0) -> None:
        host, _, port = f"127.0.0.1:{address}".rpartition(":") if isinstance(address, int) else address.rpartition(":")
        self.sock = socket.create_connection((host, int(port)), timeout)
        self.client_id = client_id.encode()
        self.correlation = 0

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *exc: object) -> None:
        self.sock.close()

    def request(self, api: str, version: int, fields: dict[str, Any]) -> bytes:
        key = API_KEYS[api]
        self.correlation += 1
        head = struct.pack(">hhih", key, version, self.correlation, len(self.client_id)) + self.client_id
        if header_version(key, version, False) == 2:
            head += b"\0"
        body = encode(f"{api}.request", version, fields)
        return struct.pack(">i", len(head) + len(body)) + head + body

    def send(self, api: str, version: int, **fields: Any) -> None:
        self.sock.sendall(self.request(api, version, fields))

    def receive(self, api: str, version: int) -> dict[str, Any]:
        frame = self.frame()
        start = 4 + header_version(API_KEYS[api], version, True)
        found: dict[str, Any] = plain(decoder(f"{api}.response", version)(frame, start)[0])
        return found

    def call(self, api: str, version: int, **fields: Any) -> dict[str, Any]:
        self.send(api, version, **fields)
        return self.receive(api, version)

    def frame(self) -> bytes:
        (size,) = struct.unpack(">i", self.read(4))
        return self.read(size)

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.sock.recv(size - len(data))
            if not part:
                raise ConnectionError("closed by the broker")
            data += part
        return data

    def closed(self) -> bool:
        """Whether the broker has closed the connection."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionError:
            return True


def plain(value: Any) -> Any:
    if isinstance(value, codec.Record):
        return {key: plain(item) for key, item in vars(value).items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def batch(*values: Any, time: int = 1_700_000_000_000, **options: Any) -> bytes:
    """A batch of records: bytes (the value), None, or (key, value), `time` growing by one."""
    rows = []
    for index, value in enumerate(values):
        key, body = value if isinstance(value, tuple) else (None, value)
        rows.append(Record(index, time + index, key, body, []))
    return build_batch(rows, **options)


def produce(topic: str, data: bytes | None, partition: int = 0, **fields: Any) -> dict[str, Any]:
    """The fields of a Produce request for one partition (below version 13)."""
    row = {"name": topic, "partition_data": [{"index": partition, "records": data}]}
    return {"acks": -1, "timeout_ms": 5000, "topic_data": [row], "transactional_id": None, **fields}


def fetch(topic: str, offset: int, partition: int = 0, **fields: Any) -> dict[str, Any]:
    """The fields of a Fetch request for one partition (below version 13)."""
    one = {
        "partition": partition,
        "fetch_offset": offset,
        "partition_max_bytes": fields.pop("partition_max_bytes", 1 << 20),
    }
    one |= {key: fields.pop(key) for key in ("current_leader_epoch", "last_fetched_epoch") if key in fields}
    return {
        "replica_id": -1,
        "max_wait_ms": 0,
        "min_bytes": 0,
        "max_bytes": 1 << 20,
        "topics": [{"topic": topic, "partitions": [one]}],
        **fields,
    }
