"""Postgres in a context: the helper, seeds, chaos, crash, and one snapshot over two services; the document's full example."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import parlel
from parlel import PRESET_RULES, QueryError, SeedError, TestContext

SCHEMA = """
CREATE TABLE users (id SERIAL PRIMARY KEY, email TEXT, name TEXT);
INSERT INTO users (email, name) VALUES ('alice@test.com', 'Alice');
INSERT INTO users (email, name) VALUES ('bob@test.com', 'Bob');
"""


@pytest.fixture
def both() -> Iterator[TestContext]:
    with parlel.create_test_context(clock="frozen", seed=1) as ctx:
        yield ctx


def names(ctx: TestContext) -> list[str]:
    return [row["name"] for row in ctx.postgres.query("SELECT name FROM users ORDER BY id")]


def test_the_full_example() -> None:
    ctx = parlel.create_test_context(services=["redis", "postgres"])
    ctx.seed.execute_content(
        "postgres",
        """
        CREATE TABLE users (id SERIAL PRIMARY KEY, email TEXT, name TEXT);
        INSERT INTO users (email, name) VALUES ('seed@test.com', 'Seeded');
        """,
    )
    assert ctx.dump("postgres")["tables"]["users"]["rowCount"] == 1
    ctx.chaos.configure(PRESET_RULES.redisSlow)
    ctx.chaos.activate()
    ctx.chaos.deactivate()
    ctx.cleanup()


def test_the_helper(both: TestContext) -> None:
    postgres = both.postgres
    postgres.execute("CREATE TABLE users (id SERIAL PRIMARY KEY, name TEXT, born date)")
    assert postgres.execute("INSERT INTO users (name) VALUES ('a'), ('b')") == 2
    assert postgres.execute("UPDATE users SET name = $1 WHERE id = $2", ["c", 2]) == 1
    assert postgres.query("SELECT id, name FROM users ORDER BY id") == [{"id": 1, "name": "a"}, {"id": 2, "name": "c"}]
    assert postgres.query("SELECT $1::int + 1 AS n", [41]) == [{"n": 42}]
    with pytest.raises(QueryError) as caught:
        postgres.query("SELECT * FROM nothing")
    assert caught.value.sqlstate == "42P01"
    both.log.assert_called("INSERT", key="users")
    postgres.cleanup()
    assert both.dump("postgres")["tableCount"] == 0
    postgres.execute("CREATE TABLE users (id int)")


def test_seeds(both: TestContext, tmp_path: Path) -> None:
    file = tmp_path / "schema.sql"
    file.write_text(SCHEMA + "COPY users (email, name) FROM stdin;\nc@test.com\tCarol\n\\N\tDave\n\\.\n")
    assert both.seed.execute_file("postgres", file) == 4
    assert names(both) == ["Alice", "Bob", "Carol", "Dave"]
    with pytest.raises(SeedError, match=r"column .nope. does not exist") as caught:
        both.seed.execute_content("postgres", "SELECT 1;\nINSERT INTO users (email)\n  VALUES (nope);\nSELECT 2")
    assert (caught.value.line, caught.value.applied) == (3, 1)


def test_one_instant_over_both_services(both: TestContext) -> None:
    both.seed.execute_content("postgres", SCHEMA)
    both.redis.set("a", 1)
    before = both.snapshot()
    both.redis.set("a", 2)
    both.postgres.execute("DELETE FROM users WHERE name = 'Bob'")
    assert {change.path.split("/")[0] for change in both.diff(before)} == {"redis", "postgres"}
    both.restore(before)
    assert (both.redis.get("a"), names(both)) == ("1", ["Alice", "Bob"])


def test_a_crash(both: TestContext, tmp_path: Path) -> None:
    both.seed.execute_content("postgres", SCHEMA)
    both.postgres.execute("UPDATE users SET name = name || random()::text WHERE id = 1")
    before, found = both.dump(), names(both)
    both.recovery.crash("postgres")
    assert both.recovery.wait("postgres").status == "healthy"
    assert both.dump() == before
    assert names(both) == found
    assert both.recovery.check("postgres")
    with parlel.replay(both.log.save(tmp_path / "run.log")) as again:
        assert again.dump() == both.dump()


def test_presets(both: TestContext) -> None:
    both.seed.execute_content("postgres", SCHEMA)
    with both.chaos:
        handle = both.chaos.configure(PRESET_RULES.postgresEmptySelects)
        assert both.postgres.query("SELECT name FROM users") == []
        handle.remove()
        both.chaos.configure(service="postgres", command="INSERT", pattern="users", action="error", times=1)
        with pytest.raises(QueryError):
            both.postgres.execute("INSERT INTO users (name) VALUES ('x')")
        both.chaos.configure("postgres_down")
        with pytest.raises(ConnectionError):
            both.postgres.query("SELECT 1")
    assert names(both) == ["Alice", "Bob"]


def test_addresses(both: TestContext) -> None:
    port = both["postgres"].port
    assert both["postgres"].url == both.environment["DATABASE_URL"] == f"postgresql://test:test@127.0.0.1:{port}/test"
    assert (both.environment["PGPORT"], both.environment["PGDATABASE"]) == (str(port), "test")
    instance = parlel.start_parallel([{"name": "postgres", "env": {"POSTGRES_DB": "myapp", "POSTGRES_USER": "me"}}])
    with instance:
        assert instance.services["postgres"].url.endswith("/myapp")
        with instance.services["postgres"].client() as connection:
            assert connection.execute("SELECT current_database(), current_user").fetchone() == ("myapp", "me")
