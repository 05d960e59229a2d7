"""Settings: four places, their order, and what is wrong in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from parlel.config import find_file, load_settings, parse_option
from parlel.errors import ConfigError


def test_defaults(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, {})
    assert (settings.services, settings.seed, settings.clock, settings.name) == ([], None, "real", "default")


def test_the_order_of_the_places(tmp_path: Path) -> None:
    (tmp_path / "parlel.toml").write_text(
        'services = ["redis"]\nseed = 1\nbase_port = 11000\nclock = "frozen"\nstate_dir = "state"\n'
        '[options.redis]\nversion = "7.0"\npassword = "file"\n'
    )
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    environ = {"PARLEL_SEED": "2", "PARLEL_BASE_PORT": "12000", "PARLEL_SERVICES": "redis, postgres:5433", "HOME": "/"}
    overrides = {"seed": 3, "clock": None, "options": {"redis": {"password": "cli"}}}
    settings = load_settings(deep, environ, overrides)
    assert settings.seed == 3
    assert settings.base_port == 12000
    assert settings.services == ["redis", "postgres:5433"]
    assert settings.clock == "frozen"
    assert settings.state_dir == str(tmp_path / "state")
    assert settings.options == {"redis": {"version": "7.0", "password": "cli"}}


def test_pyproject_counts_only_with_a_table(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text('[project]\nname = "x"\n')
    assert find_file(inner) is None
    (tmp_path / "pyproject.toml").write_text("[tool.parlel]\nseed = 7\n")
    assert find_file(inner) == tmp_path / "pyproject.toml"
    assert load_settings(inner, {}).seed == 7
    other = tmp_path / "other.toml"
    other.write_text("seed = 8\n")
    assert load_settings(inner, {"PARLEL_CONFIG": str(other)}).seed == 8


@pytest.mark.parametrize(
    ("file", "environ", "overrides", "message"),
    [
        ("sed = 1", {}, {}, r"parlel.toml has an unknown setting 'sed'. Did you mean 'seed'"),
        ("seed = 'one'", {}, {}, r"parlel.toml has a wrong setting"),
        ("seed = ", {}, {}, "cannot be read"),
        ("", {"PARLEL_SEDE": "1"}, {}, "Did you mean 'PARLEL_SEED'"),
        ("", {"PARLEL_SEED": "one"}, {}, "the environment has a wrong setting"),
        ("", {"PARLEL_CONFIG": "/nowhere/x.toml"}, {}, "is no file"),
        ("", {}, {"fsync": "sometimes"}, "the command line has a wrong setting"),
    ],
)
def test_mistakes_name_their_place(
    tmp_path: Path, file: str, environ: dict[str, str], overrides: dict[str, Any], message: str
) -> None:
    (tmp_path / "parlel.toml").write_text(file)
    with pytest.raises(ConfigError, match=message):
        load_settings(tmp_path, environ, overrides)


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("redis.version=7.0", ("redis", "version", "7.0")),
        ("redis.databases=4", ("redis", "databases", 4)),
        ("redis.tls=true", ("redis", "tls", True)),
        ("redis.password=", ("redis", "password", "")),
        ("redis.a=b=c", ("redis", "a", "b=c")),
    ],
)
def test_options(text: str, option: tuple[str, str, Any]) -> None:
    assert parse_option(text) == option


@pytest.mark.parametrize("text", ["version=7", "redis.version", ".x=1", "redis.=1", ""])
def test_bad_options(text: str) -> None:
    with pytest.raises(ConfigError, match=r"SERVICE\.OPTION=VALUE"):
        parse_option(text)
