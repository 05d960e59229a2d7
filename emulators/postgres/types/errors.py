"""The errors that types and functions raise, by meaning: texts and SQLSTATEs as PostgreSQL 18 words them."""

from __future__ import annotations

from emulators.postgres.errors import PgError


def invalid_syntax(type_name: str, text: str) -> PgError:
    return PgError("22P02", f'invalid input syntax for type {type_name}: "{text}"')


def value_out_of_range(text: str, type_name: str) -> PgError:
    return PgError("22003", f'value "{text}" is out of range for type {type_name}')


def out_of_range(type_name: str) -> PgError:
    return PgError("22003", f"{type_name} out of range")


def int2_overflow() -> int:
    """Raise; typed as int so that inline expressions may use it as an operand."""
    raise PgError("22003", "smallint out of range")


def int4_overflow() -> int:
    raise PgError("22003", "integer out of range")


def int8_overflow() -> int:
    raise PgError("22003", "bigint out of range")


def float_overflow() -> PgError:
    return PgError("22003", "value out of range: overflow")


def float_underflow() -> PgError:
    return PgError("22003", "value out of range: underflow")


def division_by_zero() -> PgError:
    return PgError("22012", "division by zero")


def invalid_parameter(message: str, detail: str | None = None, hint: str | None = None) -> PgError:
    return PgError("22023", message, detail=detail, hint=hint)


def feature_not_supported(message: str, detail: str | None = None, hint: str | None = None) -> PgError:
    return PgError("0A000", message, detail=detail, hint=hint)


def data_error(sqlstate: str, message: str, detail: str | None = None, hint: str | None = None) -> PgError:
    """Any other error; the sites that need it are the only ones with that text."""
    return PgError(sqlstate, message, detail=detail, hint=hint)


def invalid_binary(message: str = "incorrect binary data format") -> PgError:
    return PgError("22P03", message)


def insufficient_data() -> PgError:
    return PgError("08P01", "insufficient data left in message")


def null_not_allowed(message: str) -> PgError:
    return PgError("22004", message)
