"""LATENCY (redis.io group `server`): the history of slow events, and histograms of commands.

Histograms hold what is known of a command: how often it ran, and how long on average; commands that were not timed count as 1 µs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.redis.commands.command_info import lookup
from emulators.redis.errors import RedisError
from emulators.redis.resp import Reply, Verbatim
from emulators.redis.table import Command, command

if TYPE_CHECKING:
    from emulators.redis.instruments import LatencyEvent
    from emulators.redis.session import RedisSession

_DISABLED = (
    "Latency monitoring is disabled in this Redis instance: no events are recorded. "
    '"CONFIG SET latency-monitor-threshold <milliseconds>" switches it on.'
)
_QUIET = "No event has reached the latency threshold so far."


@command("latency|latest")
def latest(client: RedisSession, args: list[bytes]) -> Reply:
    rows = []
    for name, event in client.server.instruments.latency.items():
        when, milliseconds = event.samples[-1]
        rows.append([name.encode(), when, milliseconds, event.highest_ms])
    return rows


@command("latency|history")
def history(client: RedisSession, args: list[bytes]) -> Reply:
    event = client.server.instruments.latency.get(args[2].decode("utf-8", "replace"))
    return [list(sample) for sample in event.samples] if event is not None else []


@command("latency|reset")
def reset(client: RedisSession, args: list[bytes]) -> Reply:
    events = client.server.instruments.latency
    if len(args) == 2:
        count = len(events)
        events.clear()
        return count
    return sum(events.pop(name.decode("utf-8", "replace"), None) is not None for name in args[2:])


def _ago(seconds: int) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _graph(event: LatencyEvent, now_s: int) -> str:
    """A bar per sample, from the lowest to the highest, and how long ago each was."""
    values = [milliseconds for _, milliseconds in event.samples]
    low, high = min(values), max(values)
    bars = "_o#O"
    lines = [
        "".join(bars[min(3, 4 * (value - low) // max(1, high - low + 1))] for value in values),
    ]
    ages = [_ago(now_s - when) for when, _ in event.samples]
    for row in range(max(map(len, ages))):
        lines.append("".join(age[row] if row < len(age) else " " for age in ages))
    return "\n".join(lines)


@command("latency|graph")
def graph(client: RedisSession, args: list[bytes]) -> Reply:
    name = args[2].decode("utf-8", "replace")
    event = client.server.instruments.latency.get(name)
    if event is None:
        raise RedisError(f"ERR No samples available for event '{name}'")
    values = [milliseconds for _, milliseconds in event.samples]
    head = f"{name} - high {event.highest_ms} ms, low {min(values)} ms (all time high {event.highest_ms} ms)\n"
    return Verbatim(f"{head}{'-' * 80}\n{_graph(event, client.clock.now_us() // 1_000_000)}\n".encode())


@command("latency|doctor")
def doctor(client: RedisSession, args: list[bytes]) -> Reply:
    server = client.server
    events = server.instruments.latency
    if not events:
        return Verbatim((_QUIET if server.config["latency-monitor-threshold"] else _DISABLED).encode() + b"\n")
    lines = ["Latency spikes were observed in this Redis instance:", ""]
    for number, (name, event) in enumerate(events.items(), 1):
        values = [milliseconds for _, milliseconds in event.samples]
        lines.append(
            f"{number}. {name}: {len(values)} latency spikes (average {sum(values) // len(values)}ms). "
            f"Worst all time event {event.highest_ms}ms."
        )
    return Verbatim("\n".join([*lines, ""]).encode())


def _histogram(row: Command) -> dict[bytes, Any]:
    each = max(1, row.usec // row.calls)
    bucket = 1
    while bucket < each:
        bucket *= 2
    return {b"calls": row.calls, b"histogram_usec": {bucket: row.calls}}


@command("latency|histogram")
def histogram(client: RedisSession, args: list[bytes]) -> Reply:
    server = client.server
    if len(args) == 2:
        rows = list(server.rows())
    else:
        rows = []
        for name in args[2:]:
            row = lookup(server, name)
            if row is not None:
                rows.extend(row.walk())
    if not server.config["latency-tracking"]:
        return {}
    own = server.find(args)
    # A command counts when it is over, so not this one.
    own.calls -= 1
    try:
        return {row.name.encode(): _histogram(row) for row in rows if row.calls}
    finally:
        own.calls += 1
