"""~, LIKE, SIMILAR TO and the regexp_ functions.

Positions and lengths count characters. Replacement texts know \\1…\\9, \\& and \\\\. After an empty match the search
goes on one character later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from emulators.postgres.functions.regex_translate import Compiled, compile_regex, similar_to_regex
from emulators.postgres.functions.registry import builtin
from emulators.postgres.types.errors import data_error, invalid_parameter
from emulators.postgres.types.values import PgArray


# LIKE
@lru_cache(maxsize=2000)
def compile_like(pattern: str, escape: str = "\\") -> tuple[re.Pattern[str], bool]:
    """(pattern, whether it ends in a lone escape character)."""
    out: list[str] = []
    position, size = 0, len(pattern)
    dangling = False
    while position < size:
        char = pattern[position]
        position += 1
        if char == escape and escape:
            if position >= size:
                dangling = True
                break
            out.append(re.escape(pattern[position]))
            position += 1
        elif char == "%":
            if not out or out[-1] != "(?s:.*)":
                out.append("(?s:.*)")
        elif char == "_":
            out.append("(?s:.)")
        else:
            out.append(re.escape(char))
    return re.compile("".join(out)), dangling


def like(text: str, pattern: str) -> bool:
    compiled, dangling = compile_like(pattern)
    if dangling:
        if any(compiled.fullmatch(text, 0, end) for end in range(len(text))):
            raise data_error("22025", "LIKE pattern must not end with escape character")
        return False
    return compiled.fullmatch(text) is not None


builtin("textlike", "namelike")(like)


@builtin("textnlike", "namenlike")
def not_like(text: str, pattern: str) -> bool:
    return not like(text, pattern)


@builtin("texticlike", "nameiclike")
def ilike(text: str, pattern: str) -> bool:
    return like(text.lower(), pattern.lower())


@builtin("texticnlike", "nameicnlike")
def not_ilike(text: str, pattern: str) -> bool:
    return not like(text.lower(), pattern.lower())


@builtin("bytealike")
def bytea_like(value: bytes, pattern: bytes) -> bool:
    return like(value.decode("latin-1"), pattern.decode("latin-1"))


@builtin("byteanlike")
def bytea_not_like(value: bytes, pattern: bytes) -> bool:
    return not bytea_like(value, pattern)


def _convert_escape(pattern: str, escape: str) -> str:
    """A pattern with its own escape character rewritten to use backslash."""
    if escape == "":
        return pattern.replace("\\", "\\\\")
    if len(escape) > 1:
        raise data_error("22025", "invalid escape string", hint="Escape string must be empty or one character.")
    if escape == "\\":
        return pattern
    out = []
    after_escape = False
    for char in pattern:
        if char == escape and not after_escape:
            out.append("\\")
            after_escape = True
        elif char == "\\":
            out.append("\\" if after_escape else "\\\\")
            after_escape = False
        else:
            out.append(char)
            after_escape = False
    return "".join(out)


builtin("like_escape")(_convert_escape)


@builtin("like_escape_bytea")
def like_escape_bytea(pattern: bytes, escape: bytes) -> bytes:
    return _convert_escape(pattern.decode("latin-1"), escape.decode("latin-1")).encode("latin-1")


@builtin("similar_to_escape_1", "similar_escape")
def similar_escape(pattern: str | None, escape: str | None = None) -> str | None:
    return None if pattern is None else similar_to_regex(pattern, escape)


@builtin("similar_to_escape_2")
def similar_escape_with(pattern: str, escape: str) -> str:
    return similar_to_regex(pattern, escape)


# ~ operators
@builtin("textregexeq", "nameregexeq")
def matches(text: str, pattern: str) -> bool:
    return compile_regex(pattern)[0].search(text) is not None


@builtin("textregexne", "nameregexne")
def not_matches(text: str, pattern: str) -> bool:
    return compile_regex(pattern)[0].search(text) is None


@builtin("texticregexeq", "nameicregexeq")
def imatches(text: str, pattern: str) -> bool:
    return compile_regex(pattern, "i")[0].search(text) is not None


@builtin("texticregexne", "nameicregexne")
def not_imatches(text: str, pattern: str) -> bool:
    return compile_regex(pattern, "i")[0].search(text) is None


@builtin("textregexsubstr")
def regex_substring(text: str, pattern: str) -> str | None:
    found = compile_regex(pattern)[0].search(text)
    if found is None:
        return None
    return found[1] if found.re.groups else found[0]


@builtin("sql:substring(text,text,text)")
def similar_substring(text: str, pattern: str, escape: str) -> str | None:
    return regex_substring(text, similar_to_regex(pattern, escape))


def find_all(pattern: Compiled, text: str, start: int = 0) -> Iterator[re.Match[str]]:
    """Successive matches; after an empty one the search moves on by a character."""
    position = start
    while position <= len(text):
        found = pattern.search(text, position)
        if found is None:
            return
        yield found
        position = found.end() if found.end() > found.start() else found.end() + 1


def _groups(found: re.Match[str]) -> PgArray:
    return PgArray(list(found.groups()) if found.re.groups else [found[0]])


def _no_global(flags: str, name: str) -> Compiled:
    pattern, glob = compile_regex("", flags)
    if glob:
        raise invalid_parameter(
            f'{name} does not support the "global" option',
            hint=None if name != "regexp_match()" else "Use the regexp_matches function instead.",
        )
    return pattern


@builtin("regexp_match_no_flags")
def regexp_match(text: str, pattern: str) -> PgArray | None:
    found = compile_regex(pattern)[0].search(text)
    return None if found is None else _groups(found)


@builtin("regexp_match")
def regexp_match_flags(text: str, pattern: str, flags: str) -> PgArray | None:
    _no_global(flags, "regexp_match()")
    found = compile_regex(pattern, flags)[0].search(text)
    return None if found is None else _groups(found)


@builtin("regexp_matches_no_flags", srf=True)
def regexp_matches(text: str, pattern: str) -> list[PgArray]:
    found = compile_regex(pattern)[0].search(text)
    return [] if found is None else [_groups(found)]


@builtin("regexp_matches", srf=True)
def regexp_matches_flags(text: str, pattern: str, flags: str) -> list[PgArray]:
    compiled, glob = compile_regex(pattern, flags)
    if not glob:
        found = compiled.search(text)
        return [] if found is None else [_groups(found)]
    return [_groups(found) for found in find_all(compiled, text)]


def _split(text: str, pattern: str, flags: str = "") -> list[str]:
    compiled, glob = compile_regex(pattern, flags)
    if glob:
        raise invalid_parameter('regexp_split_to_table() does not support the "global" option')
    pieces = []
    start = 0
    for found in find_all(compiled, text):
        # Empty matches at the ends or right after the previous match split nothing.
        if found.end() == found.start() and (found.start() in (start, len(text)) or found.start() == 0):
            continue
        pieces.append(text[start : found.start()])
        start = found.end()
    pieces.append(text[start:])
    return pieces


@builtin("regexp_split_to_table_no_flags", srf=True)
def split_to_table(text: str, pattern: str) -> list[str]:
    return _split(text, pattern)


@builtin("regexp_split_to_table", srf=True)
def split_to_table_flags(text: str, pattern: str, flags: str) -> list[str]:
    return _split(text, pattern, flags)


@builtin("regexp_split_to_array_no_flags")
def split_to_array(text: str, pattern: str) -> PgArray:
    return PgArray(list(_split(text, pattern)))


@builtin("regexp_split_to_array")
def split_to_array_flags(text: str, pattern: str, flags: str) -> PgArray:
    if "g" in flags:
        raise invalid_parameter('regexp_split_to_array() does not support the "global" option')
    return PgArray(list(_split(text, pattern, flags)))


def _expand(found: re.Match[str], replacement: str) -> str:
    out = []
    position, size = 0, len(replacement)
    while position < size:
        char = replacement[position]
        position += 1
        if char != "\\" or position >= size:
            out.append(char)
            continue
        char = replacement[position]
        position += 1
        if "1" <= char <= "9":
            number = int(char)
            if number <= found.re.groups:
                out.append(found[number] or "")
        elif char == "&":
            out.append(found[0])
        elif char == "\\":
            out.append("\\")
        else:
            out.append("\\" + char)
    return "".join(out)


def replace(text: str, pattern: Compiled, replacement: str, start: int = 0, occurrence: int = 1) -> str:
    """Replace the nth match from `start`, all of them when `occurrence` is 0."""
    out = []
    copied = 0
    special = "\\" in replacement
    for number, found in enumerate(find_all(pattern, text, start), 1):
        if occurrence and number < occurrence:
            continue
        out.append(text[copied : found.start()])
        out.append(_expand(found, replacement) if special else replacement)
        copied = found.end()
        if occurrence:
            break
    out.append(text[copied:])
    return "".join(out)


@builtin("textregexreplace_noopt")
def regexp_replace(text: str, pattern: str, replacement: str) -> str:
    return replace(text, compile_regex(pattern)[0], replacement)


@builtin("textregexreplace")
def regexp_replace_flags(text: str, pattern: str, replacement: str, flags: str) -> str:
    if flags[:1].isdigit():
        raise invalid_parameter(
            f'invalid regular expression option: "{flags[0]}"',
            hint="If you meant to use regexp_replace() with a start parameter, "
            "cast the fourth argument to integer explicitly.",
        )
    compiled, glob = compile_regex(pattern, flags)
    return replace(text, compiled, replacement, 0, 0 if glob else 1)


def _positive(value: int, name: str, least: int = 1) -> int:
    if value < least:
        raise invalid_parameter(f'invalid value for parameter "{name}": {value}')
    return value


@builtin("textregexreplace_extended", "textregexreplace_extended_no_flags", "textregexreplace_extended_no_n")
def regexp_replace_extended(
    text: str, pattern: str, replacement: str, start: int, occurrence: int | None = None, flags: str = ""
) -> str:
    _positive(start, "start")
    if occurrence is not None:
        _positive(occurrence, "n", 0)
    compiled, glob = compile_regex(pattern, flags)
    if occurrence is None:
        occurrence = 0 if glob else 1
    if start - 1 > len(text):
        return text
    return replace(text, compiled, replacement, start - 1, occurrence)


@builtin("regexp_count_no_start", "regexp_count_no_flags", "regexp_count")
def regexp_count(text: str, pattern: str, start: int = 1, flags: str = "") -> int:
    _positive(start, "start")
    _no_global(flags, "regexp_count()")
    return sum(1 for _ in find_all(compile_regex(pattern, flags)[0], text, start - 1))


@builtin("regexp_like_no_flags", "regexp_like")
def regexp_like(text: str, pattern: str, flags: str = "") -> bool:
    _no_global(flags, "regexp_like()")
    return compile_regex(pattern, flags)[0].search(text) is not None


def _nth(text: str, pattern: str, start: int, occurrence: int, flags: str) -> re.Match[str] | None:
    for number, found in enumerate(find_all(compile_regex(pattern, flags)[0], text, start - 1), 1):
        if number == occurrence:
            return found
    return None


@builtin(
    "regexp_instr_no_start",
    "regexp_instr_no_n",
    "regexp_instr_no_endoption",
    "regexp_instr_no_flags",
    "regexp_instr_no_subexpr",
    "regexp_instr",
)
def regexp_instr(
    text: str, pattern: str, start: int = 1, occurrence: int = 1, end: int = 0, flags: str = "", subexpression: int = 0
) -> int:
    _positive(start, "start")
    _positive(occurrence, "n")
    if end not in (0, 1):
        raise invalid_parameter(f'invalid value for parameter "endoption": {end}')
    _positive(subexpression, "subexpr", 0)
    _no_global(flags, "regexp_instr()")
    found = _nth(text, pattern, start, occurrence, flags)
    if found is None or subexpression > found.re.groups:
        return 0
    place = found.end(subexpression) if end else found.start(subexpression)
    return place + 1


@builtin(
    "regexp_substr_no_start",
    "regexp_substr_no_n",
    "regexp_substr_no_flags",
    "regexp_substr_no_subexpr",
    "regexp_substr",
)
def regexp_substr(
    text: str, pattern: str, start: int = 1, occurrence: int = 1, flags: str = "", subexpression: int = 0
) -> str | None:
    _positive(start, "start")
    _positive(occurrence, "n")
    _positive(subexpression, "subexpr", 0)
    _no_global(flags, "regexp_substr()")
    found = _nth(text, pattern, start, occurrence, flags)
    if found is None or subexpression > found.re.groups:
        return None
    group: Any = found[subexpression]
    return group  # type: ignore[no-any-return]
