"""Authentication: trust, cleartext password, md5 and SCRAM-SHA-256, against the role's password."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from emulators.postgres.errors import PgError
from emulators.postgres.wire import backend as out
from emulators.postgres.wire import frontend

if TYPE_CHECKING:
    from emulators.postgres.emulator import PostgresEmulator


def start(emulator: PostgresEmulator, user: str) -> Any:
    """An exchange to go through, None when the client is trusted."""
    method = emulator.authentication
    if method == "trust":
        return None
    row = emulator.role(user)
    stored = row.rolpassword if row is not None else None
    if method == "password":
        return Cleartext(user, stored)
    if method == "md5" and (stored is None or not stored.startswith("SCRAM-SHA-256")):
        return Md5(user, stored, emulator.environment.random.randbytes(4))
    return Scram(user, stored)


def failed(user: str) -> PgError:
    return PgError("28P01", f'password authentication failed for user "{user}"', severity="FATAL")


def matches(stored: str | None, user: str, password: str) -> bool:
    if stored is None:
        return False
    if stored.startswith("md5"):
        return stored == "md5" + hashlib.md5((password + user).encode()).hexdigest()
    if stored.startswith("SCRAM-SHA-256$"):
        from emulators.postgres.passwords import verify_scram

        return verify_scram(stored, password)
    return stored == password


class Cleartext:
    def __init__(self, user: str, stored: str | None) -> None:
        self.user, self.stored = user, stored

    def challenge(self) -> bytes:
        return out.AUTH_CLEARTEXT

    def receive(self, payload: bytes) -> tuple[bool, bytes]:
        if not matches(self.stored, self.user, frontend.parse_string(payload)):
            raise failed(self.user)
        return True, b""


class Md5:
    def __init__(self, user: str, stored: str | None, salt: bytes) -> None:
        self.user, self.stored, self.salt = user, stored, salt

    def challenge(self) -> bytes:
        return out.auth_md5(self.salt)

    def receive(self, payload: bytes) -> tuple[bool, bytes]:
        given = frontend.parse_string(payload)
        stored = self.stored
        if stored is None:
            raise failed(self.user)
        inner = stored[3:] if stored.startswith("md5") else hashlib.md5((stored + self.user).encode()).hexdigest()
        if given != "md5" + hashlib.md5(inner.encode() + self.salt).hexdigest():
            raise failed(self.user)
        return True, b""


class Scram:
    """SCRAM-SHA-256 by scramp."""

    def __init__(self, user: str, stored: str | None) -> None:
        from scramp import ScramMechanism

        self.user = user
        mechanism = ScramMechanism("SCRAM-SHA-256")
        from emulators.postgres.passwords import scram_parts

        parts = scram_parts(stored, user)

        def lookup(name: str) -> Any:
            if parts is None:
                raise failed(user)
            return parts

        self.server = mechanism.make_server(lookup)
        self.step = 0

    def challenge(self) -> bytes:
        return out.auth_sasl(["SCRAM-SHA-256"])

    def receive(self, payload: bytes) -> tuple[bool, bytes]:
        from scramp import ScramException

        try:
            if self.step == 0:
                self.step = 1
                end = payload.index(b"\0")
                if payload[:end] != b"SCRAM-SHA-256":
                    raise PgError("08P01", "client selected an invalid SASL authentication mechanism", severity="FATAL")
                first = payload[end + 5 :].decode()
                # libpq sends an empty user name: the start-up message's is meant.
                self.server.set_client_first(first)
                return False, out.auth_sasl_continue(self.server.get_server_first().encode())
            self.server.set_client_final(payload.decode())
            return True, out.auth_sasl_final(self.server.get_server_final().encode())
        except (ScramException, ValueError, UnicodeDecodeError):
            raise failed(self.user) from None
