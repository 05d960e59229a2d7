"""One client's connection to one node: frames in, responses out, in order.

A frame is a 4-byte length and a request; the log holds requests without the length. Requests of one connection run one
after the other: while one is parked (a long poll, a join), the next ones wait in the buffer, and beyond `_BUFFER_LIMIT`
the socket is not read. What Kafka answers by closing the connection (garbage, unknown keys and versions, anything
before authentication) is closed here too.
"""

from __future__ import annotations

import json
import logging
import struct
from typing import TYPE_CHECKING, Any

from emulators.kafka import errors
from emulators.kafka.handlers import handler
from emulators.kafka.request import CLOSE, NO_REPLY, PARKED, SKIPPED, Request
from emulators.kafka.wire.codec import DecodeError, decoder, encoder, header_version, read_uvarint
from emulators.kafka.wire.schema import API_NAMES
from emulators.kernel.emulator import Link, Session
from emulators.kernel.interceptor import Decision
from emulators.kernel.oplog import FAULT, OPERATION

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator

__all__ = ["KafkaSession", "parse_header"]

_logger = logging.getLogger("parlel.kafka")
_HEAD = struct.Struct(">hhi")
_SIZE = struct.Struct(">i")
#: Bytes of requests that wait behind a parked one before the socket is no longer read.
_BUFFER_LIMIT = 8 << 20
#: Requests other than Produce may be this long; Produce may have `socket.request.max.bytes`.
_PLAIN_LIMIT = 16 << 20
_FAULT_RULE = "kafka.faults"


def parse_header(frame: bytes) -> tuple[int, int, int, str, int]:
    """(key, version, correlation id, client id, where the body begins) of a request. DecodeError if there is no header."""
    if len(frame) < 8:
        raise DecodeError("the request is shorter than its header")
    key, version, correlation_id = _HEAD.unpack_from(frame)
    position = 8
    client_id = ""
    if key in API_NAMES:
        try:
            (size,) = struct.unpack_from(">h", frame, position)
            position += 2
            if size >= 0:
                client_id = frame[position : position + size].decode()
                position += size
        except (struct.error, UnicodeDecodeError) as error:
            raise DecodeError(f"malformed header: {error}") from error
    return key, version, correlation_id, client_id, position


def skip_tags(frame: bytes, position: int) -> int:
    """The position behind a header's tagged fields."""
    try:
        count, position = read_uvarint(frame, position)
        for _ in range(count):
            _, position = read_uvarint(frame, position)
            size, position = read_uvarint(frame, position)
            position += size
    except IndexError as error:
        raise DecodeError("the header's tagged fields end early") from error
    return position


