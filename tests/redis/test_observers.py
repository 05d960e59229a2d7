"""Who looks on: replicas, MONITOR, the slow log, latency, pauses; and the modes of a single-node cluster and of a replica."""

from __future__ import annotations

import pytest

from emulators.redis import rdb
from emulators.redis.cluster import key_slot
from emulators.redis.resp import Reader
from tests.redis.helpers import Client, Lab

# -- replication ---------------------------------------------------------------------------------------------


def attach(lab: Lab) -> Client:
    replica = lab.client()
    replica.send(b"SYNC\r\n")
    return replica


def stream(replica: Client) -> list[str]:
    """The commands that the replica was sent since the last look."""
    reader = Reader()
    reader.feed(replica.link.take())
    found = []
    while batch := reader.take():
        found.extend(b" ".join(words).decode("latin-1") for words in batch)
    return found


EFFECTS = [
    ("SET a 1", ["SET a 1"]),
    ("set a 1 GET", ["set a 1"]),
    ("SET a 1 EX 10", ["SET a 1 PXAT 1767225610000"]),
    ("SETEX a 10 v", ["SET a v PXAT 1767225610000"]),
    ("PSETEX a 10 v", ["SET a v PXAT 1767225600010"]),
    ("EXPIRE k 10", ["PEXPIREAT k 1767225610000"]),
    ("PEXPIRE k 10", ["PEXPIREAT k 1767225600010"]),
    ("EXPIRE k 10 NX", ["PEXPIREAT k 1767225610000 NX"]),
    ("EXPIRE k -1", ["DEL k"]),
    ("EXPIRE nokey 10", []),
    ("PERSIST k", []),
    ("GETEX k EX 10", ["PEXPIREAT k 1767225610000"]),
    ("GETEX k", []),
    ("GETDEL k", ["DEL k"]),
    ("GETSET k w", ["SET k w"]),
    ("INCRBYFLOAT n 1.5", ["SET n 2.5 KEEPTTL"]),
    ("HINCRBYFLOAT h f 1.5", ["HSET h f 2.5"]),
    ("SPOP one", ["SREM one x"]),
    ("SPOP s 5", ["DEL s"]),
    ("SPOP nokey", []),
    ("LPOP l", ["LPOP l"]),
    ("BLPOP nokey l 0", ["LPOP l"]),
    ("BRPOP l 0", ["RPOP l"]),
    ("BLMOVE l l2 LEFT RIGHT 0", ["LMOVE l l2 LEFT RIGHT"]),
    ("LMPOP 1 l LEFT COUNT 2", ["LPOP l 2"]),
    ("BZPOPMIN z 0", ["ZPOPMIN z"]),
    ("ZMPOP 1 z MAX", ["ZPOPMAX z 1"]),
    ("XADD st * f v", ["XADD st 1767225600000-0 f v"]),
    ("XADD st MAXLEN ~ 1 1-1 f v", ["XADD st MAXLEN = 1 1-1 f v"]),
    ("EVAL \"redis.call('set','x','1')\" 0", ["set x 1"]),
    (
        "EVAL \"redis.call('set','x','1');redis.call('incr','x');return redis.call('get','x')\" 0",
        ["MULTI", "set x 1", "incr x", "EXEC"],
    ),
    ("GET k", []),
    ("PUBLISH ch m", ["PUBLISH ch m"]),
    ("FLUSHALL", ["FLUSHALL"]),
    ("LPUSH k x", []),
    ("DEL nokey", []),
    ("RENAME k k9", ["RENAME k k9"]),
    ("SORT l ALPHA STORE d", ["SORT l ALPHA STORE d"]),
]


@pytest.mark.parametrize(("command", "effects"), EFFECTS, ids=[command for command, _ in EFFECTS])
def test_a_replica_is_sent_effects(command: str, effects: list[str]) -> None:
    lab = Lab()
    for line in ("SET k v", "SET n 1", "HSET h f 1", "SADD s a b", "SADD one x", "RPUSH l 3 1 2", "ZADD z 1 a 2 b"):
        lab(line)
    replica = attach(lab)
    replica.link.take()
    lab(command)
    assert stream(replica) == (["SELECT 0", *effects] if effects else [])


def test_a_replica_first_gets_everything_as_an_rdb_file() -> None:
    lab = Lab()
    lab("SET a 1 PX 5000")
    lab("RPUSH l x y")
    replica = lab.client()
    replica("REPLCONF listening-port 6380 capa eof")
    data = replica.send(b"*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n")
    head, length, payload = data.split(b"\r\n", 2)
    assert head == b"+FULLRESYNC %b 0" % lab.server.replication.replication_id.encode()
    assert length == b"$%d" % len(payload)
    loaded = rdb.load(payload, version=(7, 0), thresholds=lab.server.thresholds)
    assert [(row.key, row.deadline) for row in loaded.rows] == [(b"a", 1767225605000), (b"l", None)]
    assert lab("ROLE") == '["master", 0, [["", "6380", "0"]]]'


