r"""Seeds: the readers of the formats, and what an error says. redis-cli's and psql's own rules are the measure."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import parlel
from parlel import SeedError, TestContext
from parlel.seeds.redis_lines import LineError, read_commands, split_line
from parlel.seeds.sql import SqlError, split_statements

# -- redis ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("SET user:1 alice", [b"SET", b"user:1", b"alice"]),
        ("  SET\ta   b  ", [b"SET", b"a", b"b"]),
        ("""SET session:abc '{"user":"alice"}'""", [b"SET", b"session:abc", b'{"user":"alice"}']),
        (r'SET a "x y\n\r\t\b\a\\\"\x41\xff\q"', [b"SET", b"a", b'x y\n\r\t\b\a\\"A\xffq']),
        (r'SET a "\xzz\x4"', [b"SET", b"a", b"xzzx4"]),
        (r"SET a 'it\'s \n'", [b"SET", b"a", rb"it's \n"]),
        ("SET \"\" ''", [b"SET", b"", b""]),
        ("SET a b#c", [b"SET", b"a", b"b#c"]),
        ('SET a b"c d"', [b"SET", b"a", b"bc d"]),
        ("SET ключ значение", [b"SET", "ключ".encode(), "значение".encode()]),
        ("", []),
    ],
)
def test_lines_are_split_as_redis_cli_splits(line: str, words: list[bytes]) -> None:
    assert split_line(line) == words


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('SET a "x', "double quote is not closed"),
        ("SET a 'x", "single quote is not closed"),
        (r'SET a "x\"', "double quote is not closed"),
        ('SET a "x"y', "followed by a blank"),
        ("SET a 'x'y", "followed by a blank"),
    ],
)
def test_open_quotes_are_errors(line: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        split_line(line)


@given(st.lists(st.binary(), min_size=1))
def test_anything_can_be_quoted(words: list[bytes]) -> None:
    line = " ".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"' for word in words)
    assert split_line(line) == words


def test_comments_and_blank_lines_are_skipped_and_lines_counted() -> None:
    text = "\ufeff# first\r\n\r\nSET a 1\r\n   # indented\n\nSET b 'x\n"
    commands = read_commands(text)
    assert next(commands) == (3, "SET a 1", [b"SET", b"a", b"1"])
    with pytest.raises(LineError) as caught:
        next(commands)
    assert (caught.value.line, caught.value.text) == (6, "SET b 'x")


def test_a_redis_seed_is_applied(ctx: TestContext, tmp_path: Path) -> None:
    file = tmp_path / "cache.txt"
    file.write_text(
        '# cache\nSET session:abc \'{"user":"alice"}\'\nSET session:def \'{"user":"bob"}\'\nEXPIRE session:abc 3600\n'
    )
    assert ctx.seed.execute_file("redis", file) == 3
    assert ctx.dump("redis")["data"]["session:abc"] == {"value": '{"user":"alice"}', "type": "string", "ttl": 3600}
    assert ctx.seed.execute_content("redis", "SET user:1 alice\nSET user:2 bob", ctx["redis"].port) == 2
    assert ctx.seed.execute_content("redis", "") == 0


@pytest.mark.parametrize(
    ("text", "line", "applied", "message"),
    [
        ("SET a 1\n\n# c\nLPUSH a 2\nSET b 1", 4, 1, "<content>:4: redis said: WRONGTYPE"),
        ("NONSENSE", 1, 0, "nothing was applied before it"),
        ("SET a 1\nSET b 'x", 2, 1, "single quote is not closed (the line was not sent)"),
    ],
)
def test_a_redis_seed_stops_at_the_first_error(
    ctx: TestContext, text: str, line: int, applied: int, message: str
) -> None:
    with pytest.raises(SeedError) as caught:
        ctx.seed.execute_content("redis", text)
    assert message in str(caught.value)
    assert (caught.value.line, caught.value.applied) == (line, applied)
    assert ctx.dump("redis")["keyCount"] == applied


def test_errors_name_the_file(ctx: TestContext, tmp_path: Path) -> None:
    file = tmp_path / "bad.txt"
    file.write_text("GET\n")
    with pytest.raises(SeedError, match=r"bad\.txt:1: redis said: ERR wrong number of arguments"):
        ctx.seed.execute_file("redis", file)
    file.write_bytes(b"SET a 1\nSET b \xff\n")
    with pytest.raises(SeedError, match=r"bad\.txt:2: .*not UTF-8"):
        ctx.seed.execute_file("redis", file)
    with pytest.raises(FileNotFoundError):
        ctx.seed.execute_file("redis", tmp_path / "none.txt")
    with pytest.raises(parlel.ServiceNotAvailable, match="With port="):
        ctx.seed.execute_content("postgres", "SELECT 1")


def test_a_server_that_is_not_there(ctx: TestContext) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        for service, text in (("redis", "GET a"), ("postgres", "SELECT 1"), ("kafka", '[{"topic": "t"}]')):
            with pytest.raises(SeedError, match=r"<content>:1: .*refused"):
                ctx.seed.execute_content(service, text, port)


# -- postgres ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "statements"),
    [
        ("SELECT 1; SELECT 2", [(1, "SELECT 1"), (1, "SELECT 2")]),
        ("\n\nSELECT 1;\n;;\n SELECT 2 ;\n", [(3, "SELECT 1"), (5, "SELECT 2")]),
        ("SELECT ';', 'it''s;', E'\\';', \"a;\"\"b\"; SELECT 2", [
            (1, "SELECT ';', 'it''s;', E'\\';', \"a;\"\"b\""), (1, "SELECT 2")]),
        ("-- c;\nSELECT 1 -- d;\n;/* ; /* ; */ ; */ SELECT 2", [(2, "SELECT 1 -- d;"), (3, "SELECT 2")]),
        ("DO $$ BEGIN; END $$; SELECT $x$ ; $$ ; $x$;", [(1, "DO $$ BEGIN; END $$"), (1, "SELECT $x$ ; $$ ; $x$")]),
        ("SELECT a$$b; SELECT $1", [(1, "SELECT a$$b"), (1, "SELECT $1")]),
        ("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3", [
            (1, "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)"), (1, "SELECT 3")]),
        ("CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END; SELECT 3", [
            (1, "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END"),
            (1, "SELECT 3")]),
        ("BEGIN; UPDATE t SET a = 1; END;", [(1, "BEGIN"), (1, "UPDATE t SET a = 1"), (1, "END")]),
        ("\\restrict abc\nSELECT 1;\n\\unrestrict abc\n", [(2, "SELECT 1")]),
        ("-- only a comment\n", []),
        ("", []),
    ],
)  # fmt: skip
def test_sql_is_cut_as_psql_cuts(script: str, statements: list[tuple[int, str]]) -> None:
    assert [(statement.line, statement.sql) for statement in split_statements(script)] == statements


def test_copy_takes_its_data_along() -> None:
    script = (
        "COPY public.t (a, b) FROM stdin;\n1\tone;\n2\t\\N\n\\.\n\nSELECT 1;\nCOPY t FROM STDIN WITH (FORMAT csv);\n"
    )
    found = list(split_statements(script))
    assert [(statement.line, statement.copy_data) for statement in found] == [
        (1, "1\tone;\n2\t\\N\n"),
        (6, None),
        (7, ""),
    ]


@pytest.mark.parametrize(
    ("script", "line", "reason"),
    [
        ("SELECT 1;\nSELECT 'x", 2, "quote ' is not closed"),
        ('SELECT "x', 1, 'quote " is not closed'),
        ("SELECT E'\\'", 1, "quote ' is not closed"),
        ("SELECT $a$ $$", 1, "dollar quote is not closed"),
        ("\n/* /* */", 2, "comment is not closed"),
        ("SELECT (1;", 1, "parenthesis is not closed"),
        ("SELECT 1;\n\\connect db", 2, "psql are not supported"),
        ("COPY t FROM stdin; 1\n", 1, "next line"),
    ],
)
def test_sql_that_does_not_end_is_an_error(script: str, line: int, reason: str) -> None:
    with pytest.raises(SqlError, match=reason.replace("(", r"\(")) as caught:
        list(split_statements(script))
    assert caught.value.line == line


@given(st.text(alphabet="ab1 ;'\"$\n-/*()\\Ee", max_size=40))
def test_any_text_is_cut_or_refused(script: str) -> None:
    try:
        found = list(split_statements(script))
    except SqlError as error:
        if not 1 <= error.line <= script.count("\n") + 1:
            raise
        return
    # Nothing but separators is lost: every statement stands in the script, in order.
    position = 0
    for statement in found:
        position = script.index(statement.sql, position) + len(statement.sql)
