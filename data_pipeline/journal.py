"""What a step has done so far, row by row, so that a run that was cut off goes on where it stopped.

The first line names the step and its input; each further line is what became of one row of the input, in order. A
line that was cut off is done again. Recordings are named by their content, so making one twice changes nothing.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final

from asr.audio import Audio
from asr.errors import AudioError
from data_pipeline.card import StepRecord
from data_pipeline.errors import DataError, reason_of
from data_pipeline.files import write_whole
from data_pipeline.flac import flac
from data_pipeline.manifest import InvalidLine, Row, parse_row
from data_pipeline.parallel import ordered
from data_pipeline.recordings import read_audio
from data_pipeline.steps import SoundStep

JOURNAL: Final = "progress.jsonl"
AUDIO: Final = "audio"
NAME_DIGITS: Final = 16
"""Of the hash that names a recording."""


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal of one step in one folder."""

    folder: Path
    start: StepRecord

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / JOURNAL

    def fill(
        self,
        step: SoundStep,
        lines: Iterable[Row | InvalidLine],
        *,
        workers: int | None,
        on_done: Callable[[], None],
    ) -> None:
        """Do what is left to do. Raises OSError where the disk is full, WorkerDied."""
        done = self._open()
        for _ in range(done):
            on_done()
        work = partial(_outcome, step, self.folder)
        with self.path.open("ab") as file:
            for outcome in ordered(work, islice(lines, done, None), workers=workers):
                file.write(outcome)
                file.flush()
                on_done()

    def items(self) -> Iterator[Row | InvalidLine]:
        """The rows and failures that came of all rows, as rows of a manifest in this folder."""
        with self.path.open("rb") as file:
            for line in islice(file, 1, None):
                outcome = json.loads(line)
                if "failure" in outcome:
                    yield InvalidLine(Path(outcome["manifest"]), *outcome["failure"])
                for row in outcome.get("rows", ()):
                    yield parse_row(json.dumps(row).encode(), manifest=self.path, line=outcome["line"])

    def remove(self) -> None:
        """When all is written elsewhere."""
        self.path.unlink(missing_ok=True)

    def _open(self) -> int:
        """How many rows are done; begins anew where the journal is of another step, and cuts off half a line."""
        header = json.dumps(asdict(self.start)).encode() + b"\n"
        done, end = 0, len(header)
        if self.path.is_file():
            with self.path.open("rb") as file:
                if file.readline() == header:
                    for line in file:
                        if not line.endswith(b"\n"):
                            break
                        done, end = done + 1, end + len(line)
            if done:
                with self.path.open("r+b") as file:
                    file.truncate(end)
                return done
        write_whole(header, self.path)
        return 0


def _outcome(step: SoundStep, folder: Path, line: Row | InvalidLine) -> bytes:
    """What becomes of one row, as a line of the journal; its recordings are written."""
    told: dict[str, object] = {"line": line.line, "manifest": str(line.manifest)}
    if isinstance(line, InvalidLine):
        told["failure"] = (line.line, line.reason, line.text)
    else:
        try:
            changed = list(step.change(line, read_audio(line)))
        except (AudioError, DataError, OSError) as error:
            told["failure"] = _failure(line, reason_of(error))
        else:
            told["rows"] = [_written(row, audio, folder).as_json() for row, audio in changed]
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"


def _failure(row: Row, reason: str) -> tuple[int, str, str]:
    refused = row.refused(reason)
    return refused.line, refused.reason, refused.text


def _written(row: Row, audio: Audio, folder: Path) -> Row:
    """The row of a new recording, which is written where it is not there yet. Raises OSError."""
    data = flac(audio)
    digest = sha256(data).hexdigest()
    path = folder / AUDIO / f"{digest[:NAME_DIGITS]}.flac"
    if not path.is_file() or path.stat().st_size != len(data):
        write_whole(data, path, durable=False)
    duration_s = round(audio.duration_s, 6)
    return replace(
        row.with_fields(sha256=digest),
        manifest=folder / JOURNAL,
        audio_filepath=f"{AUDIO}/{path.name}",
        duration_s=duration_s,
        offset_s=None,
    )
