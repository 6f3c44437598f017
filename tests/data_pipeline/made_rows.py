"""Rows for tests that open no sound."""

from collections.abc import Callable, Iterator
from pathlib import Path

from data_pipeline.manifest import Row


def made(line: int, text: str | None = "a", *, duration_s: float = 1.0, **fields: object) -> Row:
    """A row of a manifest that is nowhere."""
    return Row(Path("made/manifest.jsonl"), line, f"{line}.flac", duration_s, text, None, fields)


def source(rows: list[Row]) -> Callable[[], Iterator[Row]]:
    """Rows as a step takes them."""
    return lambda: iter(rows)
