"""Produce (0): batches into partitions.

All versions carry batches of magic 2 (v3+); v7 zstd, v8 errors per record, v10 the leader with error 6, v12
transactions add partitions by themselves (KIP-890), v13 topic ids. acks=0 gets no answer, and an error there closes the
connection. Checks, in Kafka's order: acks 21; ACL 29/53; topic 3 or 100; leader 6; shape of the records 87, 76; size
10; CRC 2; header 87; timestamps 32; keys of compacted topics 87; transaction 48, 120; sequences 45, 47. A faulted
partition appends nothing, unless the fault comes after the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security
from emulators.kafka.producers import Written
from emulators.kafka.request import CLOSE, NO_REPLY
from emulators.kafka.topics import Partition
from emulators.kafka.wire import records
from emulators.kafka.wire.compression import CODEC_NAMES, ZSTD
from emulators.kafka.wire.records import Header, RecordError

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


class Refused(Exception):
    """One partition's data is not taken."""

    def __init__(self, code: int, message: str | None = None, indexes: tuple[tuple[int, str], ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.indexes = indexes


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    acks = body.acks
    top_level = errors.INVALID_REQUIRED_ACKS if acks not in (-1, 0, 1) else errors.NONE
    if body.transactional_id is not None and not top_level:
        top_level = broker.security.refusal(request, security.WRITE, security.TRANSACTIONAL_ID, body.transactional_id)
    failed = False
    moved: list[Partition] = []
    responses = []
    for wanted in body.topic_data:
        if request.version >= 13:
            topic = broker.topics_by_id.get(wanted.topic_id)
        else:
            topic = broker.topics.get(wanted.name)
        rows = []
        for data in wanted.partition_data:
            row: dict[str, Any] = {"index": data.index, "base_offset": -1}
            try:
                if top_level:
                    raise Refused(top_level)
                if topic is None:
                    name = wanted.name
                    code = broker.security.refusal(request, security.WRITE, security.TOPIC, name) if name else 0
                    unknown = errors.UNKNOWN_TOPIC_ID if request.version >= 13 else errors.UNKNOWN_TOPIC_OR_PARTITION
                    raise Refused(code or unknown)
                _append(broker, request, topic.name, topic.partitions, data, row)
            except Refused as refused:
                failed = True
                row["error_code"] = refused.code
                row["error_message"] = refused.message
                row["record_errors"] = [
                    {"batch_index": index, "batch_index_error_message": text} for index, text in refused.indexes
                ]
                if refused.code == errors.NOT_LEADER_OR_FOLLOWER and topic is not None:
                    partition = topic.partitions[data.index]
                    row["current_leader"] = {
                        "leader_id": partition.leader,
                        "leader_epoch": partition.leader_epoch,
                    }
                    moved.append(partition)
            rows.append(row)
        responses.append({"name": wanted.name, "topic_id": wanted.topic_id, "partition_responses": rows})
    if acks == 0:
        return CLOSE if failed and not request.forced else NO_REPLY
    fields: dict[str, Any] = {"responses": responses}
    if moved:
        fields["node_endpoints"] = endpoints(broker, moved)
    return fields


def endpoints(broker: KafkaEmulator, partitions: list[Partition]) -> list[dict[str, Any]]:
    """The nodes that lead these partitions, as responses with error 6 name them."""
    ids = sorted({partition.leader for partition in partitions if partition.leader >= 0})
    nodes = [broker.nodes[node] for node in ids]
    return [{"node_id": node.id, "host": node.host, "port": node.port, "rack": node.rack} for node in nodes]


def _append(
    broker: KafkaEmulator,
    request: Request,
    name: str,
    partitions: list[Partition],
    data: Any,
    row: dict[str, Any],
) -> None:
    index = data.index
    refused = broker.security.refusal(request, security.WRITE, security.TOPIC, name)
    if refused:
        raise Refused(refused)
    if not 0 <= index < len(partitions):
        raise Refused(errors.UNKNOWN_TOPIC_OR_PARTITION)
    partition = partitions[index]
    code = broker.deny(request, topic=name, partition=index)
    if code:
        raise Refused(code)
    if partition.leader != request.node:
        raise Refused(errors.NOT_LEADER_OR_FOLLOWER)
    header = _only_batch(request, data.records)
    batch: bytes = data.records
    settings = broker.settings(partition.topic)
    now = broker.now_ms()
    if request.body.acks == -1 and len(partition.isr) < settings["min_isr"]:
        raise Refused(errors.NOT_ENOUGH_REPLICAS)
    check_bytes(header, batch, settings)
    log = partition.log
    # From here on Kafka has looked at the log, and says so.
    row["log_start_offset"] = log.start
    validate(header, batch, settings, now)
    if settings["codec"] is not None and settings["codec"] != header.codec:
        batch = _recoded(batch, header, settings["codec"])
        header = records.read_header(batch)
    append_time = -1
    if settings["append_time"]:
        batch = records.with_append_time(batch, now)
        header = records.read_header(batch)
        append_time = now
    if header.producer_id >= 0:
        duplicate = _check_producer(broker, request, partition, header, row)
        if duplicate is not None:
            row["base_offset"] = duplicate.base_offset
            row["log_append_time_ms"] = duplicate.timestamp
            code = broker.deny_after(request, topic=name, partition=index)
            if code:
                raise Refused(code)
            return
    base = log.append(batch, header, partition.leader_epoch, now)
    row["base_offset"] = base
    row["log_append_time_ms"] = append_time
    if partition.parked:
        broker.wake(partition)
    code = broker.deny_after(request, topic=name, partition=index)
    if code:
        raise Refused(code)


def _only_batch(request: Request, data: bytes | None) -> Header:
    if not data or len(data) < records.HEADER_SIZE:
        raise Refused(errors.INVALID_RECORD, "a produce request has one record batch per partition")
    header = records.read_header(data)
    if header.magic != 2:
        raise Refused(errors.INVALID_RECORD, f"record batches have magic 2, not {header.magic}")
    if header.length + 12 < len(data) and header.length >= records.HEADER_SIZE - 12:
        raise Refused(errors.INVALID_RECORD, "a produce request has only one record batch per partition")
    if header.length + 12 != len(data):
        raise Refused(errors.CORRUPT_MESSAGE, "the batch's length is not that of the data")
    if header.codec == ZSTD and request.version < 7:
        raise Refused(errors.UNSUPPORTED_COMPRESSION_TYPE, "zstd needs Produce version 7 or newer")
    return header


def check_bytes(header: Header, batch: bytes, settings: dict[str, Any]) -> None:
    """Raise Refused for a batch that is too large or damaged."""
    if len(batch) > settings["max_bytes"]:
        raise Refused(
            errors.MESSAGE_TOO_LARGE,
            f"The record batch size is {len(batch)} bytes, which exceeds the maximum configured value of {settings['max_bytes']}.",
        )
    if not records.crc_valid(header, batch):
        raise Refused(errors.CORRUPT_MESSAGE, "the batch's CRC is wrong")


def validate(header: Header, batch: bytes, settings: dict[str, Any], now: int) -> None:
    """Raise Refused for a batch that a broker does not append, though it is whole."""
    wrong = None
    if header.record_count <= 0 or header.last_offset_delta + 1 != header.record_count:
        wrong = f"offsets 0 to {header.last_offset_delta} do not fit {header.record_count} records"
    elif header.control:
        wrong = "clients do not write control batches"
    elif header.codec >= len(CODEC_NAMES):
        wrong = f"there is no compression codec {header.codec}"
    elif header.producer_id >= 0 and (header.base_sequence < 0 or header.producer_epoch < 0):
        wrong = "a producer id comes with an epoch and a sequence"
    elif header.append_time:
        wrong = "clients do not set the timestamp type LogAppendTime"
    elif header.transactional and header.producer_id < 0:
        wrong = "a transactional batch has a producer id"
    if wrong is not None:
        raise Refused(errors.INVALID_RECORD, f"{errors.RECORDS_INVALID}: {wrong}")
    if not settings["append_time"] and header.max_timestamp >= 0:
        too_old = now - header.base_timestamp > settings["before_ms"]
        too_new = header.max_timestamp - now > settings["after_ms"]
        if too_old or too_new:
            raise Refused(errors.INVALID_TIMESTAMP, "a record's timestamp is out of the range that the topic accepts")
    if settings["compact"]:
        _require_keys(batch, header)


def _recoded(batch: bytes, header: Header, codec: int) -> bytes:
    """The batch as the topic's `compression.type` wants it; a batch that cannot be read is corrupt."""
    try:
        return records.build_batch(
            list(records.decode_records(batch, header)),
            codec=codec,
            producer_id=header.producer_id,
            producer_epoch=header.producer_epoch,
            base_sequence=header.base_sequence,
            transactional=header.transactional,
        )
    except RecordError as error:
        raise Refused(errors.CORRUPT_MESSAGE, str(error)) from error


def _require_keys(batch: bytes, header: Header) -> None:
    try:
        missing = [
            position for position, record in enumerate(records.decode_records(batch, header)) if record.key is None
        ]
    except RecordError as error:
        raise Refused(errors.INVALID_RECORD, str(error)) from error
    if missing:
        text = errors.COMPACTED_WITHOUT_KEY
        raise Refused(errors.INVALID_RECORD, errors.RECORDS_INVALID, tuple((index, text) for index in missing))


def _check_producer(
    broker: KafkaEmulator, request: Request, partition: Partition, header: Header, row: dict[str, Any]
) -> Written | None:
    """Raise Refused for a producer's batch out of order; the batch that it repeats, or None."""
    if header.transactional:
        code = broker.transactions.verify(request, partition, header)
        if code:
            row["log_start_offset"] = -1  # found out before the log was looked at
            raise Refused(code)
    code, duplicate = partition.log.check_producer(header)
    if code:
        raise Refused(code)
    if duplicate is not None or header.transactional:
        return duplicate
    if partition.log.open.get(header.producer_id, -1) >= 0:
        raise Refused(errors.INVALID_TXN_STATE, "a transaction of this producer is open")
    return None
