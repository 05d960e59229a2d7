"""INFO: the server's counters, and the sections that show them (with MEMORY's estimates from `memory`).

A section is a function that yields `(field, value)` pairs; `render` makes the text. Figures that only a real process has (CPU,
resident memory, fragmentation) are constants or follow from what is known; they keep INFO's form so that its readers work.
Counters live in `Statistics` and are not part of snapshots; CONFIG RESETSTAT clears them.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from emulators.redis import memory

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator

__all__ = ["DEFAULT_SECTIONS", "ScriptMemory", "Statistics", "human", "render"]

Field = tuple[str, Any]


@dataclass(slots=True)
class Statistics:
    """Counters of one server that have no better place. `reset` is CONFIG RESETSTAT."""

    connections_received: int = 0
    rejected_connections: int = 0
    evicted_keys: int = 0
    evicted_clients: int = 0
    keyspace_hits: int = 0
    keyspace_misses: int = 0
    lazyfreed_objects: int = 0
    full_syncs: int = 0
    repl_output_bytes: int = 0
    unexpected_error_replies: int = 0
    dump_sanitizations: int = 0
    # Not cleared by RESETSTAT.
    peak_memory: int = field(default=0, metadata={"kept": True})
    saves: int = field(default=0, metadata={"kept": True})
    rewrites: int = field(default=0, metadata={"kept": True})
    last_save_s: int = field(default=0, metadata={"kept": True})
    dirty_at_save: int = field(default=0, metadata={"kept": True})
    last_save_duration_s: int = field(default=-1, metadata={"kept": True})
    last_rewrite_duration_s: int = field(default=-1, metadata={"kept": True})

    def reset(self) -> None:
        for item in fields(self):
            if not item.metadata.get("kept"):
                setattr(self, item.name, item.default)


@dataclass(frozen=True, slots=True)
class ScriptMemory:
    """What INFO memory shows of scripts and functions: bytes and counts."""

    eval_bytes: int = 0
    cached: int = 0
    function_bytes: int = 200
    functions: int = 0
    libraries: int = 0


def human(count: int) -> str:
    """A number of bytes as INFO's `_human` fields show it."""
    if count < 1024:
        return f"{count}B"
    for unit, size in (("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30), ("T", 1 << 40), ("P", 1 << 50)):
        if count < size << 10:
            return f"{count / size:.2f}{unit}"
    return f"{count}B"


def _server(server: RedisEmulator) -> Iterator[Field]:
    now_us = server.clock.now_us()
    uptime_s = (now_us - server.started_us) // 1_000_000
    yield "redis_version", server.full_version
    yield "redis_git_sha1", "00000000"
    yield "redis_git_dirty", 0
    yield "redis_build_id", server.run_id[:16]
    yield "redis_mode", "cluster" if server.cluster else "standalone"
    yield "os", f"{platform.system()} {platform.release()} {platform.machine()}"
    yield "arch_bits", 64
    yield "monotonic_clock", "POSIX clock_gettime"
    yield "multiplexing_api", "epoll"
    yield "atomicvar_api", "c11-builtin"
    yield "gcc_version", "12.2.0"
    yield "process_id", server.process_id
    yield "process_supervised", "no"
    yield "run_id", server.run_id
    yield "tcp_port", server.config["port"]
    yield "server_time_usec", now_us
    yield "uptime_in_seconds", uptime_s
    yield "uptime_in_days", uptime_s // 86_400
    yield "hz", server.config["hz"]
    yield "configured_hz", server.config["hz"]
    yield "lru_clock", (now_us // 1_000_000) & 0xFFFFFF
    yield "executable", "/usr/local/bin/redis-server"
    yield "config_file", server.config.file
    yield "io_threads_active", 0
    if server.version >= (7, 2):
        yield "listener0", f"name=tcp,bind=127.0.0.1,port={server.config['port']}"


def _clients(server: RedisEmulator) -> Iterator[Field]:
    sessions = server.clients()
    blocked = sum(1 for session in sessions if session.blocked is not None or session.postponed is not None)
    yield "connected_clients", sum(1 for session in sessions if not session.replica)
    yield "cluster_connections", 0
    yield "maxclients", server.config["maxclients"]
    yield "client_recent_max_input_buffer", 20480 if sessions else 0
    yield "client_recent_max_output_buffer", 0
    yield "blocked_clients", blocked
    yield "tracking_clients", len(server.tracking.clients)
    if server.version >= (7, 4):
        yield "pubsub_clients", sum(1 for session in sessions if session.subscriptions or session.shards)
        yield "watching_clients", sum(1 for session in sessions if session.watched)
    yield (
        "clients_in_timeout_table",
        sum(1 for session in sessions if session.blocked is not None and session.blocked.timer is not None),
    )
    if server.version >= (7, 4):
        yield "total_watched_keys", sum(len(db.watchers) for db in server.databases)
        yield "total_blocking_keys", server.blocking.key_count()
        yield "total_blocking_keys_on_nokey", 0


def _memory(server: RedisEmulator) -> Iterator[Field]:
    usage = memory.usage(server)
    used, startup, overhead = usage.used, usage.startup, usage.overhead
    peak = server.stats.peak_memory = max(server.stats.peak_memory, used)
    rss = used + (6 << 20)
    dataset = max(0, used - overhead)
    scripts = server.script_memory()
    yield "used_memory", used
    yield "used_memory_human", human(used)
    yield "used_memory_rss", rss
    yield "used_memory_rss_human", human(rss)
    yield "used_memory_peak", peak
    yield "used_memory_peak_human", human(peak)
    yield "used_memory_peak_perc", f"{used / peak * 100:.2f}%"
    yield "used_memory_overhead", overhead
    yield "used_memory_startup", startup
    yield "used_memory_dataset", dataset
    yield "used_memory_dataset_perc", f"{dataset / max(1, used - startup) * 100:.2f}%"
    yield "allocator_allocated", used
    yield "allocator_active", rss
    yield "allocator_resident", rss
    yield "total_system_memory", 8 << 30
    yield "total_system_memory_human", human(8 << 30)
    yield "used_memory_lua", 32768
    yield "used_memory_vm_eval", 32768
    yield "used_memory_lua_human", human(32768)
    yield "used_memory_scripts_eval", scripts.eval_bytes
    yield "number_of_cached_scripts", scripts.cached
    yield "number_of_functions", scripts.functions
    yield "number_of_libraries", scripts.libraries
    yield "used_memory_vm_functions", 33792
    yield "used_memory_vm_total", 66560
    yield "used_memory_vm_total_human", human(66560)
    yield "used_memory_functions", scripts.function_bytes
    yield "used_memory_scripts", scripts.eval_bytes + scripts.function_bytes
    yield "used_memory_scripts_human", human(scripts.eval_bytes + scripts.function_bytes)
    yield "maxmemory", server.config["maxmemory"]
    yield "maxmemory_human", human(server.config["maxmemory"])
    yield "maxmemory_policy", server.config["maxmemory-policy"].decode()
    yield "allocator_frag_ratio", "1.00"
    yield "allocator_frag_bytes", 0
    yield "allocator_rss_ratio", "1.00"
    yield "allocator_rss_bytes", 0
    yield "rss_overhead_ratio", "1.00"
    yield "rss_overhead_bytes", 0
    yield "mem_fragmentation_ratio", f"{rss / used:.2f}"
    yield "mem_fragmentation_bytes", rss - used
    yield "mem_not_counted_for_evict", usage.replicas
    yield "mem_replication_backlog", usage.backlog
    yield "mem_total_replication_buffers", usage.backlog + usage.replicas
    yield "mem_clients_slaves", usage.replicas
    yield "mem_clients_normal", usage.clients
    yield "mem_cluster_links", 0
    yield "mem_aof_buffer", 0
    yield "mem_allocator", "jemalloc-5.3.0"
    yield "active_defrag_running", 0
    yield "lazyfree_pending_objects", 0
    yield "lazyfreed_objects", server.stats.lazyfreed_objects


def _persistence(server: RedisEmulator) -> Iterator[Field]:
    stats = server.stats
    yield "loading", 0
    yield "async_loading", 0
    yield "current_cow_peak", 0
    yield "current_cow_size", 0
    yield "current_cow_size_age", 0
    yield "current_fork_perc", "0.00"
    yield "current_save_keys_processed", 0
    yield "current_save_keys_total", 0
    yield "rdb_changes_since_last_save", server.dirty - stats.dirty_at_save
    yield "rdb_bgsave_in_progress", 0
    yield "rdb_last_save_time", stats.last_save_s
    yield "rdb_last_bgsave_status", "ok"
    yield "rdb_last_bgsave_time_sec", stats.last_save_duration_s
    yield "rdb_current_bgsave_time_sec", -1
    yield "rdb_saves", stats.saves
    yield "rdb_last_cow_size", 0
    yield "rdb_last_load_keys_expired", 0
    yield "rdb_last_load_keys_loaded", 0
    yield "aof_enabled", int(server.config["appendonly"])
    yield "aof_rewrite_in_progress", 0
    yield "aof_rewrite_scheduled", 0
    yield "aof_last_rewrite_time_sec", stats.last_rewrite_duration_s
    yield "aof_current_rewrite_time_sec", -1
    yield "aof_last_bgrewrite_status", "ok"
    yield "aof_rewrites", stats.rewrites
    yield "aof_rewrites_consecutive_failures", 0
    yield "aof_last_write_status", "ok"
    yield "aof_last_cow_size", 0
    yield "module_fork_in_progress", 0
    yield "module_fork_last_cow_size", 0
    if server.config["appendonly"]:
        yield "aof_current_size", 0
        yield "aof_base_size", 0
        yield "aof_pending_rewrite", 0
        yield "aof_buffer_length", 0
        yield "aof_pending_bio_fsync", 0
        yield "aof_delayed_fsync", 0


def _stats(server: RedisEmulator) -> Iterator[Field]:
    stats = server.stats
    yield "total_connections_received", stats.connections_received
    yield "total_commands_processed", server.operations - server.operations_at_reset
    yield "instantaneous_ops_per_sec", 0
    yield "total_net_input_bytes", 0
    yield "total_net_output_bytes", 0
    yield "total_net_repl_input_bytes", 0
    yield "total_net_repl_output_bytes", stats.repl_output_bytes
    yield "instantaneous_input_kbps", "0.00"
    yield "instantaneous_output_kbps", "0.00"
    yield "instantaneous_input_repl_kbps", "0.00"
    yield "instantaneous_output_repl_kbps", "0.00"
    yield "rejected_connections", stats.rejected_connections
    yield "sync_full", stats.full_syncs
    yield "sync_partial_ok", 0
    yield "sync_partial_err", 0
    if server.version >= (7, 4):
        yield "expired_subkeys", server.expired_fields
    yield "expired_keys", server.expired_keys
    yield "expired_stale_perc", "0.00"
    yield "expired_time_cap_reached_count", 0
    yield "expire_cycle_cpu_milliseconds", 0
    yield "evicted_keys", stats.evicted_keys
    yield "evicted_clients", stats.evicted_clients
    if server.version >= (7, 4):
        yield "evicted_scripts", 0
    yield "total_eviction_exceeded_time", 0
    yield "current_eviction_exceeded_time", 0
    yield "keyspace_hits", stats.keyspace_hits
    yield "keyspace_misses", stats.keyspace_misses
    yield "pubsub_channels", len(server.pubsub.channels)
    yield "pubsub_patterns", len(server.pubsub.patterns)
    yield "pubsubshard_channels", len(server.pubsub.shards)
    yield "latest_fork_usec", 0
    yield "total_forks", stats.saves + stats.rewrites
    yield "migrate_cached_sockets", 0
    yield "slave_expires_tracked_keys", 0
    yield "active_defrag_hits", 0
    yield "active_defrag_misses", 0
    yield "active_defrag_key_hits", 0
    yield "active_defrag_key_misses", 0
    yield "total_active_defrag_time", 0
    yield "current_active_defrag_time", 0
    tracking = server.tracking
    yield "tracking_total_keys", tracking.key_count()
    yield "tracking_total_items", tracking.item_count()
    yield "tracking_total_prefixes", tracking.prefix_count()
    yield "unexpected_error_replies", stats.unexpected_error_replies
    yield "total_error_replies", sum(server.error_counts.values())
    yield "dump_payload_sanitizations", stats.dump_sanitizations
    yield "total_reads_processed", server.operations
    yield "total_writes_processed", server.operations
    yield "io_threaded_reads_processed", 0
    yield "io_threaded_writes_processed", 0
    yield "reply_buffer_shrinks", 0
    yield "reply_buffer_expands", 0
    if server.version >= (7, 2):
        yield "eventloop_cycles", server.operations
        yield "eventloop_duration_sum", 0
        yield "eventloop_duration_cmd_sum", 0
        yield "instantaneous_eventloop_cycles_per_sec", 0
        yield "instantaneous_eventloop_duration_usec", 0
        yield "acl_access_denied_auth", server.acl.denied["auth"]
        yield "acl_access_denied_cmd", server.acl.denied["command"]
        yield "acl_access_denied_key", server.acl.denied["key"]
        yield "acl_access_denied_channel", server.acl.denied["channel"]


def _replication(server: RedisEmulator) -> Iterator[Field]:
    feed = server.replication
    yield "role", "master"
    yield "connected_slaves", len(feed.replicas)
    for number, replica in enumerate(feed.replicas):
        address, _, port = replica.link.peer.rpartition(":")
        port = str(replica.replica_port or port)
        yield (
            f"slave{number}",
            (f"ip={address or '127.0.0.1'},port={port},state=online,offset={replica.acknowledged},lag=0"),
        )
    yield "master_failover_state", "no-failover"
    yield "master_replid", feed.replication_id
    yield "master_replid2", "0" * 40
    yield "master_repl_offset", feed.offset
    yield "second_repl_offset", -1
    active = feed.backlog_active
    yield "repl_backlog_active", int(active)
    yield "repl_backlog_size", server.config["repl-backlog-size"]
    yield "repl_backlog_first_byte_offset", 1 if active else 0
    yield "repl_backlog_histlen", min(feed.offset, server.config["repl-backlog-size"]) if active else 0


def _cpu(server: RedisEmulator) -> Iterator[Field]:
    for name in ("sys", "user", "sys_children", "user_children", "sys_main_thread", "user_main_thread"):
        yield f"used_cpu_{name}", "0.000000"


def _modules(server: RedisEmulator) -> Iterator[Field]:
    yield from ()


def _commandstats(server: RedisEmulator) -> Iterator[Field]:
    for row in server.rows():
        if row.calls or row.failed or row.rejected:
            each = row.usec / row.calls if row.calls else 0
            yield (
                f"cmdstat_{row.name}",
                f"calls={row.calls},usec={row.usec},usec_per_call={each:.2f},"
                f"rejected_calls={row.rejected},failed_calls={row.failed}",
            )


def _errorstats(server: RedisEmulator) -> Iterator[Field]:
    for code, count in sorted(server.error_counts.items()):
        yield f"errorstat_{code.decode('utf-8', 'replace')}", f"count={count}"


def _latencystats(server: RedisEmulator) -> Iterator[Field]:
    percentiles = server.config["latency-tracking-info-percentiles"].decode().split()
    if not server.config["latency-tracking"]:
        return
    for row in server.rows():
        if row.calls:
            each = max(1, row.usec // row.calls)
            shown = f"{each + 0.003:.3f}"
            yield (
                f"latency_percentiles_usec_{row.name}",
                ",".join(f"p{percentile}={shown}" for percentile in percentiles),
            )


def _cluster(server: RedisEmulator) -> Iterator[Field]:
    yield "cluster_enabled", int(server.cluster)


def _keyspace(server: RedisEmulator) -> Iterator[Field]:
    now_ms = server.clock.now_ms()
    for db in server.databases:
        if not db.data:
            continue
        lifetimes = [max(0, when - now_ms) for when in db.expires.values()]
        average = sum(lifetimes) // len(lifetimes) if lifetimes else 0
        text = f"keys={len(db.data)},expires={len(lifetimes)},avg_ttl={average}"
        if server.version >= (7, 4):
            text += f",subexpiry={len(db.field_expires)}"
        yield f"db{db.number}", text


_SECTIONS: dict[str, tuple[str, Callable[[Any], Iterator[Field]]]] = {
    "server": ("Server", _server),
    "clients": ("Clients", _clients),
    "memory": ("Memory", _memory),
    "persistence": ("Persistence", _persistence),
    "stats": ("Stats", _stats),
    "replication": ("Replication", _replication),
    "cpu": ("CPU", _cpu),
    "modules": ("Modules", _modules),
    "commandstats": ("Commandstats", _commandstats),
    "errorstats": ("Errorstats", _errorstats),
    "latencystats": ("Latencystats", _latencystats),
    "cluster": ("Cluster", _cluster),
    "keyspace": ("Keyspace", _keyspace),
}
DEFAULT_SECTIONS = tuple(name for name in _SECTIONS if name not in ("commandstats", "latencystats"))


def render(server: RedisEmulator, wanted: Iterable[str]) -> bytes:
    """The text of INFO for the section names given (`default`, `all` and `everything` included; unknown ones are ignored)."""
    names: set[str] = set()
    for word in wanted:
        if word in ("all", "everything"):
            names.update(_SECTIONS)
        elif word == "default":
            names.update(DEFAULT_SECTIONS)
        else:
            names.add(word)
    blocks = []
    for name, (title, section) in _SECTIONS.items():
        if name in names:
            lines = [f"{key}:{value}\r\n" for key, value in section(server)]
            blocks.append(f"# {title}\r\n" + "".join(lines))
    return "\r\n".join(blocks).encode("utf-8", "backslashreplace")
