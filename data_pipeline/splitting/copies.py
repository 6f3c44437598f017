"""Which rows of a manifest hold the same speech: the same file, a copy of it, or one at another level or format.

The fingerprint of a recording is kept in its row, so that a recording is read once in its life.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.errors import AudioError
from data_pipeline.manifest import Row
from data_pipeline.parallel import ordered
from data_pipeline.recordings import read_audio
from data_pipeline.splitting.columns import FILE, Column, Numbers, group, read_columns
from data_pipeline.splitting.fingerprint import BYTES, fingerprint
from data_pipeline.splitting.near_duplicates import Fingerprints, near_pairs

FIELD: Final = "fingerprint"
VERSION: Final = "1:"
"""Stands before the digits; one of another version is measured again."""

Rows = Callable[[], Iterator[Row]]


@dataclass(frozen=True, slots=True, eq=False)
class Copies:
    """What is known of the sound of all rows."""

    fingerprints: Fingerprints
    """Shape (rows, 32)."""
    known: NDArray[np.bool_]
    """Shape (rows,); False where a recording is silent, very short or cannot be read."""
    files: Numbers
    """Groups of rows of one file, or of files with one hash."""
    groups: Numbers
    """The same, with near-duplicates."""

    def written(self, at: int) -> str | None:
        """The fingerprint of a row as its field holds it."""
        return VERSION + self.fingerprints[at].tobytes().hex() if self.known[at] else None


def find_copies(rows: Rows) -> Copies:
    """Reads each recording that has no fingerprint yet, in processes. Raises WorkerDied."""
    data, has_one = bytearray(), bytearray()
    measured = ordered(_measured, (row for row in rows() if _stored(row) is None))

    def fingerprinted() -> Iterator[Row]:
        for row in rows():
            found = _stored(row) or next(measured)
            data.extend(found or bytes(BYTES))
            has_one.append(found is not None)
            yield row

    columns = read_columns(fingerprinted(), (FILE, "sha256")).values()
    fingerprints = np.frombuffer(data, np.uint8).reshape(-1, BYTES)
    known = np.frombuffer(has_one, np.bool_)
    numbers = np.flatnonzero(known)
    near = (numbers[pairs] for pairs in near_pairs(fingerprints[known]))
    return Copies(fingerprints, known, group(len(known), columns), group(len(known), columns, near))


def as_column(groups: Numbers) -> Column:
    """Groups as the values of a field."""
    return groups.astype(np.uint64) + np.uint64(1)


def _stored(row: Row) -> bytes | None:
    value = (row.fields or {}).get(FIELD)
    if not isinstance(value, str) or not value.startswith(VERSION):
        return None
    try:
        found = bytes.fromhex(value.removeprefix(VERSION))
    except ValueError:
        return None
    return found if len(found) == BYTES else None


def _measured(row: Row) -> bytes | None:
    try:
        return fingerprint(read_audio(row))
    except (AudioError, OSError):
        return None
