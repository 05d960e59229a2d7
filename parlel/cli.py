"""`parlel` on the command line. Results go to stdout, narration to stderr; `--json` on everything that reads.

Exit codes: 0 done (also after Ctrl-C or SIGTERM), 1 it failed, 2 the command line is wrong. Everything but `up`, `version` and
`replay` talks to a running instance through its control socket (see `control.METHODS`). rich and the
services are imported when needed.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from emulators.kernel import HostError
from parlel._version import __version__
from parlel.errors import ConfigError, ControlError, ParlelError

if TYPE_CHECKING:
    from parlel.config import Settings
    from parlel.control import ControlClient

__all__ = ["cli", "main"]

_Command = TypeVar("_Command", bound=Callable[..., Any])
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_STATUS_COLUMNS = ("service", "status", "port", "uptime", "conns", "ops", "size", "url")


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script."""
    try:
        cli.main(arguments, prog_name="parlel", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has gone, as `head` does; nothing more can be written, at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt):
        _say("stopped")
        sys.exit(0)
    except ConfigError as error:
        _say(f"error: {error}")
        sys.exit(2)
    except (ParlelError, HostError, OSError, ValueError) as error:
        _say(f"error: {error}")
        sys.exit(1)


# -- building blocks -----------------------------------------------------------------------------------------------


def _say(text: str) -> None:
    click.echo(text, err=True)


def _result(data: Any) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, default=str))


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
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


def _settings(**overrides: Any) -> Settings:
    from parlel.config import load_settings

    return load_settings(Path.cwd(), os.environ, overrides)


def _connect(name: str | None, timeout: float | None = 30.0) -> ControlClient:
    from parlel.control import ControlClient
    from parlel.registry import find_instance

    return ControlClient(find_instance(name or _settings().name)["socket"], timeout)


def _ask(instance: str | None, method: str, /, **params: Any) -> Any:
    with _connect(instance) as client:
        return client.call(method, **params)


def _name_option(function: _Command) -> _Command:
    return click.option("--name", help="Name of the instance (default: default).")(function)


def _json_option(function: _Command) -> _Command:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def _seconds(text: str) -> float:
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


def _status_rows(status: dict[str, Any]) -> list[list[object]]:
    rows: list[list[object]] = []
    for name, entry in status["services"].items():
        size = next((f"{entry[word]} {word}" for word in ("keys", "tables", "topics") if word in entry), "")
        uptime = f"{entry.get('uptime_s', 0):.0f}s"
        counters = (entry.get("connections", ""), entry.get("operations", ""))
        rows.append([name, entry["status"], entry["port"], uptime, *counters, size, entry["url"]])
    return rows


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}, invoke_without_command=False
)
@click.version_option(__version__, prog_name="parlel")
def cli() -> None:
    """Redis, Postgres and Kafka emulated behind real sockets, for tests."""


