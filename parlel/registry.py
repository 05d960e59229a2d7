"""How commands find a running instance again: a state file, a lock and a control socket in a private folder.

The folder is PARLEL_RUNTIME_DIR, or `parlel` in XDG_RUNTIME_DIR, or `parlel-<uid>` in the system's temporary folder; only its owner
may enter it. An instance NAME holds a lock on `NAME.lock` while it lives, so a state file whose lock can be taken is stale, however
its process died, and is removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from parlel.errors import ControlError

__all__ = ["Registration", "find_instance", "list_instances", "runtime_dir"]

# Unix socket paths are at most 104 to 108 bytes, by system.
_LONGEST_SOCKET_PATH = 100


def runtime_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The private folder, made if need be. ControlError if somebody else could write to it."""
    own = environ.get("PARLEL_RUNTIME_DIR")
    xdg = environ.get("XDG_RUNTIME_DIR")
    if own:
        folder = Path(own)
    elif xdg and Path(xdg).is_dir():
        folder = Path(xdg) / "parlel"
    else:
        folder = Path(tempfile.gettempdir()) / f"parlel-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if hasattr(os, "getuid"):
        about = folder.lstat()
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
            raise ControlError(f"{folder} belongs to somebody else: set PARLEL_RUNTIME_DIR to a folder of your own")
        if about.st_mode & 0o077:
            folder.chmod(0o700)
    return folder


class Registration:
    """Holds an instance's name while it runs. Use as a context manager."""

    def __init__(self, name: str, folder: Path | None = None) -> None:
        if not name or not all(character.isalnum() or character in "-_." for character in name) or name[0] == ".":
            raise ControlError(f"{name!r} is no name for an instance: use letters, digits, - and _")
        self.name = name
        self.folder = folder or runtime_dir()
        lock = _take_lock(self.folder / f"{name}.lock")
        if lock is None:
            state = _read_state(self.folder / f"{name}.json") or {}
            raise ControlError(
                f"an instance {name!r} is running already (pid {state.get('pid', '?')}): "
                "end it with `parlel down`, or start this one with --name"
            )
        self._lock: IO[bytes] | None = lock
        self._socket_folder: str | None = None
        _remove_leftovers(self.folder, name)
        path = str(self.folder / f"{name}.sock")
        if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
            self._socket_folder = tempfile.mkdtemp(prefix="parlel-")
            path = str(Path(self._socket_folder) / "control.sock")
        #: Where the control socket goes; None where the system has no unix sockets.
        self.socket = path if hasattr(socket, "AF_UNIX") else None

    def publish(self, about: Mapping[str, Any]) -> None:
        """Write the state file, at once in full."""
        target = self.folder / f"{self.name}.json"
        temporary = target.with_suffix(".new")
        state = {"name": self.name, "pid": os.getpid(), "socket": self.socket, **about}
        temporary.write_text(json.dumps(state, indent=2, default=str), encoding="utf-8")
        os.replace(temporary, target)

    def close(self) -> None:
        """Give the name free and remove its files. Idempotent."""
        lock, self._lock = self._lock, None
        if lock is None:
            return
        _remove_leftovers(self.folder, self.name)
        log = self.folder / f"{self.name}.log"
        with contextlib.suppress(OSError):
            if log.stat().st_size == 0:
                log.unlink()
        if self._socket_folder is not None:
            with contextlib.suppress(OSError):
                os.unlink(str(self.socket))
            with contextlib.suppress(OSError):
                os.rmdir(self._socket_folder)
        _drop_lock(lock, self.folder / f"{self.name}.lock")

    def __enter__(self) -> Registration:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def find_instance(name: str, folder: Path | None = None) -> dict[str, Any]:
    """The state file of a running instance. ControlError when there is none; a stale one is removed, and said so."""
    place = folder or runtime_dir()
    state = _read_state(place / f"{name}.json")
    lock_path = place / f"{name}.lock"
    lock = _take_lock(lock_path) if state is not None or lock_path.exists() else None
    if lock is not None:
        # Nobody holds the name: whoever wrote the state file has died.
        _remove_leftovers(place, name)
        _drop_lock(lock, lock_path)
        if state is not None:
            raise ControlError(
                f"the instance {name!r} (pid {state.get('pid', '?')}) has died without a goodbye; "
                "its state file was stale and has been removed. Start it again with `parlel up -d`"
            )
    if state is None:
        others = [entry["name"] for entry in list_instances(place)] if name == "default" else []
        hint = f"; running: {', '.join(others)} (choose with --name)" if others else ""
        raise ControlError(f"no instance {name!r} is running{hint}. Start one with `parlel up -d redis`")
    return state


def list_instances(folder: Path | None = None) -> list[dict[str, Any]]:
    """The state files of all running instances; stale ones are removed."""
    place = folder or runtime_dir()
    found: list[dict[str, Any]] = []
    for path in sorted(place.glob("*.json")):
        lock_path = path.with_suffix(".lock")
        lock = _take_lock(lock_path)
        if lock is not None:
            _remove_leftovers(place, path.stem)
            _drop_lock(lock, lock_path)
            continue
        state = _read_state(path)
        if state is not None:
            found.append(state)
    return found


def _read_state(path: Path) -> dict[str, Any] | None:
    try:
        state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return state


def _remove_leftovers(folder: Path, name: str) -> None:
    for suffix in ("json", "new", "sock"):
        with contextlib.suppress(OSError):
            (folder / f"{name}.{suffix}").unlink()


def _take_lock(path: Path) -> IO[bytes] | None:
    """The locked file, or None while another process holds it."""
    while True:
        file = open(path, "a+b")  # noqa: SIM115 - held for as long as the lock
        try:
            _lock(file)
        except OSError:
            file.close()
            return None
        # The former holder may have unlinked the file between our open and our lock: then it is not the lock any more.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                return file
        file.close()


def _drop_lock(file: IO[bytes], path: Path) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
    file.close()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
