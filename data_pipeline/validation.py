"""Is a manifest sound? Every line by itself, no utterance twice, and parts of a recording that do not overlap.

Memory grows by some 100 bytes a row, not with the rows. Opens recordings only where asked.
"""

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from asr.errors import AudioError
from data_pipeline.errors import reason_of
from data_pipeline.hashing import hash64
from data_pipeline.manifest import InvalidLine, Row, read_lines
from data_pipeline.recordings import read_audio

SLACK_S: Final = 0.001
"""Parts whose times were rounded may touch by this much."""


def checked_lines(manifest: Path) -> Iterator[Row | InvalidLine]:
    """The lines of a manifest; a row whose key an earlier one has is told as invalid. Raises OSError."""
    seen: dict[int, int] = {}
    for line in read_lines(manifest):
        if isinstance(line, InvalidLine):
            yield line
        elif (first := seen.setdefault(hash64(line.key), line.line)) != line.line:
            what = "the same `id`" if line.field("id") is not None else "the same recording and offset"
            yield line.refused(f"{what} as in line {first}: {line.key}")
        else:
            yield line


def validate(manifest: Path) -> Iterator[Row | InvalidLine]:
    """The rows, and everything that is wrong with the manifest, the overlaps last. Raises OSError."""
    parts = _Parts()
    for line in checked_lines(manifest):
        yield line
        if isinstance(line, Row) and line.offset_s is not None:
            parts.add(line)
    for earlier, later in parts.overlaps():
        yield InvalidLine(manifest, later, f"overlaps line {earlier} in the same recording", "")


def sound_failure(line: Row | InvalidLine) -> InvalidLine | None:
    """Why the recording of a row cannot be used: absent, undecodable, or not as long as the manifest says."""
    if isinstance(line, InvalidLine):
        return None
    try:
        read_audio(line)
    except (AudioError, OSError) as error:
        return line.refused(reason_of(error))
    return None


class _Parts:
    """Parts of recordings, 32 bytes each."""

    def __init__(self) -> None:
        self.recordings, self.lines = array("Q"), array("Q")
        self.starts_s, self.ends_s = array("d"), array("d")

    def add(self, row: Row) -> None:
        offset_s = row.offset_s or 0.0
        self.recordings.append(hash64(row.audio_filepath))
        self.lines.append(row.line)
        self.starts_s.append(offset_s)
        self.ends_s.append(offset_s + row.duration_s)

    def overlaps(self) -> list[tuple[int, int]]:
        """Lines of a part and of one that begins before that has ended, in order of the second."""
        order = np.lexsort((np.array(self.starts_s), np.array(self.recordings)))
        found, last = [], -1
        for at in map(int, order):
            if last >= 0 and self.recordings[at] == self.recordings[last]:
                if self.starts_s[at] < self.ends_s[last] - SLACK_S:
                    found.append((self.lines[last], self.lines[at]))
                if self.ends_s[at] <= self.ends_s[last]:
                    continue
            last = at
        return sorted(found, key=lambda lines: lines[1])
