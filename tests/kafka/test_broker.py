"""What surrounds the data: faults, nodes, versions, long polls, retention on the clock, chaos decisions, dumps, the
socket client.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.cases.kafka.scripts import init, list_offsets, member848
from emulators.kafka import errors
from emulators.kafka.client import KafkaClient, KafkaError, murmur2
from emulators.kafka.faults import api_key
from emulators.kafka.handlers import APIS, apis_of, handler
from emulators.kafka.wire.records import read_header
from emulators.kafka.wire.schema import API_KEYS, message
from emulators.kernel.interceptor import Decision
from tests.kafka.conftest import Cluster
from tests.kafka.raw import Raw, batch, fetch, produce

Start = Callable[..., Cluster]


def _produced(answer: dict[str, Any]) -> int:
    return int(answer["responses"][0]["partition_responses"][0]["error_code"])


# -- the table of APIs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", APIS)
def test_every_api_of_the_table_has_a_handler_and_schemas(key: int) -> None:
    api = APIS[key]
    assert callable(handler(key))
    for kind in ("request", "response"):
        low, high = message(f"{api.name}.{kind}").versions
        assert low <= api.low <= api.high <= high


def test_api_versions_tells_what_the_table_says(cluster: Start) -> None:
    found = cluster()
    with found.raw() as connection:
        fields = {"client_software_name": "raw", "client_software_version": "1"}
        answer = connection.call("api_versions", 3, **fields)
        told = {row["api_key"]: (row["min_version"], row["max_version"]) for row in answer["api_keys"]}
        assert told[0] == (0, 13)
        assert {key: span for key, span in told.items() if key} == {
            key: (api.low, api.high) for key, api in APIS.items() if key
        }
        assert {row["name"] for row in answer["supported_features"]} == {"metadata.version"}
        newer = connection.call("api_versions", 4, **fields)
        assert {row["name"]: row["max_version_level"] for row in newer["finalized_features"]}[
            "transaction.version"
        ] == 2
        assert (
            connection.call("api_versions", 3, client_software_name="!", client_software_version="")["error_code"] == 42
        )


def test_a_newer_api_versions_request_is_answered_in_version_0(cluster: Start) -> None:
    with cluster().raw() as connection:
        connection.sock.sendall(struct.pack(">ihhih", 10, 18, 99, 7, -1))
        answer = connection.receive("api_versions", 0)
        assert answer["error_code"] == errors.UNSUPPORTED_VERSION
        assert connection.call("metadata", 1, topics=[])["topics"] == []


@pytest.mark.parametrize(("version", "produce_high"), [("3.9", 11), ("4.0", 12), ("4.1", 13)])
def test_a_version_profile_caps_what_is_offered(cluster: Start, version: str, produce_high: int) -> None:
    assert apis_of(version)[0].high == produce_high
    with cluster(version=version).raw() as connection:
        told = connection.call("api_versions", 0)["api_keys"]
        assert next(row["max_version"] for row in told if row["api_key"] == 0) == produce_high
        assert (78 in {row["api_key"] for row in told}) == (version == "4.1")


# -- long polls ------------------------------------------------------------------------------------------------


def _parked(cluster: Cluster, count: int) -> None:
    while cluster.call(lambda: sum(one.parked is not None for one in cluster.emulator.sessions.values())) != count:
        pass


def test_a_fetch_waits_for_bytes_and_no_longer_than_it_says(frozen: Start) -> None:
    cluster = frozen(topics={"t": 1})
    with cluster.raw() as connection:
        waiting = {**fetch("t", 0), "max_wait_ms": 5000, "min_bytes": 1}
        connection.send("fetch", 12, **waiting)
        _parked(cluster, 1)
        cluster.client.produce("t", b"x")
        assert connection.receive("fetch", 12)["responses"][0]["partitions"][0]["records"]
        connection.send("fetch", 12, **{**waiting, "topics": fetch("t", 1)["topics"]})
        _parked(cluster, 1)
        cluster.advance(5)
        assert connection.receive("fetch", 12)["responses"][0]["partitions"][0]["records"] == b""
        connection.send("fetch", 12, **{**waiting, "min_bytes": 200})
        _parked(cluster, 1)
        cluster.client.produce("t", b"x" * 50)
        _parked(cluster, 1)
        cluster.client.produce("t", b"x" * 50)
        assert connection.receive("fetch", 12)["responses"][0]["partitions"][0]["records"]


@pytest.mark.parametrize("event", ["delete", "leader", "marker"])
def test_a_fetch_wakes_when_its_partition_changes(frozen: Start, event: str) -> None:
    cluster = frozen(topics={"t": 1}, nodes=2)
    node = cluster.emulator.topics["t"].partitions[0].leader
    with (
        cluster.raw(node) as connection,
        cluster.raw(cluster.emulator.coordinator(1, "tx")) as other,
        cluster.raw(node) as leader,
    ):
        isolation = {}
        if event == "marker":
            pid = other.call(*init("tx")[:2], **init("tx")[2])["producer_id"]
            data = batch(b"x", producer_id=pid, producer_epoch=0, base_sequence=0, transactional=True)
            assert _produced(leader.call("produce", 12, **produce("t", data, transactional_id="tx"))) == 0
            isolation = {"isolation_level": 1}
        connection.send("fetch", 12, **{**fetch("t", 0, **isolation), "max_wait_ms": 60_000, "min_bytes": 1})
        _parked(cluster, 1)
        if event == "delete":
            cluster.client.delete_topic("t")
        elif event == "leader":
            cluster.call(cluster.emulator.control, "move_leader", "t", 0, 3 - node)
        else:
            fields = {"transactional_id": "tx", "producer_id": pid, "producer_epoch": 0, "committed": True}
            assert other.call("end_txn", 3, **fields)["error_code"] == 0
        row = connection.receive("fetch", 12)["responses"][0]["partitions"][0]
        assert row["error_code"] == {"delete": 3, "leader": 6, "marker": 0}[event]
        assert bool(row["records"]) == (event == "marker")


def test_requests_behind_a_parked_one_wait_their_turn(frozen: Start) -> None:
    cluster = frozen(topics={"t": 1})
    with cluster.raw() as connection:
        connection.send("fetch", 12, **{**fetch("t", 0), "max_wait_ms": 60_000, "min_bytes": 1})
        connection.send("produce", 9, **produce("t", batch(b"mine")))
        _parked(cluster, 1)
        cluster.client.produce("t", b"other")
        assert connection.receive("fetch", 12)["responses"][0]["partitions"][0]["high_watermark"] == 1
        assert connection.receive("produce", 9)["responses"][0]["partition_responses"][0]["base_offset"] == 1


# -- time ------------------------------------------------------------------------------------------------------


def test_retention_runs_by_itself_on_the_clock(frozen: Start) -> None:
    cluster = frozen()
    cluster.client.create_topic("short", configs={"retention.ms": "60000"})
    now = cluster.call(cluster.emulator.now_ms)
    cluster.client.produce("short", b"x", timestamp=now)
    cluster.advance(300)
    assert cluster.client.offset("short", 0, -2) == 1
    assert cluster.values("short") == []


def test_a_transaction_that_is_not_ended_is_aborted_by_the_clock(frozen: Start) -> None:
    cluster = frozen(topics={"t": 1})
    with cluster.raw() as connection:
        pid = connection.call("init_producer_id", 4, **init("tx", timeout=10_000)[2])["producer_id"]
        data = batch(b"x", producer_id=pid, producer_epoch=0, base_sequence=0, transactional=True)
        assert _produced(connection.call("produce", 12, **produce("t", data, transactional_id="tx"))) == 0
        assert cluster.client.offset("t", 0, -1, committed=True) == 0
        cluster.advance(10.1)
        assert cluster.client.offset("t", 0, -1, committed=True) == 2
        assert cluster.values("t") == []
        fields = {"transactional_id": "tx", "producer_id": pid, "producer_epoch": 0, "committed": True}
        assert connection.call("end_txn", 3, **fields)["error_code"] == errors.PRODUCER_FENCED


# -- faults ----------------------------------------------------------------------------------------------------


def test_a_fault_strikes_one_partition_and_appends_nothing(cluster: Start) -> None:
    found = cluster(topics={"t": 2})
    fault = found.call(
        found.emulator.faults.add, error="NOT_ENOUGH_REPLICAS", keys=["Produce"], topic="t", partitions=[1], count=2
    )
    with found.raw() as connection:
        data = [{"index": index, "records": batch(b"x")} for index in (0, 1)]
        rows = connection.call("produce", 9, **produce("t", None, topic_data=[{"name": "t", "partition_data": data}]))
        codes = [row["error_code"] for row in rows["responses"][0]["partition_responses"]]
        assert codes == [0, errors.NOT_ENOUGH_REPLICAS]
        assert found.values("t") == [b"x"]
        assert _produced(connection.call("produce", 9, **produce("t", batch(b"y"), 1))) == errors.NOT_ENOUGH_REPLICAS
        assert _produced(connection.call("produce", 9, **produce("t", batch(b"y"), 1))) == 0
    assert fault.hits == 2
    assert not fault.active


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd", "uncompressed"])
def test_a_topic_may_choose_the_compression(cluster: Start, codec: str) -> None:
    found = cluster()
    found.client.create_topic("t", configs={"compression.type": codec})
    found.client.produce_many("t", [{"value": "x" * 100, "key": "k"}] * 3, codec="gzip")
    header = read_header(found.emulator.topics["t"].partitions[0].log.batches[0].data)
    assert header.codec == ("uncompressed", "gzip", "snappy", "lz4", "zstd").index(codec)
    assert found.values("t") == [b"x" * 100] * 3


def test_a_lost_acknowledgement_has_done_the_work(cluster: Start) -> None:
    found = cluster(topics={"t": 1})
    found.call(found.emulator.faults.add, error="REQUEST_TIMED_OUT", keys=["produce"], topic="t")
    with found.raw() as connection:
        assert _produced(connection.call("produce", 9, **produce("t", batch(b"x")))) == errors.REQUEST_TIMED_OUT
    assert found.values("t") == [b"x"]


def test_an_idempotent_producer_survives_lost_acknowledgements_without_duplicates(cluster: Start) -> None:
    confluent_kafka = pytest.importorskip("confluent_kafka")
    found = cluster(topics={"t": 1})
    fault = found.call(found.emulator.faults.add, error="REQUEST_TIMED_OUT", keys=["produce"], topic="t", count=3)
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": found.bootstrap, "enable.idempotence": True, "retry.backoff.ms": 5, "linger.ms": 0}
    )
    for number in range(20):
        producer.produce("t", str(number))
        producer.poll(0)
    assert producer.flush(15) == 0
    fault.wait(3)
    assert found.values("t") == [str(number).encode() for number in range(20)]


def test_faults_choose_by_group_node_predicate_and_can_only_watch(cluster: Start) -> None:
    found = cluster(topics={"t": 1})
    add = found.emulator.faults.add
    watch = found.call(add, observe=True, count=-1, keys=["metadata"])
    gone = found.call(add, error=16, group="g", count=-1)
    found.call(add, error=3, nodes=[9], count=-1)
    picky = found.call(
        add, error=29, topic="t", keys=["produce"], when=lambda request: request.client_id == "other", count=-1
    )
    with found.raw() as connection:
        connection.call("metadata", 9, topics=[{"name": "t"}])
        assert connection.call("find_coordinator", 2, key="g", key_type=0)["error_code"] == 16
        assert connection.call("find_coordinator", 2, key="h", key_type=0)["error_code"] == 0
        assert _produced(connection.call("produce", 9, **produce("t", batch(b"x")))) == 0
    with Raw(found.runtime.port, "other") as connection:
        assert _produced(connection.call("produce", 9, **produce("t", batch(b"x")))) == 29
    assert (watch.hits, gone.hits, picky.hits) == (1, 1, 1)
    gone.remove()
    assert found.client.groups() == {}
    with pytest.raises(TimeoutError, match="struck 1 times"):
        picky.wait(5, timeout=0.01)


def test_faults_are_validated() -> None:
    from emulators.kafka.faults import Faults

    with pytest.raises(ValueError, match="did you mean NOT_LEADER_OR_FOLLOWER"):
        Faults().add(error="NOT_LEADER_OR_FOLOWER")
    with pytest.raises(ValueError, match="there is no Kafka API 'prduce'"):
        Faults().add(keys=["prduce"])
    with pytest.raises(ValueError, match="count 0"):
        Faults().add(count=0)
    assert {api_key(word) for word in ("InitProducerId", "init_producer_id", "INIT-PRODUCER-ID", 22)} == {22}


class _Always:
    """A judge that decides the same for one API."""

    def __init__(self, verb: str, decision: Decision) -> None:
        self.verb, self.decision = verb, decision

    def decide(self, operation: Any) -> Decision | None:
        return self.decision if operation.verb == self.verb else None


@pytest.mark.parametrize("key", [key for key in APIS if key not in (18, 17, 36, 46, 48, 50, 55, 57, 60, 66, 74, 16)])
def test_a_chaos_error_is_spoken_in_every_api(frozen: Start, key: int) -> None:
    """A decision `error` is answered with the protocol's own code, whatever the API; nothing is executed, nothing
    breaks.
    """
    cluster = frozen(topics={"t": 1})
    api = APIS[key]
    before = cluster.call(cluster.emulator.digest)
    judge = _Always(api.name.upper(), Decision("error", "rule", error="POLICY_VIOLATION"))
    cluster.call(cluster.host.interceptor.arm, (judge,))
    with cluster.raw() as connection:
        answer = connection.call(api.name, api.high, **_minimal(key, cluster.emulator.topics["t"].id))
    cluster.call(cluster.host.interceptor.arm, ())
    assert errors.POLICY_VIOLATION in _codes(answer) or _codes(answer) & {54, 34, 122}
    assert cluster.call(cluster.emulator.digest) == before


def _codes(value: Any) -> set[int]:
    if isinstance(value, dict):
        own = {item for name, item in value.items() if name.endswith("error_code")}
        return own.union(*(_codes(item) for item in value.values()))
    return set().union(*map(_codes, value)) if isinstance(value, list) else set()


def _minimal(key: int, topic_id: bytes) -> dict[str, Any]:
    """A request that names one thing of the kind that the API is about."""
    part = {
        "partition_index": 0,
        "partition": 0,
        "index": 0,
        "records": batch(b"x"),
        "timestamp": -1,
        "committed_offset": 1,
    }
    topic = {
        "name": "t",
        "topic": "t",
        "topic_name": "t",
        "topic_id": topic_id,
        "num_partitions": 1,
        "replication_factor": 1,
        "partitions": [part],
        "partition_data": [part],
        "partition_indexes": [0],
        "count": 3,
    }
    plain_topic = {**topic, "partitions": [0]}
    if key == 20:
        return {"topics": [{"name": "t"}]}
    named = plain_topic if key in (24, 34, 35, 43, 46, 90) else topic
    resource = {"resource_type": 2, "resource_name": "t", "configs": [{"name": "retention.ms", "value": "1"}]}
    group = {"group_id": "g", "topics": [named]}
    if key == 1:
        return {
            **fetch("t", 0),
            "topics": [{**topic, "partitions": [{**part, "fetch_offset": 0, "partition_max_bytes": 10}]}],
        }
    return {
        "acks": -1,
        "topic_data": [topic],
        "topics": [named],
        "topic_partitions": [plain_topic],
        "topic_names": ["t"],
        "groups": [group] if key in (9, 90) else ["g"],
        "groups_names": ["g"],
        "group_ids": ["g"],
        "group_id": "g",
        "coordinator_keys": ["g"],
        "key": "g",
        "transactional_id": None if key == 0 else "tx",
        "transactional_ids": ["tx"],
        "transactions": [{"transactional_id": "tx", "topics": [plain_topic]}],
        "session_timeout_ms": 10_000,
        "transaction_timeout_ms": 1000,
        "producer_id": -1,
        "producer_epoch": -1,
        "protocol_type": "consumer",
        "protocols": [{"name": "p", "metadata": b""}],
        "member_id": "m",
        "member_epoch": 0,
        "rebalance_timeout_ms": 5,
        "subscribed_topic_names": ["t"],
        "resources": [resource],
        "markers": [{"producer_id": 1, "topics": [topic]}],
        "dirs": [{"path": "/x", "topics": [plain_topic]}],
        "members": [{"member_id": "m"}],
        "entries": [{"entity": [{"entity_type": "user", "entity_name": "u"}], "ops": []}],
        "upsertions": [{"name": "u", "mechanism": 1, "iterations": 4096, "salt": b"s", "salted_password": b"p"}],
        "creations": [
            {
                "resource_type": 2,
                "resource_name": "t",
                "principal": "User:a",
                "host": "*",
                "operation": 3,
                "permission_type": 3,
            }
        ],
        "filters": [{"resource_type_filter": 1, "pattern_type_filter": 1, "operation": 1, "permission_type": 1}],
    }


def test_a_chaos_skip_answers_success_and_does_nothing(cluster: Start) -> None:
    found = cluster(topics={"t": 1})
    judge = _Always("PRODUCE", Decision("skip", "rule", reply="empty"))
    found.call(found.host.interceptor.arm, (judge,))
    with found.raw() as connection:
        assert _produced(connection.call("produce", 9, **produce("t", batch(b"x")))) == 0
    found.call(found.host.interceptor.arm, ())
    assert found.values("t") == []


# -- nodes -----------------------------------------------------------------------------------------------------


def test_several_nodes_have_ports_of_their_own_and_leaders_move(cluster: Start) -> None:
    found = cluster(nodes=3, topics={"t": 6}, racks=["a", "b"])
    emulator = found.emulator
    assert len({node.port for node in emulator.nodes.values()}) == 3
    partition = emulator.topics["t"].partitions[0]
    for value in (b"1", b"2"):
        found.client.produce("t", value, partition=0)
    old = partition.leader
    new = old % 3 + 1
    found.call(emulator.control, "move_leader", "t", 0, new)
    with found.raw(old) as connection:
        answer = connection.call("produce", 10, **produce("t", batch(b"x")))
        row = answer["responses"][0]["partition_responses"][0]
        assert row["error_code"] == errors.NOT_LEADER_OR_FOLLOWER
        assert row["current_leader"] == {"leader_id": new, "leader_epoch": 1}
        assert [node["node_id"] for node in answer["node_endpoints"]] == [new]
    assert found.client.produce("t", b"3", partition=0).offset == 2
    assert found.values("t", partition=0) == [b"1", b"2", b"3"]


def test_a_node_goes_down_and_comes_back_on_its_port(cluster: Start) -> None:
    found = cluster(nodes=2)
    found.client.create_topic("t", 2, replication_factor=2)
    found.client.create_topic("single", 2)
    port = found.emulator.nodes[2].port
    with found.raw(2) as connection:
        found.call(found.emulator.control, "node_down", 2)
        assert connection.closed()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), 1)
    with KafkaClient(found.bootstrap) as client:
        for partition in range(2):
            client.produce("t", b"x", partition=partition)
        leaders = [one.leader for one in found.emulator.topics["single"].partitions]
        assert sorted(leaders) == [-1, 1]
        found.call(found.emulator.control, "node_up", 2)
        assert found.emulator.nodes[2].port == port
        assert sorted(one.leader for one in found.emulator.topics["single"].partitions) == [1, 2]
    with found.raw(2) as connection:
        assert connection.call("metadata", 1, topics=None)["brokers"][1]["port"] == port


def test_coordinators_move(cluster: Start) -> None:
    found = cluster(nodes=3, topics={"t": 1})
    here = found.emulator.coordinator(0, "g")
    there = here % 3 + 1
    found.call(found.emulator.control, "move_coordinator", 0, "g", there)
    with found.raw(here) as connection:
        assert connection.call("find_coordinator", 2, key="g", key_type=0)["node_id"] == there
        assert connection.call("heartbeat", 3, group_id="g", generation_id=1, member_id="m")["error_code"] == 16
    with pytest.raises(ValueError, match="there is no node 9"):
        found.call(found.emulator.control, "move_coordinator", 0, "g", 9)
    with pytest.raises(ValueError, match="no control verb"):
        found.call(found.emulator.control, "explode")


# -- security --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_sasl_with_real_clients(cluster: Start, mechanism: str) -> None:
    confluent_kafka = pytest.importorskip("confluent_kafka")
    found = cluster(users={"alice": "secret"}, topics={"t": 1})
    config = {"bootstrap.servers": found.bootstrap, "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": mechanism}
    producer = confluent_kafka.Producer({**config, "sasl.username": "alice", "sasl.password": "secret"})
    producer.produce("t", b"x")
    assert producer.flush(10) == 0
    with KafkaClient(found.bootstrap, sasl=("alice", "secret")) as client:
        assert [record.value for record in client.consume_all("t")] == [b"x"]
    aiokafka = pytest.importorskip("aiokafka")

    async def refused() -> None:
        stranger = aiokafka.AIOKafkaProducer(
            bootstrap_servers=found.bootstrap,
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism=mechanism,
            sasl_plain_username="alice",
            sasl_plain_password="wrong",
        )
        try:
            with pytest.raises(aiokafka.errors.KafkaError):
                await stranger.start()
        finally:
            await stranger.stop()

    asyncio.run(refused())


def test_sasl_refuses_what_is_wrong(cluster: Start) -> None:
    found = cluster(users={"alice": "secret"}, mechanisms=["PLAIN"])
    with found.raw() as connection:
        connection.send("metadata", 1, topics=None)
        assert connection.closed()
    with found.raw() as connection:
        answer = connection.call("sasl_handshake", 1, mechanism="SCRAM-SHA-256")
        assert (answer["error_code"], answer["mechanisms"]) == (33, ["PLAIN"])
        assert connection.call("sasl_authenticate", 2, auth_bytes=b"")["error_code"] == 34
        assert connection.call("sasl_handshake", 1, mechanism="PLAIN")["error_code"] == 0
        assert connection.call("sasl_authenticate", 2, auth_bytes=b"\0alice\0wrong")["error_code"] == 58
        connection.send("metadata", 1, topics=None)
        assert connection.closed()
    with pytest.raises(KafkaError, match="SASL PLAIN as 'bob'"):
        KafkaClient(found.bootstrap, sasl=("bob", "x")).topics()


def test_acls_allow_and_deny(cluster: Start) -> None:
    found = cluster(
        users={"admin": "a", "bob": "b"}, acls=True, super_users=["User:admin"], topics={"logs-1": 1, "secret": 1}
    )
    acls = [
        {
            "resource_type": 2,
            "resource_name": "logs-",
            "resource_pattern_type": 4,
            "principal": "User:bob",
            "host": "*",
        },
        {"resource_type": 3, "resource_name": "*", "resource_pattern_type": 3, "principal": "User:bob", "host": "*"},
    ]
    admin = Raw(found.runtime.port)
    for connection, user, password in ((admin, b"admin", b"a"),):
        connection.call("sasl_handshake", 1, mechanism="PLAIN")
        assert connection.call("sasl_authenticate", 2, auth_bytes=b"\0" + user + b"\0" + password)["error_code"] == 0
    creations = [{**acls[0], "operation": 4, "permission_type": 3}, {**acls[1], "operation": 3, "permission_type": 3}]
    assert [row["error_code"] for row in admin.call("create_acls", 3, creations=creations)["results"]] == [0, 0]
    bob = KafkaClient(found.bootstrap, sasl=("bob", "b"))
    assert bob.topics() == {"logs-1": 1}
    bob.produce("logs-1", b"x")
    with pytest.raises(KafkaError) as caught:
        bob.produce("secret", b"x")
    assert caught.value.code == errors.TOPIC_AUTHORIZATION_FAILED
    with pytest.raises(KafkaError) as caught:
        bob.consume_all("logs-1")
    assert caught.value.code == errors.TOPIC_AUTHORIZATION_FAILED
    with pytest.raises(KafkaError) as caught:
        bob.create_topic("mine")
    assert caught.value.code == errors.TOPIC_AUTHORIZATION_FAILED
    wanted = {
        "resource_type_filter": 2,
        "pattern_type_filter": 2,
        "resource_name_filter": "logs-9",
        "operation": 1,
        "permission_type": 1,
    }
    assert len(admin.call("describe_acls", 3, **wanted)["resources"]) == 1
    assert len(admin.call("delete_acls", 3, filters=[wanted])["filter_results"][0]["matching_acls"]) == 1
    with pytest.raises(KafkaError):
        bob.produce("logs-1", b"x")
    bob.close()
    admin.sock.close()


def test_tls(cluster: Start) -> None:
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    found = cluster(tls=server, topics={"t": 1})
    with KafkaClient(found.bootstrap, tls=client) as kafka:
        kafka.produce("t", b"x" * 200_000)
        assert [len(record.value or b"") for record in kafka.consume_all("t")] == [200_000]
    with found.raw() as connection:
        connection.send("metadata", 1, topics=None)
        connection.sock.settimeout(5)
        while connection.sock.recv(100):
            pass


# -- hostile clients -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def victim() -> Any:
    found = Cluster(topics={"t": 1})
    yield found
    found.stop()


HOSTILE = {
    "an HTTP client": b"GET / HTTP/1.1\r\n\r\n",
    "a negative length": struct.pack(">i", -5) + b"x" * 20,
    "a length of zero": struct.pack(">i", 0) + b"x" * 20,
    "a length beyond the limit": struct.pack(">ihhih", 200 << 20, 0, 9, 1, -1),
    "a long frame for a small API": struct.pack(">ihhih", 50 << 20, 3, 9, 1, -1),
    "an unknown API": struct.pack(">ihhih", 10, 999, 0, 1, -1),
    "an unknown version": struct.pack(">ihhih", 10, 3, 99, 1, -1),
    "a broker's API": struct.pack(">ihhih", 10, 4, 0, 1, -1),
    "a truncated body": struct.pack(">ihhih", 12, 3, 1, 1, -1) + b"\0\0",
    "a client id that is not text": struct.pack(">ihhih", 12, 3, 1, 1, 2) + b"\xff\xfe",
    "an endless array": struct.pack(">ihhihi", 14, 3, 1, 1, -1, 0x7FFFFFFF),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_read_closes_the_connection(victim: Cluster, name: str) -> None:
    with victim.raw() as connection:
        connection.sock.sendall(HOSTILE[name])
        connection.sock.settimeout(5)
        assert connection.closed()
    assert victim.client.topics() == {"t": 1}


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_random_damage_is_answered_or_closes_and_harms_nobody(victim: Cluster, data: Any) -> None:
    key = data.draw(st.sampled_from(sorted(APIS)))
    api = APIS[key]
    version = data.draw(st.integers(api.low, api.high))
    connection = Raw(victim.runtime.port)
    frame = bytearray(connection.request(api.name, version, _minimal(key, bytes(16)))[4:])
    for _ in range(data.draw(st.integers(0, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    frame = frame[: data.draw(st.integers(8, len(frame)))] if data.draw(st.booleans()) else frame
    # A join, and a fetch that was told to wait, may be answered later than anyone wants to wait here.
    connection.sock.settimeout(0.05)
    connection.sock.sendall(struct.pack(">i", len(frame)) + bytes(frame))
    try:
        connection.frame()
    except (ConnectionError, TimeoutError):
        pass
    connection.sock.close()
    victim.call(victim.emulator.check)
    assert victim.host.internal_errors == []
    assert "t" in victim.client.topics() or key == 20


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=1, max_size=300), st.integers(0, 400))
def test_a_damaged_batch_never_gets_in(noise: bytes, position: int) -> None:
    from emulators.kafka.handlers.h00_produce import Refused, check_bytes, validate

    data = bytearray(batch(b"hello" * 40, (b"k", b"v")))
    position %= len(data) - 21
    before = bytes(data)
    for offset, byte in enumerate(noise):
        if 21 + position + offset < len(data):
            data[21 + position + offset] ^= byte
    if bytes(data) == before:
        return
    bounds = {"max_bytes": 1 << 20, "append_time": False, "before_ms": 1 << 60, "after_ms": 1 << 60, "compact": True}

    def take() -> None:
        header = read_header(bytes(data))
        check_bytes(header, bytes(data), bounds)
        validate(header, bytes(data), bounds, 0)

    with pytest.raises(Refused):
        take()


def test_bytes_may_come_one_at_a_time(cluster: Start) -> None:
    found = cluster(topics={"t": 1})
    with found.raw() as connection:
        frames = connection.request("produce", 9, produce("t", batch(b"x"))) + connection.request(
            "metadata", 1, {"topics": None}
        )
        for byte in frames:
            connection.sock.sendall(bytes((byte,)))
        assert _produced(connection.receive("produce", 9)) == 0
        assert connection.receive("metadata", 1)["topics"][0]["name"] == "t"


# -- the socket client and the dump ----------------------------------------------------------------------------


def test_the_client_produces_consumes_and_waits(cluster: Start) -> None:
    found = cluster(nodes=2)
    client = found.client
    client.create_topic("t", 3)
    first = client.produce("t", {"id": 1}, key="a", headers={"h": "1"}, timestamp=5)
    assert first.partition == (murmur2(b"a") & 0x7FFFFFFF) % 3
    client.produce_many(
        "t", [{"value": "x", "partition": 1}, {"value": None, "key": b"\xff", "partition": 2}], codec="zstd"
    )
    records = client.consume_all("t")
    assert len(records) == 3
    one = next(record for record in records if record.key == b"a")
    assert (one.json(), one.headers, one.timestamp) == ({"id": 1}, (("h", b"1"),), 5)
    assert client.lag("nobody") == {}
    threading.Timer(
        0.05,
        lambda: Raw(found.emulator.nodes[found.emulator.coordinator(0, "g")].port).call(
            *member848("g", "m", 0, ["t"])[:2], **member848("g", "m", 0, ["t"])[2]
        ),
    ).start()
    client.wait_for_group("g", members=1, timeout=5)
    with pytest.raises(TimeoutError, match="group 'g' is Stable with 1 members"):
        client.wait_for_group("g", members=2, timeout=0.02)
    with pytest.raises(KafkaError, match="TOPIC_ALREADY_EXISTS"):
        client.create_topic("t")
    with pytest.raises(KafkaError, match="partitions 0 to 2"):
        client.produce("t", b"x", partition=9)


@pytest.mark.parametrize(
    ("key", "expected"),
    [(b"", 0x106E08D9), (b"21", -973932308), (b"foobar", -790332482), (b"a-little-bit-long-string", -985981536)],
)
def test_murmur2_is_that_of_the_java_client(key: bytes, expected: int) -> None:
    assert murmur2(key) == expected & 0xFFFFFFFF


def test_the_dump_shows_what_is_there(cluster: Start) -> None:
    found = cluster(topics={"t": 2})
    found.client.produce("t", {"id": 7}, key="k", headers={"h": "v"}, partition=1)
    found.client.produce("t", b"\xff\xfe", partition=0)
    with found.raw() as connection:
        row = {"partition_index": 1, "committed_offset": 0, "committed_metadata": ""}
        connection.call("offset_commit", 8, group_id="g", topics=[{"name": "t", "partitions": [row]}])
    dump = found.call(found.emulator.dump)
    topic = dump["topics"]["t"]
    assert (dump["topicCount"], topic["partitionCount"], topic["recordCount"]) == (1, 2, 2)
    by_partition = {row["partition"]: row for row in topic["sample"]}
    assert by_partition[1]["value"] == {"id": 7}
    assert by_partition[1]["headers"] == [["h", "v"]]
    assert by_partition[0]["value"] == {"base64": "//4="}
    assert dump["groups"]["g"]["lag"] == 1
    status = found.call(found.emulator.status)
    assert (status["topics"], status["records"], status["groups"]) == (1, 2, 1)


def test_operations_of_the_log_say_what_was_asked(cluster: Start) -> None:
    found = cluster(topics={"t": 1})
    with found.raw() as connection:
        connection.call("produce", 9, **produce("t", batch(b"x")))
        connection.call(*list_offsets("t", -1)[:2], **list_offsets("t", -1)[2])
    operations = found.call(lambda: list(found.host.log.operations()))
    assert [(one.verb, one.keys) for one in operations] == [("PRODUCE", ("t",)), ("LIST_OFFSETS", ("t",))]
    assert operations[0].text.startswith("produce v9 topics=t bytes=")
    assert API_KEYS["produce"] == 0
