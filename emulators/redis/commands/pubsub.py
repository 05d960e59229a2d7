"""Publish and subscribe, plain, by pattern and sharded (redis.io group `pubsub`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.glob import glob_match
from emulators.redis.resp import NO_REPLY, Push, Reply
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.pubsub import Subscribers
    from emulators.redis.session import RedisSession


def _tables(client: RedisSession, kind: str) -> tuple[Subscribers, dict[bytes, None]]:
    hub = client.server.pubsub
    if kind == "p":
        return hub.patterns, client.patterns
    if kind == "s":
        return hub.shards, client.shards
    return hub.channels, client.channels


def _count(client: RedisSession, kind: str) -> int:
    return len(client.shards) if kind == "s" else client.subscriptions


def _subscribe(client: RedisSession, names: list[bytes], kind: str) -> Reply:
    table, mine = _tables(client, kind)
    for name in names:
        client.server.pubsub.subscribe(table, mine, name, client)
        client.send_reply(Push([kind.encode() + b"subscribe", name, _count(client, kind)]))
    client.update_special()
    return NO_REPLY


def _unsubscribe(client: RedisSession, names: list[bytes], kind: str) -> Reply:
    table, mine = _tables(client, kind)
    word = kind.encode() + b"unsubscribe"
    if not names:
        names = list(mine)
        if not names:
            client.send_reply(Push([word, None, _count(client, kind)]))
    for name in names:
        client.server.pubsub.unsubscribe(table, mine, name, client)
        client.send_reply(Push([word, name, _count(client, kind)]))
    client.update_special()
    return NO_REPLY


@command("subscribe")
def subscribe(client: RedisSession, args: list[bytes]) -> Reply:
    return _subscribe(client, args[1:], "")


@command("unsubscribe")
def unsubscribe(client: RedisSession, args: list[bytes]) -> Reply:
    return _unsubscribe(client, args[1:], "")


@command("psubscribe")
def psubscribe(client: RedisSession, args: list[bytes]) -> Reply:
    return _subscribe(client, args[1:], "p")


@command("punsubscribe")
def punsubscribe(client: RedisSession, args: list[bytes]) -> Reply:
    return _unsubscribe(client, args[1:], "p")


@command("ssubscribe")
def ssubscribe(client: RedisSession, args: list[bytes]) -> Reply:
    return _subscribe(client, args[1:], "s")


@command("sunsubscribe")
def sunsubscribe(client: RedisSession, args: list[bytes]) -> Reply:
    return _unsubscribe(client, args[1:], "s")


@command("publish")
def publish(client: RedisSession, args: list[bytes]) -> Reply:
    return client.server.pubsub.publish(args[1], args[2])


@command("spublish")
def spublish(client: RedisSession, args: list[bytes]) -> Reply:
    return client.server.pubsub.publish_shard(args[1], args[2])


@command("pubsub|channels")
def pubsub_channels(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) > 3:
        raise errors.wrong_subcommand(args)
    return [name for name in client.server.pubsub.channels if len(args) < 3 or glob_match(args[2], name)]


@command("pubsub|shardchannels")
def pubsub_shardchannels(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) > 3:
        raise errors.wrong_subcommand(args)
    return [name for name in client.server.pubsub.shards if len(args) < 3 or glob_match(args[2], name)]


@command("pubsub|numsub")
def pubsub_numsub(client: RedisSession, args: list[bytes]) -> Reply:
    channels = client.server.pubsub.channels
    return [item for name in args[2:] for item in (name, len(channels.get(name, ())))]


@command("pubsub|shardnumsub")
def pubsub_shardnumsub(client: RedisSession, args: list[bytes]) -> Reply:
    shards = client.server.pubsub.shards
    return [item for name in args[2:] for item in (name, len(shards.get(name, ())))]


@command("pubsub|numpat")
def pubsub_numpat(client: RedisSession, args: list[bytes]) -> Reply:
    return len(client.server.pubsub.patterns)
