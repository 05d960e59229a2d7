"""Derive `schemas.py` from the package kio: `python -m emulators.kafka.wire.derive > emulators/kafka/wire/schemas.py`.

kio carries Kafka's message definitions as one dataclass per (message, version). That is the right source of facts and
the wrong thing to import in a server that has to answer within milliseconds (0.14 s warm, 1.8 s cold), so the facts are
written down once: one text per message, one line per field with the versions that have it. `tests/kafka/test_codec.py`
holds the compiled codecs to kio's readers and writers, byte for byte, for every message and version.

Line: `name type versions [?versions where null is allowed] [tTAG] [=default]`, nested by one space of indent per level.
"""

from __future__ import annotations

import dataclasses
import datetime
import sys
from types import UnionType
from typing import Any, get_args, get_origin

#: Messages that no client sends and no broker answers to clients.
_SKIPPED = {
    *("vote", "begin_quorum_epoch", "end_quorum_epoch", "fetch_snapshot", "envelope", "alter_partition"),
    *("broker_registration", "broker_heartbeat", "allocate_producer_ids", "controller_registration"),
    *("assign_replicas_to_dirs", "add_raft_voter", "remove_raft_voter", "update_raft_voter"),
    *("initialize_share_group_state", "read_share_group_state", "write_share_group_state"),
    *("delete_share_group_state", "read_share_group_state_summary"),
}
_DATA = ("consumer_protocol_subscription", "consumer_protocol_assignment")
_TIMES = {"timedelta_i32": "int32", "timedelta_i64": "int64", "datetime_i64": "int64", "error_code": "int16"}


@dataclasses.dataclass
class _Field:
    name: str
    type: str
    tag: int | None
    default: str | None
    versions: set[int]
    null: set[int]
    children: list[_Field]

    def key(self) -> tuple[Any, ...]:
        return (self.name, self.type, self.tag)


def _strip(annotation: Any) -> tuple[Any, bool, bool]:
    """(inner type, is array, is nullable) of a dataclass annotation."""
    nullable = array = False
    if get_origin(annotation) is UnionType or type(annotation) is UnionType:
        parts = [part for part in get_args(annotation) if part is not type(None)]
        nullable, annotation = True, parts[0]
    if get_origin(annotation) is tuple:
        array, annotation = True, get_args(annotation)[0]
        if get_origin(annotation) is UnionType:  # kio notes an optional element for arrays of nullable primitives
            annotation = next(part for part in get_args(annotation) if part is not type(None))
    return annotation, array, nullable


def _default(field: Any) -> str | None:
    if field.default is dataclasses.MISSING:
        return None
    value = field.default
    if value is None:
        return "null"
    if isinstance(value, datetime.timedelta):
        return str(int(value / datetime.timedelta(milliseconds=1)))
    if isinstance(value, datetime.datetime):
        return str(int(value.timestamp() * 1000))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value + 0)
    if isinstance(value, str):
        return repr(str(value))
    if isinstance(value, tuple):
        return "[]" if not value else None
    return None


def _fields(entity: Any, version: int) -> list[_Field]:
    found = []
    for field in dataclasses.fields(entity):
        inner, array, nullable = _strip(field.type)
        kafka_type = field.metadata.get("kafka_type", "")
        children: list[_Field] = []
        name = field.name
        if dataclasses.is_dataclass(inner):
            children = _fields(inner, version)
            text = "[]" if array else "{}"
        else:
            if kafka_type.startswith(("timedelta", "datetime")) and not name.endswith("_ms"):
                name += "_ms"
            base = _TIMES.get(kafka_type, kafka_type)
            text = f"[{base}]" if array else base
            if base in ("uuid",) or kafka_type == "datetime_i64":
                nullable = False
        tag = field.metadata.get("tag")
        default = _default(field)
        if kafka_type == "uuid" or children or (kafka_type == "datetime_i64" and default == "null"):
            default = "-1" if kafka_type == "datetime_i64" else None
            if children and nullable and field.default is None:
                default = "null"
        null = {version} if nullable and tag is None else set()
        found.append(_Field(name, text, tag, default, {version}, null, children))
    return found


def _merge(into: list[_Field], new: list[_Field]) -> list[_Field]:
    """Union of two ordered field lists: what only `new` (an older version) has goes behind its predecessor."""
    position = 0
    for field in new:
        for index, known in enumerate(into):
            if known.key() == field.key():
                known.versions |= field.versions
                known.null |= field.null
                known.children = _merge(known.children, field.children)
                if known.default is None:
                    known.default = field.default
                position = index + 1
                break
        else:
            into.insert(position, field)
            position += 1
    return into


def _span(versions: set[int], lowest: int, highest: int) -> str:
    low, high = min(versions), max(versions)
    assert versions == set(range(low, high + 1)), versions
    if low == highest and low == high:
        return f"{low}+"
    return f"{low}+" if high == highest else str(low) if low == high else f"{low}-{high}"


def _lines(fields: list[_Field], depth: int, lowest: int, highest: int) -> list[str]:
    lines = []
    for field in fields:
        line = f"{' ' * depth}{field.name} {field.type} {_span(field.versions, lowest, highest)}"
        if field.null:
            line += f" ?{_span(field.null, lowest, highest)}"
        if field.tag is not None:
            line += f" t{field.tag}"
        if field.default is not None:
            line += f" ={field.default}"
        lines.append(line)
        lines += _lines(field.children, depth + 1, lowest, highest)
    return lines


def _message(name: str, kind: Any, versions: list[int]) -> str:
    from kio.index import load_entity_module

    merged: list[_Field] = []
    flexible = []
    for version in sorted(versions, reverse=True):
        module = load_entity_module(name, version, kind)
        entity: Any = next(
            value
            for value in vars(module).values()
            if dataclasses.is_dataclass(value)
            and getattr(value, "__type__", None) is kind
            and value.__module__ == module.__name__
        )
        if entity.__flexible__:
            flexible.append(version)
        merged = _merge(merged, _fields(entity, version))
    low, high = min(versions), max(versions)
    head = f"{low}-{high} flex {min(flexible) if flexible else 'none'}"
    return "\n".join([head, *_lines(merged, 0, low, high)])


def main() -> None:
    from kio.schema.index import api_key_map, schema_name_map
    from kio.static.constants import EntityType

    out = sys.stdout
    out.write('"""Kafka\'s messages as data. Written by `derive.py`; do not edit.\n\n')
    out.write("First line of a text: versions, and the first flexible one. Then one line per field, see `derive.py`.\n")
    out.write('"""\n\nAPI_NAMES: dict[int, str] = {\n')
    names = {key: name for key, name in sorted(api_key_map.items()) if name not in _SKIPPED}
    for key, name in names.items():
        out.write(f'    {key}: "{name}",\n')
    out.write("}\n\nMESSAGES: dict[str, str] = {\n")
    wanted = [(name, kind, kind.name) for name in names.values() for kind in (EntityType.request, EntityType.response)]
    wanted += [(name, EntityType.data, "data") for name in _DATA]
    for name, kind, suffix in wanted:
        versions = [version for version, kinds in schema_name_map[name].items() if kind in kinds]
        out.write(f'    "{name}.{suffix}": """\\\n{_message(name, kind, versions)}\n""",\n')
    out.write("}\n")


if __name__ == "__main__":
    main()
