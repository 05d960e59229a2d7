"""Assembling Python source: functions with a prologue, fresh names, and the globals that the source refers to."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Function:
    """One Python function being written. `prologue` lines stand before the body: nested functions, hash tables."""

    def __init__(self, name: str, parameters: str, parent: Function | None) -> None:
        self.name = name
        self.parameters = parameters
        self.parent = parent
        self.prologue: list[str] = []
        self.body: list[str] = []
        self.indent = 1

    def emit(self, line: str) -> None:
        self.body.append("    " * self.indent + line)

    def early(self, line: str, indent: int = 1) -> None:
        self.prologue.append("    " * indent + line)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        self.emit(head)
        self.indent += 1
        before = len(self.body)
        yield
        if len(self.body) == before:
            self.emit("pass")
        self.indent -= 1

    def lines(self) -> list[str]:
        return [f"def {self.name}({self.parameters}):", *self.prologue, *(self.body or ["    pass"])]


class Module:
    """The source of one statement."""

    def __init__(self) -> None:
        self.globals: dict[str, Any] = {}
        self._names: dict[str, int] = {}
        self._constants: dict[int, str] = {}
        self._keep: list[Any] = []

    def fresh(self, prefix: str) -> str:
        number = self._names.get(prefix, 0)
        self._names[prefix] = number + 1
        return f"{prefix}{number}"

    def constant(self, value: Any, prefix: str = "k") -> str:
        """A global name bound to an object."""
        known = self._constants.get(id(value))
        if known is not None:
            return known
        name = self.fresh(prefix)
        self.globals[name] = value
        self._constants[id(value)] = name
        self._keep.append(value)
        return name

    def compile(self, function: Function) -> Any:
        source = "\n".join(function.lines()) + "\n"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                code = compile(source, "<parlel statement>", "exec")
        except (RecursionError, MemoryError):
            from emulators.postgres.errors import out_of_stack

            raise out_of_stack() from None
        except SyntaxError as error:
            if "nested" in str(error) or "indentation" in str(error):
                from emulators.postgres.errors import out_of_stack

                raise out_of_stack() from None
            raise SyntaxError(f"{error}\n{source}") from None
        namespace = self.globals
        exec(code, namespace)
        result = namespace[function.name]
        result.source = source
        return result


def literal(module: Module, value: Any) -> str:
    """A value as Python source: itself when it is simple, else a global."""
    if value is None or value is True or value is False:
        return repr(value)
    if type(value) is int:
        return repr(value) if value >= 0 else f"({value!r})"
    if type(value) is str or type(value) is bytes:
        return repr(value)
    if type(value) is float and value == value and value not in (float("inf"), float("-inf")):
        return repr(value) if value >= 0 and not repr(value).startswith("-") else f"({value!r})"
    return module.constant(value)