def test_transactions_stay_together_and_select_goes_along() -> None:
    lab = Lab()
    replica = attach(lab)
    for line in ("MULTI", "SET a 1", "GET a", "SELECT 3", "INCR b", "EXEC", "SET c 1"):
        lab(line)
    assert stream(replica)[1:] == ["MULTI", "SET a 1", "SELECT 3", "INCR b", "EXEC", "SET c 1"]
    for line in ("MULTI", "SET c 2", "EXEC"):
        lab(line)
    assert stream(replica) == ["SET c 2"]


def test_keys_that_go_by_themselves_are_deleted_at_the_replica() -> None:
    lab = Lab()
    replica = attach(lab)
    lab("SET a 1 PX 10")
    lab.clock.advance(1)
    assert stream(replica)[-1] == "DEL a"
    lab("CONFIG SET lazyfree-lazy-expire yes")
    lab("DEBUG SET-ACTIVE-EXPIRE 0")
    lab("SET a 1 PX 10")
    lab.clock.advance(1)
    stream(replica)
    assert lab("GET a") == "nil"
    assert stream(replica) == ["UNLINK a"]


def test_a_served_waiter_is_passed_on_after_what_served_it() -> None:
    lab = Lab()
    waiter, replica = lab.client(), attach(lab)
    waiter("BLPOP l 0")
    lab("RPUSH l x y")
    assert stream(replica)[1:] == ["RPUSH l x y", "LPOP l"]


def test_wait_counts_replicas_that_have_acknowledged() -> None:
    lab = Lab()
    assert lab("WAIT 0 0") == "0"
    replica = attach(lab)
    replica.link.take()
    lab("SET a 1")
    assert lab("WAIT 1 1000") == ""
    assert stream(replica)[-1] == "REPLCONF GETACK *"
    replica("REPLCONF", "ACK", lab.server.replication.offset)
    assert lab.first.link.take() == b":1\r\n"
    lab("SET a 2")
    assert lab("WAIT 1 1000") == ""
    lab.clock.advance(2)
    assert lab.first.link.take() == b":0\r\n"


def test_replicas_hear_a_ping_now_and_then() -> None:
    lab = Lab()
    replica = attach(lab)
    replica.link.take()
    lab.clock.advance(25)
    assert stream(replica) == ["PING", "PING"]
    replica.session.ended()
    lab.clock.advance(25)
    assert lab.clock.next_deadline_us() is None


def test_a_lost_replica_costs_nothing_more() -> None:
    lab = Lab()
    replica = attach(lab)
    assert lab.server.special
    replica.session.ended()
    lab("SET a 1")
    assert not lab.server.special
    assert not lab.server.instrumented


def test_a_replica_without_its_master_refuses_writes() -> None:
    lab = Lab()
    assert lab("REPLICAOF localhost 6379").startswith("!ERR parlel does not implement")
    assert lab("REPLICAOF localhost x") == "!ERR Invalid master port"
    assert lab("REPLICAOF localhost 0") == "OK"
    assert lab("SET a 1") == "!READONLY You can't write against a read only replica."
    assert lab("GET a") == "nil"
    lab("CONFIG SET replica-serve-stale-data no")
    assert lab("GET a").startswith("!MASTERDOWN")
    assert lab("REPLICAOF NO ONE") == "OK"
    assert lab("SET a 1") == "OK"


def test_writes_can_demand_replicas() -> None:
    lab = Lab()
    lab("CONFIG SET min-replicas-to-write 1")
    assert lab("SET a 1") == "!NOREPLICAS Not enough good replicas to write."
    assert lab("GET a") == "nil"
    attach(lab)
    assert lab("SET a 1") == "OK"


# -- MONITOR -------------------------------------------------------------------------------------------------


def test_monitor_shows_commands_with_their_secrets_hidden() -> None:
    lab = Lab()
    watcher = lab.client()
    assert watcher("MONITOR") == "OK"
    lab('SET "a b" "\\x00\\n"')
    lab("SELECT 2")
    lab("AUTH bob pw")
    lab("CONFIG GET hz")
    lab("EVAL \"redis.call('get','x')\" 0")
    lines = watcher.link.take().decode().split("\r\n")
    assert lines == [
        '+1767225600.000000 [0 memory] "SET" "a b" "\\x00\\n"',
        '+1767225600.000000 [2 memory] "SELECT" "2"',
        '+1767225600.000000 [2 memory] "AUTH" "(redacted)" "(redacted)"',
        '+1767225600.000000 [2 memory] "EVAL" "redis.call(\'get\',\'x\')" "0"',
        '+1767225600.000000 [2 lua] "get" "x"',
        "",
    ]
    watcher("RESET")
    assert not lab.server.instrumented


