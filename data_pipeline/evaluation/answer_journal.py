"""Answers as they come, so that an evaluation that was cut off goes on where it stopped.

An answer is found again by what it depends on: the system, the row, and the size and time of the recording. So
other inputs simply find nothing. When the results are written the journal goes, and the next evaluation measures
anew. A line that was cut off is one answer less.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from io import FileIO
from pathlib import Path
from typing import Final

from data_pipeline.evaluation.answer_json import answer_json, read_answer
from data_pipeline.evaluation.systems import Answer, System
from data_pipeline.manifest import Row

NAME: Final = "answers.jsonl"


@dataclass(slots=True)
class AnswerJournal:
    """The answers of one evaluation; without a file it remembers nothing."""

    file: FileIO | None = None
    known: dict[str, Answer] = field(default_factory=dict)

    def find(self, asked: str, row: Row) -> Answer | None:
        """What was answered before; `asked` is the system, as `identity` has it."""
        return self.known.get(_key(asked, row)) if self.known else None

    def add(self, asked: str, answers: Iterable[tuple[Row, Answer]]) -> None:
        """Keep answers. Raises OSError where the disk is full."""
        if self.file is None:
            return
        lines = (json.dumps({"key": _key(asked, row), **answer_json(answer)}) for row, answer in answers)
        try:
            self.file.write("".join(line + "\n" for line in lines).encode())
            self.file.flush()
        except OSError as error:
            raise OSError(error.errno, error.strerror, self.file.name) from None


def identity(system: System) -> str:
    """What tells a system from every other."""
    return f"{system.name}\n{system.fingerprint}"


@contextmanager
def open_journal(folder: Path) -> Iterator[AnswerJournal]:
    """The journal in a folder of results, with what was answered before. Raises OSError."""
    path = folder / NAME
    folder.mkdir(parents=True, exist_ok=True)
    known = dict(_lines(path)) if path.is_file() else {}
    # Without a buffer, closing a file on a full disk has nothing left to write and fails no second time.
    with path.open("ab", buffering=0) as file:
        journal = AnswerJournal(file, known)
        # What was cut off in the middle of a line must not spoil the next one.
        if path.is_file() and path.stat().st_size:
            file.write(b"\n")
        yield journal


def remove_journal(folder: Path) -> None:
    """When the results are written."""
    (folder / NAME).unlink(missing_ok=True)


def _lines(path: Path) -> Iterator[tuple[str, Answer]]:
    with path.open("rb") as file:
        for line in file:
            try:
                values = json.loads(line)
                yield values["key"], read_answer(values)
            except (ValueError, KeyError, TypeError, RecursionError):
                continue


def _key(asked: str, row: Row) -> str:
    try:
        status = os.stat(row.path)
        recording = [status.st_size, status.st_mtime_ns]
    except (OSError, ValueError):
        recording = []
    parts = json.dumps([asked, str(row.path), row.offset_s, row.duration_s, recording])
    return blake2b(parts.encode(), digest_size=16).hexdigest()
