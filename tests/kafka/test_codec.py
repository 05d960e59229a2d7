"""The compiled codecs against kio's readers and writers: every message, every version, random content, byte for byte."""

from __future__ import annotations

import dataclasses
import datetime
import io
import random
import uuid
from typing import Any

import pytest

from emulators.kafka.wire import codec
from emulators.kafka.wire.codec import DecodeError, decoder, encode
from emulators.kafka.wire.derive import _strip
from emulators.kafka.wire.schema import message
from emulators.kafka.wire.schemas import API_NAMES, MESSAGES

_CASES = [(name, *message(name).versions) for name in MESSAGES]
_RANGES = {"int8": 7, "int16": 15, "int32": 31, "int64": 63}


def _entity(name: str, version: int) -> Any:
    from kio.index import load_entity_module
    from kio.static.constants import EntityType

    base, _, kind_name = name.rpartition(".")
    kind = EntityType[kind_name]
    module = load_entity_module(base, version, kind)
    for value in vars(module).values():
        if getattr(value, "__type__", None) is kind and value.__module__ == module.__name__:
            return value
    raise AssertionError(name)


def _random_value(field: Any, inner: Any, kafka_type: str, dice: random.Random) -> tuple[Any, Any]:
    """(what kio wants, what our codec says) for one value that is not an array."""
    if dataclasses.is_dataclass(inner):
        return _random_entity(inner, dice)
    if kafka_type == "string":
        text = "".join(dice.choice("abcé-") for _ in range(dice.choice((0, 1, 3, 200))))
        return inner(text) if inner is not str else text, text
    if kafka_type in ("bytes", "records"):
        raw = dice.randbytes(dice.choice((0, 2, 130)))
        return raw, raw
    if kafka_type == "bool":
        flag = dice.random() < 0.5
        return flag, flag
    if kafka_type == "float64":
        number = dice.random()
        return number, number
    if kafka_type == "uuid":
        if dice.random() < 0.2:
            return None, bytes(16)
        raw = dice.randbytes(16)
        return uuid.UUID(bytes=raw), raw
    if kafka_type == "error_code":
        from kio.schema.errors import ErrorCode

        code = dice.choice(list(ErrorCode))
        return code, int(code)
    if kafka_type.startswith("timedelta"):
        ms = dice.randrange(0, 1 << 31)
        return datetime.timedelta(milliseconds=ms), ms
    if kafka_type == "datetime_i64":
        ms = dice.randrange(0, 1 << 41)
        return datetime.datetime.fromtimestamp(ms // 1000, datetime.UTC) + datetime.timedelta(
            milliseconds=ms % 1000
        ), ms
    if kafka_type == "uint16":
        number = dice.randrange(1 << 16)
        return number, number
    bits = _RANGES[kafka_type]
    number = dice.randrange(-(1 << bits), 1 << bits)
    return number, number


def _random_entity(entity: Any, dice: random.Random) -> tuple[Any, dict[str, Any]]:
    theirs: dict[str, Any] = {}
    ours: dict[str, Any] = {}
    for field in dataclasses.fields(entity):
        inner, array, nullable = _strip(field.type)
        kafka_type = field.metadata.get("kafka_type", "")
        name = field.name
        if kafka_type.startswith(("timedelta", "datetime")) and not name.endswith("_ms"):
            name += "_ms"
        if "tag" in field.metadata and (field.default is not dataclasses.MISSING or dice.random() < 0.5):
            # Left at its default about half the time: then it must not be written.
            if field.default is dataclasses.MISSING:
                continue
            if dice.random() < 0.5:
                theirs[field.name] = field.default
                continue
        if (
            nullable
            and kafka_type not in ("uuid", "datetime_i64")
            and "tag" not in field.metadata
            and dice.random() < 0.3
        ):
            theirs[field.name], ours[name] = None, None
            continue
        if array:
            pairs = [_random_value(field, inner, kafka_type, dice) for _ in range(dice.choice((0, 1, 3)))]
            theirs[field.name] = tuple(a for a, _ in pairs)
            ours[name] = [b for _, b in pairs]
        else:
            theirs[field.name], ours[name] = _random_value(field, inner, kafka_type, dice)
    missing = [f for f in dataclasses.fields(entity) if f.name not in theirs]
    if any(f.default is dataclasses.MISSING for f in missing):
        return _random_entity(entity, dice)
    return entity(**theirs), ours


