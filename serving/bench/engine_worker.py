"""One engine in a process of its own, on one core: reads a task a line, answers a line of JSON.

Run as `python -m serving.bench.engine_worker NAME --cpu 0 --clips MANIFEST`. The first line that it
writes tells what loading cost. Knows nothing of the other engines, nor what its timings are for.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import click

from asr.audio import Audio
from serving.bench.clips import Clip, pieces_of, read_audio, read_clips
from serving.bench.engines import LOADERS, Transcribe
from serving.bench.server_process import resident_mb


@dataclass(frozen=True, slots=True)
class Task:
    """Transcribe once each: pieces of one length, or whole clips, in batches of neighbours in length."""

    batch: int = 1
    duration_s: float | None = None
    """Length of the pieces; None for whole clips."""
    count: int = 16
    """How many pieces."""
    max_duration_s: float | None = None
    """Longest whole clip."""
    prepared: bool = False
    """Whole clips go through our front end first, outside the timing, as they do in the server."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What a task took."""

    calls_ms: list[float]
    """One for each batch."""
    clips: int
    audio_s: float

    @property
    def seconds(self) -> float:
        """Time spent in the engine."""
        return sum(self.calls_ms) / 1000

    @property
    def rtfx(self) -> float:
        """Seconds of audio transcribed in a second."""
        return self.audio_s / self.seconds


@dataclass(frozen=True, slots=True)
class Loading:
    """What it took to have the engine ready."""

    load_s: float
    """Imports of the runtime included, first recognition excluded."""
    memory_mb: float | None
    """Resident memory that loading and one recognition added."""


@click.command()
@click.argument("name", type=click.Choice(list(LOADERS)))
@click.option("--cpu", type=int)
@click.option("--clips", type=click.Path(path_type=Path), required=True)
def main(name: str, cpu: int | None, clips: Path) -> None:
    """Serve tasks from standard input until it ends."""
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    answers = _take_stdout()
    recordings = read_clips(clips)
    transcribe, loading = _load(name, read_audio(recordings[0].content))
    print(json.dumps(asdict(loading)), file=answers, flush=True)
    for line in sys.stdin:
        timing = _run(transcribe, _sounds(recordings, task := Task(**json.loads(line))), task.batch)
        print(json.dumps(asdict(timing)), file=answers, flush=True)


def _take_stdout() -> TextIO:
    """Keep standard output to ourselves: what a runtime prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def _load(name: str, first: Audio) -> tuple[Transcribe, Loading]:
    before_mb = resident_mb(os.getpid())
    start_s = time.perf_counter()
    transcribe = LOADERS[name]()
    load_s = time.perf_counter() - start_s
    transcribe([first])
    after_mb = resident_mb(os.getpid())
    return transcribe, Loading(load_s, after_mb - before_mb if after_mb and before_mb else None)


def _sounds(recordings: Sequence[Clip], task: Task) -> list[Audio]:
    if task.duration_s is not None:
        return pieces_of(recordings, task.duration_s, count=task.count)
    longest_s = task.max_duration_s or float("inf")
    wanted = [clip.content for clip in recordings if clip.duration_s <= longest_s]
    return _prepared(wanted) if task.prepared else [read_audio(content) for content in wanted]


def _prepared(recordings: Sequence[bytes]) -> list[Audio]:
    from asr.decode import decode
    from asr.front_end import FrontEnd, prepare
    from asr.loading import Detector, load_detector

    detector = load_detector(Detector.SILERO)
    found = [prepare(decode(recording), FrontEnd(), detector, max_piece_s=30.0) for recording in recordings]
    return [piece.audio for each in found for piece in each.pieces]


def _run(transcribe: Transcribe, sounds: Sequence[Audio], batch: int) -> Timing:
    calls_ms = []
    for start in range(0, len(sounds), batch):
        start_s = time.perf_counter()
        transcribe(sounds[start : start + batch])
        calls_ms.append((time.perf_counter() - start_s) * 1000)
    return Timing(calls_ms, len(sounds), sum(sound.duration_s for sound in sounds))


if __name__ == "__main__":
    main()
