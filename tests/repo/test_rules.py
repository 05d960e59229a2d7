"""The rules of the house, held over the source: which way imports point, what may not be called, how files open."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("parlel", "emulators")
SERVICES = ("redis", "postgres", "kafka")
#: Time and chance come from the clock and the dice; only the kernel touches the machine's own.
BANNED_CALLS = {
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.sleep",
    "datetime.now",
    "datetime.utcnow",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "date.today",
    "random.random",
    "random.randint",
    "random.choice",
    "random.randrange",
    "random.seed",
    "random.Random",
    "uuid.uuid1",
    "uuid.uuid4",
    "uuid4",
    "os.urandom",
    "secrets.token_bytes",
    "secrets.token_hex",
}
#: Where a banned call is right, and why.
ALLOWED = {
    ("parlel/cli/life.py", "time.sleep"): "waits for another process to come up or go down",
}
#: Tables of data may be longer: their files say so by their names.
MAX_LINES = 1100
TABLES = ("schemas.py",)


def sources(*folders: str) -> Iterator[tuple[str, Path]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def test_imports_point_one_way() -> None:
    wrong = []
    for name, path in sources("emulators"):
        own = name.split("/")[1]
        for module in imported(path):
            parts = module.split(".")
            if parts[0] == "parlel":
                wrong.append(f"{name} imports {module}: emulators never import parlel")
            if parts[0] == "emulators" and len(parts) > 1:
                if own == "kernel" and parts[1] != "kernel":
                    wrong.append(f"{name} imports {module}: the kernel knows no service")
                if own in SERVICES and parts[1] in SERVICES and parts[1] != own:
                    wrong.append(f"{name} imports {module}: services never import each other")
    assert wrong == []


def test_time_and_chance_come_from_the_kernel() -> None:
    wrong = []
    for name, path in sources(*PACKAGES):
        if name.startswith("emulators/kernel/"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = dotted(node.func)
                if called in BANNED_CALLS and (name, called) not in ALLOWED:
                    wrong.append(f"{name}:{node.lineno} calls {called}")
    assert wrong == []


def test_every_allowance_is_used() -> None:
    for name, called in ALLOWED:
        calls = {dotted(n.func) for n in ast.walk(ast.parse((ROOT / name).read_text())) if isinstance(n, ast.Call)}
        assert called in calls, f"{name} no longer calls {called}: take it off the list"


def test_every_module_opens_with_what_it_is() -> None:
    bare = [name for name, path in sources(*PACKAGES) if not ast.get_docstring(ast.parse(path.read_text()))]
    assert bare == []


def test_no_file_outgrows_a_reader() -> None:
    long = {
        name: count
        for name, path in sources(*PACKAGES)
        if not name.endswith(TABLES) and (count := path.read_text().count("\n")) > MAX_LINES
    }
    assert long == {}


def test_nothing_unfinished_is_called_done() -> None:
    pattern = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [
        f"{name}:{number}"
        for name, path in sources(*PACKAGES, "conformance", "benchmarks")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_the_repository_stands_alone() -> None:
    """A clone needs nothing beside itself."""
    found = []
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    names = listed.stdout.split() if listed.returncode == 0 else [name for name, _ in sources(*PACKAGES, "tests")]
    for name in names:
        if name.endswith((".py", ".md", ".toml", ".sh")) or name == ".ci/run":
            text = (ROOT / name).read_text(errors="replace")
            if re.search(r"(\.\./sha" + r"red|/wo" + r"rk/)", text):
                found.append(name)
    assert found == []


def test_public_names_are_documented() -> None:
    import parlel

    bare = []
    for name in parlel.__all__:
        value = getattr(parlel, name)
        if (callable(value) or isinstance(value, type)) and not (value.__doc__ or "").strip():
            bare.append(name)
    assert bare == []


@pytest.mark.parametrize(("module", "budget_ms"), [("parlel", 60), ("parlel.pytest_plugin", 60)])
def test_imports_stay_cheap(module: str, budget_ms: int) -> None:
    """CPU time of the import alone, best of several, so that a busy machine does not fail it.

    The plugin's budget contains pytest's own import being there already, as it is in every run.
    """
    code = (
        "import time, sys; import pytest, importlib\n"
        f"start = time.process_time(); importlib.import_module({module!r}); print((time.process_time() - start) * 1000)"
    )
    times = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout)
        for _ in range(5)
    ]
    assert min(times) <= (5 if module.endswith("plugin") else budget_ms), times
