"""What is measured for Kafka, beside the mock cluster of librdkafka."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.tables import Table, interleave

__all__ = ["run"]

_MOCK = "librdkafka mock"
_TIMEOUT_S = 120.0
_RATES = ("produce, 1 KiB", "consume, 1 KiB")


def run(quick: bool, say: Callable[[str], None]) -> tuple[list[Table], list[str]]:
    """All tables, and notes about what could not be measured."""
    tables: list[Table] = []
    notes: list[str] = []
    if importlib.util.find_spec("confluent_kafka"):
        tables, notes = _clients(quick, say)
    else:
        notes.append("confluent-kafka is not installed: clients and the mock are not measured")
    say("kafka: snapshots ...")
    tables.append(_snapshots(3 if quick else 7))
    return tables, notes


def _clients(quick: bool, say: Callable[[str], None]) -> tuple[list[Table], list[str]]:
    peers = ["emulator", _MOCK]
    note = "The mock runs inside the client's process; the emulator in one of its own, whose start is counted."
    times = Table("Clients (librdkafka): times", "milliseconds", "less", peers, note=note)
    rates = Table(
        "Clients (librdkafka): throughput",
        "records / s",
        "more",
        peers,
        note="Four partitions. Consuming is timed from the first record on, when librdkafka may have fetched more of them.",
    )
    notes: list[str] = []

    def measure(peer: str) -> None:
        say(f"kafka: {peer} ...")
        kind = "emulator" if peer == "emulator" else "mock"
        sizes = ["100", "10000"] if quick else ["500", "50000"]
        command = [sys.executable, "-m", "benchmarks.kafka_client", kind, *sizes]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)
        except subprocess.TimeoutExpired:
            notes.append(f"{peer}: a round did not end within {_TIMEOUT_S:.0f} s")
            return
        except subprocess.CalledProcessError as error:
            reason = (error.stderr.strip().splitlines() or ["no reason given"])[-1]
            notes.append(f"{peer}: a round failed: {reason}")
            return
        for row, value in json.loads(done.stdout.splitlines()[-1]).items():
            (rates if row in _RATES else times).add(row, peer, value)

    interleave(3 if quick else 5, peers, measure)
    return [times, rates], notes


def _snapshots(rounds: int) -> Table:
    """Snapshot and restore in process, with 100,000 records in the log and some more in between."""
    from emulators.kafka.client import KafkaClient
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kernel.host import Host

    note = "In process. Changes are records appended between the snapshot and the restore."
    table = Table("Snapshot + restore", "milliseconds", "less", ["snapshot", "restore"], note=note)
    with Host(seed=1) as host:
        runtime = host.add("kafka", KafkaEmulator)
        with KafkaClient(f"127.0.0.1:{runtime.port}") as client:
            client.create_topic("t", 4)
            for _ in range(100):
                client.produce_many("t", [{"value": b"x" * 100}] * 1000)
            for changes in (0, 1000):
                for _ in range(rounds):
                    started = time.perf_counter()
                    snapshot = host.snapshot()
                    middle = time.perf_counter()
                    if changes:
                        client.produce_many("t", [{"value": b"y"}] * changes)
                    before = time.perf_counter()
                    host.restore(snapshot)
                    ended = time.perf_counter()
                    row = f"100,000 records, {changes:,} changes"
                    table.add(row, "snapshot", (middle - started) * 1000)
                    table.add(row, "restore", (ended - before) * 1000)
    return table
