"""Databases: keys, their values and deadlines, and who has to hear when a key changes.

Reading is `db.get(key)`, which is the dict's own method: no check for expiry is needed, because deadlines are timers of the
clock, and the clock fires what is due before any operation runs. (With active expiry switched off by DEBUG, `get` and friends check
as they go.) Writing a container starts with `db.write(key)`, which copies it first if a snapshot shares it, and ends with
`db.changed(key)`, which tells WATCH, blocked clients and tracking.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulators.redis.access import Access
from emulators.redis.errors import WRONG_TYPE
from emulators.redis.field_deadlines import FieldDeadlines
from emulators.redis.scan import ScanIndex
from emulators.redis.stream import StreamValue
from emulators.redis.values import Hash, ListValue, SetValue, SortedSet, Value

if TYPE_CHECKING:
    from emulators.kernel import Timer
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.session import RedisSession

__all__ = ["Database", "DatabaseState", "Stored"]

Stored = bytes | Value

# The heap of deadlines is rebuilt when it holds this many times the deadlines that are set.
_HEAP_SLACK = 4
_HEAP_MIN = 1024
# Changes of up to so many keys are taken back one by one, however small the database is.
_FEW = 64


class DatabaseState:
    """A database at one instant; shared, never changed."""

    __slots__ = ("data", "expires", "field_expires")

    def __init__(self, data: dict[bytes, Stored], expires: dict[bytes, int], field_expires: dict[bytes, None]) -> None:
        self.data = data
        self.expires = expires
        self.field_expires = field_expires


class Database:
    """One numbered database.

    data      values by key, in order of creation
    expires   deadlines in milliseconds since the epoch, for keys that have one
    watchers  sessions that WATCH a key
    """

    def __init__(self, server: RedisEmulator, number: int) -> None:
        self.server = server
        self.number = number
        self.data: dict[bytes, Stored] = {}
        self.expires: dict[bytes, int] = {}
        #: Keys of hashes in which some field has a deadline.
        self.field_expires: dict[bytes, None] = {}
        self.fields = FieldDeadlines(self)
        self.watchers: dict[bytes, dict[RedisSession, None]] = {}
        self.index: ScanIndex | None = None
        self._heap: list[tuple[int, bytes]] = []
        self._timer: Timer | None = None
        self.lazy = False
        #: Uses of keys, while somebody wants to know of them.
        self.access: Access | None = None
        #: `get` reads a key; `peek` does too, but does not count as a use of it (TTL, TYPE, OBJECT ...).
        self.get: Callable[[bytes], Stored | None] = self.data.get
        self.peek: Callable[[bytes], Stored | None] = self.data.get
        #: A state from which the present differs in the keys of `_touched` at most, none of which was removed in between;
        #: None when there is no such state. It makes taking a state that did not change, and going back, cheap.
        self._base: DatabaseState | None = None
        self._touched: dict[bytes, None] = {}

    # -- reading ---------------------------------------------------------------------------------------------

    def __contains__(self, key: bytes) -> bool:
        return self.get(key) is not None

    def string(self, key: bytes) -> bytes | None:
        """The string at a key, None if there is none; WRONGTYPE for another type. Same for the methods below."""
        value = self.get(key)
        if value is None or isinstance(value, bytes):
            return value
        raise WRONG_TYPE

    def hash(self, key: bytes) -> Hash | None:
        value = self.get(key)
        if value is None or type(value) is Hash:
            return value
        raise WRONG_TYPE

    def list(self, key: bytes) -> ListValue | None:
        value = self.get(key)
        if value is None or type(value) is ListValue:
            return value
        raise WRONG_TYPE

    def set(self, key: bytes) -> SetValue | None:
        value = self.get(key)
        if value is None or type(value) is SetValue:
            return value
        raise WRONG_TYPE

    def zset(self, key: bytes) -> SortedSet | None:
        value = self.get(key)
        if value is None or type(value) is SortedSet:
            return value
        raise WRONG_TYPE

    def stream(self, key: bytes) -> StreamValue | None:
        value = self.get(key)
        if value is None or type(value) is StreamValue:
            return value
        raise WRONG_TYPE

    # -- writing ---------------------------------------------------------------------------------------------

    def write(self, key: bytes) -> Any:
        """The value at a key, for changing it in place (containers), or None. Copies it first if a snapshot shares it."""
        value = self.get(key)
        if value is None or isinstance(value, bytes):
            return value
        return value if value.epoch == self.server.epoch else self._own(key, value)

    def _own(self, key: bytes, value: Any) -> Any:
        """Put a copy in the place of a value that a snapshot shares."""
        value = value.copy()
        value.epoch = self.server.epoch
        self.data[key] = value
        if self._base is not None:
            self._touched[key] = None
        return value

    def write_hash(self, key: bytes) -> Hash | None:
        value = self.get(key)
        if type(value) is Hash:
            return value if value.epoch == self.server.epoch else self._own(key, value)
        if value is None:
            return None
        raise WRONG_TYPE

    def write_list(self, key: bytes) -> ListValue | None:
        value = self.get(key)
        if type(value) is ListValue:
            return value if value.epoch == self.server.epoch else self._own(key, value)
        if value is None:
            return None
        raise WRONG_TYPE

    def write_set(self, key: bytes) -> SetValue | None:
        value = self.get(key)
        if type(value) is SetValue:
            return value if value.epoch == self.server.epoch else self._own(key, value)
        if value is None:
            return None
        raise WRONG_TYPE

    def write_stream(self, key: bytes) -> StreamValue | None:
        value = self.get(key)
        if type(value) is StreamValue:
            return value if value.epoch == self.server.epoch else self._own(key, value)
        if value is None:
            return None
        raise WRONG_TYPE

    def write_zset(self, key: bytes) -> SortedSet | None:
        value = self.get(key)
        if type(value) is SortedSet:
            return value if value.epoch == self.server.epoch else self._own(key, value)
        if value is None:
            return None
        raise WRONG_TYPE

    def put(self, key: bytes, value: Stored, keep_deadline: bool = False) -> None:
        """Set a key, whatever it held, and drop its deadline unless told to keep it. The caller calls `changed` and `event`."""
        old = self.data.get(key)
        if old is None:
            self.add(key, value)
            return
        if type(old) is StreamValue and self.server.waiting:
            # Readers of a group that no longer exists must hear of it.
            self.server.blocking.created(self, key)
        if self._base is not None:
            self._touched[key] = None
        self.data[key] = value
        if not keep_deadline and self.expires:
            self.expires.pop(key, None)
        if self.field_expires:
            self.field_expires.pop(key, None)
        if not isinstance(value, bytes):
            value.epoch = self.server.epoch
            if type(value) is Hash and value.expires:
                self.fields.track(key, value)
        if self.access is not None:
            self.access.used(key)

    def put_string(self, key: bytes, value: bytes, event: bytes, keep_deadline: bool = False) -> None:
        """`put`, `changed` and an event of class `$` in one call: the write that happens most."""
        data = self.data
        if key not in data:
            self.add(key, value)
        elif self.access is not None or self.server.waiting:
            self.put(key, value, keep_deadline)
        else:
            data[key] = value
            if self._base is not None:
                self._touched[key] = None
            if self.expires and not keep_deadline:
                self.expires.pop(key, None)
            if self.field_expires:
                self.field_expires.pop(key, None)
        server = self.server
        server.dirty += 1
        if server.observed:
            server.key_changed(self, key)
        if server.notify_flags:
            server.notify("$", event, key, self.number)

    def add(self, key: bytes, value: Stored) -> None:
        """Set a key that does not exist."""
        if not isinstance(value, bytes):
            value.epoch = self.server.epoch
        if self._base is not None:
            self._touched[key] = None
        self.data[key] = value
        if type(value) is Hash and value.expires:
            self.fields.track(key, value)
        if self.index is not None:
            self.index.added(key)
        if self.access is not None:
            self.access.created(key)
        server = self.server
        if server.waiting:
            server.blocking.created(self, key)
        if server.notify_new:
            server.notify("n", b"new", key, self.number)

    def delete(self, key: bytes) -> bool:
        """Remove a key and its deadline; False if it was not there. No `changed`, no event: the caller knows which."""
        if self.peek(key) is None:
            return False
        if self._base is not None:
            self._forget_base_without(key)
        del self.data[key]
        if self.access is not None:
            self.access.forget(key)
        if self.expires:
            self.expires.pop(key, None)
        if self.field_expires:
            self.field_expires.pop(key, None)
        if self.server.waiting:
            self.server.blocking.deleted(self, key)
        return True

    def drop_if_empty(self, key: bytes, value: Value) -> bool:
        """Delete a container that has become empty, with its `del` event."""
        if len(value):
            return False
        self.delete(key)
        self.event("g", b"del", key)
        return True

    def changed(self, key: bytes) -> None:
        """A key's value was changed (created and deleted included): once per write, after it."""
        if self._base is not None:
            self._touched[key] = None
        server = self.server
        server.dirty += 1
        if server.observed:
            server.key_changed(self, key)

    def event(self, kind: str, name: bytes, key: bytes) -> None:
        """A keyspace event: `kind` is its class letter in notify-keyspace-events (g $ l s h z t d x e n m)."""
        if self.server.notify_flags:
            self.server.notify(kind, name, key, self.number)

    def clear(self) -> None:
        """Remove everything."""
        self._adopt(DatabaseState({}, {}, {}))

    def rename(self, key: bytes, target: Database, new_key: bytes) -> None:
        """Give the value at a key that exists another place, with its deadline, in place of whatever was there."""
        value = self.data[key]
        deadline = self.expires.get(key)
        epoch = None if isinstance(value, bytes) else value.epoch
        if new_key in target.data:
            target.delete(new_key)
        target.add(new_key, value)
        if epoch is not None and not isinstance(value, bytes):
            # Still shared with a snapshot, if it was before.
            value.epoch = epoch
        if deadline is not None:
            target.set_deadline(new_key, deadline)
        if self.access is not None and target.access is not None:
            self.access.moved(key, new_key, target.access)
        self.delete(key)

    def swap(self, other: Database) -> None:
        """Exchange the whole content with another database; clients and watchers stay where they are."""
        self.data, other.data = other.data, self.data
        self.expires, other.expires = other.expires, self.expires
        self.field_expires, other.field_expires = other.field_expires, self.field_expires
        self.index, other.index = other.index, self.index
        for database in (self, other):
            database._base = None
            if database.access is not None:
                database.access = Access(database.server, database)
            database._bind()
            database._rebuild_heap()
            database.fields.rebuild()

    # -- deadlines -------------------------------------------------------------------------------------------

    def set_deadline(self, key: bytes, when_ms: int) -> None:
        """Let the key, which exists, expire at an instant. A past one takes effect before the next operation."""
        if self._base is not None:
            self._touched[key] = None
        self.expires[key] = when_ms
        heap = self._heap
        if len(heap) > _HEAP_MIN and len(heap) > _HEAP_SLACK * len(self.expires):
            self._rebuild_heap()
        else:
            heapq.heappush(heap, (when_ms, key))
            if heap[0][0] == when_ms:
                self._arm()

    def drop_deadline(self, key: bytes) -> bool:
        if self._base is not None:
            self._touched[key] = None
        return self.expires.pop(key, None) is not None

    def is_over(self, key: bytes) -> bool:
        """Whether the key is there, but its time is over."""
        when = self.expires.get(key)
        return when is not None and when <= self.server.clock.now_ms()

    def expire_now(self, key: bytes) -> None:
        """The key's time has come. (During a pause it only seems to be gone.)"""
        if self.server.expiry_paused:
            return
        self.server.expired_keys += 1
        # Without the deadline first, looking at the key would expire it again (see `_lazy_get`).
        self.expires.pop(key, None)
        self.delete(key)
        self.server.key_expired(self, key)

    def _rebuild_heap(self) -> None:
        self._heap = [(when, key) for key, when in self.expires.items()]
        heapq.heapify(self._heap)
        self._arm()

    def _arm(self) -> None:
        """Have the clock call at the earliest deadline."""
        if self.lazy:
            return
        heap, expires = self._heap, self.expires
        while heap and expires.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        timer = self._timer
        if not heap:
            if timer is not None:
                timer.cancel()
                self._timer = None
            return
        when_us = heap[0][0] * 1000
        if timer is not None and timer.pending:
            if timer.when_us == when_us:
                return
            timer.cancel()
        self._timer = self.server.clock.call_at(when_us, self._expire_due)

    def _expire_due(self) -> None:
        heap, expires = self._heap, self.expires
        now_ms = self.server.clock.now_ms()
        start_us = self.server.clock.wall_us()
        self._timer = None
        while heap and heap[0][0] <= now_ms:
            when, key = heapq.heappop(heap)
            if expires.get(key) == when:
                self.expire_now(key)
        if self.server.instrumented:
            self.server.instruments.sample("expire-cycle", (self.server.clock.wall_us() - start_us) // 1000)
        self._arm()
        self.server.after_command()

    # -- expiry without timers (DEBUG SET-ACTIVE-EXPIRE 0) -----------------------------------------------------

    def set_lazy(self, lazy: bool) -> None:
        """Let keys expire only when they are touched, as a server does whose active expiry is off."""
        self.lazy = lazy
        if lazy:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._bind()
        else:
            self._bind()
            self._rebuild_heap()

    def _lazy_get(self, key: bytes) -> Stored | None:
        when = self.expires.get(key)
        if when is not None and when <= self.server.clock.now_ms():
            self.expire_now(key)
            return None
        return self.data.get(key)

    # -- uses of keys ----------------------------------------------------------------------------------------

    def track_access(self) -> None:
        """Record from now on when keys are used."""
        if self.access is None:
            self.access = Access(self.server, self)
            self._bind()

    def _bind(self) -> None:
        """Work out anew what `get` and `peek` are."""
        self.peek = self._lazy_get if self.lazy else self.data.get
        self.get = self.peek if self.access is None else self._recording_get

    def _recording_get(self, key: bytes) -> Stored | None:
        value = self.peek(key)
        if value is not None and self.access is not None:
            self.access.used(key)
        return value

    # -- scanning --------------------------------------------------------------------------------------------

    def scan_index(self) -> ScanIndex:
        if self.index is None:
            self.index = ScanIndex(self.data)
        return self.index

    # -- snapshots -------------------------------------------------------------------------------------------

    def state(self) -> DatabaseState:
        """The present content. Values are shared; the keyspace's epoch has to move on, so that they are copied before a change."""
        if self.index is not None:
            self.index.tidy()
        if self._base is None or self._touched:
            self._base = DatabaseState(dict(self.data), dict(self.expires), dict(self.field_expires))
            self._touched.clear()
        return self._base

    def present(self) -> DatabaseState:
        """The present content itself, for looking at before anything else runs."""
        return DatabaseState(self.data, self.expires, self.field_expires)

    def restore(self, state: DatabaseState) -> None:
        """Take on a state's content. Clients that watch a key find it changed."""
        if self._base is state and 2 * len(self._touched) <= len(self.data) + _FEW:
            self._revert(state)
        else:
            self._adopt(state)
        self._base = state
        self._touched.clear()

    def _revert(self, state: DatabaseState) -> None:
        """Go back to the base, from which only the touched keys differ. The order of the keys is that of the base again."""
        data, expires = self.data, self.expires
        with_fields = False
        for key in self._touched:
            value = state.data.get(key)
            with_fields = with_fields or key in self.field_expires or key in state.field_expires
            if value is None:
                data.pop(key, None)
                expires.pop(key, None)
                self.field_expires.pop(key, None)
                continue
            data[key] = value
            when = state.expires.get(key)
            if when is None:
                expires.pop(key, None)
            elif expires.get(key) != when:
                expires[key] = when
                heapq.heappush(self._heap, (when, key))
            if key in state.field_expires:
                self.field_expires[key] = None
            else:
                self.field_expires.pop(key, None)
        if self.index is not None:
            self.index.tidy()
        if self.access is not None:
            self.access = Access(self.server, self)
            self._bind()
        if with_fields:
            self.fields.rebuild()
        if self._touched:
            self._arm()

    def _forget_base_without(self, key: bytes) -> None:
        """A key is about to be removed: if the base has it, going back would put it in another place of the order."""
        if self._base is not None and key in self._base.data:
            self._base = None
            self._touched.clear()
        else:
            self._touched[key] = None

    def _adopt(self, state: DatabaseState) -> None:
        self.data = dict(state.data)
        self.expires = dict(state.expires)
        self.field_expires = dict(state.field_expires)
        self.index = None
        self._base = None
        self._touched.clear()
        if self.access is not None:
            self.access = Access(self.server, self)
        self._bind()
        if self.expires or self._heap:
            self._rebuild_heap()
        self.fields.rebuild()
