"""The host with the toy service on real sockets: the door, faults, crash and recovery, files, and leaving nothing behind."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.kernel import (
    Clock,
    Decision,
    Host,
    HostError,
    MemoryLink,
    Operation,
    PortInUseError,
    SnapshotError,
    diff_dumps,
)
from emulators.kernel.oplog import FAULT, read_log_file
from tests.kernel.toy import Toy


class Line:
    """A client of the toy."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.file = self.sock.makefile("rb")

    def __call__(self, line: str) -> str:
        self.sock.sendall(line.encode() + b"\n")
        return self.file.readline().decode().rstrip("\n")

    def close(self) -> None:
        self.file.close()
        self.sock.close()


@pytest.fixture
def host() -> Iterator[Host]:
    with Host(seed=7, clock=Clock("frozen"), recoverable=True) as host:
        host.add("toy", Toy)
        yield host
        assert host.internal_errors == []


@pytest.fixture
def line(host: Host) -> Iterator[Line]:
    client = Line(host.runtime("toy").port)
    yield client
    client.close()


def test_a_byte_at_a_time_is_the_same_as_all_at_once(host: Host) -> None:
    emulator = host.emulators()["toy"]

    def talk(pieces: list[bytes]) -> bytes:
        link = MemoryLink()
        session = emulator.open_session(link, 900, "main")
        for piece in pieces:
            session.receive(piece)
        session.ended()
        return link.take()

    whole = b"set a 1\nget a\nadd a 2\n"
    assert host.call(talk, [whole]) == host.call(talk, [whole[i : i + 1] for i in range(len(whole))]) == b"ok\n1\n3\n"


def test_two_hosts_may_not_share_a_port_and_the_message_says_what_to_do(host: Host) -> None:
    with Host() as other, pytest.raises(PortInUseError, match="choose another, or 0 for a free one"):
        other.add("toy", Toy, port=host.runtime("toy").port)


def test_snapshots_are_restored_in_any_order_and_any_number_of_times(host: Host, line: Line) -> None:
    states = {}
    for name in ("one", "two", "three"):
        line(f"set k {name}")
        states[name] = host.snapshot(name)
    for name in ("two", "one", "three", "one", "one"):
        host.restore(name)
        assert line("get k") == name
        line("set k dirty")
    assert [snapshot.name for snapshot in host.snapshots.all()] == ["one", "two", "three"]
    assert host.snapshots.get("three").parent == states["two"].id
    host.snapshots.drop("two")
    assert host.snapshots.get("three").parent == states["one"].id
    with pytest.raises(SnapshotError, match="no snapshot 'two'; there are: one, three"):
        host.restore("two")


def test_restore_puts_dice_and_a_frozen_clock_back(host: Host, line: Line) -> None:
    host.snapshot()
    start = host.clock.now_us()
    rolls = [line("roll") for _ in range(3)]
    host.call(host.clock.advance, 60)
    host.restore()
    assert host.clock.now_us() == start
    assert [line("roll") for _ in range(3)] == rolls


def test_a_snapshot_file_travels_to_another_host(host: Host, line: Line, tmp_path: Path) -> None:
    line("set k v")
    snapshot = host.snapshot("mine")
    path = tmp_path / "x.snap"
    host.call(host.snapshots.save, host.emulators(), snapshot, path)
    with Host(clock=Clock("frozen")) as other:
        other.add("toy", Toy)
        loaded = other.call(other.snapshots.load, other.emulators(), path)
        other.restore(loaded)
        assert other.emulators()["toy"].dump() == {"k": "v"}
        path.write_bytes(b"PARLSNAP\xc1")
        with pytest.raises(SnapshotError, match="damaged"):
            other.call(other.snapshots.load, other.emulators(), path)
    with pytest.raises(SnapshotError, match="not a parlel snapshot"):
        host.call(host.snapshots.from_bytes, host.emulators(), b"other")


def test_diff_names_paths() -> None:
    before = {"redis": {"a": 1, "b": {"c": 2}}}
    after = {"redis": {"b": {"c": 3}, "d": 4}}
    assert diff_dumps(before, after) == [("redis/a", 1, None), ("redis/b/c", 2, 3), ("redis/d", None, 4)]


class Every:
    """A judge that decides the same about every operation of one verb."""

    def __init__(self, verb: str, decision: Decision) -> None:
        self.verb = verb
        self.decision = decision

    def decide(self, operation: Operation) -> Decision | None:
        return self.decision if operation.verb == self.verb else None