def _plain(value: Any) -> Any:
    if isinstance(value, codec.Record):
        return {key: _plain(item) for key, item in vars(value).items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _contained(ours: Any, decoded: Any) -> bool:
    if isinstance(ours, dict):
        # What was left at its default is not in `decoded`; null and empty are one where a version knows no null.
        return decoded is not None and all(
            key not in decoded or item in (None, [], "", b"") or _contained(item, decoded[key])
            for key, item in ours.items()
        )
    if isinstance(ours, list):
        return len(ours) == len(decoded) and all(map(_contained, ours, decoded))
    return bool(ours == decoded)


@pytest.mark.parametrize(("name", "low", "high"), _CASES, ids=[case[0] for case in _CASES])
def test_a_message_is_written_and_read_as_kio_does(name: str, low: int, high: int) -> None:
    from kio.serial import entity_writer

    for version in range(low, high + 1):
        entity = _entity(name, version)
        write = entity_writer(entity)
        dice = random.Random(f"{name}{version}")
        for _ in range(4):
            theirs, ours = _random_entity(entity, dice)
            buffer = io.BytesIO()
            write(buffer, theirs)
            expected = buffer.getvalue()
            assert encode(name, version, ours) == expected, (name, version, ours)
            decoded, used = decoder(name, version)(expected + b"xx", 0)
            assert used == len(expected)
            assert encode(name, version, _plain(decoded)) == expected
            assert _contained(ours, _plain(decoded)), (ours, _plain(decoded))


@pytest.mark.parametrize("key", [0, 1, 3, 8, 9, 11, 18, 19, 24, 28, 68, 78])
def test_a_cut_or_damaged_request_is_a_decode_error(key: int) -> None:
    name = f"{API_NAMES[key]}.request"
    dice = random.Random(key)
    for version in range(message(name).versions[0], message(name).versions[1] + 1):
        read = decoder(name, version)
        from kio.serial import entity_writer

        theirs, _ = _random_entity(_entity(name, version), dice)
        buffer = io.BytesIO()
        entity_writer(type(theirs))(buffer, theirs)
        data = buffer.getvalue()
        for cut in range(len(data)):
            with pytest.raises(DecodeError):
                read(data[:cut], 0)
        for _ in range(50):
            damaged = bytearray(data or b"\0")
            damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
            try:
                read(bytes(damaged), 0)
            except DecodeError:
                pass


def test_unknown_tagged_fields_are_skipped() -> None:
    plain = encode("metadata.request", 12, {"topics": None, "allow_auto_topic_creation": True})
    tagged = plain[:-1] + b"\x01\x63\x03abc"
    decoded, used = decoder("metadata.request", 12)(tagged, 0)
    assert used == len(tagged)
    assert decoded.allow_auto_topic_creation is True


def test_an_array_longer_than_its_message_is_refused_before_memory_is_taken() -> None:
    with pytest.raises(DecodeError, match="longer than its message"):
        decoder("metadata.request", 4)(b"\x7f\xff\xff\xff\x01", 0)


def test_fields_that_a_version_lacks_read_as_their_default() -> None:
    decoded, _ = decoder("metadata.request", 1)(encode("metadata.request", 1, {"topics": None}), 0)
    assert decoded.allow_auto_topic_creation is True
    join, _ = decoder("join_group.request", 0)(encode("join_group.request", 0, {"group_id": "g"}), 0)
    assert join.group_instance_id is None
    assert join.rebalance_timeout_ms == -1
