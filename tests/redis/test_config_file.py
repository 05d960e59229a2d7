"""redis.conf: reading it, refusing it, and writing it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulators.redis.config_file import ConfigFileError, read
from tests.redis.helpers import Lab


def write(folder: Path, text: str) -> Path:
    path = folder / "redis.conf"
    path.write_text(text)
    return path


def test_a_file_is_values_and_users(tmp_path: Path) -> None:
    (tmp_path / "more.conf").write_text("hz 20\n")
    found = read(
        write(
            tmp_path,
            '# comment\n\nPORT 7000\nsave 900 1\nsave 60 100\nrequirepass "a b"\nslave-read-only no\n'
            "user bob on >pw ~* +@all\ninclude more.conf\n",
        )
    )
    assert found.values == {
        "port": "7000",
        "save": "900 1 60 100",
        "requirepass": "a b",
        "replica-read-only": "no",
        "hz": "20",
    }
    assert found.users == [(b"bob", [b"on", b">pw", b"~*", b"+@all"])]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nosuch 1", "Bad directive or wrong number of arguments"),
        ("port", "Bad directive or wrong number of arguments"),
        ("port 1 2", "wrong number of arguments"),
        ('requirepass "abc', "Unbalanced quotes in configuration line"),
        ("user a on\nuser a off", "Duplicate user found. A user can only be defined once in config files"),
    ],
)
def test_a_wrong_line_is_refused_with_its_number(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(ConfigFileError) as caught:
        read(write(tmp_path, f"hz 10\n{line}\n"))
    number = 2 + line.count("\n")
    assert str(caught.value) == (
        f"Reading the configuration file, at line {number}\n>>> '{line.splitlines()[-1]}'\n{reason}"
    )


def test_rewriting_keeps_lines_and_adds_what_changed(tmp_path: Path) -> None:
    path = write(tmp_path, "# my server\nmaxmemory 5mb\nhz 10\nuser old on\n")
    lab = Lab(config={"maxmemory": "5mb"})
    lab.server.config.file = str(path)
    lab("CONFIG SET maxmemory 7mb maxmemory-policy allkeys-lru")
    lab("CONFIG", "SET", "masterauth", 'a "b"')
    lab("ACL SETUSER bob on nopass ~a* +get")
    assert lab("CONFIG REWRITE") == "OK"
    lines = path.read_text().splitlines()
    assert lines[:2] == ["# my server", "maxmemory 7340032"]
    assert "maxmemory-policy allkeys-lru" in lines
    assert 'save ""' in lines
    assert "user bob on nopass ~a* resetchannels -@all +get" in lines
    assert "user old on" not in lines
    again = read(path)
    assert again.values["masterauth"] == 'a "b"'
    assert again.values["maxmemory"] == "7340032"
    lab("CONFIG REWRITE")
    assert path.read_text().splitlines() == lines
