"""Request scripts for Kafka; what Apache Kafka 4.1.0 (KRaft) answered stands in `conformance/goldens/kafka`.

A case is a list of steps: (API, version, fields), where a value may be a function of what earlier steps saved. `GROUPS` says
which area a case belongs to. A broker that plays them has one node and no data.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from conformance.kafka.raw import batch, fetch, produce

Saved = dict[str, Any]
Step = tuple[Any, ...]


def topic(name: str, partitions: int = 1, **configs: str) -> Step:
    """Create a topic."""
    wanted = {
        "name": name,
        "num_partitions": partitions,
        "replication_factor": 1,
        "configs": [{"name": key.replace("_", "."), "value": value} for key, value in configs.items()],
    }
    return ("create_topics", 4, {"topics": [wanted], "timeout_ms": 5000})


def saved(step: Step, **names: Callable[[dict[str, Any]], Any]) -> Step:
    """The step, saving parts of its answer."""
    return (*step[:3], names)


def get(name: str) -> Callable[[Saved], Any]:
    return lambda kept: kept[name]


def list_offsets(name: str, timestamp: int, version: int = 7, partition: int = 0, isolation: int = 0) -> Step:
    row = {"partition_index": partition, "timestamp": timestamp, "current_leader_epoch": -1}
    fields = {"replica_id": -1, "isolation_level": isolation, "topics": [{"name": name, "partitions": [row]}]}
    return ("list_offsets", version, fields)


def find(key: str, kind: int = 0) -> Step:
    return ("find_coordinator", 2, {"key": key, "key_type": kind})


def join(
    group: str, member: Any = "", version: int = 5, instance: str | None = None, metadata: bytes = b"m", **more: Any
) -> Step:
    fields = {
        "group_id": group,
        "session_timeout_ms": 30_000,
        "rebalance_timeout_ms": 30_000,
        "member_id": member,
        "group_instance_id": instance,
        "protocol_type": "consumer",
        "protocols": [{"name": "range", "metadata": metadata}],
        **more,
    }
    return ("join_group", version, fields)


def sync(group: str, member: Any, generation: int, assignment: bytes | None = b"a", version: int = 3) -> Step:
    def rows(kept: Saved) -> Any:
        name = member(kept) if callable(member) else member
        return [] if assignment is None else [{"member_id": name, "assignment": assignment}]

    fields = {"group_id": group, "generation_id": generation, "member_id": member, "assignments": rows}
    return ("sync_group", version, fields)


def commit(
    group: str, name: str, offset: int, member: Any = "", generation: Any = -1, version: int = 8, **row: Any
) -> Step:
    one = {"partition_index": 0, "committed_offset": offset, "committed_metadata": "", **row}
    fields = {
        "group_id": group,
        "generation_id_or_member_epoch": generation,
        "member_id": member,
        "topics": [{"name": name, "partitions": [one]}],
    }
    return ("offset_commit", version, fields)


def offsets(group: str, name: str | None, version: int = 7, stable: bool = False) -> Step:
    topics = None if name is None else [{"name": name, "partition_indexes": [0]}]
    return ("offset_fetch", version, {"group_id": group, "topics": topics, "require_stable": stable})


def send(name: str, data: Any, version: int = 9, **more: Any) -> Step:
    return ("produce", version, produce(name, data, **more))


def read(name: str, offset: int, version: int = 12, **more: Any) -> Step:
    return ("fetch", version, fetch(name, offset, **more))


def init(
    transactional: str | None, version: int = 4, producer: Any = -1, epoch: Any = -1, timeout: int = 60_000
) -> Step:
    fields = {
        "transactional_id": transactional,
        "transaction_timeout_ms": timeout,
        "producer_id": producer,
        "producer_epoch": epoch,
    }
    return ("init_producer_id", version, fields)


def kept_init(transactional: str | None) -> Step:
    return saved(
        init(transactional), pid=lambda answer: answer["producer_id"], epoch=lambda answer: answer["producer_epoch"]
    )


def add(
    transactional: str, name: str, pid: Any = get("pid"), epoch: Any = 0, version: int = 3, partitions: Any = (0,)
) -> Step:
    fields = {
        "v3_and_below_transactional_id": transactional,
        "v3_and_below_producer_id": pid,
        "v3_and_below_producer_epoch": epoch,
        "v3_and_below_topics": [{"name": name, "partitions": list(partitions)}],
    }
    return ("add_partitions_to_txn", version, fields)


def end(transactional: str, committed: bool, epoch: Any = 0, version: int = 3, pid: Any = get("pid")) -> Step:
    fields = {"transactional_id": transactional, "producer_id": pid, "producer_epoch": epoch, "committed": committed}
    return ("end_txn", version, fields)


def in_txn(
    transactional: str, name: str, *values: bytes, sequence: int = 0, epoch: int = 0, version: int = 9, pid: Any = None
) -> Step:
    def data(kept: Saved) -> bytes:
        number = kept["pid"] if pid is None else pid
        # The present time, as the markers have: a real log would begin a new segment between old and new records.
        now = int(time.time() * 1000)
        return batch(
            *values, time=now, producer_id=number, producer_epoch=epoch, base_sequence=sequence, transactional=True
        )

    return send(name, data, version, transactional_id=transactional)


def idempotent(name: str, sequence: int, *values: bytes, epoch: int = 0) -> Step:
    def data(kept: Saved) -> bytes:
        return batch(*values, producer_id=kept["pid"], producer_epoch=epoch, base_sequence=sequence)

    return send(name, data)


def heartbeat(group: str, member: Any, generation: int) -> Step:
    return ("heartbeat", 3, {"group_id": group, "generation_id": generation, "member_id": member})


def member848(
    group: str, member: str, epoch: Any, names: list[str] | None = None, owned: Any = (), **more: Any
) -> Step:
    fields = {
        "group_id": group,
        "member_id": member,
        "member_epoch": epoch,
        "subscribed_topic_names": names,
        "rebalance_timeout_ms": 30_000 if epoch == 0 else -1,
        "topic_partitions": owned,
        **more,
    }
    return ("consumer_group_heartbeat", 1, fields)


def configs(kind: int, name: str, *changes: tuple[str, int, str | None]) -> Step:
    rows = [{"name": key, "config_operation": operation, "value": value} for key, operation, value in changes]
    resource = {"resource_type": kind, "resource_name": name, "configs": rows}
    return ("incremental_alter_configs", 1, {"resources": [resource], "validate_only": False})


def describe(kind: int, name: str, *keys: str) -> Step:
    resource = {"resource_type": kind, "resource_name": name, "configuration_keys": list(keys) or None}
    return ("describe_configs", 4, {"resources": [resource], "include_synonyms": True})


def _member(answer: dict[str, Any]) -> Any:
    return answer["member_id"]


CASES: dict[str, list[Step]] = {
    "produce: a batch, then another, read whole and from the middle": [
        topic("p1"),
        send("p1", batch(b"a", b"b")),
        send("p1", batch(b"c")),
        read("p1", 0),
        read("p1", 1),
        read("p1", 3),
    ],
    "produce: what is refused": [
        topic("p2"),
        send("p2", b""),
        send("p2", batch(b"a") + batch(b"b")),
        send("p2", batch(b"a")[:-1] + b"x"),
        send("p2", batch(b"a", control=True)),
        send("p2", batch(b"a", last_offset_delta=5)),
        send("p2", batch(b"a", producer_id=5, producer_epoch=0, base_sequence=-1)),
        send("p2", batch(b"x" * 1_100_000)),
        send("p2", batch(b"a"), partition=7),
        send("p2", batch(b"a"), acks=5),
        send("p2", batch(b"a", codec=4), 5),
        send("nowhere", batch(b"a")),
        list_offsets("p2", -1),
    ],
    "produce: keys of a compacted topic": [
        topic("p3", cleanup_policy="compact"),
        send("p3", batch((b"k", b"v"))),
        send("p3", batch((b"k", b"v"), b"no key")),
    ],
    "produce: LogAppendTime": [
        topic("p4", message_timestamp_type="LogAppendTime"),
        send("p4", batch(b"a")),
        list_offsets("p4", -1),
    ],
    "produce: sequences of an idempotent producer": [
        topic("p5"),
        kept_init(None),
        idempotent("p5", 0, b"a", b"b"),
        idempotent("p5", 0, b"a", b"b"),
        idempotent("p5", 2, b"c"),
        idempotent("p5", 0, b"a", b"b"),
        idempotent("p5", 5, b"late"),
        idempotent("p5", 1, b"odd"),
        idempotent("p5", 0, b"new epoch", epoch=1),
        idempotent("p5", 3, b"old epoch", epoch=0),
        idempotent("p5", 4, b"jump", epoch=2),
        list_offsets("p5", -1),
    ],
    "fetch: offsets outside the log, unknown partitions and epochs": [
        topic("f1"),
        send("f1", batch(b"a")),
        read("f1", 5),
        read("f1", -1),
        read("f1", 0, partition=3),
        read("nowhere", 0),
        read("f1", 0, current_leader_epoch=7),
        read("f1", 0, 9),
    ],
    "fetch: sizes": [
        topic("f2"),
        send("f2", batch(b"x" * 100)),
        send("f2", batch(b"y" * 100)),
        read("f2", 0, max_bytes=10, partition_max_bytes=10),
        read("f2", 0, max_bytes=200, partition_max_bytes=1000),
        read("f2", 0, max_bytes=1000, partition_max_bytes=200),
        read("f2", 0, max_bytes=0),
    ],
    "fetch: sessions": [
        topic("f3"),
        send("f3", batch(b"a")),
        saved(read("f3", 0, session_epoch=0), session=lambda answer: answer["session_id"]),
        ("fetch", 12, {**fetch("f3", 0), "topics": [], "session_id": get("session"), "session_epoch": 1}),
        ("fetch", 12, {**fetch("f3", 1), "session_id": get("session"), "session_epoch": 2}),
        ("fetch", 12, {**fetch("f3", 1), "topics": [], "session_id": get("session"), "session_epoch": 3}),
        ("fetch", 12, {**fetch("f3", 1), "topics": [], "session_id": get("session"), "session_epoch": 9}),
        ("fetch", 12, {**fetch("f3", 1), "topics": [], "session_id": 12345, "session_epoch": 1}),
    ],
    "list offsets": [
        topic("l1"),
        list_offsets("l1", -1),
        list_offsets("l1", -2),
        list_offsets("l1", -3),
        list_offsets("l1", 5),
        send("l1", batch(b"a", b"b", b"c", time=1_700_000_001_000)),
        send("l1", batch(b"d", time=1_700_000_000_500)),
        send("l1", batch(b"e", time=1_700_000_009_000, codec=1)),
        list_offsets("l1", -1),
        list_offsets("l1", -2),
        list_offsets("l1", -3),
        list_offsets("l1", 0),
        list_offsets("l1", 1_700_000_001_001),
        list_offsets("l1", 1_700_000_001_003),
        list_offsets("l1", 1_700_000_009_001),
        list_offsets("l1", -3, 6),
        list_offsets("l1", -9),
        list_offsets("l1", -4, 8),
        list_offsets("l1", -1, partition=4),
        list_offsets("nowhere", -1),
    ],
    "delete records": [
        topic("d1"),
        send("d1", batch(b"a", b"b", b"c")),
        send("d1", batch(b"d")),
        *[
            (
                "delete_records",
                2,
                {"topics": [{"name": name, "partitions": [{"partition_index": 0, "offset": to}]}], "timeout_ms": 5000},
            )
            for name, to in (("d1", 2), ("d1", 99), ("d1", -5), ("nowhere", 0), ("d1", 1), ("d1", -1))
        ],
        read("d1", 0),
        list_offsets("d1", -2),
    ],
    "topics: creating and refusing": [
        topic("t1", 2),
        topic("t1", 2),
        topic("bad name!"),
        topic(".."),
        topic("x" * 250),
        topic("t.1x"),
        topic("t_1x"),
        topic("t2", 0),
        (
            "create_topics",
            4,
            {"topics": [{"name": "t3", "num_partitions": 1, "replication_factor": 9}], "timeout_ms": 5000},
        ),
        (
            "create_topics",
            4,
            {"topics": [{"name": "t3", "num_partitions": 1, "replication_factor": 0}], "timeout_ms": 5000},
        ),
        topic("t4", retention_ms="abc"),
        topic("t5", nonsense="1"),
        topic("t6", cleanup_policy="eat"),
        (
            "create_topics",
            5,
            {
                "topics": [
                    {
                        "name": "t7",
                        "num_partitions": -1,
                        "replication_factor": -1,
                        "assignments": [
                            {"partition_index": 0, "broker_ids": [1]},
                            {"partition_index": 1, "broker_ids": [1]},
                        ],
                    }
                ],
                "timeout_ms": 5000,
                "validate_only": True,
            },
        ),
        ("delete_topics", 4, {"topic_names": ["t1", "nowhere"], "timeout_ms": 5000}),
        ("metadata", 9, {"topics": [{"name": "t1"}], "allow_auto_topic_creation": False}),
        ("metadata", 9, {"topics": [{"name": "bad name!"}], "allow_auto_topic_creation": True}),
    ],
    "partitions": [
        topic("n1"),
        *[
            (
                "create_partitions",
                2,
                {"topics": [{"name": name, "count": count, "assignments": given}], "timeout_ms": 5000},
            )
            for name, count, given in (
                ("n1", 1, None),
                ("n1", 0, None),
                ("nowhere", 3, None),
                ("n1", 3, [{"broker_ids": [1]}]),
                ("n1", 2, [{"broker_ids": [5]}]),
                ("n1", 3, None),
            )
        ],
        ("metadata", 8, {"topics": [{"name": "n1"}], "allow_auto_topic_creation": False}),
    ],
    "configs of a topic": [
        topic("c1", retention_ms="1000"),
        describe(2, "c1", "retention.ms", "cleanup.policy", "max.message.bytes", "min.insync.replicas"),
        configs(2, "c1", ("retention.ms", 0, "5"), ("cleanup.policy", 2, "compact")),
        describe(2, "c1", "retention.ms", "cleanup.policy"),
        configs(2, "c1", ("cleanup.policy", 3, "delete"), ("retention.ms", 1, None)),
        describe(2, "c1", "retention.ms", "cleanup.policy"),
        configs(2, "c1", ("retention.ms", 2, "5")),
        configs(2, "c1", ("nonsense", 0, "5")),
        configs(2, "c1", ("retention.ms", 0, "abc")),
        configs(2, "c1", ("retention.ms", 0, "-5")),
        configs(2, "c1", ("retention.ms", 0, None)),
        configs(2, "c1", ("retention.ms", 0, "1"), ("retention.ms", 0, "2")),
        configs(2, "nowhere", ("retention.ms", 0, "1")),
        configs(77, "x", ("retention.ms", 0, "1")),
        describe(2, "nowhere"),
        describe(4, "77"),
    ],
    "a classic group of one member": [
        topic("g1"),
        find("g1"),
        saved(join("g1"), member=_member),
        join("g1", get("member")),
        heartbeat("g1", get("member"), 1),
        sync("g1", get("member"), 1),
        heartbeat("g1", get("member"), 1),
        heartbeat("g1", get("member"), 2),
        heartbeat("g1", "nobody", 1),
        sync("g1", get("member"), 7),
        sync("g1", "nobody", 1),
        commit("g1", "g1", 5, get("member"), 1),
        commit("g1", "g1", 5, get("member"), 9),
        commit("g1", "g1", 5, "nobody", 1),
        commit("g1", "g1", 5),
        commit("g1", "nowhere", 5, get("member"), 1),
        commit("g1", "g1", 5, get("member"), 1, committed_metadata="x" * 5000),
        offsets("g1", "g1"),
        offsets("g1", "nowhere"),
        offsets("g1", None),
        ("describe_groups", 5, {"groups": ["g1", "no-such-group"]}),
        ("delete_groups", 1, {"groups_names": ["g1", "no-such-group", ""]}),
        ("offset_delete", 0, {"group_id": "g1", "topics": [{"name": "g1", "partitions": [{"partition_index": 0}]}]}),
        ("leave_group", 2, {"group_id": "g1", "member_id": get("member")}),
        ("leave_group", 2, {"group_id": "g1", "member_id": get("member")}),
        heartbeat("g1", get("member"), 1),
        ("describe_groups", 5, {"groups": ["g1"]}),
        commit("g1", "g1", 3),
        offsets("g1", "g1"),
        ("offset_delete", 0, {"group_id": "g1", "topics": [{"name": "g1", "partitions": [{"partition_index": 0}]}]}),
        offsets("g1", "g1"),
        ("delete_groups", 1, {"groups_names": ["g1"]}),
        ("describe_groups", 6, {"groups": ["g1"]}),
    ],
    "a classic group: what is refused at the door": [
        find("g2"),
        join(""),
        join("g2", session_timeout_ms=10),
        join("g2", session_timeout_ms=10_000_000),
        join("g2", protocols=[]),
        join("g2", "invented"),
        heartbeat("no-such-group", "m", 1),
        sync("no-such-group", "m", 1),
        commit("no-such-group", "p1", 1, "m", 1),
        ("leave_group", 2, {"group_id": "no-such-group", "member_id": "m"}),
        saved(join("g2"), member=_member),
        join("g2", get("member")),
        join("g2", protocol_type="other"),
        join("g2", protocols=[{"name": "other", "metadata": b""}]),
    ],
    "a static member comes back": [
        find("g3"),
        saved(join("g3", instance="i1"), first=_member),
        sync("g3", get("first"), 1),
        saved(join("g3", instance="i1"), second=_member),
        sync("g3", get("second"), 1, None),
        heartbeat("g3", get("first"), 1),
        ("heartbeat", 3, {"group_id": "g3", "generation_id": 1, "member_id": get("first"), "group_instance_id": "i1"}),
        ("heartbeat", 3, {"group_id": "g3", "generation_id": 1, "member_id": get("second"), "group_instance_id": "i1"}),
        (
            "leave_group",
            3,
            {"group_id": "g3", "members": [{"member_id": "", "group_instance_id": "i1"}, {"member_id": "x"}]},
        ),
    ],
    "transactions: commit, abort, what read_committed sees": [
        topic("x1"),
        find("x1", 1),
        kept_init("x1"),
        add("x1", "x1"),
        in_txn("x1", "x1", b"a", b"b"),
        list_offsets("x1", -1, isolation=1),
        list_offsets("x1", -1),
        end("x1", False),
        end("x1", False),
        end("x1", True),
        add("x1", "x1"),
        in_txn("x1", "x1", b"c", sequence=2),
        end("x1", True),
        end("x1", True),
        read("x1", 0, isolation_level=1),
        read("x1", 3, isolation_level=1),
        list_offsets("x1", -1, isolation=1),
    ],
    "transactions: fencing and bad requests": [
        topic("x2"),
        find("x2", 1),
        init(""),
        init("x2", timeout=10_000_000),
        init("x2", producer=5, epoch=-1),
        kept_init("x2"),
        add("x2", "x2", epoch=9),
        add("x2", "x2", epoch=9, version=1),
        add("x2", "x2", pid=424242),
        add("unknown-id", "x2"),
        add("", "x2"),
        add("x2", "nowhere"),
        end("x2", True),
        end("x2", True, epoch=5),
        end("x2", True, epoch=5, version=1),
        end("unknown-id", True),
        add("x2", "x2"),
        in_txn("x2", "x2", b"a"),
        init("x2"),
        init("x2"),
        in_txn("x2", "x2", b"late", sequence=1),
        end("x2", True),
        init("x2", producer=get("pid"), epoch=0),
        list_offsets("x2", -1),
    ],
    "transactions: producing without adding": [
        topic("x3"),
        find("x3", 1),
        kept_init("x3"),
        in_txn("x3", "x3", b"a"),
        in_txn("x3", "x3", b"a", version=11),
    ],
    "transactions: version 2": [
        topic("x4"),
        find("x4", 1),
        kept_init("x4"),
        in_txn("x4", "x4", b"a", version=12),
        end("x4", True, version=5),
        end("x4", True, version=5),
        in_txn("x4", "x4", b"late", sequence=1, version=12),
        in_txn("x4", "x4", b"b", epoch=1, version=12),
        end("x4", False, epoch=1, version=5),
        end("x4", False, epoch=2, version=5),
        end("x4", True, epoch=3, version=5),
        read("x4", 0, isolation_level=1),
    ],
    "transactions: offsets of a group": [
        topic("x5"),
        find("x5", 1),
        find("x5g"),
        kept_init("x5"),
        (
            "add_offsets_to_txn",
            3,
            {"transactional_id": "x5", "producer_id": get("pid"), "producer_epoch": 0, "group_id": "x5g"},
        ),
        (
            "txn_offset_commit",
            3,
            {
                "transactional_id": "x5",
                "group_id": "x5g",
                "producer_id": get("pid"),
                "producer_epoch": 0,
                "topics": [
                    {
                        "name": "x5",
                        "partitions": [{"partition_index": 0, "committed_offset": 7, "committed_metadata": "m"}],
                    }
                ],
            },
        ),
        offsets("x5g", "x5"),
        offsets("x5g", "x5", stable=True),
        end("x5", True),
        offsets("x5g", "x5", stable=True),
    ],
    "a KIP-848 group of two members": [
        topic("k1", 2),
        find("k1"),
        member848("k1", "", 0, ["k1"]),
        member848("k1", "m1", 0, None),
        member848("k1", "m1", 3, ["k1"]),
        member848("k1", "m1", 0, ["k1"], server_assignor="nope"),
        member848("k1", "m1", 0, ["k1"], rebalance_timeout_ms=-1),
        saved(member848("k1", "m1", 0, ["k1"]), one=lambda answer: answer["member_epoch"]),
        member848("k1", "m1", 99, None),
        member848("k1", "m2", 4, None),
        commit("k1", "k1", 3, "m1", get("one"), 9),
        commit("k1", "k1", 3, "m1", 77, 9),
        commit("k1", "k1", 3, "zz", 1, 9),
        member848("k1", "m1", -1, None, owned=None),
        member848("k1", "m1", -1, None, owned=None),
        ("consumer_group_describe", 0, {"group_ids": ["k1", "no-such-group"]}),
    ],
    "quotas and SCRAM users as data": [
        (
            "alter_client_quotas",
            1,
            {
                "entries": [
                    {
                        "entity": [{"entity_type": "user", "entity_name": "u"}],
                        "ops": [{"key": "producer_byte_rate", "value": 5.0}],
                    },
                    {
                        "entity": [{"entity_type": "nope", "entity_name": "u"}],
                        "ops": [{"key": "producer_byte_rate", "value": 5.0}],
                    },
                    {"entity": [{"entity_type": "user", "entity_name": "w"}], "ops": [{"key": "nope", "value": 5.0}]},
                ]
            },
        ),
        (
            "describe_client_quotas",
            1,
            {"components": [{"entity_type": "user", "match_type": 0, "match": "u"}], "strict": False},
        ),
        (
            "alter_user_scram_credentials",
            0,
            {
                "upsertions": [
                    {"name": "s", "mechanism": 1, "iterations": 4096, "salt": b"salt", "salted_password": b"p"},
                    {"name": "few", "mechanism": 1, "iterations": 10, "salt": b"salt", "salted_password": b"p"},
                    {"name": "bad", "mechanism": 9, "iterations": 4096, "salt": b"salt", "salted_password": b"p"},
                    {"name": "", "mechanism": 1, "iterations": 4096, "salt": b"salt", "salted_password": b"p"},
                ],
                "deletions": [{"name": "nobody", "mechanism": 2}],
            },
        ),
        ("describe_user_scram_credentials", 0, {"users": [{"name": "s"}, {"name": "nobody"}]}),
    ],
    "elections, reassignments, cluster": [
        topic("e1"),
        (
            "elect_leaders",
            2,
            {"election_type": 0, "topic_partitions": [{"topic": "e1", "partitions": [0, 5]}], "timeout_ms": 5000},
        ),
        ("list_partition_reassignments", 0, {"topics": None, "timeout_ms": 5000}),
        (
            "alter_partition_reassignments",
            0,
            {
                "topics": [
                    {
                        "name": "e1",
                        "partitions": [
                            {"partition_index": 0, "replicas": None},
                            {"partition_index": 9, "replicas": [1]},
                            {"partition_index": 0, "replicas": [55]},
                        ],
                    }
                ],
                "timeout_ms": 5000,
            },
        ),
        ("describe_cluster", 1, {"endpoint_type": 1}),
        ("describe_cluster", 1, {"endpoint_type": 2}),
        (
            "offset_for_leader_epoch",
            4,
            {
                "replica_id": -1,
                "topics": [
                    {"topic": "e1", "partitions": [{"partition": 0, "current_leader_epoch": -1, "leader_epoch": 0}]}
                ],
            },
        ),
        (
            "offset_for_leader_epoch",
            4,
            {
                "replica_id": -1,
                "topics": [
                    {"topic": "e1", "partitions": [{"partition": 0, "current_leader_epoch": 5, "leader_epoch": 0}]}
                ],
            },
        ),
        (
            "offset_for_leader_epoch",
            4,
            {
                "replica_id": -1,
                "topics": [
                    {"topic": "e1", "partitions": [{"partition": 0, "current_leader_epoch": -1, "leader_epoch": 9}]}
                ],
            },
        ),
        (
            "describe_acls",
            2,
            {"resource_type_filter": 1, "pattern_type_filter": 1, "operation": 1, "permission_type": 1},
        ),
        ("describe_transactions", 0, {"transactional_ids": ["no-such-id"]}),
        ("describe_producers", 0, {"topics": [{"name": "e1", "partition_indexes": [0, 4]}]}),
        ("sasl_handshake", 1, {"mechanism": "PLAIN"}),
        ("list_config_resources", 1, {"resource_types": [99]}),
    ],
}

#: The area of each case, by how its title begins.
GROUPS: dict[str, tuple[str, ...]] = {
    "produce": ("produce:",),
    "fetch": ("fetch:", "list offsets"),
    "topics": ("topics:", "partitions", "delete records"),
    "configs": ("configs", "quotas"),
    "groups": ("a classic group", "a static member", "a KIP-848 group"),
    "transactions": ("transactions:",),
    "cluster": ("elections",),
}
