"""up, status, down, version."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parlel._version import __version__
from parlel.cli.base import ask, cli, connect, json_option, name_option, read_settings, result, say, table
from parlel.errors import ConfigError, ControlError

if TYPE_CHECKING:
    from parlel.config import Settings

_STATUS_COLUMNS = ("service", "status", "port", "uptime", "conns", "ops", "size", "url")


@cli.command()
@click.argument("services", nargs=-1, metavar="SERVICE[:PORT]...")
@click.option("-o", "--option", "options", multiple=True, metavar="SERVICE.OPTION=VALUE", help="redis.version=7.0")
@click.option("-d", "--detach", is_flag=True, help="Run in the background.")
@click.option("--wait", is_flag=True, help="Return once every service answers a health check (implies --detach).")
@click.option("--wait-timeout", type=float, metavar="SECONDS", help="Give up waiting after this long (30).")
@click.option(
    "--base-port", type=click.IntRange(0, 65535), help="Ports from this one on, in order; free ports without it."
)
@click.option("--state-dir", type=click.Path(file_okay=False), help="Keep the operation log here, and recover from it.")
@click.option("--log-dir", type=click.Path(file_okay=False), help="Write readable logs here.")
@click.option(
    "--fsync", type=click.Choice(["off", "interval", "always"]), help="When the operation log is synced to disk."
)
@click.option("--seed", type=int, help="Seed of all chance.")
@click.option("--clock", metavar="CLOCK", help="real, frozen, x10, or an instant to be frozen at.")
@click.option(
    "--unix-socket", "unix_sockets", multiple=True, metavar="SERVICE=PATH", help="Listen on a unix socket too."
)
@click.option("--name", help="Name of the instance (default: default).")
@json_option
def up(
    services: tuple[str, ...],
    options: tuple[str, ...],
    detach: bool,
    wait: bool,
    unix_sockets: tuple[str, ...],
    as_json: bool,
    **given: Any,
) -> None:
    """Start services, by default on free ports, which are printed.

    \b
    parlel up redis:7791
    parlel up -d redis postgres -o redis.version=7.0
    """
    from parlel.config import parse_option
    from parlel.running import launch, run

    read: dict[str, dict[str, Any]] = {}
    for text in options:
        service, option, value = parse_option(text)
        read.setdefault(service, {})[option] = value
    for folder in ("state_dir", "log_dir"):
        if given[folder]:
            given[folder] = str(Path(given[folder]).absolute())
    settings = read_settings(services=list(services) or None, options=read, **given)
    if unix_sockets:
        settings.services = [_with_socket(entry, unix_sockets) for entry in settings.services]

    def show(status: dict[str, Any]) -> None:
        if as_json:
            click.echo(json.dumps(status, default=str))
        else:
            table(
                ("service", "status", "port", "url"),
                [[row[0], row[1], row[2], row[-1]] for row in status_rows(status)],
            )
        if status["recovered_operations"]:
            say(f"recovered {status['recovered_operations']} operations from {settings.state_dir}")
        sys.stdout.flush()

    if not detach and not wait:

        def ready(status: dict[str, Any]) -> None:
            show(status)
            say(f"seed {status['seed']}; Ctrl-C stops")

        run(settings, ready)
        say("stopped")
        return
    status, _ = launch(settings)
    if wait:
        _wait_healthy(settings)
    show(status)
    say(
        f"seed {status['seed']}; end it with: parlel down"
        + ("" if settings.name == "default" else f" --name {settings.name}")
    )


def _with_socket(entry: str | dict[str, Any], sockets: Sequence[str]) -> str | dict[str, Any]:
    if isinstance(entry, str):
        name, _, port = entry.partition(":")
        read: dict[str, Any] = {"name": name, "port": port or 0}
    else:
        read = dict(entry)
    for text in sockets:
        service, equals, path = text.partition("=")
        if not equals:
            raise ConfigError(f"--unix-socket {text!r} is not of the form SERVICE=PATH")
        if service == (read.get("name") or read.get("service")):
            read["unix_socket"] = str(Path(path).absolute())
    return read


def _wait_healthy(settings: Settings) -> None:
    with connect(settings.name, settings.wait_timeout + 5.0) as client:
        answers = client.call("check", timeout=settings.wait_timeout)
    silent = [name for name, healthy in answers.items() if not healthy]
    if silent:
        raise ControlError(f"{', '.join(silent)} did not answer within {settings.wait_timeout:g} s")


@cli.command()
@name_option
@click.option("-q", "--quiet", is_flag=True, help="Only names of the services.")
@json_option
def status(name: str | None, quiet: bool, as_json: bool) -> None:
    """Show what is running."""
    found = ask(name, "status")
    if as_json:
        result(found)
    elif quiet:
        click.echo("\n".join(found["services"]))
    else:
        table(_STATUS_COLUMNS, status_rows(found))
        say(f"pid {found['pid']}, seed {found['seed']}, clock {found['clock']['mode']} at {found['clock']['now']}")


cli.add_command(
    click.Command("ps", callback=status.callback, params=status.params, help="The same as status.", hidden=True)
)


@cli.command()
@name_option
def down(name: str | None) -> None:
    """Stop the instance."""
    from parlel.registry import find_instance

    chosen = name or read_settings().name
    state = find_instance(chosen)
    from parlel.control import ControlClient

    with ControlClient(state["socket"]) as client:
        client.call("stop")
        # The instance closes the connection as the last thing before its sockets are gone.
    _wait_gone(chosen)
    say(f"stopped {', '.join(state.get('services', {}))}")


def _wait_gone(name: str) -> None:
    import time

    from parlel.registry import find_instance

    for _ in range(200):
        try:
            find_instance(name)
        except ControlError:
            return
        time.sleep(0.02)
    raise ControlError(f"the instance {name!r} has not stopped within 4 s")


@cli.command()
@json_option
def version(as_json: bool) -> None:
    """Print the version."""
    if as_json:
        from parlel.services import available

        result({"version": __version__, "python": sys.version.split()[0], "services": available()})
    else:
        click.echo(__version__)


def status_rows(status: dict[str, Any]) -> list[list[object]]:
    rows: list[list[object]] = []
    for name, entry in status["services"].items():
        size = next((f"{entry[word]} {word}" for word in ("keys", "tables", "topics") if word in entry), "")
        uptime = f"{entry.get('uptime_s', 0):.0f}s"
        counters = (entry.get("connections", ""), entry.get("operations", ""))
        rows.append([name, entry["status"], entry["port"], uptime, *counters, size, entry["url"]])
    return rows