def test_faults(host: Host, line: Line) -> None:
    def arm(*decisions: Decision) -> None:
        host.call(host.interceptor.arm, tuple(Every("SET", decision) for decision in decisions))

    arm(Decision("error", "r", error="no"))
    assert line("set k 1") == "! no"
    arm(Decision("skip", "r", reply="empty"))
    assert line("set k 1") == "! r"
    assert line("get k") == "-"
    arm(Decision("corrupt", "r"))
    line.sock.sendall(b"set k 1\n")
    assert line.file.read() == b"o"
    other = Line(host.runtime("toy").port)
    assert other("get k") == "1"
    arm(Decision("drop_connection", "r"))
    other.sock.sendall(b"set k 2\n")
    with pytest.raises(ConnectionResetError):
        other.sock.recv(10)
    other.close()
    arm()
    faults = [record[3][1] for _, record in host.log.tail(100) if record[0] == FAULT]
    assert faults == ["error", "skip", "corrupt", "drop_connection"]


@pytest.mark.parametrize(("action", "seen_before"), [("delay", "1"), ("slow", "-")])
def test_a_late_operation_holds_only_its_own_session(host: Host, line: Line, action: str, seen_before: str) -> None:
    host.call(host.interceptor.arm, (Every("SET", Decision(action, "r", delay_us=5_000_000)),))  # type: ignore[arg-type]
    line.sock.sendall(b"set k 1\nget k\n")
    other = Line(host.runtime("toy").port)
    while other("get seen") != "-" or not any(s.held for s in host.emulators()["toy"].sessions.values()):
        pass
    assert other("get k") == seen_before
    host.call(host.clock.advance, 4.9)
    assert other("get k") == seen_before
    host.call(host.clock.advance, 0.2)
    assert [line.file.readline(), line.file.readline()] == [b"ok\n", b"1\n"]
    other.close()


def test_a_crash_resets_sockets_and_recovery_brings_the_exact_state_back_on_the_same_port(
    host: Host, line: Line
) -> None:
    line("set a 1")
    host.snapshot()
    line("login me")
    line("mine 5")
    line("later 1000 t fired")
    rolled = line("roll")
    before = host.call(lambda: host.emulators()["toy"].digest())
    port = host.runtime("toy").port
    host.crash("toy")
    with pytest.raises(OSError):
        line("get a")
    with pytest.raises(ConnectionRefusedError):
        Line(port)
    with pytest.raises(HostError, match="is not running"):
        host.crash("toy")
    assert host.recover("toy") == 4
    assert host.runtime("toy").port == port
    assert host.call(lambda: host.emulators()["toy"].digest()) == before
    again = Line(port)
    assert again("get me") == "5"
    assert again("get roll") == rolled
    host.call(host.clock.advance, 1)
    assert again("get t") == "fired"
    again.close()


def test_the_log_stays_bounded_and_a_crash_is_still_recovered(line: Line, host: Host) -> None:
    host.log.limit = 50
    for number in range(300):
        line(f"add n {number}")
    assert len(host.log.records) <= 51
    host.crash("toy")
    host.recover("toy")
    assert host.emulators()["toy"].dump() == {"n": str(sum(range(300)))}


def test_while_a_service_is_not_quiescent_nothing_is_dropped(line: Line, host: Host) -> None:
    host.log.limit = 20
    toy = host.emulators()["toy"]
    assert isinstance(toy, Toy)
    toy.quiet = False
    for _ in range(100):
        line("add n 1")
    assert host.log.base == 0
    toy.quiet = True
    line("add n 1")
    assert host.log.base > 0


def test_a_state_dir_is_taken_up_by_the_next_host(tmp_path: Path) -> None:
    def run(*lines: str) -> list[str]:
        with Host(seed=3, clock=Clock("frozen")) as host:
            host.add("toy", Toy)
            host.open_state_dir(tmp_path, "always")
            client = Line(host.runtime("toy").port)
            replies = [client(text) for text in lines]
            client.close()
        return replies

    assert run("set a 1", "add a 2") == ["ok", "3"]
    assert run("get a", "add a 4") == ["3", "7"]
    assert run("get a") == ["7"]
    (segment,) = tmp_path.glob("operations-*.log")
    records, torn = read_log_file(segment)
    assert torn is None
    assert records[0][1][3]["about"]["seed"] == 3
    with Host() as other, pytest.raises(HostError, match="holds the state of toy too"):
        other.open_state_dir(tmp_path)


