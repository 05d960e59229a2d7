"""seed, dump, snapshot, restore, reset, logs, env, replay."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parlel.cli.base import ask, cli, connect, json_option, name_option, result, say, table
from parlel.errors import ControlError

if TYPE_CHECKING:
    pass


@cli.command()
@click.argument("service")
@click.option("-f", "--file", "files", multiple=True, required=True, metavar="FILE", help="The seed; - is stdin.")
@click.option("--port", type=click.IntRange(1, 65535), help="Seed the server on this port, whoever runs it.")
@name_option
@json_option
def seed(service: str, files: tuple[str, ...], port: int | None, name: str | None, as_json: bool) -> None:
    """Load data from files: Redis commands or a Redis dump (RDB), SQL, or a JSON array of Kafka records."""
    from parlel.seeds import SeedExecutor
    from parlel.services import Address

    instances: dict[str, tuple[str, Callable[[], Address]]] = {}
    if port is None:
        for found, at in ask(name, "addresses").items():
            instances[found] = (at["service"], functools.partial(Address, at["host"], at["port"], at["options"]))

    def load_rdb(found: str, path: str) -> int:
        return int(ask(name, "load_rdb", service=found, path=path))

    executor = SeedExecutor(instances, load_rdb=load_rdb)
    applied = 0
    for file in files:
        if file == "-":
            applied += executor.execute_content(service, sys.stdin.read(), port)
        else:
            applied += executor.execute_file(service, file, port)
    if as_json:
        result({"service": service, "applied": applied})
    else:
        say(f"{service}: {applied} applied")


@cli.command()
@click.argument("service", required=False)
@click.option("--at", metavar="SNAPSHOT", help="The state in a snapshot instead of the present one.")
@name_option
@json_option
def dump(service: str | None, at: str | None, name: str | None, as_json: bool) -> None:
    """Print the data of one service, or of all, as JSON."""
    result(ask(name, "dump", service=service, at=at))


@cli.command()
@click.argument("snapshot_name", required=False, metavar="[SNAPSHOT]")
@click.option("--save", type=click.Path(dir_okay=False), metavar="FILE", help="Also write it to a file.")
@click.option("--rdb", type=click.Path(dir_okay=False), metavar="FILE", help="Also write Redis's data as an RDB file.")
@click.option("--service", metavar="NAME", help="Which Redis --rdb writes, if there are several.")
@click.option("--list", "show", is_flag=True, help="List the snapshots instead.")
@name_option
@json_option
def snapshot(
    snapshot_name: str | None,
    save: str | None,
    rdb: str | None,
    service: str | None,
    show: bool,
    name: str | None,
    as_json: bool,
) -> None:
    """Mark this instant over all services."""
    if show:
        entries = ask(name, "snapshots")
        if as_json:
            result(entries)
        else:
            table(("id", "name", "parent"), [[entry["id"], entry["name"], entry["parent"] or ""] for entry in entries])
        return
    taken = ask(name, "snapshot", name=snapshot_name, save=save and str(Path(save).absolute()))
    if rdb is not None:
        taken["rdb"] = ask(name, "save_rdb", service=service, path=str(Path(rdb).absolute()))
    if as_json:
        result(taken)
    else:
        click.echo(taken["name"])


@cli.command()
@click.argument("snapshot_name", required=False, metavar="[SNAPSHOT]")
@click.option("--load", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help="From a file.")
@name_option
@json_option
def restore(snapshot_name: str | None, load: str | None, name: str | None, as_json: bool) -> None:
    """Go back to a snapshot (default: the last one taken or restored)."""
    went = ask(name, "restore", name=snapshot_name, load=load and str(Path(load).absolute()))
    if as_json:
        result(went)
    else:
        say(f"restored {went['name']}")


@cli.command()
@click.argument("service", required=False)
@name_option
def reset(service: str | None, name: str | None) -> None:
    """Empty one service, or all; connections stay up."""
    ask(name, "reset", service=service)
    say(f"reset {service or 'all services'}")


@cli.command()
@click.argument("service", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on as entries come.")
@click.option(
    "--tail", type=click.IntRange(0), default=100, show_default=True, help="Begin with this many old entries."
)
@click.option(
    "--save", type=click.Path(dir_okay=False), metavar="FILE", help="Write the log for `parlel replay` instead."
)
@name_option
@json_option
def logs(service: str | None, follow: bool, tail: int, save: str | None, name: str | None, as_json: bool) -> None:
    """Show what clients asked, and what else happened."""
    if save is not None:
        click.echo(ask(name, "save_log", path=str(Path(save).absolute())))
        return
    with connect(name, None if follow else 30.0) as client:
        entries = (
            client.stream("follow", tail=tail, service=service)
            if follow
            else client.call("logs", tail=tail, service=service)
        )
        try:
            for entry in entries:
                line = entry.pop("line")
                click.echo(json.dumps(entry) if as_json else line)
        except KeyboardInterrupt:
            if not follow:
                raise
        except ControlError:
            if not follow:
                raise
            say("the instance has stopped")


@cli.command()
@click.option(
    "--format", "form", type=click.Choice(["shell", "dotenv", "json", "github"]), default="shell", show_default=True
)
@name_option
def env(form: str, name: str | None) -> None:
    """Print the environment variables for applications: eval "$(parlel env)"."""
    from parlel.environ import render_environ

    click.echo(render_environ(ask(name, "environment"), form))


@cli.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--dump", "show", is_flag=True, help="Print the data that the log leads to.")
@json_option
def replay(file: str, show: bool, as_json: bool) -> None:
    """Play a saved log on a fresh host, and print the digest of each service."""
    from parlel.replaying import replay as play

    with play(file) as context:
        found: dict[str, Any] = {"operations": context.recovered_operations, "digest": context.digest()}
        if show:
            found["dump"] = context.dump()
    if as_json or show:
        result(found)
        return
    say(f"{found['operations']} operations played")
    for name, digest in found["digest"].items():
        click.echo(f"{name} {digest}")
