"""Fixtures of the public layer's tests: a Redis context on a frozen clock with seed 1, and a private runtime folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import parlel
from parlel import TestContext


@pytest.fixture
def ctx() -> Iterator[TestContext]:
    with parlel.create_test_context(services=["redis"], clock="frozen", seed=1) as context:
        yield context


@pytest.fixture
def real() -> Iterator[TestContext]:
    """The same on a real clock."""
    with parlel.create_test_context(services=["redis"], seed=1) as context:
        yield context


@pytest.fixture
def runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "run"
    monkeypatch.setenv("PARLEL_RUNTIME_DIR", str(folder))
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--crashes", type=int, default=12, help="how often tests/parlel/test_crash.py kills a process")
