"""The parameters of redis-server 7.0 to 7.4 as data: name, kind, default, bounds, alias; read by `config`.

Flags: `immutable` (only at the start), `protected` (needs enable-protected-configs), `hidden` (patterns do not find it),
`sensitive` (its value is not logged), `multi` (several words). Defaults are those of a server started without a file, except:
`save` is empty (the emulator keeps its own log), `enable-debug-command` and `enable-protected-configs` are on, `dir` is
`/data`. Parameters of threads, TLS, AOF and the like are accepted, checked and shown, and change nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["PARAMETERS", "Parameter"]

Kind = Literal["bool", "number", "memory", "octal", "percent", "choice", "text", "special"]

INT, UINT, LONG, ULONG = 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `unsigned` decides how an out-of-range number is read; `choices` are the words of an enumeration."""

    name: str
    kind: Kind
    default: Any
    low: int = 0
    high: int = 0
    unsigned: bool = False
    choices: tuple[bytes, ...] = ()
    alias: str | None = None
    flags: frozenset[str] = frozenset()
    since: tuple[int, int] = (7, 0)


def _flags(words: str) -> frozenset[str]:
    return frozenset(words.split())


def boolean(name: str, default: bool, **more: Any) -> Parameter:
    return _make(name, "bool", default, **more)


def text(name: str, default: str, **more: Any) -> Parameter:
    return _make(name, "text", default.encode(), **more)


def special(name: str, default: str, **more: Any) -> Parameter:
    return _make(name, "special", default.encode(), **more)


def choice(name: str, default: str, choices: str, **more: Any) -> Parameter:
    return _make(name, "choice", default.encode(), choices=tuple(choices.encode().split()), **more)


def number(name: str, default: int, low: int, high: int, **more: Any) -> Parameter:
    return _make(name, "number", default, low=low, high=high, **more)


def memory(name: str, default: int, low: int, high: int, **more: Any) -> Parameter:
    return _make(name, "memory", default, low=low, high=high, **more)


def octal(name: str, default: int, low: int, high: int, **more: Any) -> Parameter:
    return _make(name, "octal", default, low=low, high=high, **more)


def percent(name: str, default: int, low: int, high: int, **more: Any) -> Parameter:
    return _make(name, "percent", default, low=low, high=high, **more)


def _make(name: str, kind: Kind, default: Any, flags: str = "", **more: Any) -> Parameter:
    return Parameter(name, kind, default, flags=_flags(flags), **more)


MAXMEMORY_POLICY = (
    "volatile-lru volatile-lfu volatile-random volatile-ttl allkeys-lru allkeys-lfu allkeys-random noeviction"
)
SYSLOG_FACILITY = "user local0 local1 local2 local3 local4 local5 local6 local7"
LOGLEVEL = "debug verbose notice warning"
SUPERVISED_MODE = "upstart systemd auto no"
AOF_FSYNC = "everysec always no"
SHUTDOWN_ON_SIG = "default save nosave now force"
REPL_DISKLESS_LOAD = "disabled on-empty-db swapdb"
TLS_AUTH_CLIENTS = "no yes optional"
OOM_SCORE_ADJ = "no yes relative absolute"
ACL_PUBSUB_DEFAULT = "allchannels resetchannels"
SANITIZE_DUMP_PAYLOAD = "no yes clients"
PROTECTED_ACTION = "no yes local"
CLUSTER_PREFERRED_ENDPOINT_TYPE = "ip hostname unknown-endpoint"
PROPAGATION_ERROR_BEHAVIOR = "ignore panic panic-on-replicas"

