"""Starts Apache Kafka and the emulator, and plays the scripts of `conformance/cases/kafka` on either.

Kafka comes as jars: `PARLEL_KAFKA_JARS` names a folder with `kafka_2.13` 4.x and what it needs (Maven's copy-dependencies), and
Java 17 is on the path. One broker in KRaft mode with throw-away data serves a run, as one emulator does; each case has topics
and groups of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conformance.cases.kafka import scripts
from conformance.kafka.player import play
from conformance.kafka.raw import Raw
from conformance.model import ROOT, Case, CaseError, Missing, Server, Step
from emulators.kafka.emulator import KafkaEmulator
from emulators.kafka.wire.codec import DecodeError
from emulators.kernel.host import Host

__all__ = ["EmulatedKafka", "KafkaService", "RealKafka"]

_START_S = 120.0
_LONG = 120
#: The scripts were written for Kafka's own heartbeat; the emulator's is faster by default.
_CONFIGS = {"group.consumer.heartbeat.interval.ms": 5000}
_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.coordinator.rebalance.protocols=classic,consumer,share
"""


class RealKafka:
    """A throw-away broker."""

    patient = True

    def __init__(self) -> None:
        jars = _find_jars()
        self.version = f"Apache Kafka {_core(jars)}"
        self.folder = tempfile.mkdtemp(prefix="conformance-kafka-")
        self.port, controller = _free_ports(2)
        properties = Path(self.folder, "server.properties")
        properties.write_text(_PROPERTIES.format(port=self.port, controller=controller, folder=self.folder))
        java = ["java", "-Xmx512m", "-cp", f"{jars}/*"]
        tool = [*java, "kafka.tools.StorageTool", "format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", str(properties)]
        self._process: subprocess.Popen[bytes] | None = None
        with Path(self.folder, "server.log").open("wb") as log:
            try:
                subprocess.run(tool, stdout=log, stderr=log, check=True, timeout=_START_S)
                self._process = subprocess.Popen([*java, "kafka.Kafka", str(properties)], stdout=log, stderr=log)
                self._wait()
            except (OSError, subprocess.SubprocessError) as error:
                self.close()
                raise Missing(f"Apache Kafka does not start: {error}") from error
            except BaseException:
                self.close()
                raise

    def problems(self) -> list[str]:
        return []

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self) -> None:
        """Until the broker has registered itself and says so."""
        assert self._process is not None
        until = time.monotonic() + _START_S
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(OSError), Raw(self.port) as connection:
                if connection.call("metadata", 9, topics=[])["brokers"]:
                    return
            time.sleep(0.2)
        raise Missing("Apache Kafka does not start: see that its jars are complete and Java is 17 or later")


class EmulatedKafka:
    """The emulator on a host of its own."""

    version = "emulator"
    patient = False

    def __init__(self) -> None:
        self._host = Host(seed=1).start()
        self.port = self._host.add("kafka", lambda environment: KafkaEmulator(environment, configs=_CONFIGS)).port
        self._seen = 0

    def problems(self) -> list[str]:
        errors = list(self._host.internal_errors)[self._seen :]
        self._seen += len(errors)
        return ["".join(traceback.format_exception(e)) if isinstance(e, BaseException) else str(e) for e in errors]

    def close(self) -> None:
        self._host.stop()


class KafkaService:
    """Kafka under test."""

    name = "kafka"

    def cases(self) -> list[Case]:
        source = Path(inspect.getfile(scripts))
        lines = {line.strip(): at for at, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1)}
        order = list(scripts.GROUPS)
        found = []
        for title, steps in scripts.CASES.items():
            line = lines.get(f'"{title}": [', 0)
            case = Case("kafka", _group(title), title, source, line)
            case.steps = [Step(0, _text(step), step[0], at) for at, step in enumerate(steps)]
            found.append(case)
        return sorted(found, key=lambda case: order.index(case.group))

    def modes(self, case: Case) -> list[str]:
        return ["raw"]

    @contextmanager
    def reference(self) -> Iterator[Server]:
        with contextlib.closing(RealKafka()) as server:
            yield server

    @contextmanager
    def emulator(self) -> Iterator[Server]:
        with contextlib.closing(EmulatedKafka()) as server:
            yield server

    def play(self, case: Case, mode: str, server: Server) -> Iterator[str]:
        assert isinstance(server, (RealKafka, EmulatedKafka))
        with Raw(server.port) as connection:
            try:
                for answer in play(connection, scripts.CASES[case.title], server.patient):
                    yield json.dumps(answer, sort_keys=True, separators=(",", ":"))
            except DecodeError as error:
                yield f"<{type(error).__name__}: {error}>"

    def compare(self, step: Step, expected: str, actual: str) -> tuple[str, str]:
        return expected, actual

    def reduce(self, step: Step, outcome: str) -> str:
        return outcome


def _group(title: str) -> str:
    for group, beginnings in scripts.GROUPS.items():
        if title.startswith(beginnings):
            return group
    raise CaseError(f"{Path(inspect.getfile(scripts)).relative_to(ROOT)}: no group for the case {title!r}")


def _text(step: scripts.Step) -> str:
    """A step to read: what is worked out from earlier answers is not spelled out."""
    return f"{step[0]} v{step[1]} {_shown(step[2])}"


def _shown(value: Any) -> str:
    if callable(value):
        return "(from before)"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_shown, value)) + "]"
    if isinstance(value, (bytes, str)) and len(value) > _LONG:
        data = value.encode() if isinstance(value, str) else value
        return f"({len(value)} long, {hashlib.sha256(data).hexdigest()[:12]})"
    return repr(value)


def _find_jars() -> Path:
    named = os.environ.get("PARLEL_KAFKA_JARS")
    if not named:
        raise Missing("PARLEL_KAFKA_JARS names no folder with Apache Kafka's jars")
    if not _core(Path(named)):
        raise Missing(f"there is no kafka_2.13 among the jars in {named}")
    if not shutil.which("java"):
        raise Missing("there is no java on the path")
    return Path(named)


def _core(jars: Path) -> str:
    """The version of the broker among the jars; empty when there is none."""
    names = (re.fullmatch(r"kafka_2\.13-([\d.]+)\.jar", path.name) for path in jars.glob("kafka_2.13-*.jar"))
    return max((name[1] for name in names if name), default="")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]
