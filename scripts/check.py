"""The test command: makes `.venv`, installs the project with its test tools, and runs lint, types and tests.

Usage: python3 scripts/check.py [pytest arguments]
Needs Python 3.11 or newer and nothing else. The steps can be run by hand as well: each is printed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(*command: str) -> None:
    print("+", " ".join(command), flush=True)
    result = subprocess.run(command, cwd=ROOT)
    if result.returncode:
        sys.exit(result.returncode)


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts this may have an older Python
        sys.exit(f"parlel needs Python 3.11 or newer; this is {sys.version.split()[0]}")
    if not PYTHON.exists():
        print(f"+ python -m venv {ENVIRONMENT}", flush=True)
        venv.create(ENVIRONMENT, with_pip=True)
    python = str(PYTHON)
    run(python, "-m", "pip", "install", "--quiet", "--editable", ".[test]")
    run(python, "-m", "ruff", "format", "--check", "--quiet", ".")
    run(python, "-m", "ruff", "check", "--quiet", ".")
    run(python, "-m", "mypy")
    run(python, "-m", "pytest", *(sys.argv[1:] or ["-n", "2"]))


if __name__ == "__main__":
    main()
