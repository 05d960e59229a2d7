"""What all commands share: the group, talking to an instance, tables, options."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from parlel._version import __version__

if TYPE_CHECKING:
    from parlel.config import Settings
    from parlel.control import ControlClient

__all__ = [
    "ask",
    "cli",
    "connect",
    "json_option",
    "name_option",
    "read_settings",
    "result",
    "say",
    "seconds",
    "table",
]

_Command = TypeVar("_Command", bound=Callable[..., Any])
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}, invoke_without_command=False
)
@click.version_option(__version__, prog_name="parlel")
def cli() -> None:
    """Redis, Postgres and Kafka emulated behind real sockets, for tests."""


def say(text: str) -> None:
    click.echo(text, err=True)


def result(data: Any) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, default=str))


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table by rich on a terminal; plain aligned columns where the output is piped."""
    if not sys.stdout.isatty():
        cells = [[name.upper() for name in columns], *([str(cell) for cell in row] for row in rows)]
        widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
        for line in cells:
            click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold")
    for name in columns:
        table.add_column(name.upper(), overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    Console().print(table)


def read_settings(**overrides: Any) -> Settings:
    from parlel.config import load_settings

    return load_settings(Path.cwd(), os.environ, overrides)


def connect(name: str | None, timeout: float | None = 30.0) -> ControlClient:
    from parlel.control import ControlClient
    from parlel.registry import find_instance

    return ControlClient(find_instance(name or read_settings().name)["socket"], timeout)


def ask(instance: str | None, method: str, /, **params: Any) -> Any:
    with connect(instance) as client:
        return client.call(method, **params)


def name_option(function: _Command) -> _Command:
    return click.option("--name", help="Name of the instance (default: default).")(function)


def json_option(function: _Command) -> _Command:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def seconds(text: str) -> float:
    """`90`, `90s`, `1.5h`, `250ms` as seconds."""
    for unit in sorted(_UNITS, key=len, reverse=True):
        if text.endswith(unit):
            number = text.removesuffix(unit)
            break
    else:
        number, unit = text, "s"
    try:
        return float(number) * _UNITS[unit]
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no time: write 90, 90s, 15m, 1.5h or 2d") from error
