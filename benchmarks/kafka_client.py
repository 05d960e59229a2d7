"""One round of Kafka measurements with librdkafka, in this process.

    python -m benchmarks.kafka_client emulator|mock CALLS RECORDS

The mock cluster lives inside a librdkafka handle, so it shares this process; the emulator has a process of its own. Prints
one JSON object of figures.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from benchmarks.peers import start_python

_TOPICS, _PARTITIONS = 250, 4
_WAIT_S = 30.0
_VALUE = b"x" * 1024


def main() -> None:
    kind, calls, records = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    started = time.perf_counter()
    server = None
    if kind == "emulator":
        server = start_python("kafka")
        admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{server.port}"})
    else:
        admin = AdminClient({"bootstrap.servers": "mock", "test.mock.num.brokers": 1})
    try:
        brokers = admin.list_topics(timeout=_WAIT_S).brokers.values()
        figures = {"start to first metadata": (time.perf_counter() - started) * 1000}
        bootstrap = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
        producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0, "acks": "all"})
        _topics(admin, producer, kind, ["sync", "batched"])
        figures["produce round trip"] = _round_trips(producer, calls)
        figures |= _batched(bootstrap, records)
        figures["group join to first record"] = _join(bootstrap)
        _topics(admin, producer, kind, [f"many-{number}" for number in range(_TOPICS)])
        figures["metadata of 1,000 partitions"] = _metadata(admin)
        print(json.dumps(figures), flush=True)
    finally:
        if server is not None:
            server.close()


def _topics(admin: Any, producer: Any, kind: str, names: list[str]) -> None:
    """The mock knows no CreateTopics: it makes a topic, of four partitions, when a producer asks for it."""
    if kind == "emulator":
        for done in admin.create_topics([NewTopic(name, _PARTITIONS, 1) for name in names]).values():
            done.result(_WAIT_S)
    else:
        for name in names:
            producer.list_topics(name, timeout=_WAIT_S)


def _round_trips(producer: Any, calls: int) -> float:
    """The median of one record sent and acknowledged at a time, in milliseconds."""
    times = []
    for _ in range(calls):
        before = time.perf_counter()
        producer.produce("sync", b"value", partition=0, on_delivery=_delivered)
        _flush(producer)
        times.append((time.perf_counter() - before) * 1000)
    return statistics.median(times)


def _batched(bootstrap: str, records: int) -> dict[str, float]:
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5, "queue.buffering.max.messages": records + 1})
    before = time.perf_counter()
    for number in range(records):
        producer.produce("batched", _VALUE, partition=number % _PARTITIONS, on_delivery=_delivered)
    _flush(producer)
    produced = records / (time.perf_counter() - before)
    consumer = _consumer(bootstrap, "batched")
    _read(consumer, 1)
    before = time.perf_counter()
    _read(consumer, records - 1)
    consumed = (records - 1) / (time.perf_counter() - before)
    consumer.close()
    return {"produce, 1 KiB": produced, "consume, 1 KiB": consumed}


def _join(bootstrap: str) -> float:
    before = time.perf_counter()
    consumer = _consumer(bootstrap, "joined")
    _read(consumer, 1)
    took = (time.perf_counter() - before) * 1000
    consumer.close()
    return took


def _consumer(bootstrap: str, group: str) -> Any:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest"})
    consumer.subscribe(["batched"])
    return consumer


def _read(consumer: Any, count: int) -> None:
    """Exactly `count` records."""
    until = time.monotonic() + _WAIT_S
    while count > 0:
        messages = consumer.consume(min(count, 1000), 0.1)
        for message in messages:
            if message.error() is not None:
                raise RuntimeError(str(message.error()))
        count -= len(messages)
        if time.monotonic() > until:
            raise TimeoutError(f"{count} records did not come")


def _delivered(error: Any, message: Any) -> None:
    if error is not None:
        raise RuntimeError(f"a record was not taken: {error}")


def _flush(producer: Any) -> None:
    if producer.flush(_WAIT_S):
        raise TimeoutError("records were not acknowledged")


def _metadata(admin: Any) -> float:
    times = []
    for _ in range(5):
        before = time.perf_counter()
        found = admin.list_topics(timeout=_WAIT_S).topics
        times.append((time.perf_counter() - before) * 1000)
        if sum(len(topic.partitions) for name, topic in found.items() if name.startswith("many-")) != 1000:
            raise RuntimeError("the cluster does not list the 1,000 partitions")
    return statistics.median(times)


if __name__ == "__main__":
    main()
