"""The transaction coordinator: producer ids, epochs, and transactions over partitions and groups.

Reference: core's TransactionCoordinator and TransactionMetadata, KIP-98, KIP-360 (epoch bumps by the client), KIP-890
(TV2: partitions are added by producing, every end of a transaction bumps the epoch). States: Empty, Ongoing,
CompleteCommit, CompleteAbort; the Prepare states pass within one step, because markers are written at once. A
transaction that is not ended in time is aborted with a bumped epoch.

Differs from Kafka: CONCURRENT_TRANSACTIONS (51) comes only where InitProducerId meets an open transaction; no two-phase
commit (KIP-939).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from emulators.kafka import errors
from emulators.kafka.wire.records import Header

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Request
    from emulators.kafka.topics import Partition, Topic
    from emulators.kernel.clock import Timer

__all__ = ["Transaction", "TransactionCoordinator"]

EMPTY, ONGOING, COMPLETE_COMMIT, COMPLETE_ABORT = "Empty", "Ongoing", "CompleteCommit", "CompleteAbort"
#: The greatest epoch that a producer gets: one more is kept to fence it with.
LAST_EPOCH = 32_766


class Transaction:
    """What is known of one transactional id."""

    def __init__(self, transactional_id: str, producer_id: int, timeout_ms: int) -> None:
        self.id = transactional_id
        self.producer_id = producer_id
        self.epoch = 0
        #: The pair before the last bump, for a client that repeats a request whose answer was lost.
        self.last_producer_id = -1
        self.last_epoch = -1
        self.timeout_ms = timeout_ms
        self.state = EMPTY
        self.partitions: set[tuple[str, int]] = set()
        self.groups: set[str] = set()
        self.start_ms = -1
        self.updated_ms = -1
        self.timer: Timer | None = None

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class TransactionCoordinator:
    """All transactional ids of the cluster."""

    def __init__(self, broker: KafkaEmulator) -> None:
        self.broker = broker
        self.transactions: dict[str, Transaction] = {}

    def fresh_producer_id(self) -> int:
        producer_id = self.broker.next_producer_id
        self.broker.next_producer_id += 1
        return producer_id

    # -- InitProducerId --------------------------------------------------------------------------------------

    def init(self, transactional_id: str, timeout_ms: int, producer_id: int, epoch: int) -> tuple[int, int, int]:
        """(error, producer id, epoch)."""
        if timeout_ms <= 0 or timeout_ms > self.broker.configs.broker_int("transaction.max.timeout.ms"):
            return errors.INVALID_TRANSACTION_TIMEOUT, -1, -1
        found = self.transactions.get(transactional_id)
        if found is None:
            found = Transaction(transactional_id, self.fresh_producer_id(), timeout_ms)
            self.transactions[transactional_id] = found
            found.updated_ms = self.broker.now_ms()
            return errors.NONE, found.producer_id, found.epoch
        if producer_id >= 0:
            if (producer_id, epoch) == (found.last_producer_id, found.last_epoch) and found.state != ONGOING:
                return errors.NONE, found.producer_id, found.epoch
            if (producer_id, epoch) != (found.producer_id, found.epoch):
                return errors.PRODUCER_FENCED, -1, -1
        if found.state == ONGOING:
            # Whoever had it is fenced and its transaction aborted; the client asks again.
            self._bump(found)
            self._end(found, False)
            return errors.CONCURRENT_TRANSACTIONS, -1, -1
        found.timeout_ms = timeout_ms
        self._bump(found)
        found.state = EMPTY
        found.updated_ms = self.broker.now_ms()
        return errors.NONE, found.producer_id, found.epoch

    def _bump(self, found: Transaction) -> None:
        """The next epoch; a new producer id when there is none left."""
        found.last_producer_id, found.last_epoch = found.producer_id, found.epoch
        if found.epoch >= LAST_EPOCH:
            found.producer_id, found.epoch = self.fresh_producer_id(), 0
        else:
            found.epoch += 1

    # -- adding ----------------------------------------------------------------------------------------------

    def check(self, transactional_id: str, producer_id: int, epoch: int) -> int:
        """0 when this is the present producer of the id: else 42, 49 or 90."""
        if not transactional_id:
            return errors.INVALID_REQUEST
        found = self.transactions.get(transactional_id)
        if found is None or found.producer_id != producer_id:
            return errors.INVALID_PRODUCER_ID_MAPPING
        return errors.NONE if found.epoch == epoch else errors.PRODUCER_FENCED

    def add(
        self,
        transactional_id: str,
        producer_id: int,
        epoch: int,
        partitions: set[tuple[str, int]],
        group: str | None = None,
    ) -> int:
        """Add partitions or a group to the open transaction, which begins with the first."""
        code = self.check(transactional_id, producer_id, epoch)
        if code:
            return code
        found = self.transactions[transactional_id]
        now = self.broker.now_ms()
        if found.state != ONGOING:
            found.state = ONGOING
            found.start_ms = now
            found.stop()
            found.timer = self.broker.later(found.timeout_ms, lambda: self._timed_out(found))
        found.partitions |= partitions
        if group is not None:
            found.groups.add(group)
        found.updated_ms = now
        return errors.NONE

    def holds(self, transactional_id: str, producer_id: int, epoch: int, partition: tuple[str, int]) -> bool:
        """Whether the open transaction has this partition."""
        found = self.transactions.get(transactional_id)
        return (
            found is not None
            and found.state == ONGOING
            and (found.producer_id, found.epoch) == (producer_id, epoch)
            and partition in found.partitions
        )

    def verify(self, request: Request, partition: Partition, header: Header) -> int:
        """Whether a transactional batch may be appended; from Produce 12 it adds its partition by itself."""
        transactional_id = request.body.transactional_id or ""
        if partition.log.open.get(header.producer_id) is not None:
            return errors.NONE
        code = self.check(transactional_id, header.producer_id, header.producer_epoch)
        if code:
            if code == errors.PRODUCER_FENCED:
                return errors.INVALID_PRODUCER_EPOCH
            return errors.INVALID_TXN_STATE if code == errors.INVALID_REQUEST else code
        if self.holds(transactional_id, header.producer_id, header.producer_epoch, partition.key):
            return errors.NONE
        if request.version >= 12:
            return self.add(transactional_id, header.producer_id, header.producer_epoch, {partition.key})
        return errors.TRANSACTION_ABORTABLE if request.version >= 11 else errors.INVALID_TXN_STATE

    # -- ending ----------------------------------------------------------------------------------------------

    def end(
        self, transactional_id: str, producer_id: int, epoch: int, committed: bool, bump: bool
    ) -> tuple[int, int, int]:
        """(error, producer id, epoch) of EndTxn; `bump` is TV2 (version 5 and newer)."""
        code = self.check(transactional_id, producer_id, epoch)
        found = self.transactions.get(transactional_id)
        outcome = COMPLETE_COMMIT if committed else COMPLETE_ABORT
        if bump and found is not None and code in (errors.PRODUCER_FENCED, errors.INVALID_PRODUCER_ID_MAPPING):
            retried = (producer_id, epoch) == (found.last_producer_id, found.last_epoch)
            if retried and found.state == outcome:
                return errors.NONE, found.producer_id, found.epoch
        if code:
            return code, -1, -1
        assert found is not None
        if found.state == ONGOING:
            if bump:
                self._bump(found)
            self._end(found, committed)
            return errors.NONE, found.producer_id, found.epoch
        if found.state == outcome and not bump:
            return errors.NONE, found.producer_id, found.epoch
        if bump and not committed:
            # An abort with nothing in the transaction still bumps the epoch: what was sent but never arrived is fenced
            # by it.
            self._bump(found)
            found.state = COMPLETE_ABORT
            return errors.NONE, found.producer_id, found.epoch
        return errors.INVALID_TXN_STATE, -1, -1

    def _end(self, found: Transaction, committed: bool) -> None:
        """Write the markers, show or drop the offsets, and complete. The epoch is bumped already where it has to be."""
        found.stop()
        # The markers go to the producer that wrote the batches, which is the former one if its epochs were used up.
        exhausted = found.last_producer_id >= 0 and found.epoch == 0 and found.last_epoch >= LAST_EPOCH
        producer_id = found.last_producer_id if exhausted else found.producer_id
        epoch = found.last_epoch + 1 if exhausted else found.epoch
        now = self.broker.now_ms()
        for topic, index in sorted(found.partitions):
            partition = self.broker.find_partition(topic, index)
            if partition is not None:
                partition.log.mark(producer_id, epoch, committed, 0, partition.leader_epoch, now)
                self.broker.wake(partition)
        for group_id in sorted(found.groups):
            group = self.broker.groups.groups.get(group_id)
            if group is not None:
                group.end_transaction(producer_id, committed)
        found.partitions.clear()
        found.groups.clear()
        found.state = COMPLETE_COMMIT if committed else COMPLETE_ABORT
        found.start_ms = -1
        found.updated_ms = now

    def _timed_out(self, found: Transaction) -> None:
        if found.state == ONGOING and self.transactions.get(found.id) is found:
            self._bump(found)
            self._end(found, False)

    def topic_deleted(self, topic: Topic) -> None:
        for found in self.transactions.values():
            found.partitions = {key for key in found.partitions if key[0] != topic.name}

    # -- states ----------------------------------------------------------------------------------------------

    def let_go(self) -> None:
        for found in self.transactions.values():
            found.stop()

    def plain(self) -> list[Any]:
        return [
            [
                one.id,
                one.producer_id,
                one.epoch,
                one.last_producer_id,
                one.last_epoch,
                one.timeout_ms,
                one.state,
                [list(key) for key in sorted(one.partitions)],
                sorted(one.groups),
                one.start_ms,
                one.updated_ms,
            ]
            for _, one in sorted(self.transactions.items())
        ]

    def take(self, rows: list[Any]) -> None:
        """Have the transactions of `plain`; an open one gets its whole timeout again."""
        self.let_go()
        self.transactions = {}
        for (
            name,
            producer_id,
            epoch,
            last_id,
            last_epoch,
            timeout_ms,
            state,
            partitions,
            groups,
            start,
            updated,
        ) in rows:
            found = Transaction(name, producer_id, timeout_ms)
            found.epoch, found.last_producer_id, found.last_epoch, found.state = epoch, last_id, last_epoch, state
            found.partitions = {(topic, index) for topic, index in partitions}
            found.groups, found.start_ms, found.updated_ms = set(groups), start, updated
            self.transactions[name] = found
            if state == ONGOING:
                found.timer = self.broker.later(timeout_ms, partial(self._timed_out, found))
