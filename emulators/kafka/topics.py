"""Topics, their partitions, and the nodes that lead them: the cluster's metadata.

One process plays every node, so replicas hold nothing of their own: a partition has one log, and a node that goes down
only hands leadership to another replica (leader epoch + 1), or leaves the partition without a leader.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from emulators.kafka import errors
from emulators.kafka.log import LogState, PartitionLog, log_state, plain_log

__all__ = ["NO_ID", "Node", "Partition", "Topic", "TopicError", "validate_name"]

NO_ID = bytes(16)
_LEGAL = re.compile(r"^[a-zA-Z0-9._-]+$")
_MAX_NAME = 249


class TopicError(ValueError):
    """A refused change of topics: the protocol's code and the broker's text."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(slots=True)
class Node:
    """One broker of the cluster: a listener of its own."""

    id: int
    endpoint: str
    host: str = "127.0.0.1"
    port: int = 0
    rack: str | None = None
    up: bool = True


@dataclass(slots=True, eq=False)
class Partition:
    """One partition: who leads it, and its log. `parked` are fetches that wait for it."""

    topic: Topic
    index: int
    replicas: list[int]
    leader: int
    leader_epoch: int = 0
    log: PartitionLog = field(default_factory=PartitionLog)
    parked: list[Any] = field(default_factory=list)
    isr: list[int] = field(default_factory=list)
    adding: list[int] = field(default_factory=list)
    removing: list[int] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, int]:
        return self.topic.name, self.index


@dataclass(slots=True, eq=False)
class Topic:
    """A topic. `settings` caches what its configuration means; it is emptied when any configuration changes."""

    name: str
    id: bytes
    partitions: list[Partition] = field(default_factory=list)
    configs: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    #: The state that was taken or put back last.
    last_state: TopicState | None = None

    @property
    def replication_factor(self) -> int:
        return len(self.partitions[0].replicas) if self.partitions else 0


PartitionState = tuple[int, tuple[int, ...], tuple[int, ...], int, int, LogState]
TopicState = tuple[str, bytes, dict[str, str], tuple[PartitionState, ...]]


def topic_state(topic: Topic) -> TopicState:
    """A topic at an instant, by reference; the same object as before while nothing changed."""
    if topic.last_state is not None and _is(topic, topic.last_state):
        return topic.last_state
    topic.last_state = (
        topic.name,
        topic.id,
        dict(topic.configs),
        tuple(
            (one.index, tuple(one.replicas), tuple(one.isr), one.leader, one.leader_epoch, one.log.state())
            for one in topic.partitions
        ),
    )
    return topic.last_state


def _is(topic: Topic, state: TopicState) -> bool:
    """Whether the topic is just now as the state says."""
    _, _, configs, rows = state
    if len(rows) != len(topic.partitions) or configs != topic.configs:
        return False
    for row, one in zip(rows, topic.partitions, strict=True):
        if row[5] is not one.log.last_state or row[3] != one.leader or row[4] != one.leader_epoch:
            return False
        if list(row[1]) != one.replicas or list(row[2]) != one.isr:
            return False
    return True


def topic_to(state: TopicState, present: Topic | None) -> Topic:
    """The topic of a state: `present` itself, brought back, if it is the same topic."""
    name, topic_id, configs, rows = state
    topic = present if present is not None and present.id == topic_id else Topic(name, topic_id)
    if _is(topic, state):
        return topic
    topic.configs = dict(configs)
    topic.settings.clear()
    del topic.partitions[len(rows) :]
    for index, replicas, isr, leader, epoch, log in rows:
        if index == len(topic.partitions):
            topic.partitions.append(Partition(topic, index, list(replicas), leader))
        partition = topic.partitions[index]
        partition.replicas, partition.isr = list(replicas), list(isr)
        partition.leader, partition.leader_epoch = leader, epoch
        partition.log.go_to(log)
    topic.last_state = state
    return topic


def plain_topic(state: TopicState) -> list[Any]:
    name, topic_id, configs, rows = state
    return [
        name,
        topic_id,
        [[key, configs[key]] for key in sorted(configs)],
        [
            [index, list(replicas), list(isr), leader, epoch, plain_log(log)]
            for index, replicas, isr, leader, epoch, log in rows
        ],
    ]


def topic_from_plain(plain: list[Any]) -> TopicState:
    name, topic_id, configs, rows = plain
    return (
        name,
        bytes(topic_id),
        dict(configs),
        tuple(
            (index, tuple(replicas), tuple(isr), leader, epoch, log_state(log))
            for index, replicas, isr, leader, epoch, log in rows
        ),
    )


def validate_name(name: str) -> None:
    """Raise TopicError for a name that Kafka refuses."""
    if not name:
        raise TopicError(errors.INVALID_TOPIC_EXCEPTION, errors.TOPIC_NAME_EMPTY)
    why = ""
    if name in (".", ".."):
        why = "cannot be '.' or '..'"
    elif len(name) > _MAX_NAME:
        why = f"is longer than {_MAX_NAME} characters"
    elif not _LEGAL.match(name):
        why = "contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
    if why:
        raise TopicError(errors.INVALID_TOPIC_EXCEPTION, errors.topic_name_invalid(name, why))
