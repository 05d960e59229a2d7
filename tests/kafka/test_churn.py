"""Six consumers of three libraries join, leave, stall and vanish in one group while three producers write 50,000
records.

What has to hold, whatever the threads' timing: every record is delivered at least once, the offsets that one consumer
sees of a partition only grow between two rebalances, and a committed offset never goes back. The dice decide who does
what when.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from conformance.cases.kafka.scripts import join, sync
from emulators.kafka.groups.base import Committed, Key
from emulators.kafka.groups.classic import ClassicGroup
from tests.kafka.conftest import Cluster

confluent_kafka = pytest.importorskip("confluent_kafka")
aiokafka = pytest.importorskip("aiokafka")
kafka = pytest.importorskip("kafka")

PARTITIONS = 6
PRODUCERS = 3
RECORDS = 50_001
SECONDS = 60


class Ledger:
    """What was delivered to whom."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.delivered: dict[int, set[int]] = defaultdict(set)
        self.problems: list[str] = []
        self.done = threading.Event()

    def take(self, position: dict[int, int], partition: int, offset: int) -> None:
        """A consumer, whose positions these are, has got a record."""
        if offset <= position.get(partition, -1):
            self.problems.append(f"partition {partition}: offset {offset} came after {position[partition]}")
        position[partition] = offset
        self.delivered[partition].add(offset)

    def count(self) -> int:
        with self.lock:
            return sum(map(len, self.delivered.values()))


def _confluent(bootstrap: str, ledger: Ledger, records: int, stall: float) -> None:
    position: dict[int, int] = {}
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "churn",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "heartbeat.interval.ms": 50,
            "fetch.wait.max.ms": 20,
            "session.timeout.ms": 6000,
            "partition.assignment.strategy": "range",
        }
    )
    consumer.subscribe(["churn"], on_revoke=lambda *_: position.clear(), on_lost=lambda *_: position.clear())
    seen = 0
    while seen < records and not ledger.done.is_set():
        messages = consumer.consume(500, 0.1)
        with ledger.lock:
            for message in messages:
                if message.error() is None:
                    ledger.take(position, message.partition(), message.offset())
                    seen += 1
        if messages:
            try:
                consumer.commit(asynchronous=False)
            except confluent_kafka.KafkaException:
                pass  # a rebalance got in between: the next owner reads it again
        time.sleep(stall)
    consumer.close()


def _kafka_python(bootstrap: str, ledger: Ledger, records: int, stall: float) -> None:
    from kafka.coordinator.assignors.range import RangePartitionAssignor

    position: dict[int, int] = {}

    class Listener(kafka.ConsumerRebalanceListener):  # type: ignore[misc]
        def on_partitions_revoked(self, revoked: Any) -> None:
            position.clear()

        def on_partitions_assigned(self, assigned: Any) -> None:
            position.clear()

    consumer = kafka.KafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id="churn",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        heartbeat_interval_ms=50,
        fetch_max_wait_ms=20,
        partition_assignment_strategy=[RangePartitionAssignor],
    )
    consumer.subscribe(["churn"], listener=Listener())
    seen = 0
    while seen < records and not ledger.done.is_set():
        found = consumer.poll(timeout_ms=100, max_records=500)
        with ledger.lock:
            for part, messages in found.items():
                for message in messages:
                    ledger.take(position, part.partition, message.offset)
                    seen += 1
        if found:
            try:
                consumer.commit()
            except kafka.errors.KafkaError:
                pass
        time.sleep(stall)
    consumer.close(autocommit=False)


def _aiokafka(bootstrap: str, ledger: Ledger, records: int, stall: float) -> None:
    from aiokafka.coordinator.assignors.range import RangePartitionAssignor

    position: dict[int, int] = {}

    class Listener(aiokafka.ConsumerRebalanceListener):  # type: ignore[misc]
        async def on_partitions_revoked(self, revoked: Any) -> None:
            position.clear()

        async def on_partitions_assigned(self, assigned: Any) -> None:
            position.clear()

    async def run() -> None:
        consumer = aiokafka.AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id="churn",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            heartbeat_interval_ms=50,
            fetch_max_wait_ms=20,
            partition_assignment_strategy=[RangePartitionAssignor],
        )
        consumer.subscribe(["churn"], listener=Listener())
        await consumer.start()
        seen = 0
        while seen < records and not ledger.done.is_set():
            found = await consumer.getmany(timeout_ms=100, max_records=500)
            with ledger.lock:
                for part, messages in found.items():
                    for message in messages:
                        ledger.take(position, part.partition, message.offset)
                        seen += 1
            if found:
                try:
                    await consumer.commit()
                except aiokafka.errors.KafkaError:
                    pass
            await asyncio.sleep(stall)
        await consumer.stop()

    asyncio.run(run())


def _vanish(cluster: Cluster) -> None:
    """A member that joins, takes its share, and is never heard of again: its session timeout has to free it."""
    metadata = b"\0\0\0\0\0\1\0\5churn\xff\xff\xff\xff"
    connection = cluster.raw()
    connection.sock.settimeout(SECONDS)
    timing = {"session_timeout_ms": 300, "rebalance_timeout_ms": 1000, "metadata": metadata}
    answer = connection.call("join_group", 5, **join("churn", **timing)[2])
    answer = connection.call("join_group", 5, **join("churn", answer["member_id"], **timing)[2])
    if not answer["error_code"]:
        fields = {**sync("churn", answer["member_id"], answer["generation_id"], None)[2], "assignments": []}
        connection.send("sync_group", 3, **fields)
    connection.sock.close()


