"""What is measured for Redis."""

from __future__ import annotations

import csv
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.peers import Peer, Process, redis_peers
from benchmarks.tables import Table, interleave

__all__ = ["run"]

_CALLS = "for i=1,10 do redis.call('incr', KEYS[1]) end return 1"


class Sizes:
    """How much is measured."""

    def __init__(self, quick: bool) -> None:
        self.rounds = 3 if quick else 7
        self.latency_calls = 1000 if quick else 4000
        self.requests = 10_000 if quick else 50_000
        self.keys = 100_000 if quick else 1_000_000
        self.scan_steps = 200 if quick else 1000
        self.scripts = 2000 if quick else 10_000


def run(quick: bool, say: Callable[[str], None]) -> tuple[list[Table], list[str]]:
    """All tables, and notes about what could not be measured."""
    sizes = Sizes(quick)
    peers, notes = redis_peers()
    tables = []
    for measure in (_imports, _start, _latency, _throughput, _memory_and_scan, _scripts):
        say(f"redis: {measure.__name__.strip('_').replace('_', ' ')} ...")
        tables += measure(peers, sizes)
    say("redis: snapshots ...")
    tables.append(_snapshots(sizes))
    return tables, notes


@contextmanager
def _running(peers: list[Peer]) -> Iterator[dict[str, Process]]:
    servers: dict[str, Process] = {}
    try:
        for peer in peers:
            servers[peer.name] = peer.start()
        yield servers
    finally:
        for server in servers.values():
            server.close()


def _imports(peers: list[Peer], sizes: Sizes) -> list[Table]:
    """Import times in a fresh interpreter, which starts in 10 to 20 ms by itself; that is not counted."""
    modules = ["parlel", "parlel.pytest_plugin", "emulators.redis", "fakeredis", "redis"]
    table = Table("Import", "milliseconds", "less", ["import"], note="In a fresh interpreter, without its own start.")
    code = "{}import time; t = time.perf_counter(); import {}; print((time.perf_counter() - t) * 1000)"
    for _ in range(sizes.rounds):
        for module in modules:
            # pytest has imported itself by the time it loads a plugin.
            before = "import pytest; " if module.endswith("pytest_plugin") else ""
            done = subprocess.run([sys.executable, "-c", code.format(before, module)], capture_output=True, text=True)
            if done.returncode == 0:
                table.add(module, "import", float(done.stdout))
    return [table]


def _start(peers: list[Peer], sizes: Sizes) -> list[Table]:
    """From nothing to the first reply."""
    table = Table(
        "Start to first reply",
        "milliseconds",
        "less",
        [peer.name for peer in peers],
        note="In process: the emulator's host thread, listener and first PING. As a process: a new interpreter included.",
    )
    by_name = {peer.name: peer for peer in peers}

    def measure(name: str) -> None:
        started = time.perf_counter()
        server = by_name[name].start()
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b"*1\r\n$4\r\nPING\r\n")
            client.recv(64)
        table.add("as a process of its own", name, (time.perf_counter() - started) * 1000)
        server.close()

    interleave(sizes.rounds, list(by_name), measure)
    for _ in range(sizes.rounds):
        table.add("in process", "emulator", _start_in_process())
    return [table]


def _start_in_process() -> float:
    from emulators.kernel import Host
    from emulators.redis import RedisEmulator

    started = time.perf_counter()
    with Host(seed=1) as host:
        runtime = host.add("redis", lambda env: RedisEmulator(env, version="7.0"))
        with socket.create_connection(("127.0.0.1", runtime.port)) as client:
            client.sendall(b"*1\r\n$4\r\nPING\r\n")
            client.recv(64)
        return (time.perf_counter() - started) * 1000


