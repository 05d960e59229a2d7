"""The server around the keys: INFO and its counters, memory and eviction, limits, ACL and CONFIG in snapshots, start options."""

from __future__ import annotations

import pytest

from emulators.kernel import Environment
from emulators.redis import RedisEmulator
from tests.redis.helpers import Client, Lab


def info(client: Client, section: str) -> dict[str, str]:
    text = client.bulk("INFO", section).decode()
    return dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)


def test_info_has_every_default_section_in_order() -> None:
    text = Lab().first.bulk("INFO").decode()
    titles = [line[2:] for line in text.split("\r\n") if line.startswith("# ")]
    assert titles == (
        [
            "Server",
            "Clients",
            "Memory",
            "Persistence",
            "Stats",
            "Replication",
            "CPU",
            "Modules",
            "Errorstats",
            "Cluster",
            "Keyspace",
        ]
    )


def test_info_takes_sections_and_ignores_unknown_ones() -> None:
    lab = Lab()
    assert set(info(lab.first, "replication")) >= {"role", "master_replid", "connected_slaves"}
    assert lab("INFO nosuch") == '""'
    both = lab.first.bulk("INFO", "keyspace", "cluster", "keyspace").decode()
    assert both == "# Cluster\r\ncluster_enabled:0\r\n\r\n# Keyspace\r\n"


def test_counters_of_commands_and_errors() -> None:
    lab = Lab()
    lab("SET a x")
    lab("INCR a")
    lab("GET")
    lab("NOSUCH")
    stats = info(lab.first, "commandstats")
    assert stats["cmdstat_incr"] == "calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=1"
    assert stats["cmdstat_get"] == "calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0"
    assert info(lab.first, "errorstats") == {"errorstat_ERR": "count=3"}
    lab("CONFIG RESETSTAT")
    assert info(lab.first, "errorstats") == {}
    assert set(info(lab.first, "commandstats")) == {"cmdstat_config|resetstat", "cmdstat_info"}


def test_keyspace_section_counts_keys_and_deadlines() -> None:
    lab = Lab()
    lab("SET a 1")
    lab("SET b 1 PX 500")
    assert info(lab.first, "keyspace") == {"db0": "keys=2,expires=1,avg_ttl=500"}


def test_saving_moves_lastsave_and_the_number_of_changes() -> None:
    lab = Lab()
    before = int(lab("LASTSAVE"))
    lab("SET a 1")
    lab.clock.advance(10)
    assert info(lab.first, "persistence")["rdb_changes_since_last_save"] == "1"
    assert lab("SAVE") == "OK"
    assert int(lab("LASTSAVE")) == before + 10
    assert info(lab.first, "persistence")["rdb_changes_since_last_save"] == "0"


@pytest.mark.parametrize(
    "policy", ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-random", "volatile-ttl"]
)
def test_eviction_keeps_memory_within_its_limit(policy: str) -> None:
    lab = Lab()
    limit = int(info(lab.first, "memory")["used_memory"]) + 50_000
    lab("CONFIG", "SET", "maxmemory", limit, "maxmemory-policy", policy)
    for number in range(600):
        assert lab("SET", f"key:{number}", "x" * 200, "EX", 1000 + number) == "OK"
    assert int(info(lab.first, "stats")["evicted_keys"]) > 100
    assert lab.server.eviction.used() <= limit + 1000
    lab.server.check()


def test_eviction_takes_what_was_used_least_recently() -> None:
    lab = Lab()
    limit = int(info(lab.first, "memory")["used_memory"]) + 30_000
    lab("CONFIG", "SET", "maxmemory", limit, "maxmemory-policy", "allkeys-lru", "maxmemory-samples", "50")
    lab("SET", "precious", "x" * 100)
    for number in range(300):
        lab.clock.advance(1)
        lab("SET", f"key:{number}", "x" * 200)
        lab("GET", "precious")
    assert lab("EXISTS precious") == "1"
    assert lab("EXISTS key:0") == "0"


def test_eviction_is_decided_by_the_seed() -> None:
    def survivors(seed: int) -> str:
        lab = Lab(seed=seed)
        limit = int(info(lab.first, "memory")["used_memory"]) + 20_000
        lab("CONFIG", "SET", "maxmemory", limit, "maxmemory-policy", "allkeys-random")
        for number in range(200):
            lab("SET", f"key:{number}", "x" * 200)
        return lab("KEYS *")

    assert survivors(1) == survivors(1)
    assert survivors(1) != survivors(2)


def test_without_eviction_writes_are_refused_and_transactions_aborted() -> None:
    lab = Lab()
    lab("SET a 1")
    lab("CONFIG SET maxmemory 1")
    refused = "!OOM command not allowed when used memory > 'maxmemory'."
    assert lab("SET b 1") == refused
    assert lab("GET a") == '"1"'
    assert lab("DEL a") == "1"
    assert lab("MULTI") == "OK"
    assert lab("SET b 1") == refused
    assert lab("EXEC") == "!EXECABORT Transaction discarded because of previous errors."
    lab("CONFIG SET maxmemory 0")
    assert lab("SET b 1") == "OK"


