"""A client in words: its line of CLIENT LIST, which ACL LOG shows too.

Differs: figures of buffers keep their form; they say what is known (`argv-mem`, `omem`) or a constant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis.errors import RedisError
from emulators.redis.memory import client_size

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

__all__ = ["KINDS", "describe", "kind_of"]

KINDS = {b"normal": "normal", b"slave": "replica", b"replica": "replica", b"pubsub": "pubsub", b"master": "master"}


def kind_of(session: RedisSession) -> str:
    if session.replica:
        return "replica"
    return "pubsub" if session.subscriptions or session.shards else "normal"


def _flags(session: RedisSession) -> str:
    tracking = session.tracking
    marks = (
        ("O", session.monitors),
        ("S", session.replica),
        ("P", bool(session.subscriptions or session.shards)),
        ("x", session.queue is not None),
        ("b", session.blocked is not None or session.postponed is not None),
        ("t", tracking is not None),
        ("R", tracking is not None and tracking.broken_redirect),
        ("B", tracking is not None and tracking.broadcast),
        ("d", session.watch_broken),
        ("c", session.closing),
        ("U", "/" in session.link.peer),
        ("r", session.reads_only),
        ("e", session.no_evict),
        ("T", session.no_touch),
    )
    return "".join(letter for letter, present in marks if present) or "N"


def describe(session: RedisSession) -> str:
    """A client's line of CLIENT LIST."""
    server = session.server
    now_us = server.clock.now_us()
    buffered = session.link.buffered()
    words = session.current_args
    try:
        name = server.find(words).name if words else "NULL"
    except RedisError:
        name = "NULL"
    queue = session.queue
    arguments = sum(map(len, words))
    queued = sum(len(word) for _, queued_words in queue or () for word in queued_words)
    fields = [
        ("id", session.id),
        ("addr", session.link.peer),
        ("laddr", f"127.0.0.1:{server.config['port']}"),
        ("fd", session.id + 7),
        ("name", session.name.decode("utf-8", "replace")),
        ("age", (now_us - session.created_us) // 1_000_000),
        ("idle", (now_us - session.last_used_us) // 1_000_000),
        ("flags", _flags(session)),
        ("db", session.db.number),
        ("sub", len(session.channels)),
        ("psub", len(session.patterns)),
        ("ssub", len(session.shards)),
        ("multi", -1 if queue is None else len(queue)),
    ]
    if server.version >= (7, 4):
        fields.append(("watch", len(session.watched)))
    fields += [
        ("qbuf", arguments + 16 if session is server.current_session else 0),
        ("qbuf-free", 20448 if session is server.current_session else 0),
        ("argv-mem", arguments if session is server.current_session else 0),
        ("multi-mem", queued),
        ("rbs", 1024),
        ("rbp", 0),
        ("obl", 0),
        ("oll", 1 if buffered else 0),
        ("omem", buffered),
        ("tot-mem", client_size(session)),
        ("events", "r"),
        ("cmd", name),
        ("user", session.user.name.decode("utf-8", "replace")),
        ("redir", -1 if session.tracking is None else session.tracking.redirect),
        ("resp", session.protocol),
    ]
    if server.version >= (7, 2):
        fields.append(("lib-name", session.library[0].decode("utf-8", "replace")))
        fields.append(("lib-ver", session.library[1].decode("utf-8", "replace")))
    return " ".join(f"{key}={value}" for key, value in fields)
