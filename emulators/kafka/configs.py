"""Configurations of topics, brokers and groups: names, types, defaults, where a value comes from, and what is accepted.

A row is `name type default`, with the broker's name for a topic's setting where there is one. Clients show and check
these tables (kafka-python refuses to alter a name that DescribeConfigs does not list), so they hold what a Kafka 4.1
broker lists, less what has no meaning without disks and replication traffic. What the emulator acts upon is read
through `Configs`.

Differs from Kafka: `message.timestamp.after.max.ms` has no limit by default (Kafka 4: one hour), because under a frozen
or fast clock clients' own timestamps are hours away from the broker's; `group.initial.rebalance.delay.ms` is 0 (3000).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

__all__ = ["BROKER", "GROUP", "TOPIC", "ConfigError", "Configs", "Row", "rows"]

TOPIC, BROKER, BROKER_LOGGER, GROUP, CLIENT_METRICS = 2, 4, 8, 32, 16

# The protocol's numbers for a value's source and type.
SOURCE_TOPIC, SOURCE_BROKER, SOURCE_BROKER_DEFAULT, SOURCE_STATIC, SOURCE_DEFAULT = 1, 2, 3, 4, 5
SOURCE_GROUP = 8
TYPES = {"boolean": 1, "string": 2, "int": 3, "short": 4, "long": 5, "double": 6, "list": 7, "class": 8, "password": 9}

MAX_LONG = (1 << 63) - 1
MAX_INT = (1 << 31) - 1

_TOPIC_ROWS = f"""
cleanup.policy list delete log.cleanup.policy compact|delete
compression.gzip.level int -1 compression.gzip.level
compression.lz4.level int 9 compression.lz4.level
compression.type string producer compression.type uncompressed|zstd|lz4|snappy|gzip|producer
compression.zstd.level int 3 compression.zstd.level
delete.retention.ms long 86400000 log.cleaner.delete.retention.ms 0..
file.delete.delay.ms long 60000 log.segment.delete.delay.ms 0..
flush.messages long {MAX_LONG} log.flush.interval.messages 1..
flush.ms long {MAX_LONG} log.flush.interval.ms 0..
follower.replication.throttled.replicas list -
index.interval.bytes int 4096 log.index.interval.bytes 0..
leader.replication.throttled.replicas list -
local.retention.bytes long -2 log.local.retention.bytes -2..
local.retention.ms long -2 log.local.retention.ms -2..
max.compaction.lag.ms long {MAX_LONG} log.cleaner.max.compaction.lag.ms 1..
max.message.bytes int 1048588 message.max.bytes 0..
message.timestamp.after.max.ms long {MAX_LONG} log.message.timestamp.after.max.ms 0..
message.timestamp.before.max.ms long {MAX_LONG} log.message.timestamp.before.max.ms 0..
message.timestamp.type string CreateTime log.message.timestamp.type CreateTime|LogAppendTime
min.cleanable.dirty.ratio double 0.5 log.cleaner.min.cleanable.ratio 0..1
min.compaction.lag.ms long 0 log.cleaner.min.compaction.lag.ms 0..
min.insync.replicas int 1 min.insync.replicas 1..
preallocate boolean false log.preallocate
remote.log.copy.disable boolean false
remote.log.delete.on.disable boolean false
remote.storage.enable boolean false
retention.bytes long -1 log.retention.bytes
retention.ms long 604800000 log.retention.ms -1..
segment.bytes int 1073741824 log.segment.bytes 14..
segment.index.bytes int 10485760 log.index.size.max.bytes 4..
segment.jitter.ms long 0 log.roll.jitter.ms 0..
segment.ms long 604800000 log.roll.ms 1..
unclean.leader.election.enable boolean false unclean.leader.election.enable
"""

_BROKER_ROWS = f"""
advertised.listeners string -
alter.config.policy.class.name class -
authorizer.class.name string -
auto.create.topics.enable boolean true
auto.leader.rebalance.enable boolean true
background.threads int 10 . 1..
broker.heartbeat.interval.ms int 2000
broker.id int -1
broker.rack string -
broker.session.timeout.ms int 9000
compression.gzip.level int -1
compression.lz4.level int 9
compression.type string producer . uncompressed|zstd|lz4|snappy|gzip|producer
compression.zstd.level int 3
connection.failed.authentication.delay.ms int 100 . 0..
connections.max.idle.ms long 600000
connections.max.reauth.ms long 0
controlled.shutdown.enable boolean true
controller.listener.names string CONTROLLER
controller.quorum.voters list -
create.topic.policy.class.name class -
default.replication.factor int 1 . 1..
delegation.token.expiry.time.ms long 86400000 . 1..
delegation.token.max.lifetime.ms long 604800000 . 1..
delegation.token.secret.key password -
delete.records.purgatory.purge.interval.requests int 1
delete.topic.enable boolean true
fetch.max.bytes int 57671680 . 1024..
fetch.purgatory.purge.interval.requests int 1000
group.consumer.assignors list uniform,range
group.consumer.heartbeat.interval.ms int 100 . 1..
group.consumer.max.heartbeat.interval.ms int 15000 . 1..
group.consumer.max.session.timeout.ms int 60000 . 1..
group.consumer.max.size int {MAX_INT} . 1..
group.consumer.migration.policy string bidirectional . bidirectional|upgrade|downgrade|disabled
group.consumer.min.heartbeat.interval.ms int 100 . 1..
group.consumer.min.session.timeout.ms int 45000 . 1..
group.consumer.session.timeout.ms int 45000 . 1..
group.coordinator.rebalance.protocols list classic,consumer,streams
group.coordinator.threads int 4 . 1..
group.initial.rebalance.delay.ms int 0 . 0..
group.max.session.timeout.ms int 1800000 . 1..
group.max.size int {MAX_INT} . 1..
group.min.session.timeout.ms int 6000 . 0..
group.share.delivery.count.limit int 5 . 2..
group.share.heartbeat.interval.ms int 100 . 1..
group.share.max.record.lock.duration.ms int 60000 . 30000..
group.share.max.size int 200 . 1..
group.share.min.record.lock.duration.ms int 15000 . 1000..
group.share.partition.max.record.locks int 2000 . 100..
group.share.record.lock.duration.ms int 30000 . 1000..
group.share.session.timeout.ms int 45000 . 1..
initial.broker.registration.timeout.ms int 60000
inter.broker.listener.name string PLAINTEXT
kafka.metrics.polling.interval.secs int 10
leader.imbalance.check.interval.seconds long 300 . 1..
listener.security.protocol.map string CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
listeners string PLAINTEXT://:9092
log.cleaner.delete.retention.ms long 86400000 . 0..
log.cleaner.enable boolean true
log.cleaner.max.compaction.lag.ms long {MAX_LONG} . 1..
log.cleaner.min.cleanable.ratio double 0.5 . 0..1
log.cleaner.min.compaction.lag.ms long 0 . 0..
log.cleaner.threads int 1 . 0..
log.cleanup.policy list delete . compact|delete
log.dir string /tmp/kafka-logs
log.dirs string /tmp/kafka-logs
log.flush.interval.messages long {MAX_LONG} . 1..
log.flush.interval.ms long -
log.flush.scheduler.interval.ms long {MAX_LONG}
log.index.interval.bytes int 4096 . 0..
log.index.size.max.bytes int 10485760 . 4..
log.local.retention.bytes long -2 . -2..
log.local.retention.ms long -2 . -2..
log.message.timestamp.after.max.ms long {MAX_LONG} . 0..
log.message.timestamp.before.max.ms long {MAX_LONG} . 0..
log.message.timestamp.type string CreateTime . CreateTime|LogAppendTime
log.preallocate boolean false
log.retention.bytes long -1
log.retention.check.interval.ms long 300000 . 1..
log.retention.hours int 168
log.retention.minutes int -
log.retention.ms long -
log.roll.hours int 168 . 1..
log.roll.jitter.hours int 0 . 0..
log.roll.jitter.ms long -
log.roll.ms long -
log.segment.bytes int 1073741824 . 14..
log.segment.delete.delay.ms long 60000 . 0..
max.connection.creation.rate int {MAX_INT} . 0..
max.connections int {MAX_INT} . 0..
max.connections.per.ip int {MAX_INT} . 0..
max.connections.per.ip.overrides string -
max.incremental.fetch.session.cache.slots int 1000 . 0..
max.request.partition.size.limit int 2000 . 1..
message.max.bytes int 1048588 . 0..
metric.reporters list org.apache.kafka.common.metrics.JmxReporter
min.insync.replicas int 1 . 1..
node.id int 1
num.io.threads int 8 . 1..
num.network.threads int 3 . 1..
num.partitions int 1 . 1..
num.recovery.threads.per.data.dir int 2 . 1..
num.replica.fetchers int 1
offset.metadata.max.bytes int 4096
offsets.commit.timeout.ms int 5000 . 1..
offsets.load.buffer.size int 5242880 . 1..
offsets.retention.check.interval.ms long 600000 . 1..
offsets.retention.minutes int 10080 . 1..
offsets.topic.compression.codec int 0
offsets.topic.num.partitions int 50 . 1..
offsets.topic.replication.factor short 3 . 1..
offsets.topic.segment.bytes int 104857600 . 1..
principal.builder.class class org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder
process.roles list broker,controller
producer.id.expiration.ms int 86400000 . 1..
producer.purgatory.purge.interval.requests int 1000
queued.max.requests int 500 . 1..
quota.window.num int 11 . 1..
quota.window.size.seconds int 1 . 1..
replica.fetch.max.bytes int 1048576 . 0..
replica.fetch.min.bytes int 1
replica.fetch.wait.max.ms int 500
replica.lag.time.max.ms long 30000
replica.selector.class string -
request.timeout.ms int 30000
sasl.enabled.mechanisms list GSSAPI
sasl.mechanism.inter.broker.protocol string GSSAPI
security.inter.broker.protocol string PLAINTEXT
share.coordinator.state.topic.num.partitions int 50 . 1..
share.coordinator.state.topic.replication.factor short 3 . 1..
socket.connection.setup.timeout.ms long 10000
socket.listen.backlog.size int 50 . 1..
socket.receive.buffer.bytes int 102400
socket.request.max.bytes int 104857600 . 1..
socket.send.buffer.bytes int 102400
ssl.client.auth string none . required|requested|none
ssl.enabled.protocols list TLSv1.2,TLSv1.3
ssl.key.password password -
ssl.keystore.location string -
ssl.keystore.password password -
ssl.keystore.type string JKS
ssl.protocol string TLSv1.3
ssl.truststore.location string -
ssl.truststore.password password -
ssl.truststore.type string JKS
transaction.abort.timed.out.transaction.cleanup.interval.ms int 10000 . 1..
transaction.max.timeout.ms int 900000 . 1..
transaction.partition.verification.enable boolean true
transaction.remove.expired.transaction.cleanup.interval.ms int 3600000 . 1..
transaction.state.log.min.isr int 2 . 1..
transaction.state.log.num.partitions int 50 . 1..
transaction.state.log.replication.factor short 3 . 1..
transaction.two.phase.commit.enable boolean false
transactional.id.expiration.ms int 604800000 . 1..
unclean.leader.election.enable boolean false
unstable.api.versions.enable boolean false
unstable.feature.versions.enable boolean false
"""

_GROUP_ROWS = """
consumer.heartbeat.interval.ms int 100 group.consumer.heartbeat.interval.ms 1..
consumer.session.timeout.ms int 45000 group.consumer.session.timeout.ms 1..
share.auto.offset.reset string latest . latest|earliest
share.heartbeat.interval.ms int 100 group.share.heartbeat.interval.ms 1..
share.isolation.level string read_uncommitted . read_committed|read_uncommitted
share.record.lock.duration.ms int 30000 group.share.record.lock.duration.ms 1000..
share.session.timeout.ms int 45000 group.share.session.timeout.ms 1..
streams.heartbeat.interval.ms int 5000 . 1..
streams.num.standby.replicas int 0 . 0..
streams.session.timeout.ms int 45000 . 1..
"""

#: What a running broker does not let anyone change.
_READ_ONLY = re.compile(
    r"^(advertised\.listeners|authorizer|auto\.create|broker\.(id|rack|heartbeat|session)|controller|controlled|create\.topic|"
    r"default\.repl|delegation|delete\.(topic|records)|fetch\.|group\.|initial|inter\.broker|kafka\.|listeners$|log\.(dir|roll\.hours|"
    r"retention\.(hours|check))|max\.(incr|request)|node|offset|process|queued|quota|replica\.(fetch|lag|sel)|request|security|share|"
    r"socket\.(listen|rec|req|send|conn)|transaction\.(abort|remove|state|max)|transactional|unstable|sasl)"
)


class ConfigError(ValueError):
    """A value that Kafka refuses; the text says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One setting. `default` None means not set; `synonym` is the broker's setting that a topic's one falls back to."""

    name: str
    type: str
    default: str | None
    synonym: str
    limits: str
    read_only: bool = False

    @property
    def sensitive(self) -> bool:
        return self.type == "password"

    def validate(self, value: str) -> None:
        """Raise ConfigError unless `value` is one for this setting."""
        number: float | None = None
        if self.type in ("int", "long", "short"):
            try:
                number = int(value.strip())
            except ValueError:
                raise ConfigError(f"Not a number of type {self.type.upper()}") from None
            bits = {"int": 31, "long": 63, "short": 15}[self.type]
            if not -(1 << bits) <= number < 1 << bits:
                raise ConfigError(f"Not a number of type {self.type.upper()}")
        elif self.type == "double":
            try:
                number = float(value)
            except ValueError:
                raise ConfigError("Not a number of type DOUBLE") from None
        elif self.type == "boolean" and value.strip().lower() not in ("true", "false"):
            raise ConfigError("Expected value to be either true or false")
        if "|" in self.limits:
            allowed = self.limits.split("|")
            parts = [part.strip() for part in value.split(",")] if self.type == "list" else [value]
            if any(part not in allowed for part in parts if part or self.type != "list"):
                raise ConfigError(f"String must be one of: {', '.join(allowed)}")
        elif number is not None and self.limits:
            low, _, high = self.limits.partition("..")
            if number < float(low):
                raise ConfigError(f"Value must be at least {low}")
            if high and number > float(high):
                raise ConfigError(f"Value must be no more than {high}")


@cache
def rows(scope: int) -> dict[str, Row]:
    """The settings of a resource type by name, in the order in which a broker lists them."""
    text = {TOPIC: _TOPIC_ROWS, BROKER: _BROKER_ROWS, GROUP: _GROUP_ROWS}.get(scope, "")
    found = {}
    for line in text.strip().splitlines():
        name, kind, default, *rest = line.split()
        synonym = rest[0] if rest and rest[0] != "." else ""
        limits = rest[1] if len(rest) > 1 else ""
        # A list's "not set" is the empty list.
        value = None if default == "-" and kind != "list" else "" if default == "-" else default
        read_only = scope == BROKER and bool(_READ_ONLY.match(name))
        found[name] = Row(name, kind, value, synonym, limits, read_only)
    return found


@dataclass(frozen=True, slots=True)
class Value:
    """A setting's value and where it comes from; `synonyms` lists what it would fall back to, nearest first."""

    row: Row
    value: str | None
    source: int
    synonyms: tuple[tuple[str, str | None, int], ...]