def test_evicted_keys_are_told_of() -> None:
    lab = Lab()
    listener = lab.client()
    lab("CONFIG SET notify-keyspace-events Ee maxmemory-policy allkeys-random")
    listener("PSUBSCRIBE *")
    lab("SET foo bar")
    lab("CONFIG SET maxmemory 1")
    assert b"__keyevent@0__:evicted" in listener.link.take()


def test_a_client_over_the_number_of_clients_is_refused() -> None:
    lab = Lab()
    lab("CONFIG SET maxclients 2")
    lab.client()
    third = lab.client()
    assert third.link.take() == b"-ERR max number of clients reached\r\n"
    assert third.link.closed
    assert info(lab.first, "stats")["rejected_connections"] == "1"


def test_idle_clients_are_closed() -> None:
    lab = Lab()
    idle, listener = lab.client(), lab.client()
    listener("SUBSCRIBE ch")
    lab("CONFIG SET timeout 5")
    for _ in range(8):
        lab.clock.advance(1)
        lab("PING")
    assert idle.link.closed
    assert not listener.link.closed
    assert not lab.first.link.closed


def test_output_of_a_slow_subscriber_is_limited() -> None:
    lab = Lab()
    listener = lab.client()
    listener("SUBSCRIBE ch")
    lab('CONFIG SET client-output-buffer-limit "pubsub 10000 0 0"')
    for _ in range(30):
        lab("PUBLISH", "ch", "x" * 1000)
    assert listener.link.closed


def test_snapshots_take_configuration_and_users_along() -> None:
    lab = Lab()
    lab("CONFIG SET maxmemory-policy allkeys-lru")
    lab("ACL SETUSER bob on >pw ~a* +get (~b +set)")
    state = lab.server.snapshot()
    digest = lab.server.digest(state)
    saved = lab.server.import_state(lab.server.export_state(state))
    described = lab("ACL LIST")
    lab("CONFIG SET maxmemory-policy noeviction hz 50")
    lab("ACL SETUSER bob off +@all")
    lab("ACL SETUSER carl on")
    assert lab.server.digest() != digest
    for version in (state, saved):
        lab.server.restore(version)
        assert lab("CONFIG GET maxmemory-policy") == '["maxmemory-policy", "allkeys-lru"]'
        assert lab("CONFIG GET hz") == '["hz", "10"]'
        assert lab("ACL LIST") == described
        assert lab.server.digest() == digest


def test_reset_returns_to_the_start() -> None:
    lab = Lab(password="secret", config={"maxmemory": "10mb"})
    lab("AUTH secret")
    lab("CONFIG SET maxmemory 1mb hz 99")
    lab("CONFIG SET notify-keyspace-events KEA")
    lab("ACL SETUSER bob on")
    lab.server.reset()
    assert lab("CONFIG GET maxmemory") == '["maxmemory", "10485760"]'
    assert lab("CONFIG GET notify-keyspace-events") == '["notify-keyspace-events", ""]'
    assert lab("ACL USERS") == '["default"]'
    stranger = lab.client()
    assert stranger("GET a") == "!NOAUTH Authentication required."
    assert stranger("AUTH secret") == "OK"


@pytest.mark.parametrize("options", [{"config": {"nosuch": 1}}, {"config": {"maxmemory": "x"}}, {"version": "6.2"}])
def test_a_wrong_start_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        RedisEmulator(Environment.alone("redis"), **options)  # type: ignore[arg-type]


def test_parameters_follow_the_version() -> None:
    assert Lab("7.0")("CONFIG GET set-max-listpack-entries") == "[]"
    assert Lab("7.2")("CONFIG GET set-max-listpack-entries") == '["set-max-listpack-entries", "128"]'
    assert Lab("7.4")("CONFIG GET hide-user-data-from-log") == '["hide-user-data-from-log", "no"]'


def test_help_of_every_container_has_its_form() -> None:
    lab = Lab(cluster=True)
    for container in lab.server.containers:
        shown = lab(container, "HELP")
        assert shown.startswith(f"[{container.decode().upper()} <subcommand> [<arg> [value] [opt] ...]. Sub"), container
        assert shown.endswith("HELP,     Prints this help.]"), container


def test_no_touch_leaves_no_trace_of_reading() -> None:
    lab = Lab("7.2", config={"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"})
    lab("SET a 1")
    lab.clock.advance(50)
    lab("CLIENT NO-TOUCH on")
    lab("GET a")
    assert lab("OBJECT IDLETIME a") == "50"
    lab("TOUCH a")
    assert lab("OBJECT IDLETIME a") == "0"
    lab.clock.advance(50)
    lab("CLIENT NO-TOUCH off")
    lab("GET a")
    assert lab("OBJECT IDLETIME a") == "0"


def test_closing_leaves_no_timers() -> None:
    lab = Lab()
    lab("SET a 1 EX 100")
    lab("CONFIG SET timeout 10")
    lab.client().send(b"SYNC\r\n")
    lab("CLIENT PAUSE 100000 WRITE")
    assert lab.clock.next_deadline_us() is not None
    lab.server.close()
    assert lab.clock.next_deadline_us() is None