def test_nothing_is_lost_or_goes_back_while_a_group_churns(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(seed=7, topics={"churn": PARTITIONS}, configs={"group.min.session.timeout.ms": 100})
    ledger = Ledger()
    went_back: list[tuple[Key, int, int]] = []
    plain_commit = ClassicGroup.commit

    def watched(self: ClassicGroup, key: Key, value: Committed, producer_id: int = -1) -> None:
        known = self.committed.get(key)
        if known is not None and value.offset < known.offset:
            went_back.append((key, known.offset, value.offset))
        plain_commit(self, key, value, producer_id)

    monkeypatch.setattr(ClassicGroup, "commit", watched)

    def write(number: int) -> None:
        producer = confluent_kafka.Producer(
            {"bootstrap.servers": cluster.bootstrap, "linger.ms": 5, "enable.idempotence": True}
        )
        for count in range(RECORDS // PRODUCERS):
            producer.produce("churn", b"%d-%d" % (number, count), key=b"%d" % count)
            if count % 2000 == 0:
                producer.poll(0.02)
        assert producer.flush(SECONDS) == 0

    def live(number: int, run: Callable[[str, Ledger, int, float], None]) -> None:
        dice = random.Random(number)
        while not ledger.done.is_set():
            run(cluster.bootstrap, ledger, dice.choice((1500, 4000, 10_000)), dice.choice((0.0, 0.0, 0.05)))

    kinds = [_confluent, _kafka_python, _aiokafka] * 2
    threads = [threading.Thread(target=write, args=(number,), daemon=True) for number in range(PRODUCERS)]
    threads += [threading.Thread(target=live, args=pair, daemon=True) for pair in enumerate(kinds)]
    for thread in threads:
        thread.start()
    limit = time.monotonic() + SECONDS
    vanished = 0
    while ledger.count() < RECORDS and time.monotonic() < limit:
        if vanished < 3 and ledger.count() > vanished * RECORDS // 4:
            _vanish(cluster)
            vanished += 1
        time.sleep(0.05)
    ledger.done.set()
    for thread in threads:
        thread.join(SECONDS)
    assert not any(thread.is_alive() for thread in threads)
    ends = {index: cluster.client.offset("churn", index, -1) for index in range(PARTITIONS)}
    assert sum(ends.values()) == RECORDS
    assert {index: len(ledger.delivered[index]) for index in ends} == ends
    assert ledger.problems == []
    assert went_back == []
    cluster.stop()


def test_a_transactional_loop_is_exactly_once_while_workers_die() -> None:
    """Three workers read, process and write in transactions; they die in the middle, and come back under the same
    transactional id.
    """
    count = 4000
    cluster = Cluster(seed=11, topics={"in": 4, "out": 2})
    cluster.client.produce_many("in", [{"value": str(number), "key": str(number)} for number in range(count)])
    done = threading.Event()
    failures: list[BaseException] = []

    def work(number: int) -> None:
        dice = random.Random(number)
        while not done.is_set():
            consumer = confluent_kafka.Consumer(
                {
                    "bootstrap.servers": cluster.bootstrap,
                    "group.id": "eos",
                    "auto.offset.reset": "earliest",
                    "enable.auto.commit": False,
                    "isolation.level": "read_committed",
                    "heartbeat.interval.ms": 50,
                    "fetch.wait.max.ms": 20,
                }
            )
            consumer.subscribe(["in"])
            producer = confluent_kafka.Producer(
                {"bootstrap.servers": cluster.bootstrap, "transactional.id": f"worker-{number}", "linger.ms": 1}
            )
            try:
                producer.init_transactions(10)
                rounds = dice.randint(3, 10)
                while rounds and not done.is_set():
                    messages = consumer.consume(100, 0.1)
                    if not messages:
                        continue
                    rounds -= 1
                    producer.begin_transaction()
                    for message in messages:
                        producer.produce("out", message.value(), key=message.key())
                    positions = consumer.position(consumer.assignment())
                    if not rounds and dice.random() < 0.6:
                        producer.flush(5)  # the records are there, the transaction never ends: it dies here
                        break
                    producer.send_offsets_to_transaction(positions, consumer.consumer_group_metadata(), 10)
                    producer.commit_transaction(10)
            except confluent_kafka.KafkaException as error:
                # A rebalance fenced this generation: what it has not committed is for the next owner.
                if error.args[0].fatal():
                    failures.append(error)
            consumer.close()

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(3)]
    for thread in threads:
        thread.start()
    limit = time.monotonic() + SECONDS
    while time.monotonic() < limit:
        committed = cluster.client.committed("eos") if "eos" in cluster.client.groups() else {}
        if sum(committed.values()) >= count:
            break
        time.sleep(0.05)
    done.set()
    for thread in threads:
        thread.join(SECONDS)
    assert sorted(int(value or b"") for value in cluster.values("out")) == list(range(count))
    assert len(cluster.client.consume_all("out", committed=False)) >= count
    cluster.stop()
