"""The Kafka cluster: nodes, topics, groups, transactions and their one state, on one thread.

Every request runs as one *step*: it changes state, wakes what waits for that (fetches, joins), and the woken ones
answer before the step ends. Nothing sleeps; long polls and joins are records that a step or a timer completes.

    host = Host(seed=1).start()
    runtime = host.add("kafka", lambda env: KafkaEmulator(env, nodes=3))

Differs from Kafka: one replica of every log, no `__consumer_offsets` and `__transaction_state` topics, transactions
complete at once.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import deque
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from emulators.kafka import errors
from emulators.kafka.configs import BROKER, Configs
from emulators.kafka.faults import Faults
from emulators.kafka.handlers import PROFILES, apis_of
from emulators.kafka.request import Request
from emulators.kafka.security import Security
from emulators.kafka.session import KafkaSession, parse_header, skip_tags
from emulators.kafka.topics import NO_ID, Node, Partition, Topic, TopicError
from emulators.kafka.wire.codec import DecodeError, decoder, header_version
from emulators.kafka.wire.schema import API_NAMES
from emulators.kernel.emulator import Emulator, Environment, Link, Session
from emulators.kernel.operation import Description

if TYPE_CHECKING:
    from emulators.kafka.fetching import FetchSessions
    from emulators.kafka.groups.manager import GroupManager
    from emulators.kafka.transactions import TransactionCoordinator
    from emulators.kernel.clock import Timer

__all__ = ["KafkaEmulator"]

DEFAULT_VERSION = "4.1"
#: What `compression.type` turns batches into; `producer` (not here) leaves them as they come.
_CODECS = {"uncompressed": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
_CLUSTER_ID = "parlel-kafka-cluster-00"
_MAIN = "main"


class Waiting(Protocol):
    """A parked fetch: looked at again when a partition that it is listed at changes."""

    def woken(self) -> None: ...


class KafkaEmulator(Emulator):
    """A Kafka cluster.

    nodes          how many brokers, ids from 1; each listens on a port of its own
    version        which Kafka to be for clients: "4.1", "4.0" or "3.9"
    topics         topics there from the start: names, or {name: partitions}
    configs        broker configs, such as {"num.partitions": 3, "auto.create.topics.enable": "false"}
    users          {name: password}: asks every client for SASL (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512)
    acls           enforce ACLs; `super_users` ("User:admin") pass
    tls            an `ssl.SSLContext`, or a function that gives one: every listener speaks TLS
    """

    service: ClassVar[str] = "kafka"
    default_port: ClassVar[int] = 9092

    def __init__(
        self,
        environment: Environment,
        *,
        nodes: int = 1,
        version: str = DEFAULT_VERSION,
        topics: Iterable[str] | dict[str, int] = (),
        configs: dict[str, Any] | None = None,
        users: dict[str, str] | None = None,
        mechanisms: Iterable[str] = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
        acls: bool = False,
        super_users: Iterable[str] = (),
        tls: Any = None,
        racks: Iterable[str] = (),
        cluster_id: str = _CLUSTER_ID,
    ) -> None:
        super().__init__(environment)
        if version not in PROFILES:
            raise ValueError(f"version {version!r} is not known; there are: {', '.join(PROFILES)}")
        if not 1 <= nodes <= 100:
            raise ValueError(f"nodes must be from 1 to 100, not {nodes!r}")
        environment.log.describe_with(environment.name, self.describe_here)
        self.version = version
        self.apis = apis_of(version)
        self.cluster_id = cluster_id
        self.random = environment.random
        static = {name: str(value) for name, value in (configs or {}).items()}
        self.configs = Configs(static, self._default_isr(static))
        rack_names = list(racks)
        self.nodes: dict[int, Node] = {}
        for number in range(1, nodes + 1):
            rack = rack_names[(number - 1) % len(rack_names)] if rack_names else None
            self.nodes[number] = Node(number, _MAIN if number == 1 else f"node-{number}", rack=rack)
        self.security = Security(self, users, tuple(mechanisms), acls, tuple(super_users))
        self.faults = Faults()
        self._tls = tls
        self._initial_topics = dict(topics) if isinstance(topics, dict) else dict.fromkeys(topics, 0)
        self.operations = 0
        self.refused = 0
        self._depth = 0
        self._ready: deque[KafkaSession] = deque()
        self._woken: dict[Waiting, None] = {}
        self._timer: Timer | None = None
        self._clear()

    def _default_isr(self, static: dict[str, str]) -> bool:
        return self.version == "4.1" and "min.insync.replicas" not in static

    def _clear(self) -> None:
        self.topics: dict[str, Topic] = {}
        self.topics_by_id: dict[bytes, Topic] = {}
        self.next_producer_id = 0
        #: Where coordinators were moved to: (kind, key) -> node id. Elsewhere a hash decides.
        self.coordinators: dict[tuple[int, str], int] = {}
        #: Finalized feature levels that were changed from the profile's.
        self.features: dict[str, int] = {}
        self.quotas: dict[tuple[tuple[str, str | None], ...], dict[str, float]] = {}
        self.topic_count = 0
        for name, count in self._initial_topics.items():
            # Not from the dice: a cluster that is built again to play a log back must not draw before the log begins.
            digest = hashlib.sha256(f"{self.environment.dice.seed}/{self.environment.name}/{name}".encode()).digest()
            self.create_topic(name, count or None, topic_id=digest[:16])
        self._arm()

    # -- parts that most runs do not need at once ------------------------------------------------------------

    @cached_property
    def groups(self) -> GroupManager:
        from emulators.kafka.groups.manager import GroupManager

        return GroupManager(self)

    @cached_property
    def transactions(self) -> TransactionCoordinator:
        from emulators.kafka.transactions import TransactionCoordinator

        return TransactionCoordinator(self)

    @cached_property
    def fetch_sessions(self) -> FetchSessions:
        from emulators.kafka.fetching import FetchSessions

        return FetchSessions(self)

    # -- steps -----------------------------------------------------------------------------------------------

    def step(self, run: Callable[[], object]) -> None:
        """Run something, then everything that it woke, until nothing is left to do."""
        self._depth += 1
        try:
            run()
            if self._depth == 1:
                self._settle()
        finally:
            self._depth -= 1

    def _settle(self) -> None:
        while self._woken or self._ready:
            while self._woken:
                wait = next(iter(self._woken))
                del self._woken[wait]
                wait.woken()
            while self._ready:
                session = self._ready.popleft()
                if not session.closed:
                    session.process()

    def ready(self, session: KafkaSession) -> None:
        """The session's parked request was answered: it may run the next one."""
        self._ready.append(session)
        if self._depth == 0:
            self.step(_nothing)

    def wake(self, partition: Partition) -> None:
        """Something changed on a partition: look at the fetches that wait for it at the end of this step."""
        for wait in partition.parked:
            self._woken[wait] = None

    def asleep(self, wait: Waiting) -> None:
        """A wait has ended: do not look at it again."""
        self._woken.pop(wait, None)

    def later(self, delay_ms: float, run: Callable[[], object]) -> Timer:
        """Run something as a step of its own, `delay_ms` from now."""
        return self.clock.call_later(max(0, int(delay_ms * 1000)), partial(self.step, run))

    def now_ms(self) -> int:
        return self.clock.now_ms()

    def uuid(self) -> bytes:
        """A fresh random id of 16 bytes (version 4)."""
        raw = bytearray(self.random.getrandbits(128).to_bytes(16, "big"))
        raw[6] = raw[6] & 0x0F | 0x40
        raw[8] = raw[8] & 0x3F | 0x80
        return bytes(raw)

    def _arm(self) -> None:
        """Set the timer of the periodic work (retention and expiry)."""
        if self._timer is not None:
            self._timer.cancel()
        interval_ms = self.configs.broker_int("log.retention.check.interval.ms")
        # On multiples of the interval, so that a restored or replayed cluster keeps the same beat.
        due_ms = (self.now_ms() // interval_ms + 1) * interval_ms
        self._timer = self.clock.call_at(due_ms * 1000, partial(self.step, self._periodic))

    def _periodic(self) -> None:
        self.apply_retention()
        self.compact()
        expire_ms = self.configs.broker_int("producer.id.expiration.ms")
        now = self.now_ms()
        for topic in self.topics.values():
            for partition in topic.partitions:
                if partition.log.producers:
                    partition.log.expire_producers(now, expire_ms)
        if "groups" in self.__dict__:
            self.groups.expire_offsets(now)
        self._arm()

    # -- nodes -----------------------------------------------------------------------------------------------

    def endpoints(self) -> tuple[str, ...]:
        return tuple(node.endpoint for node in self.nodes.values() if node.up)

    def bound(self, endpoint: str, host: str, port: int) -> None:
        node = self.nodes[self.node_of_endpoint(endpoint)]
        node.host, node.port = host, port

    def node_of_endpoint(self, endpoint: str) -> int:
        for node in self.nodes.values():
            if node.endpoint == endpoint:
                return node.id
        return next(iter(self.nodes))

    def live_nodes(self) -> list[Node]:
        return [node for node in self.nodes.values() if node.up]

    @property
    def controller(self) -> int:
        """The id of the controller: the first node that is up."""
        live = self.live_nodes()
        return live[0].id if live else -1

    @property
    def bootstrap(self) -> str:
        """`host:port` of every node that is up, joined with commas."""
        return ",".join(f"{node.host}:{node.port}" for node in self.live_nodes())

    def coordinator(self, kind: int, key: str) -> int:
        """The node that coordinates a group (kind 0), a transactional id (1) or a share group (2); -1 if none is up."""
        moved = self.coordinators.get((kind, key))
        if moved is not None and self.nodes[moved].up:
            return moved
        live = self.live_nodes()
        return live[zlib.crc32(key.encode()) % len(live)].id if live else -1

    # -- topics ----------------------------------------------------------------------------------------------

    def create_topic(
        self,
        name: str,
        partitions: int | None = None,
        replication_factor: int | None = None,
        configs: dict[str, str] | None = None,
        assignment: dict[int, list[int]] | None = None,
        topic_id: bytes | None = None,
    ) -> Topic:
        """Create a topic, or raise TopicError. Names are expected to be checked (`topics.validate_name`)."""
        if name in self.topics:
            raise TopicError(errors.TOPIC_ALREADY_EXISTS, errors.topic_exists(name))
        count = partitions if partitions is not None else self.configs.broker_int("num.partitions")
        wanted = replication_factor or self.configs.broker_int("default.replication.factor")
        factor = min(wanted, len(self.nodes)) if replication_factor is None else wanted
        topic = Topic(name, topic_id or self.uuid(), configs=dict(configs or {}))
        for index in range(len(assignment) if assignment is not None else count):
            replicas = assignment[index] if assignment is not None else self._place(index, factor)
            topic.partitions.append(self._partition(topic, index, replicas))
        self.topics[name] = topic
        self.topics_by_id[topic.id] = topic
        self.topic_count += 1
        self._topics_changed()
        return topic

    def add_partitions(self, topic: Topic, count: int, assignments: list[list[int]] | None = None) -> None:
        """Grow a topic to `count` partitions."""
        for index in range(len(topic.partitions), count):
            position = index - (count - len(assignments)) if assignments is not None else 0
            replicas = (
                assignments[position] if assignments is not None else self._place(index, topic.replication_factor)
            )
            topic.partitions.append(self._partition(topic, index, replicas))
        self._topics_changed()

    def _place(self, index: int, factor: int) -> list[int]:
        ids = list(self.nodes)
        return [ids[(self.topic_count + index + replica) % len(ids)] for replica in range(factor)]

    def _partition(self, topic: Topic, index: int, replicas: list[int]) -> Partition:
        up = [node for node in replicas if self.nodes[node].up]
        partition = Partition(topic, index, list(replicas), up[0] if up else -1)
        partition.isr = up
        partition.log.lead(0)
        return partition

    def delete_topic(self, topic: Topic) -> None:
        """Delete a topic with everything that hangs on it: its logs, producers' state, and groups' offsets."""
        del self.topics[topic.name]
        del self.topics_by_id[topic.id]
        if "groups" in self.__dict__:
            self.groups.topic_deleted(topic)
        if "transactions" in self.__dict__:
            self.transactions.topic_deleted(topic)
        for partition in topic.partitions:
            self.wake(partition)
        self._topics_changed()

    def _topics_changed(self) -> None:
        if "groups" in self.__dict__:
            self.groups.topics_changed()

    def find_partition(self, topic: str, index: int) -> Partition | None:
        found = self.topics.get(topic)
        return found.partitions[index] if found is not None and 0 <= index < len(found.partitions) else None

    def settings(self, topic: Topic) -> dict[str, Any]:
        """What the produce path needs of a topic's configuration, cached until a configuration changes."""
        if not topic.settings:

            def value(name: str) -> str:
                return self.configs.topic(name, topic.configs).value or ""

            policy = value("cleanup.policy").split(",")
            topic.settings = {
                "max_bytes": int(value("max.message.bytes")),
                "append_time": value("message.timestamp.type") == "LogAppendTime",
                "before_ms": int(value("message.timestamp.before.max.ms")),
                "after_ms": int(value("message.timestamp.after.max.ms")),
                "compact": "compact" in policy,
                "delete": "delete" in policy or policy == [""],
                "retention_ms": int(value("retention.ms")),
                "retention_bytes": int(value("retention.bytes")),
                "delete_retention_ms": int(value("delete.retention.ms")),
                "min_isr": int(value("min.insync.replicas")),
                "codec": _CODECS.get(value("compression.type")),
            }
        return topic.settings

    def configs_changed(self) -> None:
        """Forget everything derived from configurations."""
        for topic in self.topics.values():
            topic.settings = {}
        self._arm()

    # -- retention and compaction ----------------------------------------------------------------------------

    def apply_retention(self, topic: str | None = None) -> int:
        """Delete what the retention of a topic (or all) no longer keeps; returns the number of batches. Runs by itself
        every 5 minutes.
        """
        now = self.now_ms()
        gone = 0
        for found in self._some_topics(topic):
            settings = self.settings(found)
            if settings["delete"]:
                for partition in found.partitions:
                    gone += partition.log.retain(now, settings["retention_ms"], settings["retention_bytes"])
        return gone

    def compact(self, topic: str | None = None) -> int:
        """Compact the topics whose `cleanup.policy` says so; returns the number of records removed."""
        now = self.now_ms()
        gone = 0
        for found in self._some_topics(topic):
            settings = self.settings(found)
            if settings["compact"]:
                for partition in found.partitions:
                    gone += partition.log.compact(now, settings["delete_retention_ms"])
        return gone

    def _some_topics(self, name: str | None) -> list[Topic]:
        if name is None:
            return list(self.topics.values())
        if name not in self.topics:
            raise KeyError(f"there is no topic {name!r}; there are: {', '.join(sorted(self.topics)) or 'none'}")
        return [self.topics[name]]

    # -- leaders and nodes going up and down -----------------------------------------------------------------

    def elect(self, partition: Partition, leader: int) -> None:
        """Make a node (or nobody, -1) the leader of a partition."""
        if leader == partition.leader:
            return
        partition.leader = leader
        partition.leader_epoch += 1
        if leader >= 0:
            partition.log.lead(partition.leader_epoch)
        self.wake(partition)

    def control(self, verb: str, *arguments: Any) -> Any:
        """Change the cluster from inside the process, as an operation of the log, so that playing the log back does it
        too.

        Verbs: move_leader(topic, partition, node), node_down(id), node_up(id), move_coordinator(kind, key, node),
        compact(topic), retain(topic), rebalance_coordinators().
        """
        from emulators.kafka.control import run_logged

        return run_logged(self, verb, list(arguments))

    # -- errors at entities ----------------------------------------------------------------------------------

    def deny(self, request: Request, **site: Any) -> int:
        """The error that a fault puts on one entity of a request (topic, partition, group, transactional_id), or 0."""
        if request.forced:
            return request.forced
        request.sites += 1
        if request.script is not None:
            return request.script.get(request.sites, 0)
        if not self.faults.active:
            return 0
        return self._strike(request, site, False)

    def deny_after(self, request: Request, **site: Any) -> int:
        """The same for faults that come after the work was done: the acknowledgement is lost."""
        request.sites += 1
        if request.script is not None:
            return request.script.get(request.sites, 0)
        if not self.faults.active:
            return 0
        return self._strike(request, site, True)

    def _strike(self, request: Request, site: dict[str, Any], after: bool) -> int:
        code = self.faults.at(request, site, after)
        if code:
            request.hits.append([request.sites, code])
        return code

    # -- sessions --------------------------------------------------------------------------------------------

    @property
    def request_limit(self) -> int:
        return self.configs.broker_int("socket.request.max.bytes")

    def open_session(self, link: Link, session_id: int, endpoint: str) -> Session:
        if endpoint == "control":
            from emulators.kafka.control import ControlSession

            return ControlSession(self, link, session_id, endpoint)
        session = KafkaSession(self, link, session_id, endpoint)
        self.sessions[session_id] = session
        return session

    def session_lost(self, session: KafkaSession) -> None:
        self.sessions.pop(session.id, None)
        request, session.parked = session.parked, None
        if request is not None and request.waiter is not None:
            request.waiter.abandon()

    def new_tls(self, session: KafkaSession) -> Any:
        """The TLS layer of a new connection, or None."""
        if self._tls is None or session.endpoint == "control":
            return None
        from emulators.kafka.tls import TlsLayer

        if not hasattr(self._tls, "wrap_bio"):
            self._tls = self._tls()
        return TlsLayer(self._tls, session)

    def api_versions_refusal(self) -> bytes:
        """The v0 body that answers an ApiVersions request of a version that is too new."""
        from emulators.kafka.handlers.h18_api_versions import refusal

        return refusal(self)

    # -- the contract's readers ------------------------------------------------------------------------------

    @classmethod
    def describe(cls, frame: Any) -> Description:
        from emulators.kafka.description import describe_frame

        return describe_frame(frame, {})

    def describe_here(self, frame: Any) -> Description:
        """Like `describe`, with topic ids resolved to names."""
        from emulators.kafka.description import describe_frame

        return describe_frame(frame, {topic_id: topic.name for topic_id, topic in self.topics_by_id.items()})

    def quiescent(self) -> bool:
        """False while a join or a sync is parked: a checkpoint would lose what it waits for."""
        return all(
            not isinstance(session, KafkaSession) or session.parked is None or session.parked.key == 1
            for session in self.sessions.values()
        )

    def snapshot(self) -> Any:
        from emulators.kafka.state import capture

        return capture(self)

    def restore(self, state: Any) -> None:
        from emulators.kafka.state import put_back

        self.step(lambda: put_back(self, state))

    def export_state(self, state: Any) -> Any:
        from emulators.kafka.state import to_plain

        return to_plain(state)

    def import_state(self, data: Any) -> Any:
        from emulators.kafka.state import from_plain

        return from_plain(data)

    def reset(self) -> None:
        from emulators.kafka.state import let_go

        def run() -> None:
            let_go(self)
            static = self.configs.static
            self.configs = Configs(static, self._default_isr(static))
            self.security.reset()
            self._clear()

        self.step(run)

    def dump(self, state: Any = None) -> dict[str, Any]:
        from emulators.kafka.inspect import dump, dump_state

        return dump(self) if state is None else dump_state(self, state)

    def status(self) -> dict[str, Any]:
        return {
            "connections": len(self.sessions),
            "operations": self.operations,
            "topics": len(self.topics),
            "partitions": sum(len(topic.partitions) for topic in self.topics.values()),
            "records": sum(
                batch.count for topic in self.topics.values() for one in topic.partitions for batch in one.log.batches
            ),
            "groups": len(self.groups.groups) if "groups" in self.__dict__ else 0,
            "nodes": len(self.live_nodes()),
            "bootstrap": self.bootstrap,
        }

    def check(self) -> None:
        from emulators.kafka.state import check

        check(self)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        from emulators.kafka.state import let_go

        let_go(self)


def _nothing() -> None:
    return None


def read_request(frame: bytes) -> tuple[str, int, Any]:
    """(API name, version, body) of a logged request. DecodeError if it cannot be read."""
    key, version, _, _, position = parse_header(frame)
    if key not in API_NAMES:
        raise DecodeError(f"there is no API with key {key}")
    if header_version(key, version, False) == 2:
        position = skip_tags(frame, position)
    try:
        read = decoder(f"{API_NAMES[key]}.request", version)
    except KeyError as error:
        raise DecodeError(str(error)) from error
    return API_NAMES[key], version, read(frame, position)[0]


__all__ += ["BROKER", "NO_ID", "read_request"]
