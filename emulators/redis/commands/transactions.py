"""MULTI, EXEC, DISCARD, WATCH, UNWATCH (redis.io group `transactions`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.errors import RedisError
from emulators.redis.resp import NO_REPLY, NULL_ARRAY, OK, Reply
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession
    from emulators.redis.table import Command


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
    broken = client.watch_broken or _watches_expired(client)
    client.leave_multi()
    if broken:
        return NULL_ARRAY
    # The replies leave one by one behind the array's head: commands may send what is no reply of theirs (SUBSCRIBE), or
    # change the protocol on the way (HELLO).
    client.send_encoded(b"*%d\r\n" % len(queue))
    client.deny_blocking = True
    try:
        for row, words in queue:
            client.current_args = words
            reply = _permitted(client, row, words) or client.call(row, words)
            if type(reply) is RedisError:
                client.server.count_error(reply)
            client.send_reply(reply)
    finally:
        client.deny_blocking = False
    return NO_REPLY


def _watches_expired(client: RedisSession) -> bool:
    """Whether the time of a watched key is over, though nobody has touched it yet (with active expiry off)."""
    databases = client.server.databases
    return any(not stale and databases[number].is_over(key) for (number, key), stale in client.watched.items())


def _permitted(client: RedisSession, row: Command, words: list[bytes]) -> RedisError | None:
    """Permissions may have changed since the command was queued."""
    acl = client.server.acl
    found = acl.denial(client.user, row, words)
    if found is None:
        return None
    row.rejected += 1
    acl.note_denial(client, row, words, found, "multi")
    return RedisError(
        "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. "
        f"This command is no longer allowed for the following reason: {_REASONS[found.reason]}"
    )


_REASONS = {
    "command": "no permission to execute the command or subcommand",
    "key": "no permission to touch the specified keys",
    "channel": "no permission to access one of the channels used as arguments",
}


@command("watch")
def watch(client: RedisSession, args: list[bytes]) -> Reply:
    if client.queue is not None:
        raise errors.WATCH_IN_MULTI
    db = client.db
    for key in args[1:]:
        if (db.number, key) in client.watched:
            continue
        client.watched[(db.number, key)] = db.is_over(key)
        db.watchers.setdefault(key, {})[client] = None
    client.server.update_observed()
    return OK


@command("unwatch")
def unwatch(client: RedisSession, args: list[bytes]) -> Reply:
    client.unwatch()
    return OK
