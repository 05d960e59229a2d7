"""A service small enough to see through: lines of words over a socket. For tests of the kernel without any real service.

set K V | get K | add K N | later MS K V (a timer) | roll (the dice) | slow-free echo of anything else as an error
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from emulators.kernel import Decision, Description, Emulator, Environment, Link, Session, Timer
from emulators.kernel.oplog import OPERATION


class ToySession(Session):
    emulator: Toy

    def __init__(self, emulator: Toy, link: Link, session_id: int, endpoint: str) -> None:
        super().__init__(emulator, link, session_id, endpoint)
        self.buffer = b""
        self.user = ""

    def receive(self, data: bytes) -> None:
        self.buffer += data
        self.process()

    def process(self) -> None:
        while not self.held and b"\n" in self.buffer:
            line, self.buffer = self.buffer.split(b"\n", 1)
            frame = line.decode()
            self.log_append((OPERATION, self.clock.now_us(), self.id, frame))
            if self.interceptor.armed:
                self.admit(frame)
            else:
                self.execute(frame)

    def execute(self, frame: str) -> None:
        self.write((self.emulator.run(self, frame.split()) + "\n").encode())

    def send_fault(self, frame: str, decision: Decision) -> None:
        self.write(f"! {decision.error or decision.rule}\n".encode())

    def lost(self) -> None:
        self.emulator.sessions.pop(self.id, None)

    def export_state(self) -> Any:
        return self.user

    def import_state(self, state: Any) -> None:
        self.user = state


class Toy(Emulator):
    service: ClassVar[str] = "toy"
    default_port: ClassVar[int] = 7

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.data: dict[str, str] = {}
        # What is to happen later belongs to the state: (when, key, value), with one timer each.
        self.later: list[tuple[int, str, str]] = []
        self.timers: list[Timer] = []
        self.quiet = True

    def open_session(self, link: Link, session_id: int, endpoint: str) -> Session:
        session = ToySession(self, link, session_id, endpoint)
        self.sessions[session_id] = session
        return session

    def run(self, session: ToySession, words: list[str]) -> str:
        match words:
            case ["set", key, value]:
                self.data[key] = value
                return "ok"
            case ["get", key]:
                return self.data.get(key, "-")
            case ["add", key, amount]:
                self.data[key] = str(int(self.data.get(key, "0")) + int(amount))
                return self.data[key]
            case ["later", delay_ms, key, value]:
                self.later.append((self.clock.now_us() + int(delay_ms) * 1000, key, value))
                self.arm()
                return "ok"
            case ["roll"]:
                self.data["roll"] = str(self.environment.random.randrange(1_000_000))
                return self.data["roll"]
            case ["login", name]:
                session.user = name
                return "ok"
            case ["mine", value]:
                self.data[session.user] = value
                return "ok"
            case ["boom"]:
                raise RuntimeError("boom")
            case _:
                return "?"

    def arm(self) -> None:
        for timer in self.timers:
            timer.cancel()
        self.timers = [self.clock.call_at(entry[0], partial(self.due, entry)) for entry in self.later]

    def due(self, entry: tuple[int, str, str]) -> None:
        self.later.remove(entry)
        self.data[entry[1]] = entry[2]

    @classmethod
    def describe(cls, frame: Any) -> Description:
        words = frame.split() or ["?"]
        return Description(words[0].upper(), tuple(words[1:2]), frame)

    def snapshot(self) -> Any:
        return dict(self.data), tuple(self.later)

    def restore(self, state: Any) -> None:
        self.data, self.later = dict(state[0]), list(state[1])
        self.arm()

    def export_state(self, state: Any) -> Any:
        return [sorted(state[0].items()), [list(entry) for entry in state[1]]]

    def import_state(self, data: Any) -> Any:
        return dict(data[0]), tuple(tuple(entry) for entry in data[1])

    def reset(self) -> None:
        self.data.clear()
        self.later.clear()
        self.arm()

    def close(self) -> None:
        self.later.clear()
        self.arm()

    def quiescent(self) -> bool:
        return self.quiet

    def dump(self, state: Any = None) -> dict[str, Any]:
        return dict(self.data if state is None else state[0])

    def status(self) -> dict[str, Any]:
        return {"connections": len(self.sessions), "operations": 0, "keys": len(self.data)}