# -- life ----------------------------------------------------------------------------------------------------------


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
@_json_option
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
    settings = _settings(services=list(services) or None, options=read, **given)
    if unix_sockets:
        settings.services = [_with_socket(entry, unix_sockets) for entry in settings.services]

    def show(status: dict[str, Any]) -> None:
        if as_json:
            click.echo(json.dumps(status, default=str))
        else:
            _table(
                ("service", "status", "port", "url"),
                [[row[0], row[1], row[2], row[-1]] for row in _status_rows(status)],
            )
        if status["recovered_operations"]:
            _say(f"recovered {status['recovered_operations']} operations from {settings.state_dir}")
        sys.stdout.flush()

    if not detach and not wait:

        def ready(status: dict[str, Any]) -> None:
            show(status)
            _say(f"seed {status['seed']}; Ctrl-C stops")

        run(settings, ready)
        _say("stopped")
        return
    status = launch(settings)
    if wait:
        _wait_healthy(settings)
    show(status)
    _say(
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
    with _connect(settings.name, settings.wait_timeout + 5.0) as client:
        answers = client.call("check", timeout=settings.wait_timeout)
    silent = [name for name, healthy in answers.items() if not healthy]
    if silent:
        raise ControlError(f"{', '.join(silent)} did not answer within {settings.wait_timeout:g} s")


@cli.command()
@_name_option
@click.option("-q", "--quiet", is_flag=True, help="Only names of the services.")
@_json_option
def status(name: str | None, quiet: bool, as_json: bool) -> None:
    """Show what is running."""
    found = _ask(name, "status")
    if as_json:
        _result(found)
    elif quiet:
        click.echo("\n".join(found["services"]))
    else:
        _table(_STATUS_COLUMNS, _status_rows(found))
        _say(f"pid {found['pid']}, seed {found['seed']}, clock {found['clock']['mode']} at {found['clock']['now']}")


cli.add_command(
    click.Command("ps", callback=status.callback, params=status.params, help="The same as status.", hidden=True)
)


@cli.command()
@_name_option
def down(name: str | None) -> None:
    """Stop the instance."""
    from parlel.registry import find_instance

    chosen = name or _settings().name
    state = find_instance(chosen)
    from parlel.control import ControlClient

    with ControlClient(state["socket"]) as client:
        client.call("stop")
        # The instance closes the connection as the last thing before its sockets are gone.
    _wait_gone(chosen)
    _say(f"stopped {', '.join(state.get('services', {}))}")


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


# -- data ----------------------------------------------------------------------------------------------------------


@cli.command()
@click.argument("service")
@click.option("-f", "--file", "files", multiple=True, required=True, metavar="FILE", help="The seed; - is stdin.")
@click.option("--port", type=click.IntRange(1, 65535), help="Seed the server on this port, whoever runs it.")
@_name_option
@_json_option
def seed(service: str, files: tuple[str, ...], port: int | None, name: str | None, as_json: bool) -> None:
    """Load data from files: Redis commands, SQL, or a JSON array of Kafka records."""
    from parlel.seeds import SeedExecutor
    from parlel.services import Address

    instances: dict[str, tuple[str, Callable[[], Address]]] = {}
    if port is None:
        for found, at in _ask(name, "addresses").items():
            instances[found] = (at["service"], functools.partial(Address, at["host"], at["port"], at["options"]))
    executor = SeedExecutor(instances)
    applied = 0
    for file in files:
        if file == "-":
            applied += executor.execute_content(service, sys.stdin.read(), port)
        else:
            applied += executor.execute_file(service, file, port)
    if as_json:
        _result({"service": service, "applied": applied})
    else:
        _say(f"{service}: {applied} applied")


@cli.command()
@click.argument("service", required=False)
@click.option("--at", metavar="SNAPSHOT", help="The state in a snapshot instead of the present one.")
@_name_option
@_json_option
def dump(service: str | None, at: str | None, name: str | None, as_json: bool) -> None:
    """Print the data of one service, or of all, as JSON."""
    _result(_ask(name, "dump", service=service, at=at))


@cli.command()
@click.argument("snapshot_name", required=False, metavar="[SNAPSHOT]")
@click.option("--save", type=click.Path(dir_okay=False), metavar="FILE", help="Also write it to a file.")
@click.option("--list", "show", is_flag=True, help="List the snapshots instead.")
@_name_option
@_json_option
def snapshot(snapshot_name: str | None, save: str | None, show: bool, name: str | None, as_json: bool) -> None:
    """Mark this instant over all services."""
    if show:
        entries = _ask(name, "snapshots")
        if as_json:
            _result(entries)
        else:
            _table(("id", "name", "parent"), [[entry["id"], entry["name"], entry["parent"] or ""] for entry in entries])
        return
    taken = _ask(name, "snapshot", name=snapshot_name, save=save and str(Path(save).absolute()))
    if as_json:
        _result(taken)
    else:
        click.echo(taken["name"])


@cli.command()
@click.argument("snapshot_name", required=False, metavar="[SNAPSHOT]")
@click.option("--load", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help="From a file.")
@_name_option
@_json_option
def restore(snapshot_name: str | None, load: str | None, name: str | None, as_json: bool) -> None:
    """Go back to a snapshot (default: the last one taken or restored)."""
    went = _ask(name, "restore", name=snapshot_name, load=load and str(Path(load).absolute()))
    if as_json:
        _result(went)
    else:
        _say(f"restored {went['name']}")


@cli.command()
@click.argument("service", required=False)
@_name_option
def reset(service: str | None, name: str | None) -> None:
    """Empty one service, or all; connections stay up."""
    _ask(name, "reset", service=service)
    _say(f"reset {service or 'all services'}")


@cli.command()
@click.argument("service", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on as entries come.")
@click.option(
    "--tail", type=click.IntRange(0), default=100, show_default=True, help="Begin with this many old entries."
)
@click.option(
    "--save", type=click.Path(dir_okay=False), metavar="FILE", help="Write the log for `parlel replay` instead."
)
@_name_option
@_json_option
def logs(service: str | None, follow: bool, tail: int, save: str | None, name: str | None, as_json: bool) -> None:
    """Show what clients asked, and what else happened."""
    if save is not None:
        click.echo(_ask(name, "save_log", path=str(Path(save).absolute())))
        return
    with _connect(name, None if follow else 30.0) as client:
        entries = (
            client.stream("follow", tail=tail, service=service)
            if follow
            else client.call("logs", tail=tail, service=service)
        )
        try:
            for entry in entries:
                line = entry.pop("line")
                click.echo(json.dumps(entry) if as_json else line)
        except ControlError:
            if not follow:
                raise
            _say("the instance has stopped")


# -- trouble -------------------------------------------------------------------------------------------------------


@cli.group()
def chaos() -> None:
    """Inject failures."""


@chaos.command("list")
@_name_option
@_json_option
def chaos_list(name: str | None, as_json: bool) -> None:
    """Show the rules and how often they acted."""
    found = _ask(name, "chaos_list")
    if as_json:
        _result(found)
        return
    rows = [
        [
            rule["name"],
            rule.get("service", "all"),
            ",".join(rule.get("command", ())) or "all",
            rule["action"],
            rule["hits"],
        ]
        for rule in found["rules"]
    ]
    _table(("rule", "service", "command", "action", "hits"), rows)
    _say(f"chaos is {'on' if found['active'] else 'off'}")


@chaos.command("add")
@click.argument("rule", required=False, metavar="[JSON]")
@click.option("--rule-name", metavar="NAME", help="The rule's name.")
@click.option("--service", help="Only this service.")
@click.option("--command", multiple=True, metavar="VERB", help="Only these commands, SQL verbs or Kafka APIs.")
@click.option("--pattern", help="Only keys, tables or topics that contain this, or match it with *.")
@click.option("--action", help="drop_connection, error, delay, slow, corrupt or skip.")
@click.option("--error-response", metavar="TEXT", help="The answer, for the action error.")
@click.option("--delay-ms", type=float, help="For the action delay.")
@click.option("--slow-ms", type=float, help="For the action slow.")
@click.option("--after-ops", type=int, help="Begin after this many operations.")
@click.option("--times", type=int, help="Act this often.")
@click.option("--probability", type=float, help="Of acting, from 0 to 1.")
@_name_option
@_json_option
def chaos_add(
    rule: str | None, rule_name: str | None, command: tuple[str, ...], name: str | None, as_json: bool, **fields: Any
) -> None:
    """Add a rule, from options or as JSON, and switch chaos on."""
    try:
        read = json.loads(rule) if rule else {}
    except json.JSONDecodeError as error:
        raise click.BadParameter(f"the rule is no JSON: {error}") from error
    read.update({field: value for field, value in fields.items() if value is not None})
    if command:
        read["command"] = list(command)
    if rule_name:
        read["name"] = rule_name
    _added(_ask(name, "chaos_add", rule=read), as_json)


@chaos.command("preset")
@click.argument("preset", required=False)
@_name_option
@_json_option
def chaos_preset(preset: str | None, name: str | None, as_json: bool) -> None:
    """Add a ready-made rule and switch chaos on; without a name, list them."""
    from parlel.chaos import PRESET_RULES

    if preset is not None:
        _added(_ask(name, "chaos_add", rule=PRESET_RULES[preset].name), as_json)
    elif as_json:
        _result({name: rule.to_dict() for name, rule in PRESET_RULES.items()})
    else:
        rows = [
            [rule.name, rule.service or "all", ",".join(rule.command) or "all", rule.action]
            for rule in PRESET_RULES.values()
        ]
        _table(("preset", "service", "command", "action"), rows)


@chaos.command("clear")
@click.argument("rule", required=False)
@_name_option
def chaos_clear(rule: str | None, name: str | None) -> None:
    """Take out one rule, or all and switch chaos off."""
    _say(f"{_ask(name, 'chaos_clear', name=rule)} taken out")


@chaos.command("on")
@_name_option
def chaos_on(name: str | None) -> None:
    """Let the rules act."""
    _ask(name, "chaos_activate")


@chaos.command("off")
@_name_option
def chaos_off(name: str | None) -> None:
    """Keep the rules, but let them rest."""
    _ask(name, "chaos_deactivate")


def _added(rule: dict[str, Any], as_json: bool) -> None:
    if as_json:
        _result(rule)
    else:
        click.echo(rule["name"])


@cli.command()
@click.argument("service")
@_name_option
@_json_option
def crash(service: str, name: str | None, as_json: bool) -> None:
    """Lose a service as kill -9 would; it is noticed and recovered."""
    state = _ask(name, "crash", service=service)
    if as_json:
        _result(state)
    else:
        _say(f"{service} crashed")


@cli.command()
@click.argument("service")
@_name_option
@_json_option
def recover(service: str, name: str | None, as_json: bool) -> None:
    """Bring a crashed service back now."""
    state = _ask(name, "recover", service=service)
    if as_json:
        _result(state)
    else:
        _say(f"{service} recovered, {state['operations_replayed']} operations replayed")


# -- clock ---------------------------------------------------------------------------------------------------------


@cli.group(invoke_without_command=True)
@_name_option
@_json_option
@click.pass_context
def clock(context: click.Context, name: str | None, as_json: bool) -> None:
    """Read or move the one clock of all services."""
    if context.invoked_subcommand is None:
        _show_clock(_ask(name, "clock"), as_json)


@clock.command("advance")
@click.argument("time", callback=lambda _context, _parameter, value: _seconds(value))
@_name_option
@_json_option
def clock_advance(time: float, name: str | None, as_json: bool) -> None:
    """Move forward: 90, 90s, 15m, 1.5h or 2d."""
    _show_clock(_ask(name, "clock_advance", seconds=time), as_json)


@clock.command("freeze")
@_name_option
@_json_option
def clock_freeze(name: str | None, as_json: bool) -> None:
    """Stand still."""
    _show_clock(_ask(name, "clock_freeze"), as_json)


@clock.command("resume")
@click.option("--scale", type=float, default=1.0, show_default=True, help="Run this many times as fast.")
@_name_option
@_json_option
def clock_resume(scale: float, name: str | None, as_json: bool) -> None:
    """Run on."""
    _show_clock(_ask(name, "clock_resume", scale=scale), as_json)


def _show_clock(state: dict[str, Any], as_json: bool) -> None:
    if as_json:
        _result(state)
    else:
        click.echo(f"{state['now']} {state['mode']}")


# -- the rest ------------------------------------------------------------------------------------------------------


@cli.command()
@click.option(
    "--format", "form", type=click.Choice(["shell", "dotenv", "json", "github"]), default="shell", show_default=True
)
@_name_option
def env(form: str, name: str | None) -> None:
    """Print the environment variables for applications: eval "$(parlel env)"."""
    from parlel.environ import render_environ

    click.echo(render_environ(_ask(name, "environment"), form))


@cli.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--dump", "show", is_flag=True, help="Print the data that the log leads to.")
@_json_option
def replay(file: str, show: bool, as_json: bool) -> None:
    """Play a saved log on a fresh host, and print the digest of each service."""
    from parlel.replaying import replay as play

    with play(file) as context:
        found: dict[str, Any] = {"operations": context.recovered_operations, "digest": context.digest()}
        if show:
            found["dump"] = context.dump()
    if as_json or show:
        _result(found)
        return
    _say(f"{found['operations']} operations played")
    for name, digest in found["digest"].items():
        click.echo(f"{name} {digest}")


@cli.command()
@_json_option
def version(as_json: bool) -> None:
    """Print the version."""
    if as_json:
        from parlel.services import available

        _result({"version": __version__, "python": sys.version.split()[0], "services": available()})
    else:
        click.echo(__version__)


if __name__ == "__main__":
    main()
