"""chaos, crash, recover, clock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from parlel.cli.base import ask, cli, json_option, name_option, result, say, seconds, table

if TYPE_CHECKING:
    pass


@cli.group()
def chaos() -> None:
    """Inject failures."""


@chaos.command("list")
@name_option
@json_option
def chaos_list(name: str | None, as_json: bool) -> None:
    """Show the rules and how often they acted."""
    found = ask(name, "chaos_list")
    if as_json:
        result(found)
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
    table(("rule", "service", "command", "action", "hits"), rows)
    say(f"chaos is {'on' if found['active'] else 'off'}")


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
@name_option
@json_option
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
    _added(ask(name, "chaos_add", rule=read), as_json)


@chaos.command("preset")
@click.argument("preset", required=False)
@name_option
@json_option
def chaos_preset(preset: str | None, name: str | None, as_json: bool) -> None:
    """Add a ready-made rule and switch chaos on; without a name, list them."""
    from parlel.chaos import PRESET_RULES

    if preset is not None:
        _added(ask(name, "chaos_add", rule=PRESET_RULES[preset].name), as_json)
    elif as_json:
        result({name: rule.to_dict() for name, rule in PRESET_RULES.items()})
    else:
        rows = [
            [rule.name, rule.service or "all", ",".join(rule.command) or "all", rule.action]
            for rule in PRESET_RULES.values()
        ]
        table(("preset", "service", "command", "action"), rows)


@chaos.command("clear")
@click.argument("rule", required=False)
@name_option
def chaos_clear(rule: str | None, name: str | None) -> None:
    """Take out one rule, or all and switch chaos off."""
    say(f"{ask(name, 'chaos_clear', name=rule)} taken out")


@chaos.command("on")
@name_option
def chaos_on(name: str | None) -> None:
    """Let the rules act."""
    ask(name, "chaos_activate")


@chaos.command("off")
@name_option
def chaos_off(name: str | None) -> None:
    """Keep the rules, but let them rest."""
    ask(name, "chaos_deactivate")


def _added(rule: dict[str, Any], as_json: bool) -> None:
    if as_json:
        result(rule)
    else:
        click.echo(rule["name"])


@cli.command()
@click.argument("service")
@name_option
@json_option
def crash(service: str, name: str | None, as_json: bool) -> None:
    """Lose a service as kill -9 would; it is noticed and recovered."""
    state = ask(name, "crash", service=service)
    if as_json:
        result(state)
    else:
        say(f"{service} crashed")


@cli.command()
@click.argument("service")
@name_option
@json_option
def recover(service: str, name: str | None, as_json: bool) -> None:
    """Bring a crashed service back now."""
    state = ask(name, "recover", service=service)
    if as_json:
        result(state)
    else:
        say(f"{service} recovered, {state['operations_replayed']} operations replayed")


@cli.group(invoke_without_command=True)
@name_option
@json_option
@click.pass_context
def clock(context: click.Context, name: str | None, as_json: bool) -> None:
    """Read or move the one clock of all services."""
    if context.invoked_subcommand is None:
        _show_clock(ask(name, "clock"), as_json)


@clock.command("advance")
@click.argument("time", callback=lambda _context, _parameter, value: seconds(value))
@name_option
@json_option
def clock_advance(time: float, name: str | None, as_json: bool) -> None:
    """Move forward: 90, 90s, 15m, 1.5h or 2d."""
    _show_clock(ask(name, "clock_advance", seconds=time), as_json)


@clock.command("freeze")
@name_option
@json_option
def clock_freeze(name: str | None, as_json: bool) -> None:
    """Stand still."""
    _show_clock(ask(name, "clock_freeze"), as_json)


@clock.command("resume")
@click.option("--scale", type=float, default=1.0, show_default=True, help="Run this many times as fast.")
@name_option
@json_option
def clock_resume(scale: float, name: str | None, as_json: bool) -> None:
    """Run on."""
    _show_clock(ask(name, "clock_resume", scale=scale), as_json)


def _show_clock(state: dict[str, Any], as_json: bool) -> None:
    if as_json:
        result(state)
    else:
        click.echo(f"{state['now']} {state['mode']}")
