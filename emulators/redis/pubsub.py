"""Who listens to which channel: plain, pattern and sharded subscriptions.

Delivery is in order of subscription, pattern subscribers after plain ones, as the server does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis.glob import glob_match
from emulators.redis.resp import Push

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

__all__ = ["PubSub"]

Subscribers = dict[bytes, "dict[RedisSession, None]"]


class PubSub:
    """The subscriptions of a server."""

    def __init__(self) -> None:
        self.channels: Subscribers = {}
        self.patterns: Subscribers = {}
        self.shards: Subscribers = {}

    def subscribe(self, table: Subscribers, mine: dict[bytes, None], name: bytes, session: RedisSession) -> None:
        mine[name] = None
        table.setdefault(name, {})[session] = None

    def unsubscribe(self, table: Subscribers, mine: dict[bytes, None], name: bytes, session: RedisSession) -> None:
        if mine.pop(name, 0) is None:
            listeners = table[name]
            del listeners[session]
            if not listeners:
                del table[name]

    def publish(self, channel: bytes, message: bytes) -> int:
        """Send to everybody who listens; returns how many messages were sent."""
        count = 0
        for session in self.channels.get(channel, ()):
            session.send_reply(Push([b"message", channel, message]))
            count += 1
            session.server.limits.check(session)
        for pattern, sessions in self.patterns.items():
            if glob_match(pattern, channel):
                for session in sessions:
                    session.send_reply(Push([b"pmessage", pattern, channel, message]))
                    count += 1
        return count

    def publish_shard(self, channel: bytes, message: bytes) -> int:
        count = 0
        for session in self.shards.get(channel, ()):
            session.send_reply(Push([b"smessage", channel, message]))
            count += 1
        return count

    def drop(self, session: RedisSession) -> None:
        """The session is gone or was reset."""
        for table, mine in (
            (self.channels, session.channels),
            (self.patterns, session.patterns),
            (self.shards, session.shards),
        ):
            for name in list(mine):
                self.unsubscribe(table, mine, name, session)
