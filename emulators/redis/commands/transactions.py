"""MULTI, EXEC, DISCARD, WATCH, UNWATCH (redis.io group `transactions`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.resp import NO_REPLY, NULL_ARRAY, OK, Reply
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession


@command("multi")
def multi(client: RedisSession, args: list[bytes]) -> Reply:
    if client.queue is not None:
        raise errors.NESTED_MULTI
    client.queue = []
    client.update_special()
    return OK


@command("discard")
def discard(client: RedisSession, args: list[bytes]) -> Reply:
    if client.queue is None:
        raise errors.DISCARD_WITHOUT_MULTI
    client.leave_multi()
    return OK


@command("exec")
def exec_(client: RedisSession, args: list[bytes]) -> Reply:
    queue = client.queue
    if queue is None:
        raise errors.EXEC_WITHOUT_MULTI
    if client.queue_broken:
        client.leave_multi()
        raise errors.EXEC_ABORTED
    broken = client.watch_broken
    client.leave_multi()
    if broken:
        return NULL_ARRAY
    replies = []
    client.deny_blocking = True
    try:
        for row, words in queue:
            client.current_args = words
            reply = client.call(row, words)
            replies.append(None if reply is NO_REPLY else reply)
    finally:
        client.deny_blocking = False
    return replies


@command("watch")
def watch(client: RedisSession, args: list[bytes]) -> Reply:
    if client.queue is not None:
        raise errors.WATCH_IN_MULTI
    db = client.db
    for key in args[1:]:
        client.watched[(db.number, key)] = None
        db.watchers.setdefault(key, {})[client] = None
    client.server.update_observed()
    return OK


@command("unwatch")
def unwatch(client: RedisSession, args: list[bytes]) -> Reply:
    client.unwatch()
    return OK
