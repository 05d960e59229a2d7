"""What a logged request says in one line: for the operation log, chaos rules and people."""

from __future__ import annotations

from typing import Any

from emulators.kafka.wire.codec import DecodeError
from emulators.kernel.operation import Description

__all__ = ["describe_frame"]


def describe_frame(frame: Any, names: dict[bytes, str]) -> Description:
    """Verb, topics and text of a frame; `names` resolves topic ids. Gives something for any frame."""
    from emulators.kafka.emulator import read_request

    if isinstance(frame, list):  # an operation from inside the process, see `control.py`
        arguments = " ".join(map(str, frame[1:]))
        return Description(f"CONTROL_{str(frame[0]).upper()}", (), f"{frame[0]} {arguments}")
    if not isinstance(frame, (bytes, bytearray)):
        return Description("?", (), repr(frame)[:80])
    try:
        name, version, body = read_request(bytes(frame))
    except (DecodeError, KeyError) as error:
        return Description("?", (), f"unreadable request of {len(frame)} bytes: {error}")
    topics = _topics(body, names)
    words = [f"{name} v{version}"]
    for field in ("group_id", "transactional_id", "member_id", "key"):
        value = getattr(body, field, None)
        if isinstance(value, str) and value:
            words.append(f"{field}={value}")
    if topics:
        words.append("topics=" + ",".join(topics))
    if name == "produce":
        size = sum(len(one.records or b"") for topic in body.topic_data for one in topic.partition_data)
        words.append(f"bytes={size} acks={body.acks}")
    return Description(name.upper(), topics, " ".join(words))


def _topics(body: Any, names: dict[bytes, str]) -> tuple[str, ...]:
    """The topics that a request names, wherever its API keeps them, in order and once."""
    found: dict[str, None] = {}
    rows: list[Any] = []
    for field in ("topic_data", "topics", "v3_and_below_topics", "resources", "creations", "topic_names"):
        rows += getattr(body, field, None) or ()
    for group in getattr(body, "groups", None) or ():
        rows += getattr(group, "topics", None) or ()
    for transaction in getattr(body, "transactions", None) or ():
        rows += getattr(transaction, "topics", None) or ()
    for row in rows:
        if isinstance(row, str):
            found[row] = None
            continue
        name = getattr(row, "name", None) or getattr(row, "topic", None) or getattr(row, "topic_name", None)
        if not name and getattr(row, "resource_type", None) == 2:
            name = row.resource_name
        if not name:
            topic_id = getattr(row, "topic_id", b"")
            name = names.get(topic_id) or (topic_id.hex() if topic_id.strip(b"\0") else None)
        if name:
            found[name] = None
    return tuple(found)
