"""The cluster and its databases: heaps, sequences, shared catalogs, caches, and the settings new sessions start with."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from emulators.postgres import oids
from emulators.postgres.catalog import store
from emulators.postgres.storage.heap import Heap
from emulators.postgres.storage.history import History
from emulators.postgres.storage.transaction import TransactionManager

if TYPE_CHECKING:
    from emulators.kernel.clock import Clock
    from emulators.postgres.backend import Backend

POSTGRES_DB = 5
TEMPLATE1_DB = 1
TEMPLATE0_DB = 4


class Sequence:
    """A sequence's state. It moves outside transactions, as PostgreSQL's do."""

    __slots__ = ("is_called", "last_value", "log_count")

    def __init__(self, last_value: int, is_called: bool = False) -> None:
        self.last_value = last_value
        self.is_called = is_called
        self.log_count = 0


class Database:
    """One database: its heaps by filenode, its sequences, and its caches of the catalog."""

    def __init__(self, cluster: Cluster, oid: int, name: str) -> None:
        self.cluster = cluster
        self.oid = oid
        self.name = name
        self.heaps: dict[int, Heap] = {}
        self.sequences: dict[int, Sequence] = {}
        self.catalog_cache: dict[Any, Any] = {}
        self.type_io_cache: dict[int, Any] = {}
        self.catalog_version = 0
        self.plans: dict[Any, Any] = {}

    def heap(self, filenode: int) -> Heap:
        heap = self.heaps.get(filenode)
        if heap is None:
            if store.is_shared(filenode):
                return self.cluster.heap(filenode)
            heap = self.heaps[filenode] = store.seeded_heap(filenode)
        return heap

    def catalog_committed(self) -> None:
        """Somebody committed a change to a catalog: every cached answer may be wrong."""
        self.catalog_version += 1
        self.catalog_cache = {}
        self.type_io_cache = {}
        self.plans = {}

    def clone(self, oid: int, name: str) -> Database:
        """A copy that shares all rows until either side writes."""
        copy = Database(self.cluster, oid, name)
        copy.heaps = {filenode: heap.clone() for filenode, heap in self.heaps.items()}
        for filenode, sequence in self.sequences.items():
            copy.sequences[filenode] = Sequence(sequence.last_value, sequence.is_called)
        return copy


class Cluster:
    """What all databases share."""

    def __init__(self, clock: Clock, random: Any) -> None:
        self.clock = clock
        self.random = random
        self.transactions = TransactionManager()
        self.history = History()
        self.transactions.history = self.history
        self.heaps: dict[int, Heap] = {}
        self.databases: dict[int, Database] = {}
        self.next_oid = oids.FIRST_USER_OID
        self.backends: dict[int, Backend] = {}
        self.locks: dict[Any, Any] = {}
        #: Sessions whose wait is over, in the order in which they go on.
        self.ready: deque[Backend] = deque()
        self.resume: Any = None
        self.emulator: Any = None
        self.started_us = clock.now_us()
        self._create_initial()

    def _create_initial(self) -> None:
        template1 = Database(self, TEMPLATE1_DB, "template1")
        self.databases[TEMPLATE1_DB] = template1
        for oid, name in ((TEMPLATE0_DB, "template0"), (POSTGRES_DB, "postgres")):
            self.databases[oid] = template1.clone(oid, name)
        row = store.row_class("pg_database")
        self.heaps[store.relid_of("pg_database")] = Heap.seeded(
            store.relid_of("pg_database"),
            [
                row(
                    oid=oid,
                    datname=name,
                    datdba=oids.BOOTSTRAP_USER,
                    encoding=6,
                    datlocprovider="c",
                    datistemplate=oid != POSTGRES_DB,
                    datallowconn=oid != TEMPLATE0_DB,
                    dathasloginevt=False,
                    datconnlimit=-1,
                    datfrozenxid=731,
                    datminmxid=1,
                    dattablespace=1663,
                    datcollate="C.UTF-8",
                    datctype="C.UTF-8",
                    datlocale=None,
                    daticurules=None,
                    datcollversion=None,
                    datacl=None,
                )
                for oid, name in ((POSTGRES_DB, "postgres"), (TEMPLATE1_DB, "template1"), (TEMPLATE0_DB, "template0"))
            ],
        )

    def heap(self, relid: int) -> Heap:
        heap = self.heaps.get(relid)
        if heap is None:
            heap = self.heaps[relid] = store.seeded_heap(relid)
        return heap

    def new_oid(self) -> int:
        oid = self.next_oid
        self.next_oid = oid + 1
        return oid

    def schedule(self, backend: Backend) -> None:
        """A session's wait is over: it goes on as soon as the one that runs now gives up control."""
        self.ready.append(backend)
        if self.resume is not None:
            self.resume()