# -- slow log, latency ---------------------------------------------------------------------------------------


def test_the_slow_log_keeps_the_newest_and_hides_secrets() -> None:
    lab = Lab()
    lab("CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 3")
    lab("PING")
    lab("CONFIG SET masterauth abc")
    lab("SET", "k", "x" * 200)
    lab("RPUSH l " + " ".join(str(number) for number in range(40)))
    assert lab("SLOWLOG LEN") == "3"
    pushed, stored = (entry.words for entry in lab.server.instruments.slow_entries[1:])
    assert len(pushed) == 32
    assert pushed[-1] == b"... (11 more arguments)"
    assert stored[2] == b"x" * 128 + b"... (72 more bytes)"
    lab("CONFIG SET slowlog-max-len 10 masterauth abc")
    assert lab.server.instruments.slow_entries[0].words[-1] == b"(redacted)"
    lab("CONFIG SET slowlog-log-slower-than -1")
    lab("PING")
    assert b"PING" not in lab.server.instruments.slow_entries[0].words


def test_commands_that_sleep_on_a_frozen_clock_are_timed() -> None:
    lab = Lab()
    before = lab.clock.now_us()
    assert lab("DEBUG SLEEP 0.5") == "OK"
    assert lab.clock.now_us() == before + 500_000


def test_latency_keeps_a_history_per_event() -> None:
    lab = Lab()
    instruments = lab.server.instruments
    assert "disabled" in lab.first.bulk("LATENCY", "DOCTOR").decode()
    lab("CONFIG SET latency-monitor-threshold 100")
    instruments.sample("command", 99)
    instruments.sample("command", 150)
    lab.clock.advance(2)
    instruments.sample("command", 120)
    assert lab("LATENCY LATEST") == '[["command", 1767225602, 120, 150]]'
    assert lab("LATENCY HISTORY command") == "[[1767225600, 150], [1767225602, 120]]"
    assert lab("LATENCY RESET other command") == "1"
    assert lab("LATENCY LATEST") == "[]"


def test_histograms_count_calls() -> None:
    lab = Lab()
    lab("SET a 1")
    lab("SET a 2")
    assert lab("LATENCY HISTOGRAM set nosuch") == '["set", ["calls", 2, "histogram_usec", [1, 2]]]'


# -- pauses --------------------------------------------------------------------------------------------------


def test_a_pause_holds_writes_until_it_is_over() -> None:
    lab = Lab()
    other = lab.client()
    lab("CLIENT PAUSE 1000 WRITE")
    assert other("SET a 1") == ""
    assert other("GET a") == ""
    assert lab("GET a") == "nil"
    assert lab('EVAL_RO "return 1" 0') == "1"
    assert "blocked_clients:1" in lab.first.bulk("INFO", "clients").decode()
    lab.clock.advance(1)
    assert other.link.take() == b"+OK\r\n$1\r\n1\r\n"
    assert lab("SET a 2") == "OK"


def test_unpause_lets_commands_go_in_their_order() -> None:
    lab = Lab()
    clients = [lab.client() for _ in range(3)]
    lab("CLIENT PAUSE 100000 WRITE")
    for number, client in enumerate(clients):
        client("RPUSH", "l", number)
    lab("CLIENT UNPAUSE")
    assert lab("LRANGE l 0 -1") == '["0", "1", "2"]'
    assert [client.link.take() for client in clients] == [b":1\r\n", b":2\r\n", b":3\r\n"]


def test_a_transaction_that_writes_waits_as_a_whole() -> None:
    lab = Lab()
    lab("MULTI")
    lab("SET a 1")
    other = lab.client()
    other("CLIENT PAUSE 1000 WRITE")
    assert lab("EXEC") == ""
    other("CLIENT UNPAUSE")
    assert lab.first.link.take() == b"*1\r\n+OK\r\n"


def test_keys_stay_during_a_pause_though_they_seem_gone() -> None:
    lab = Lab()
    lab("SET a 1 PX 100")
    lab("CLIENT PAUSE 10000 WRITE")
    lab.clock.advance(1)
    assert lab("GET a") == "nil"
    assert lab("DBSIZE") == "1"
    lab("CLIENT UNPAUSE")
    lab.clock.advance(0)
    assert lab("DBSIZE") == "0"


def test_reply_off_and_skip() -> None:
    lab = Lab()
    lab("CLIENT REPLY OFF")
    assert lab("PING") == ""
    assert lab("SUBSCRIBE ch") == '["subscribe", "ch", 1]'
    lab("UNSUBSCRIBE")
    assert lab("CLIENT REPLY ON") == "OK"
    assert lab("CLIENT REPLY SKIP") == ""
    assert lab("SET a 1") == ""
    assert lab("GET a") == '"1"'