class KafkaSession(Session):
    """See the module's text. `parked` is the request that has not been answered yet."""

    emulator: KafkaEmulator

    def __init__(self, emulator: KafkaEmulator, link: Link, session_id: int, endpoint: str) -> None:
        super().__init__(emulator, link, session_id, endpoint)
        self.node_id = emulator.node_of_endpoint(endpoint)
        self.principal = "User:ANONYMOUS"
        self.host = link.peer.rpartition(":")[0] or link.peer
        #: Set by SaslHandshake and SaslAuthenticate; None where the listener wants no authentication.
        self.sasl: Any = emulator.security.new_exchange()
        self.software = ("unknown", "unknown")
        self.parked: Request | None = None
        self._parked_frame = b""
        self._buffer = bytearray()
        self._need = 4
        self._broken = False
        self._paused = False
        self.tls = emulator.new_tls(self)

    # -- bytes in --------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        if self._broken:
            return
        if self.tls is not None:
            plain = self.tls.receive(data)
            if plain is None:
                self._broken = True
                self.link.close()
                return
            data = plain
        self._buffer += data
        if len(self._buffer) >= self._need:
            self.emulator.step(self.process)
        if (self.parked is not None or self.held) and len(self._buffer) > _BUFFER_LIMIT and not self._paused:
            self._paused = True
            self.link.pause_reading()

    def process(self) -> None:
        while not self.held and self.parked is None and not self._broken:
            frame = self._next_frame()
            if frame is None:
                break
            self.log_append((OPERATION, self.clock.now_us(), self.id, frame))
            self.emulator.operations += 1
            if self.interceptor.armed:
                self.admit(frame)
            else:
                self.execute(frame)
        if self._paused and len(self._buffer) < _BUFFER_LIMIT and not self._broken:
            self._paused = False
            self.link.resume_reading()

    def _next_frame(self) -> bytes | None:
        buffer = self._buffer
        if len(buffer) < 4:
            self._need = 4
            return None
        (size,) = _SIZE.unpack_from(buffer)
        if len(buffer) >= 8 or size < 8:
            self._check_size(size, buffer)
            if self._broken:
                return None
        end = 4 + size
        if len(buffer) < end:
            self._need = end if len(buffer) >= 8 else 8
            return None
        with memoryview(buffer) as view:
            frame = bytes(view[4:end])
        del buffer[:end]
        self._need = 4
        return frame

    def _check_size(self, size: int, buffer: bytearray) -> None:
        limit = self.emulator.request_limit
        # Two zero bytes are Produce's key.
        if 8 <= size <= limit and (size <= _PLAIN_LIMIT or buffer[4:6] == b"\0\0"):
            return
        self._refuse(f"a frame of {size} bytes (from 8 to {limit} are taken)")

    def _refuse(self, why: str) -> None:
        """Close the connection, as Kafka does with what it cannot read."""
        _logger.debug("closing session %d: %s", self.id, why)
        self.emulator.refused += 1
        self._broken = True
        self._buffer.clear()
        self.close()

    # -- requests --------------------------------------------------------------------------------------------

    def execute(self, frame: bytes) -> None:
        self._run(frame, 0, None)

    def replay(self, frame: Any, sequence: int) -> None:
        self.emulator.step(lambda: Session.replay(self, frame, sequence))

    def send_fault(self, frame: bytes, decision: Decision) -> None:
        if decision.rule == _FAULT_RULE:
            # A log is played back: faults did this at these sites of the request.
            self._run(frame, 0, dict(json.loads(decision.error or "[]")))
            return
        if decision.action == "skip":
            self._run(frame, SKIPPED, None)
            return
        try:
            code = errors.code_of(decision.error) if decision.error else errors.UNKNOWN_SERVER_ERROR
        except ValueError:
            code = errors.UNKNOWN_SERVER_ERROR
        self._run(frame, code, None)

    def _run(self, frame: bytes, forced: int, script: dict[int, int] | None) -> None:
        try:
            request = self._decode(frame)
        except DecodeError as error:
            self._refuse(str(error))
            return
        if request is None:
            return
        request.forced = forced
        request.script = script
        emulator = self.emulator
        self.parked = request
        sequence = emulator.environment.log.next_sequence - 1
        fields = handler(request.key)(emulator, request)
        if request.hits:
            record = ["error", _FAULT_RULE, 0, json.dumps(request.hits), "none"]
            self.log_append((FAULT, self.clock.now_us(), self.id, [sequence, *record]))
        if fields is PARKED:
            self._parked_frame = frame
            return
        self.parked = None
        if fields is NO_REPLY:
            return
        if fields is CLOSE:
            self._refuse(f"{API_NAMES[request.key]} ended it")
            return
        assert isinstance(fields, dict)
        self._send(request, fields)

    def _decode(self, frame: bytes) -> Request | None:
        key, version, correlation_id, client_id, position = parse_header(frame)
        api = self.emulator.apis.get(key)
        if api is None:
            raise DecodeError(f"there is no API with key {key}")
        if not api.low <= version <= api.high:
            if key == 18:
                # Kafka answers in the one form that any client reads; it then asks again.
                self._send_raw(correlation_id, [self.emulator.api_versions_refusal()])
                return None
            raise DecodeError(f"{api.name} v{version} is not supported (v{api.low} to v{api.high} are)")
        if self.sasl is not None and not self.sasl.may(key):
            raise DecodeError(f"{api.name} before authentication")
        if header_version(key, version, False) == 2:
            position = skip_tags(frame, position)
        body, _ = decoder(f"{api.name}.request", version)(frame, position)
        return Request(self, key, version, correlation_id, client_id, body)

    # -- answers ---------------------------------------------------------------------------------------------

    def finish(self, request: Request, fields: dict[str, Any]) -> None:
        """Answer the parked request, and go on with what came in behind it."""
        if self.closed or self.parked is not request:
            return
        self.parked = None
        self._parked_frame = b""
        self._send(request, fields)
        self.emulator.ready(self)

    def _send(self, request: Request, fields: dict[str, Any]) -> None:
        if request.forced == SKIPPED:
            fields = _without_skips(fields)
        parts: list[bytes] = []
        name = API_NAMES[request.key]
        try:
            encoder(f"{name}.response", request.version)(fields, parts.append)
        except (struct.error, TypeError, KeyError, AttributeError) as error:
            raise RuntimeError(f"the response to {name} v{request.version} cannot be written: {error}") from error
        tags = b"\0" if header_version(request.key, request.version, True) else b""
        self._send_raw(request.correlation_id, [tags, *parts])

    def _send_raw(self, correlation_id: int, parts: list[bytes]) -> None:
        head = struct.pack(">ii", 4 + sum(map(len, parts)), correlation_id)
        self.write(b"".join((head, *parts)))

    def write(self, data: bytes) -> None:
        super().write(self.tls.wrap(data) if self.tls is not None else data)

    # -- life ------------------------------------------------------------------------------------------------

    def lost(self) -> None:
        self._buffer.clear()
        self.emulator.step(lambda: self.emulator.session_lost(self))

    def export_state(self) -> Any:
        """What has come in but is not answered, and who the client is."""
        return {
            "buffer": bytes(self._buffer),
            "parked": self._parked_frame if self.parked is not None else b"",
            "principal": self.principal,
            "sasl": self.sasl.export() if self.sasl is not None else None,
        }

    def import_state(self, state: Any) -> None:
        self.principal = state["principal"]
        if self.sasl is not None and state["sasl"] is not None:
            self.sasl.take(state["sasl"])
        if state["parked"]:
            self.emulator.step(lambda: self.execute(state["parked"]))
        self._buffer += state["buffer"]


def _without_skips(value: Any) -> Any:
    """The response with the code of skipped entities set to 0."""
    if isinstance(value, dict):
        return {
            key: 0 if key.endswith("error_code") and item == SKIPPED else _without_skips(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_without_skips(item) for item in value]
    return value