def _latency(peers: list[Peer], sizes: Sizes) -> list[Table]:
    """redis-py, one client, one call at a time."""
    import redis

    table = Table("redis-py, one client", "microseconds a call", "less", [peer.name for peer in peers])
    with _running(peers) as servers:
        clients = {name: redis.Redis(port=server.port) for name, server in servers.items()}

        def measure(name: str) -> None:
            client = clients[name]
            calls: dict[str, Callable[[], object]] = {
                "PING": client.ping,
                "SET": lambda: client.set("key", "value"),
                "GET": lambda: client.get("key"),
                "INCR": lambda: client.incr("count"),
                "HSET": lambda: client.hset("hash", "field", "value"),
                "LPUSH + LPOP": lambda: (client.lpush("list", "x"), client.lpop("list")),
                "ZADD": lambda: client.zadd("zset", {"member": 1}),
            }
            for row, call in calls.items():
                call()
                started = time.perf_counter()
                for _ in range(sizes.latency_calls):
                    call()
                table.add(row, name, (time.perf_counter() - started) / sizes.latency_calls * 1e6)
            started = time.perf_counter()
            for _ in range(20):
                fresh = redis.Redis(port=servers[name].port)
                fresh.ping()
                fresh.close()
            table.add("connect + first PING", name, (time.perf_counter() - started) / 20 * 1e6)

        interleave(sizes.rounds, list(clients), measure)
        for client in clients.values():
            client.close()
    return [table]


