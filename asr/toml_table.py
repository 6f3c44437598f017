"""Typed reading of a TOML table, so that every fault names the file, the table and the key.

Knows TOML values, not what they mean.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from asr.errors import InvalidRegistry


@dataclass(frozen=True, slots=True)
class TomlTable:
    """One table and where it stands. Every method raises InvalidRegistry for a value of another kind."""

    where: str
    """File and dotted path, for messages."""
    values: Mapping[str, object]

    @property
    def keys(self) -> tuple[str, ...]:
        """In the file's order."""
        return tuple(self.values)

    def fault(self, problem: str) -> InvalidRegistry:
        """The error to raise about this table."""
        return InvalidRegistry(f"{self.where}: {problem}")

    def allow(self, *keys: str) -> None:
        """Refuse any other key: a misspelt one must not pass as absent."""
        if unknown := sorted(set(self.values).difference(keys)):
            raise self.fault(f"unknown key `{unknown[0]}` (known: {', '.join(keys)})")

    def text(self, key: str, pattern: re.Pattern[str] | None = None) -> str:
        """A required string, not blank, wholly matching `pattern`."""
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.fault(f"`{key}` is required and must be a string")
        if pattern and not pattern.fullmatch(value):
            raise self.fault(f"`{key}` is {value!r}, which does not match {pattern.pattern}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A required list of strings."""
        value = self.values.get(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fault(f"`{key}` is required and must be a list of strings")
        return tuple(value)

    def positive(self, key: str) -> int:
        """A required integer above zero."""
        value = self.values.get(key)
        if type(value) is not int or value <= 0:
            raise self.fault(f"`{key}` is required and must be a positive integer")
        return value

    def numbers(self) -> dict[str, float]:
        """The whole table as numbers."""
        numbers: dict[str, float] = {}
        for key, value in self.values.items():
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise self.fault(f"`{key}` must be a number")
            numbers[key] = float(value)
        return numbers

    def table(self, key: str) -> "TomlTable":
        """A table below this one; empty where absent."""
        return self._below(f"{self.where}: {key}", self.values.get(key, {}))

    def tables(self) -> Iterator[tuple[str, "TomlTable"]]:
        """All tables below this one, by key."""
        for key, value in self.values.items():
            yield key, self._below(f"{self.where}.{key}", value)

    def rows(self, key: str) -> list["TomlTable"]:
        """A required array of tables, not empty."""
        value = self.values.get(key)
        if not isinstance(value, list) or not value:
            raise self.fault(f"`{key}` is required: at least one table [[...{key}]]")
        return [self._below(f"{self.where}.{key}[{index}]", row) for index, row in enumerate(value)]

    def _below(self, where: str, value: object) -> "TomlTable":
        if not isinstance(value, dict):
            raise InvalidRegistry(f"{where} must be a table")
        return TomlTable(where, value)