def test_client_list_and_kill() -> None:
    lab = Lab()
    other = lab.client()
    other("CLIENT SETNAME worker")
    other("MULTI")
    assert "id=2 addr=memory" in lab.first.bulk("CLIENT", "LIST").decode()
    line = lab.first.bulk("CLIENT", "LIST", "ID", "2").decode()
    fields = dict(field.split("=", 1) for field in line.split())
    assert (fields["name"], fields["flags"], fields["multi"], fields["cmd"]) == ("worker", "x", "0", "multi")
    assert lab("CLIENT KILL ID 2") == "1"
    assert other.link.closed
    assert lab("CLIENT KILL ID 1") == "0"
    assert lab("CLIENT KILL ID 1 SKIPME no") == "1"
    assert lab.first.link.closed


@pytest.mark.parametrize(("how", "reply"), [("TIMEOUT", b"*-1\r\n"), ("ERROR", b"-UNBLOCKED client unblocked")])
def test_client_unblock(how: str, reply: bytes) -> None:
    lab = Lab()
    waiter = lab.client()
    waiter("BLPOP l 0")
    assert lab(f"CLIENT UNBLOCK 2 {how}") == "1"
    assert waiter.link.take().startswith(reply)
    assert lab(f"CLIENT UNBLOCK 2 {how}") == "0"


def test_tracking_by_redirection_reaches_a_resp2_listener() -> None:
    lab = Lab()
    listener = lab.client()
    listener("SUBSCRIBE __redis__:invalidate")
    assert lab("CLIENT TRACKING on REDIRECT 2") == "OK"
    lab("GET a")
    other = lab.client()
    other("SET a 1")
    assert listener.link.take() == b"*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\na\r\n"
    lab("HELLO 3")
    lab("GET a")
    listener.session.ended()
    other("SET a 2")
    assert lab.first.link.take() == b">2\r\n$21\r\ntracking-redir-broken\r\n:2\r\n"


def test_the_tracking_table_is_bounded() -> None:
    lab = Lab()
    lab("HELLO 3")
    lab("CONFIG SET tracking-table-max-keys 2")
    lab("CLIENT TRACKING on")
    assert lab("MGET a b c d").count("invalidate") == 2


# -- cluster -------------------------------------------------------------------------------------------------

CLUSTER = """
    CLUSTER KEYSLOT foo => 12182
    CLUSTER KEYSLOT {foo}x => 12182
    CLUSTER COUNTKEYSINSLOT 12182 => 0
    SET foo 1 => OK
    SET {foo}x 1 => OK
    CLUSTER COUNTKEYSINSLOT 12182 => 2
    CLUSTER GETKEYSINSLOT 12182 1 => ["foo"]
    CLUSTER GETKEYSINSLOT 99999 1 => !ERR Invalid slot or number of keys
    MGET foo {foo}x => ["1", "1"]
    MGET foo bar => !CROSSSLOT Keys in request don't hash to the same slot
    MULTI => OK
    SET foo 2 => QUEUED
    SET bar 2 => QUEUED
    EXEC => !EXECABORT Transaction discarded because of: CROSSSLOT Keys in request don't hash to the same slot
    EVAL "redis.call('set', KEYS[1], 1) return redis.call('get', KEYS[1])" 1 foo => "1"
    SSUBSCRIBE {a}1 b => !CROSSSLOT Keys in request don't hash to the same slot
    READONLY => OK
    READWRITE => OK
    ASKING => OK
    CLUSTER MEET 127.0.0.1 7000 => !ERR parlel's cluster has one node; it does not implement CLUSTER MEET
    REPLICAOF a 1 => !ERR REPLICAOF not allowed in cluster mode.
"""


def test_a_cluster_of_one_node() -> None:
    lab = Lab(cluster=True)
    lab.run(CLUSTER)
    assert "cluster_state:ok" in lab.first.bulk("CLUSTER", "INFO").decode()
    node = lab.first.bulk("CLUSTER", "MYID").decode()
    assert lab("CLUSTER SLOTS") == f'[[0, 16383, ["127.0.0.1", 6379, "{node}", []]]]'
    assert lab.first.bulk("CLUSTER", "NODES").decode().startswith(f"{node} 127.0.0.1:6379@16379 myself,master")


@pytest.mark.parametrize(("key", "slot"), [(b"", 0), (b"a", 15495), (b"{}a", 10875), (b"{a}b", 15495), (b"a{b", 13340)])
def test_slots_of_keys(key: bytes, slot: int) -> None:
    assert key_slot(key) == slot
