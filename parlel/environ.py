"""Set environment variables for a block, and put back what was there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

__all__ = ["render_environ", "set_environ"]


@contextmanager
def set_environ(variables: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Set `variables` in `os.environ`; afterwards each has its former value again, or is gone."""
    former = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield dict(variables)
    finally:
        for name, value in former.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def render_environ(variables: Mapping[str, str], form: str) -> str:
    """As text: `shell` (`export A='x'`), `dotenv` and `github` (`A=x`), or `json`."""
    if form == "json":
        import json

        return json.dumps(dict(variables), indent=2)
    if form == "shell":
        import shlex

        return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())
    return "\n".join(f"{name}={value}" for name, value in variables.items())
