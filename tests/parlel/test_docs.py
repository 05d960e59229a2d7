"""The examples in the public docstrings run as printed, and every public name has one or at least a text."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import parlel

MODULES = sorted(
    name
    for _, name, _ in pkgutil.walk_packages(parlel.__path__, "parlel.")
    if name not in ("parlel.__main__", "parlel._version", "parlel.pytest_plugin", "parlel.hypothesis")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} has no docstring"
    results = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0


@pytest.mark.parametrize("name", [name for name in parlel.__all__ if name != "__version__"])
def test_public_names_are_documented(name: str) -> None:
    value = getattr(parlel, name)
    assert (value.__doc__ or "").strip()
    if isinstance(value, type) and value.__module__.startswith("parlel"):
        for member, found in vars(value).items():
            if callable(found) and not member.startswith("_"):
                assert (found.__doc__ or "").strip(), f"{name}.{member} has no docstring"