def test_a_state_dir_survives_restores_and_resets(tmp_path: Path) -> None:
    with Host(seed=3, clock=Clock("frozen")) as host:
        host.add("toy", Toy)
        host.open_state_dir(tmp_path)
        client = Line(host.runtime("toy").port)
        client("set a 1")
        host.snapshot("s")
        client("set a 2")
        host.restore("s")
        client("set b 3")
        client.close()
    with Host(seed=3, clock=Clock("frozen")) as host:
        host.add("toy", Toy)
        host.open_state_dir(tmp_path)
        assert host.emulators()["toy"].dump() == {"a": "1", "b": "3"}


LINES = st.lists(
    st.sampled_from(
        [
            "set a 1",
            "add a 2",
            "add b 3",
            "roll",
            "later 500 a 9",
            "later 2000 b 8",
            "login x",
            "mine 4",
            "?",
            "advance",
        ]
    ),
    max_size=25,
)


@settings(max_examples=25, deadline=None)
@given(LINES, st.integers(0, 25))
def test_a_saved_log_played_on_a_fresh_host_gives_the_same_digest(lines: list[str], snapshot_at: int) -> None:
    import tempfile

    with Host(seed=11, clock=Clock("frozen"), recoverable=True) as host, tempfile.TemporaryDirectory() as folder:
        host.add("toy", Toy)
        path = Path(folder) / "run.log"

        def play() -> str:
            link = MemoryLink()
            toy = host.emulators()["toy"]
            number = host.next_session_id()
            host.log.connected(host.clock.now_us(), number, "toy", "main", "memory")
            session = toy.open_session(link, number, "main")
            for place, text in enumerate(lines):
                if place == snapshot_at:
                    host._snapshot("s")
                if text == "advance":
                    host.clock.advance(1)
                else:
                    session.receive(text.encode() + b"\n")
            if snapshot_at % 2 and snapshot_at < len(lines):
                host._restore("s")
            host._save_log(path)
            return toy.digest()

        digest = host.call(play)
        with Host(seed=99, clock=Clock("frozen")) as fresh:
            fresh.add("toy", Toy)
            fresh.play_file(path)
            assert fresh.call(fresh.emulators()["toy"].digest) == digest


def test_an_exception_in_an_engine_resets_only_that_connection_and_is_kept(host: Host, line: Line) -> None:
    other = Line(host.runtime("toy").port)
    line.sock.sendall(b"boom\n")
    with pytest.raises(ConnectionResetError):
        line.sock.recv(1)
    assert other("set a 1") == "ok"
    other.close()
    assert [str(error) for error in host.internal_errors] == ["boom"]
    host.internal_errors.clear()


def test_the_door_passes_results_and_errors(host: Host) -> None:
    assert host.call(lambda a, b: a + b, 1, b=2) == 3
    with pytest.raises(ZeroDivisionError):
        host.call(lambda: 1 / 0)
    assert host.call(lambda: host.call(threading.current_thread)) is host._thread


def test_a_stopped_host_says_so() -> None:
    host = Host().start()
    host.stop()
    host.stop()
    with pytest.raises(HostError, match="is stopped"):
        host.call(int)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_gets_a_clear_error(host: Host) -> None:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            host.call(int)
            os.write(write, b"no error")
        except HostError as error:
            os.write(write, str(error).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    assert b"belongs to the parent process" in os.read(read, 1000)
    os.close(read)


def test_stopping_leaves_no_thread_socket_or_file(tmp_path: Path) -> None:
    threads = set(threading.enumerate())
    descriptors = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    path = str(tmp_path / "toy.sock")
    host = Host().start()
    host.add("toy", Toy, unix_path=path)
    port = host.runtime("toy").port
    client = Line(port)
    client("set a 1")
    unix = socket.socket(socket.AF_UNIX)
    unix.connect(path)
    unix.sendall(b"get a\n")
    assert unix.recv(10) == b"1\n"
    host.stop()
    assert client.file.read() == b""
    client.close()
    unix.close()
    assert set(threading.enumerate()) == threads
    assert not os.path.exists(path)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    if descriptors:
        assert len(os.listdir("/proc/self/fd")) == descriptors


def test_a_thousand_idle_connections_cost_nothing(host: Host) -> None:
    port = host.runtime("toy").port
    clients = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(1000)]
    for client in clients:
        client.sendall(b"get a\n")
        assert client.recv(10) == b"-\n"
    loop = host._loop
    assert loop is not None
    # Everybody is connected and answered: the loop has nothing scheduled and nothing to run, so it sleeps in its selector.
    assert host.call(lambda: len(host.emulators()["toy"].sessions)) == 1000
    assert host.call(lambda: len(loop._scheduled)) == 0  # type: ignore[attr-defined]
    # (One entry may be the wake-up by which this very question came in.)
    assert host.call(lambda: len(loop._ready)) <= 1  # type: ignore[attr-defined]
    for client in clients:
        client.close()