def _throughput(peers: list[Peer], sizes: Sizes) -> list[Table]:
    """redis-benchmark's whole default set."""
    if shutil.which("redis-benchmark") is None:
        return []
    tables = []
    for title, clients, pipeline in (("c1", 1, 1), ("c50", 50, 1), ("c50 P16", 50, 16)):
        table = Table(f"redis-benchmark {title}", "requests a second", "more", [peer.name for peer in peers])
        # fakeredis answers pipelines in seconds and rejects some of the set: fewer requests, and only what it can do.
        slow = {"fakeredis": max(sizes.requests // 50, 200) if pipeline == 1 else 100}
        rounds = max(sizes.rounds // 2, 1) if clients > 1 else 1
        with _running(peers) as servers:

            def measure(
                name: str,
                clients: int = clients,
                pipeline: int = pipeline,
                table: Table = table,
                slow: dict[str, int] = slow,
            ) -> None:
                count = slow.get(name, sizes.requests if clients > 1 else sizes.requests // 2)
                if pipeline > 1 and name != "fakeredis":
                    count *= 4
                for row, rate in _redis_benchmark(servers[name].port, count, clients, pipeline):
                    table.add(row, name, rate)

            interleave(rounds, list(servers), measure)
        tables.append(table)
    return tables


def _redis_benchmark(port: int, requests: int, clients: int, pipeline: int) -> list[tuple[str, float]]:
    arguments = [
        "redis-benchmark",
        "-p",
        str(port),
        "-n",
        str(requests),
        "-c",
        str(clients),
        "-P",
        str(pipeline),
        "--csv",
    ]
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
        text = done.stdout
    except subprocess.TimeoutExpired as late:
        text = late.stdout.decode() if isinstance(late.stdout, bytes) else late.stdout or ""
    rows = []
    for row in csv.reader(text.splitlines()):
        if len(row) > 1 and row[0] != "test" and row[1].replace(".", "").isdigit():
            rows.append((row[0].split(" (")[0] if "LRANGE" not in row[0] else row[0], float(row[1])))
    return rows


def _memory_and_scan(peers: list[Peer], sizes: Sizes) -> list[Table]:
    """Memory a key, and what one SCAN step costs on many keys."""
    memory = Table(f"Memory, {sizes.keys:,} keys", "bytes a key", "less", [peer.name for peer in peers])
    scan = Table(f"SCAN on {sizes.keys:,} keys", "microseconds a step", "less", [peer.name for peer in peers])
    for peer in peers:
        if peer.name == "fakeredis" and sizes.keys > 100_000:
            continue  # it needs minutes to be filled
        server = peer.start()
        try:
            before = server.memory_bytes()
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _fill(client, sizes.keys)
                memory.add("SET key:N of 16 bytes, resident", peer.name, (server.memory_bytes() - before) / sizes.keys)
                cursor, used, started = b"0", server.cpu_s(), time.perf_counter()
                for _ in range(sizes.scan_steps):
                    client.sendall(b"*2\r\n$4\r\nSCAN\r\n$%d\r\n%b\r\n" % (len(cursor), cursor))
                    cursor = _scan_cursor(client)
                scan.add("round trip", peer.name, (time.perf_counter() - started) / sizes.scan_steps * 1e6)
                scan.add("the server's CPU", peer.name, (server.cpu_s() - used) / sizes.scan_steps * 1e6)
        finally:
            server.close()
    return [memory, scan]


def _fill(client: socket.socket, keys: int) -> None:
    for start in range(0, keys, 1000):
        parts = []
        for number in range(start, start + 1000):
            key = b"key:%d" % number
            parts.append(b"*3\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$16\r\n%016d\r\n" % (len(key), key, number))
        client.sendall(b"".join(parts))
        left = 5 * 1000
        while left:
            left -= len(client.recv(left))


def _scan_cursor(client: socket.socket) -> bytes:
    """Read one SCAN reply; return its cursor."""
    data = b""
    while True:
        data += client.recv(1 << 16)
        lines = data.split(b"\r\n")
        # *2, cursor as bulk or status, then *N with N bulks, each two lines.
        if len(lines) > 3:
            at = 2 if lines[1][:1] == b"$" else 1
            cursor = lines[at] if at == 2 else lines[1][1:]
            header = lines[at + 1]
            if header[:1] == b"*" and len(lines) > at + 2 + _lines_of(lines, at + 2, int(header[1:])):
                return cursor


def _lines_of(lines: list[bytes], at: int, members: int) -> int:
    """How many lines that many members take; statuses take one, bulks two."""
    begin = at
    for _ in range(members):
        if at >= len(lines):
            return 1 << 30
        at += 2 if lines[at][:1] == b"$" else 1
    return at - begin


def _scripts(peers: list[Peer], sizes: Sizes) -> list[Table]:
    """EVAL: the round trip, and the server's CPU."""
    trip = Table("Lua, one client", "microseconds a call", "less", [peer.name for peer in peers])
    cpu = Table("Lua, the server's CPU", "microseconds of CPU a call", "less", [peer.name for peer in peers])
    with _running(peers) as servers:
        import redis

        def measure(name: str) -> None:
            client = redis.Redis(port=servers[name].port)
            for row, script in (("return 1", "return 1"), ("10 calls of INCR", _CALLS)):
                count = sizes.scripts if name != "fakeredis" else sizes.scripts // 10
                client.eval(script, 1, "count")
                before, started = servers[name].cpu_s(), time.perf_counter()
                for _ in range(count):
                    client.eval(script, 1, "count")
                trip.add(row, name, (time.perf_counter() - started) / count * 1e6)
                cpu.add(row, name, (servers[name].cpu_s() - before) / count * 1e6)
            client.close()

        interleave(max(sizes.rounds // 2, 1), list(servers), measure)
    return [trip, cpu]


def _snapshots(sizes: Sizes) -> Table:
    """Snapshot and restore in process, against size and against what changed in between."""
    from emulators.kernel import Host
    from emulators.redis import RedisEmulator

    table = Table(
        "Snapshot + restore",
        "milliseconds",
        "less",
        ["snapshot", "restore"],
        note="In process. Changes are SETs of other values between the snapshot and the restore.",
    )
    for keys in (10, 1000, 100_000):
        with Host(seed=1) as host:
            runtime = host.add("redis", lambda env: RedisEmulator(env, version="7.0"))
            with socket.create_connection(("127.0.0.1", runtime.port)) as client:
                _fill(client, max(keys, 1000))
                if keys < 1000:
                    _send(
                        client, b"FLUSHALL\r\n" + b"".join(b"SET key:%d value\r\n" % n for n in range(keys)), keys + 1
                    )
                for changes in (0, 100, 10_000):
                    if changes > keys * 10:
                        continue
                    for _ in range(sizes.rounds):
                        started = time.perf_counter()
                        snapshot = host.snapshot()
                        middle = time.perf_counter()
                        text = b"".join(b"SET key:%d changed\r\n" % (n % keys) for n in range(changes))
                        _send(client, text, changes)
                        before = time.perf_counter()
                        host.restore(snapshot)
                        ended = time.perf_counter()
                        row = f"{keys:,} keys, {changes:,} changes"
                        table.add(row, "snapshot", (middle - started) * 1000)
                        table.add(row, "restore", (ended - before) * 1000)
    return table


def _send(client: socket.socket, text: bytes, replies: int) -> None:
    """Send inline commands that answer +OK, and read the answers."""
    client.sendall(text)
    left = 5 * replies
    while left:
        left -= len(client.recv(left))