PARAMETERS: tuple[Parameter, ...] = (
    boolean("rdbchecksum", True, flags="immutable"),
    boolean("daemonize", False, flags="immutable"),
    boolean("io-threads-do-reads", False, flags="immutable"),
    boolean("always-show-logo", False, flags="immutable"),
    boolean("protected-mode", True),
    boolean("rdbcompression", True),
    boolean("rdb-del-sync-files", False),
    boolean("activerehashing", True),
    boolean("stop-writes-on-bgsave-error", True),
    boolean("set-proc-title", True, flags="immutable"),
    boolean("dynamic-hz", True),
    boolean("lazyfree-lazy-eviction", False),
    boolean("lazyfree-lazy-expire", False),
    boolean("lazyfree-lazy-server-del", False),
    boolean("lazyfree-lazy-user-del", False),
    boolean("lazyfree-lazy-user-flush", False),
    boolean("repl-disable-tcp-nodelay", False),
    boolean("repl-diskless-sync", True),
    boolean("aof-rewrite-incremental-fsync", True),
    boolean("no-appendfsync-on-rewrite", False),
    boolean("cluster-require-full-coverage", True),
    boolean("rdb-save-incremental-fsync", True),
    boolean("aof-load-truncated", True),
    boolean("aof-use-rdb-preamble", True),
    boolean("aof-timestamp-enabled", False),
    boolean("cluster-replica-no-failover", False, alias="cluster-slave-no-failover"),
    boolean("replica-lazy-flush", False, alias="slave-lazy-flush"),
    boolean("replica-serve-stale-data", True, alias="slave-serve-stale-data"),
    boolean("replica-read-only", True, alias="slave-read-only"),
    boolean("replica-ignore-maxmemory", True, alias="slave-ignore-maxmemory"),
    boolean("jemalloc-bg-thread", True),
    boolean("activedefrag", False),
    boolean("syslog-enabled", False, flags="immutable"),
    boolean("cluster-enabled", False, flags="immutable"),
    boolean("appendonly", False),
    boolean("cluster-allow-reads-when-down", False),
    boolean("cluster-allow-pubsubshard-when-down", True),
    boolean("crash-log-enabled", True),
    boolean("crash-memcheck-enabled", True),
    boolean("use-exit-on-panic", False, flags="hidden"),
    boolean("disable-thp", True, flags="immutable"),
    boolean("cluster-allow-replica-migration", True),
    boolean("replica-announced", True),
    boolean("latency-tracking", True),
    boolean("aof-disable-auto-gc", False),
    boolean("replica-ignore-disk-write-errors", False),
    text("aclfile", "", flags="immutable"),
    text("unixsocket", "", flags="immutable"),
    text("pidfile", "", flags="immutable"),
    text("replica-announce-ip", "", alias="slave-announce-ip"),
    text("masteruser", "", flags="sensitive"),
    text("cluster-announce-ip", ""),
    text("cluster-config-file", "nodes.conf", flags="immutable"),
    text("cluster-announce-hostname", ""),
    text("syslog-ident", "redis", flags="immutable"),
    text("dbfilename", "dump.rdb", flags="protected"),
    text("appendfilename", "appendonly.aof", flags="immutable"),
    text("appenddirname", "appendonlydir", flags="immutable"),
    text("server_cpulist", "", flags="immutable"),
    text("bio_cpulist", "", flags="immutable"),
    text("aof_rewrite_cpulist", "", flags="immutable"),
    text("bgsave_cpulist", "", flags="immutable"),
    text("ignore-warnings", ""),
    text("proc-title-template", "{title} {listen-addr} {server-mode}"),
    text("bind-source-addr", ""),
    text("logfile", "", flags="immutable"),
    text("masterauth", "", flags="sensitive"),
    text("requirepass", "", flags="sensitive"),
    choice("supervised", "no", SUPERVISED_MODE, flags="immutable"),
    choice("syslog-facility", "local0", SYSLOG_FACILITY, flags="immutable"),
    choice("repl-diskless-load", "disabled", REPL_DISKLESS_LOAD),
    choice("loglevel", "notice", LOGLEVEL),
    choice("maxmemory-policy", "noeviction", MAXMEMORY_POLICY),
    choice("appendfsync", "everysec", AOF_FSYNC),
    choice("oom-score-adj", "no", OOM_SCORE_ADJ),
    choice("acl-pubsub-default", "resetchannels", ACL_PUBSUB_DEFAULT),
    choice("sanitize-dump-payload", "no", SANITIZE_DUMP_PAYLOAD),
    choice("enable-protected-configs", "yes", PROTECTED_ACTION, flags="immutable"),
    choice("enable-debug-command", "yes", PROTECTED_ACTION, flags="immutable"),
    choice("enable-module-command", "no", PROTECTED_ACTION, flags="immutable"),
    choice("cluster-preferred-endpoint-type", "ip", CLUSTER_PREFERRED_ENDPOINT_TYPE),
    choice("propagation-error-behavior", "ignore", PROPAGATION_ERROR_BEHAVIOR),
    choice("shutdown-on-sigint", "default", SHUTDOWN_ON_SIG, flags="multi"),
    choice("shutdown-on-sigterm", "default", SHUTDOWN_ON_SIG, flags="multi"),
    number("databases", 16, 1, INT, flags="immutable"),
    number("port", 6379, 0, 65535),
    number("io-threads", 1, 1, 128, flags="immutable"),
    number("auto-aof-rewrite-percentage", 100, 0, INT),
    number("cluster-replica-validity-factor", 10, 0, INT, alias="cluster-slave-validity-factor"),
    number("list-max-listpack-size", -2, -INT - 1, INT, alias="list-max-ziplist-size"),
    number("tcp-keepalive", 300, 0, INT),
    number("cluster-migration-barrier", 1, 0, INT),
    number("active-defrag-threshold-lower", 10, 0, 1000),
    number("active-defrag-cycle-min", 1, 1, 99),
    number("active-defrag-cycle-max", 25, 1, 99),
    number("active-defrag-threshold-upper", 100, 0, 1000),
    number("lfu-log-factor", 10, 0, INT),
    number("lfu-decay-time", 1, 0, INT),
    number("replica-priority", 100, 0, INT, alias="slave-priority"),
    number("repl-diskless-sync-delay", 5, 0, INT),
    number("maxmemory-samples", 5, 1, INT),
    number("maxmemory-eviction-tenacity", 10, 0, 100),
    number("timeout", 0, 0, INT),
    number("replica-announce-port", 0, 0, 65535, alias="slave-announce-port"),
    number("tcp-backlog", 511, 0, INT, flags="immutable"),
    number("cluster-port", 0, 0, 65535, flags="immutable"),
    number("cluster-announce-bus-port", 0, 0, 65535),
    number("cluster-announce-port", 0, 0, 65535),
    number("cluster-announce-tls-port", 0, 0, 65535),
    number("repl-timeout", 60, 1, INT),
    number("repl-ping-replica-period", 10, 1, INT, alias="repl-ping-slave-period"),
    number("list-compress-depth", 0, 0, INT),
    number("rdb-key-save-delay", 0, -INT - 1, INT, flags="hidden"),
    number("key-load-delay", 0, -INT - 1, INT, flags="hidden"),
    number("active-expire-effort", 1, 1, 10),
    number("hz", 10, 0, INT),
    number("min-replicas-to-write", 0, 0, INT, alias="min-slaves-to-write"),
    number("min-replicas-max-lag", 10, 0, INT, alias="min-slaves-max-lag"),
    number("watchdog-period", 0, 0, INT, flags="hidden"),
    number("shutdown-timeout", 10, 0, INT),
    number("repl-diskless-sync-max-replicas", 0, 0, INT),
    number("maxclients", 10000, 1, UINT, unsigned=True),
    octal("unixsocketperm", 0, 0, 511, unsigned=True, flags="immutable"),
    number("socket-mark-id", 0, 0, UINT, unsigned=True, flags="immutable"),
    number("active-defrag-max-scan-fields", 1000, 1, LONG),
    number("slowlog-max-len", 128, 0, LONG),
    number("acllog-max-len", 128, 0, LONG),
    number("busy-reply-threshold", 5000, 0, LONG, alias="lua-time-limit"),
    number("cluster-node-timeout", 15000, 0, LONG),
    number("slowlog-log-slower-than", 10000, -1, LONG),
    number("latency-monitor-threshold", 0, 0, LONG),
    memory("proto-max-bulk-len", 536870912, 1048576, LONG),
    number("stream-node-max-entries", 100, 0, LONG),
    memory("repl-backlog-size", 1048576, 1, LONG),
    memory("maxmemory", 0, 0, ULONG, unsigned=True),
    memory("cluster-link-sendbuf-limit", 0, 0, ULONG, unsigned=True),
    number("hash-max-listpack-entries", 512, 0, LONG, unsigned=True, alias="hash-max-ziplist-entries"),
    number("set-max-intset-entries", 512, 0, LONG, unsigned=True),
    number("zset-max-listpack-entries", 128, 0, LONG, unsigned=True, alias="zset-max-ziplist-entries"),
    memory("active-defrag-ignore-bytes", 104857600, 1, LONG, unsigned=True),
    memory("hash-max-listpack-value", 64, 0, LONG, unsigned=True, alias="hash-max-ziplist-value"),
    memory("stream-node-max-bytes", 4096, 0, LONG, unsigned=True),
    memory("zset-max-listpack-value", 64, 0, LONG, unsigned=True, alias="zset-max-ziplist-value"),
    memory("hll-sparse-max-bytes", 3000, 0, LONG, unsigned=True),
    number("tracking-table-max-keys", 1000000, 0, LONG, unsigned=True),
    memory("client-query-buffer-limit", 1073741824, 1048576, LONG, unsigned=True),
    percent("maxmemory-clients", 0, -100, LONG),
    number("repl-backlog-ttl", 3600, 0, LONG),
    memory("auto-aof-rewrite-min-size", 67108864, 0, LONG),
    number("loading-process-events-interval-bytes", 2097152, 1024, INT, flags="hidden"),
    number("tls-port", 0, 0, 65535),
    number("tls-session-cache-size", 20480, 0, INT),
    number("tls-session-cache-timeout", 300, 0, INT),
    boolean("tls-cluster", False),
    boolean("tls-replication", False),
    choice("tls-auth-clients", "yes", TLS_AUTH_CLIENTS),
    boolean("tls-prefer-server-ciphers", False),
    boolean("tls-session-caching", True),
    text("tls-cert-file", ""),
    text("tls-key-file", ""),
    text("tls-key-file-pass", ""),
    text("tls-client-cert-file", ""),
    text("tls-client-key-file", ""),
    text("tls-client-key-file-pass", ""),
    text("tls-dh-params-file", ""),
    text("tls-ca-cert-file", ""),
    text("tls-ca-cert-dir", ""),
    text("tls-protocols", ""),
    text("tls-ciphers", ""),
    text("tls-ciphersuites", ""),
    special("dir", "/data", flags="protected"),
    special("save", "", flags="multi"),
    special(
        "client-output-buffer-limit",
        "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
        flags="multi",
    ),
    special("oom-score-adj-values", "0 200 800", flags="multi"),
    special("notify-keyspace-events", ""),
    special("bind", "* -::*", flags="multi"),
    special("replicaof", "", alias="slaveof", flags="immutable multi"),
    special("latency-tracking-info-percentiles", "50 99 99.9", flags="multi"),
    number("set-max-listpack-entries", 128, 0, LONG, unsigned=True, since=(7, 2)),
    memory("set-max-listpack-value", 64, 0, LONG, unsigned=True, since=(7, 2)),
    text("locale-collate", "", since=(7, 2)),
    text("cluster-announce-human-nodename", "", since=(7, 2)),
    number("max-new-connections-per-cycle", 10, 1, 1000, since=(7, 4)),
    number("max-new-tls-connections-per-cycle", 1, 1, 1000, since=(7, 4)),
    boolean("hide-user-data-from-log", False, since=(7, 4)),
)
