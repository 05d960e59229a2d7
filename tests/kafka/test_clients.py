"""Real client libraries against the emulator, over the socket: what users do with them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.kafka.conftest import Cluster

confluent_kafka = pytest.importorskip("confluent_kafka")
aiokafka = pytest.importorskip("aiokafka")
kafka = pytest.importorskip("kafka")

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


@pytest.fixture(scope="module")
def shared() -> Iterator[Cluster]:
    """One cluster for all tests of this module; each uses topics and groups of its own."""
    # A member that has died is missed quickly; a fetch of an empty partition waits half a second in librdkafka.
    found = Cluster(topics={"empty": 1}, configs={"group.min.session.timeout.ms": 100})
    yield found
    found.stop()


def _producer(cluster: Cluster, **config: Any) -> Any:
    names = {key.replace("_", "."): value for key, value in config.items()}
    return confluent_kafka.Producer({"bootstrap.servers": cluster.bootstrap, **names})


def _consumer(cluster: Cluster, group: str, **config: Any) -> Any:
    names = {key.replace("_", "."): value for key, value in config.items()}
    base: dict[str, Any] = {"bootstrap.servers": cluster.bootstrap, "group.id": group, "auto.offset.reset": "earliest"}
    if names.get("group.protocol") != "consumer":
        base["heartbeat.interval.ms"] = 50
    return confluent_kafka.Consumer({**base, "fetch.wait.max.ms": 20, "enable.auto.commit": False, **names})


def _take(consumer: Any, count: int, seconds: float = 10.0) -> list[Any]:
    """That many messages, or fewer when the time is over."""
    found: list[Any] = []
    limit = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < limit:
        message = consumer.poll(0.1)
        if message is not None:
            assert message.error() is None
            found.append(message)
    return found


@pytest.mark.parametrize("codec", CODECS)
def test_confluent_produces_with_every_codec_and_reads_it_back(shared: Cluster, codec: str) -> None:
    topic = f"codec-{codec}"
    producer = _producer(shared, compression_type=codec, linger_ms=5)
    for number in range(50):
        producer.produce(
            topic, b"x" * 200, key=str(number), headers=[("n", str(number))], timestamp=1_700_000_000_000 + number
        )
    assert producer.flush(10) == 0
    consumer = _consumer(shared, f"codec-{codec}")
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
    found = _take(consumer, 50)
    consumer.close()
    assert [message.key() for message in found] == [str(number).encode() for number in range(50)]
    assert found[7].headers() == [("n", b"7")]
    assert found[7].timestamp() == (confluent_kafka.TIMESTAMP_CREATE_TIME, 1_700_000_000_007)


def test_confluent_group_rebalances_as_members_join_and_leave(shared: Cluster) -> None:
    shared.client.create_topic("rebalance", 4)
    first, second = _consumer(shared, "rebalance"), _consumer(shared, "rebalance")
    first.subscribe(["rebalance"])
    assert _until(lambda: (first.poll(0.05), len(first.assignment()) == 4)[1])
    second.subscribe(["rebalance"])
    both = lambda: (first.poll(0.05), second.poll(0.05), len(first.assignment()) == len(second.assignment()) == 2)[2]  # noqa: E731
    assert _until(both)
    parts = {part.partition for one in (first, second) for part in one.assignment()}
    assert parts == {0, 1, 2, 3}
    second.close()
    assert _until(lambda: (first.poll(0.05), len(first.assignment()) == 4)[1])
    first.close()
    assert shared.client.group_state("rebalance") == ("Empty", 0)


def test_confluent_cooperative_group(shared: Cluster) -> None:
    shared.client.create_topic("cooperative", 4)
    config = {"partition_assignment_strategy": "cooperative-sticky"}
    first, second = _consumer(shared, "coop", **config), _consumer(shared, "coop", **config)
    first.subscribe(["cooperative"])
    assert _until(lambda: (first.poll(0.05), len(first.assignment()) == 4)[1])
    second.subscribe(["cooperative"])
    both = lambda: (first.poll(0.05), second.poll(0.05), len(first.assignment()) == len(second.assignment()) == 2)[2]  # noqa: E731
    assert _until(both)
    first.close()
    second.close()


def test_confluent_consumer_protocol_group(shared: Cluster) -> None:
    shared.client.create_topic("kip848", 4)
    config = {"group_protocol": "consumer"}
    first, second = _consumer(shared, "kip848", **config), _consumer(shared, "kip848", **config)
    first.subscribe(["kip848"])
    assert _until(lambda: (first.poll(0.05), len(first.assignment()) == 4)[1])
    second.subscribe(["kip848"])
    both = lambda: (first.poll(0.05), second.poll(0.05), len(first.assignment()) == len(second.assignment()) == 2)[2]  # noqa: E731
    assert _until(both)
    shared.client.produce("kip848", b"v", partition=first.assignment()[0].partition)
    message = _take(first, 1)[0]
    first.commit(message, asynchronous=False)
    assert shared.client.committed("kip848") == {("kip848", message.partition()): 1}
    first.close()
    assert _until(lambda: (second.poll(0.05), len(second.assignment()) == 4)[1])
    second.close()


def test_confluent_share_consumer(shared: Cluster) -> None:
    if not hasattr(confluent_kafka, "ShareConsumer"):
        pytest.skip("this confluent-kafka has no ShareConsumer")
    from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

    shared.client.produce_many("share", [{"value": str(number)} for number in range(20)])
    if hasattr(ResourceType, "GROUP"):
        change = ConfigEntry("share.auto.offset.reset", "earliest", incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.GROUP, "sharers", incremental_configs=[change])
        admin = AdminClient({"bootstrap.servers": shared.bootstrap})
        for future in admin.incremental_alter_configs([resource]).values():
            future.result(5)
    else:
        shared.call(shared.emulator.configs.groups.__setitem__, "sharers", {"share.auto.offset.reset": "earliest"})
    consumer = confluent_kafka.ShareConsumer({"bootstrap.servers": shared.bootstrap, "group.id": "sharers"})
    consumer.subscribe(["share"])
    found: list[Any] = []
    assert _until(lambda: (found.extend(consumer.poll(0.2)), len(found) >= 20)[1])
    consumer.close()
    assert sorted(int(message.value()) for message in found) == list(range(20))


def test_confluent_transactions_and_read_committed(shared: Cluster) -> None:
    producer = _producer(shared, transactional_id="tx")
    producer.init_transactions(10)
    for value, commit in ((b"a", True), (b"b", False), (b"c", True)):
        producer.begin_transaction()
        producer.produce("tx", value)
        producer.flush(10)
        if commit:
            producer.commit_transaction(10)
        else:
            producer.abort_transaction(10)
    committed = _consumer(shared, "tx1", isolation_level="read_committed")
    committed.assign([confluent_kafka.TopicPartition("tx", 0, 0)])
    assert [message.value() for message in _take(committed, 2)] == [b"a", b"c"]
    committed.close()
    everything = _consumer(shared, "tx2", isolation_level="read_uncommitted")
    everything.assign([confluent_kafka.TopicPartition("tx", 0, 0)])
    assert [message.value() for message in _take(everything, 3)] == [b"a", b"b", b"c"]
    everything.close()


def test_confluent_exactly_once_read_process_write(shared: Cluster) -> None:
    shared.client.produce_many("eos-in", [{"value": str(number)} for number in range(30)])
    producer = _producer(shared, transactional_id="eos")
    producer.init_transactions(10)
    consumer = _consumer(shared, "eos", isolation_level="read_committed")
    consumer.subscribe(["eos-in"])
    done = 0
    while done < 30:
        batch = _take(consumer, 10)
        producer.begin_transaction()
        for message in batch:
            producer.produce("eos-out", str(int(message.value()) * 2))
        positions = consumer.position(consumer.assignment())
        producer.send_offsets_to_transaction(positions, consumer.consumer_group_metadata(), 10)
        if done == 10 and batch:
            # This part is thrown away: its output and its offsets must both be as if it had never been.
            producer.abort_transaction(10)
            consumer.seek(confluent_kafka.TopicPartition("eos-in", 0, 10))
            done += 0.5  # type: ignore[assignment]
            continue
        producer.commit_transaction(10)
        done = int(done) + len(batch)
    consumer.close()
    assert [int(value or b"") for value in shared.values("eos-out")] == [2 * number for number in range(30)]
    assert shared.client.committed("eos") == {("eos-in", 0): 30}


def test_confluent_a_second_producer_fences_the_first(shared: Cluster) -> None:
    first = _producer(shared, transactional_id="fence")
    first.init_transactions(10)
    first.begin_transaction()
    first.produce("fence", b"old")
    first.flush(5)
    second = _producer(shared, transactional_id="fence")
    second.init_transactions(10)
    with pytest.raises(confluent_kafka.KafkaException) as caught:
        first.commit_transaction(10)
    assert caught.value.args[0].code() in (
        confluent_kafka.KafkaError._FENCED,
        confluent_kafka.KafkaError.PRODUCER_FENCED,
    )
    second.begin_transaction()
    second.produce("fence", b"new")
    second.commit_transaction(10)
    assert shared.values("fence") == [b"new"]


def test_confluent_seeks_by_time(shared: Cluster) -> None:
    rows = [{"value": str(number), "timestamp": 1_700_000_000_000 + 1000 * number} for number in range(10)]
    shared.client.produce_many("by-time", rows, codec="lz4")
    consumer = _consumer(shared, "by-time")
    asked = [confluent_kafka.TopicPartition("by-time", 0, 1_700_000_004_500)]
    assert [part.offset for part in consumer.offsets_for_times(asked, 5)] == [5]
    late = [confluent_kafka.TopicPartition("by-time", 0, 1_800_000_000_000)]
    assert [part.offset for part in consumer.offsets_for_times(late, 5)] == [confluent_kafka.OFFSET_END]
    consumer.close()


def test_confluent_topic_delete_and_recreate(shared: Cluster) -> None:
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": shared.bootstrap})
    create = lambda: admin.create_topics([NewTopic("again", 2, 1)])["again"].result(5)  # noqa: E731
    create()
    shared.client.produce("again", b"old", partition=0)
    old = shared.emulator.topics["again"].id
    with pytest.raises(confluent_kafka.KafkaException) as caught:
        create()
    assert caught.value.args[0].code() == confluent_kafka.KafkaError.TOPIC_ALREADY_EXISTS
    admin.delete_topics(["again"])["again"].result(5)
    create()
    assert shared.emulator.topics["again"].id != old
    assert shared.values("again") == []


def test_confluent_admin_round_trips(shared: Cluster) -> None:
    from confluent_kafka import admin as library

    admin = library.AdminClient({"bootstrap.servers": shared.bootstrap})
    admin.create_topics([library.NewTopic("admin", 1, 1, config={"retention.ms": "1000"})])["admin"].result(5)
    admin.create_partitions([library.NewPartitions("admin", 3)])["admin"].result(5)
    resource = library.ConfigResource("topic", "admin")
    settings = admin.describe_configs([resource])[resource].result(5)
    assert settings["retention.ms"].value == "1000"
    assert settings["cleanup.policy"].is_default
    change = library.ConfigEntry("retention.ms", "2000", incremental_operation=library.AlterConfigOpType.SET)
    changed = library.ConfigResource("topic", "admin", incremental_configs=[change])
    admin.incremental_alter_configs([changed])[changed].result(5)
    assert admin.describe_configs([resource])[resource].result(5)["retention.ms"].value == "2000"
    broker = library.ConfigResource("broker", "1")
    assert len(admin.describe_configs([broker])[broker].result(5)) > 100
    assert len(admin.list_topics(timeout=5).topics["admin"].partitions) == 3
    part = confluent_kafka.TopicPartition("admin", 0)
    assert admin.list_offsets({part: library.OffsetSpec.latest()})[part].result(5).offset == 0
    described = admin.describe_topics(confluent_kafka.TopicCollection(["admin"]))["admin"].result(5)
    assert len(described.partitions) == 3
    assert [node.id for node in admin.describe_cluster().result(5).nodes] == [1]
    shared.client.produce_many("admin", [{"value": b"x", "partition": 0}] * 3)
    gone = admin.delete_records([confluent_kafka.TopicPartition("admin", 0, 2)])
    assert next(iter(gone.values())).result(5).low_watermark == 2
    admin.delete_topics(["admin"])["admin"].result(5)
    assert "admin" not in shared.client.topics()


def test_aiokafka_produces_consumes_and_commits(shared: Cluster) -> None:
    async def run() -> None:
        async with aiokafka.AIOKafkaProducer(bootstrap_servers=shared.bootstrap, enable_idempotence=True) as producer:
            for number in range(20):
                await producer.send_and_wait("aio", str(number).encode(), key=b"k", headers=[("h", b"1")])
        consumer = aiokafka.AIOKafkaConsumer(
            "aio",
            bootstrap_servers=shared.bootstrap,
            group_id="aio",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        async with consumer:
            found = [await asyncio.wait_for(consumer.getone(), 10) for _ in range(20)]
            await consumer.commit()
        assert [message.value for message in found] == [str(number).encode() for number in range(20)]
        assert found[0].headers == (("h", b"1"),)

    asyncio.run(run())
    assert shared.client.lag("aio") == {("aio", 0): 0}


def test_aiokafka_transactions(shared: Cluster) -> None:
    async def run() -> list[bytes]:
        async with aiokafka.AIOKafkaProducer(bootstrap_servers=shared.bootstrap, transactional_id="aiotx") as producer:
            async with producer.transaction():
                await producer.send_and_wait("aiotx", b"kept")
            await producer.begin_transaction()
            await producer.send_and_wait("aiotx", b"dropped")
            await producer.abort_transaction()
            async with producer.transaction():
                await producer.send_and_wait("aiotx", b"kept too")
        consumer = aiokafka.AIOKafkaConsumer(
            "aiotx", bootstrap_servers=shared.bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
        )
        async with consumer:
            return [(await asyncio.wait_for(consumer.getone(), 10)).value for _ in range(2)]

    assert asyncio.run(run()) == [b"kept", b"kept too"]


def test_kafka_python_produces_consumes_and_administers(shared: Cluster) -> None:
    from kafka.admin import KafkaAdminClient, NewTopic

    admin = KafkaAdminClient(bootstrap_servers=shared.bootstrap)
    admin.create_topics([NewTopic("kp", 2, 1)])
    producer = kafka.KafkaProducer(bootstrap_servers=shared.bootstrap, compression_type="gzip")
    sent = [producer.send("kp", str(number).encode(), partition=number % 2).get(10) for number in range(10)]
    assert [meta.offset for meta in sent] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    producer.close()
    consumer = kafka.KafkaConsumer(
        "kp", bootstrap_servers=shared.bootstrap, group_id="kp", auto_offset_reset="earliest", enable_auto_commit=False
    )
    found = [next(consumer).value for _ in range(10)]
    consumer.commit()
    assert sorted(found) == [str(number).encode() for number in range(10)]
    assert shared.client.group_state("kp") == ("Stable", 1)
    consumer.close()
    assert "kp" in admin.list_topics()
    assert "kp" in [group["group_id"] for group in admin.list_groups()]
    admin.delete_groups(["kp"])
    admin.delete_topics(["kp"])
    admin.close()
    assert shared.client.group_state("kp") == ("Dead", 0)


def test_a_static_member_comes_back_without_a_rebalance(shared: Cluster) -> None:
    shared.client.create_topic("static", 2)
    other = _consumer(shared, "static", group_instance_id="b")
    first = _consumer(shared, "static", group_instance_id="a")
    for one in (first, other):
        one.subscribe(["static"])
    both = lambda: (first.poll(0.05), other.poll(0.05), len(first.assignment()) == len(other.assignment()) == 1)[2]  # noqa: E731
    assert _until(both)
    generation = lambda: shared.call(lambda: shared.emulator.groups.groups["static"].generation)  # type: ignore[attr-defined]  # noqa: E731
    before = generation()
    kept = first.assignment()[0].partition
    first.close()
    again = _consumer(shared, "static", group_instance_id="a")
    again.subscribe(["static"])
    assert _until(lambda: (again.poll(0.05), other.poll(0.05), len(again.assignment()) == 1)[2])
    assert again.assignment()[0].partition == kept
    assert generation() == before
    again.close()
    other.close()


def test_a_member_that_dies_is_missed_by_the_clock(shared: Cluster) -> None:
    shared.client.create_topic("dies", 2)
    dying = _consumer(shared, "dies", session_timeout_ms=1000, heartbeat_interval_ms=200)
    living = _consumer(shared, "dies")
    for one in (dying, living):
        one.subscribe(["dies"])
    both = lambda: (dying.poll(0.05), living.poll(0.05), len(dying.assignment()) == len(living.assignment()) == 1)[2]  # noqa: E731
    assert _until(both)

    def kill() -> None:
        # Its group forgets when it last heard of it: as if the session timeout had passed at once.
        group: Any = shared.emulator.groups.groups["dies"]
        victim = next(one for one in group.members.values() if one.session_timeout_ms == 1000)
        shared.emulator.step(lambda: group._session_expired(victim))

    shared.call(kill)
    assert _until(lambda: (living.poll(0.05), len(living.assignment()) == 2)[1])
    assert shared.client.group_state("dies")[1] == 1
    living.close()


def _until(condition: Callable[[], bool], seconds: float = 15.0) -> bool:
    """Poll a condition that does the polling of clients itself."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if condition():
            return True
    return False
