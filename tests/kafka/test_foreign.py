"""Clients of other languages: Java's kafka-clients and kafkajs, where somebody has put them.

PARLEL_KAFKA_JARS=<folder with kafka-clients 4.x and what it needs>   (mvn dependency:copy-dependencies)
PARLEL_KAFKAJS=<folder in which `npm install kafkajs` was run>
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kafka.conftest import Cluster

HERE = Path(__file__).parent / "foreign"
JARS = os.environ.get("PARLEL_KAFKA_JARS")
KAFKAJS = os.environ.get("PARLEL_KAFKAJS")

Start = Callable[..., Cluster]


@pytest.mark.skipif(
    not JARS or not shutil.which("javac"), reason="PARLEL_KAFKA_JARS names no jars, or there is no javac"
)
@pytest.mark.parametrize("nodes", [1, 3])
def test_java(cluster: Start, tmp_path: Path, nodes: int) -> None:
    found = cluster(nodes=nodes)
    path = f"{tmp_path}{os.pathsep}{JARS}/*"
    subprocess.run(["javac", "-d", str(tmp_path), "-cp", path, str(HERE / "Clients.java")], check=True, timeout=60)
    run = subprocess.run(["java", "-cp", path, "Clients", found.bootstrap], capture_output=True, text=True, timeout=100)
    steps = [line for line in run.stdout.splitlines() if " OK " in line or " FAIL " in line]
    assert len(steps) >= 35
    assert [line for line in steps if " OK " not in line] == []


@pytest.mark.skipif(
    not KAFKAJS or not shutil.which("node"), reason="PARLEL_KAFKAJS names no folder, or there is no node"
)
def test_kafkajs(cluster: Start) -> None:
    found = cluster()
    script = (HERE / "clients.js").read_text()
    run = subprocess.run(
        ["node", "-", found.bootstrap], input=script, capture_output=True, text=True, timeout=60, cwd=KAFKAJS
    )
    assert run.stdout.splitlines()[-1:] == ["OK 20 []"], run.stdout + run.stderr