class Configs:
    """The broker's settings, static and dynamic, and how topics and groups fall back to them.

    `static` is what the emulator was started with; `dynamic` maps a node's id (or "" for the cluster's default) to what
    was altered.
    """

    def __init__(self, static: dict[str, str] | None = None, default_isr: bool = False) -> None:
        self.static: dict[str, str] = {}
        for name, value in (static or {}).items():
            row = rows(BROKER).get(name)
            if row is None:
                raise ConfigError(
                    f"there is no broker config {name!r}; see `rows(BROKER)` in emulators/kafka/configs.py"
                )
            row.validate(str(value))
            self.static[name] = str(value)
        #: A new cluster of 4.1 has this one set, because eligible leader replicas need it.
        self.dynamic: dict[str, dict[str, str]] = {"": {"min.insync.replicas": "1"}} if default_isr else {}
        self.groups: dict[str, dict[str, str]] = {}

    def _broker_chain(self, name: str, node: str) -> list[tuple[str, str | None, int]]:
        chain: list[tuple[str, str | None, int]] = []
        if name in self.dynamic.get(node, ()) and node:
            chain.append((name, self.dynamic[node][name], SOURCE_BROKER))
        if name in self.dynamic.get("", ()):
            chain.append((name, self.dynamic[""][name], SOURCE_BROKER_DEFAULT))
        if name in self.static:
            chain.append((name, self.static[name], SOURCE_STATIC))
        if not chain and name in ("log.retention.ms", "log.roll.ms", "log.roll.jitter.ms"):
            chain += self._older_units(name)
        row = rows(BROKER).get(name)
        if row is not None and row.default is not None:
            chain.append((name, row.default, SOURCE_DEFAULT))
        return chain

    def _older_units(self, name: str) -> list[tuple[str, str | None, int]]:
        """log.retention.minutes and .hours, which stand in for .ms when that is not set."""
        for unit, factor in (("minutes", 60_000), ("hours", 3_600_000)):
            longer = name[:-2] + unit
            for source, where in ((SOURCE_BROKER_DEFAULT, self.dynamic.get("", {})), (SOURCE_STATIC, self.static)):
                if longer in where:
                    amount = int(where[longer])
                    return [(longer, str(amount * factor if amount >= 0 else -1), source)]
        return []

    def topic(self, name: str, own: dict[str, str]) -> Value:
        """A topic's setting, given what the topic itself sets."""
        row = rows(TOPIC)[name]
        chain: list[tuple[str, str | None, int]] = []
        if name in own:
            chain.append((name, own[name], SOURCE_TOPIC))
        if row.synonym:
            chain += [link for link in self._broker_chain(row.synonym, "") if link[2] != SOURCE_DEFAULT]
        synonyms = list(chain)
        if row.synonym and rows(BROKER)[row.synonym].default is not None:
            synonyms.append((row.synonym, row.default, SOURCE_DEFAULT))
        chain.append((row.synonym or name, row.default, SOURCE_DEFAULT))
        return Value(row, chain[0][1], chain[0][2], tuple(synonyms))

    def broker(self, name: str, node: str = "") -> Value:
        """A broker's setting; `node` is its id as text."""
        row = rows(BROKER)[name]
        chain = self._broker_chain(name, node)
        if not chain:
            return Value(row, None, SOURCE_DEFAULT, ())
        return Value(row, chain[0][1], chain[0][2], tuple(chain))

    def group(self, name: str, group_id: str) -> Value:
        """A group's setting (KIP-848)."""
        row = rows(GROUP)[name]
        chain: list[tuple[str, str | None, int]] = []
        if name in self.groups.get(group_id, ()):
            chain.append((name, self.groups[group_id][name], SOURCE_GROUP))
        if row.synonym:
            chain += [link for link in self._broker_chain(row.synonym, "") if link[2] != SOURCE_DEFAULT]
        chain.append((name, row.default, SOURCE_DEFAULT))
        return Value(row, chain[0][1], chain[0][2], tuple(chain))

    def broker_int(self, name: str) -> int:
        return int(self.broker(name).value or 0)

    def broker_flag(self, name: str) -> bool:
        return (self.broker(name).value or "").lower() == "true"

    def group_int(self, name: str, group_id: str) -> int:
        return int(self.group(name, group_id).value or 0)
