"""What is in a manifest: lengths, loudness, noise, silences, words, speakers, origins; of all rows and of slices.

Sound is measured by the functions that measure it in the server. Memory grows with speakers and words, not with the
rows.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from asr.convention import SEARCH, Convention
from asr.errors import AudioError
from asr.front_end import FrontEnd
from asr.statistics import AudioStatistics, measure
from asr.vad import speech_spans
from data_pipeline.corpus.description import Description, DescriptionCounter
from data_pipeline.corpus.slices import NO_VALUE, Slices
from data_pipeline.corpus.spread import Spread, SpreadCounter
from data_pipeline.corpus.vocabulary import Vocabulary, VocabularyCounter
from data_pipeline.detectors import detector
from data_pipeline.errors import reason_of
from data_pipeline.manifest import InvalidLine, Row
from data_pipeline.parallel import ordered
from data_pipeline.recordings import read_audio

SHOWN_SPEAKERS: Final = 100
ORIGIN: Final = ("source", "corpus", "license", "consent")


@dataclass(frozen=True, slots=True)
class Share:
    """Rows that have something in common."""

    rows: int = 0
    duration_s: float = 0.0

    def with_row(self, row: Row) -> "Share":
        """And one row more."""
        return Share(self.rows + 1, self.duration_s + row.duration_s)


@dataclass(frozen=True, slots=True)
class SpeakerShare:
    """What one speaker said."""

    speaker: str
    share: Share


@dataclass(frozen=True, slots=True)
class OriginShare:
    """Rows of one kind of source, and on what ground they may be used."""

    source: str
    corpus: str
    license: str
    consent: str
    share: Share


@dataclass(frozen=True, slots=True)
class Corpus:
    """All that is said of a manifest."""

    manifest: str
    whole: Description
    slices: dict[str, dict[str, Description]]
    """By field, then by its value."""
    vocabulary: Vocabulary
    speakers: tuple[SpeakerShare, ...]
    """Those with most sound."""
    rows_per_speaker: Spread
    minutes_per_speaker: Spread
    origins: tuple[OriginShare, ...]
    failures: int
    """Lines that are no row, and recordings that could not be measured."""

    def as_json(self) -> dict[str, object]:
        """For a file."""
        return asdict(self)


def describe(
    lines: Callable[[], Iterator[Row | InvalidLine]],
    *,
    manifest: str,
    slice_fields: Sequence[str] = (),
    sound: bool = True,
    convention: Convention = SEARCH,
    workers: int | None = None,
    on_done: Callable[[], None] = lambda: None,
    on_failure: Callable[[InvalidLine], None] = lambda failure: None,
) -> Corpus:
    """Read the lines, and the recordings if sound is to be measured; `on_failure` hears what cannot be used.

    Raises OSError, ModelUnavailable, CorruptModel, WorkerDied.
    """
    counter, failures = _CorpusCounter(slice_fields, convention), 0
    measured = ordered(_measured, _rows(lines()), workers=workers) if sound else iter(())
    for line in lines():
        found = next(measured, None) if isinstance(line, Row) else None
        if isinstance(line, Row):
            counter.add(line, found if isinstance(found, AudioStatistics) else None)
        failure = line.refused(found) if isinstance(line, Row) and isinstance(found, str) else line
        if isinstance(failure, InvalidLine):
            failures += 1
            on_failure(failure)
        on_done()
    return counter.corpus(manifest, failures)


def render(corpus: Corpus) -> str:
    """The report as an HTML page that needs nothing else."""
    from data_pipeline.corpus import charts
    from data_pipeline.pages import page

    return page.render(Path(__file__).with_name("corpus.html"), corpus=corpus, charts=charts)


def _rows(lines: Iterable[Row | InvalidLine]) -> Iterator[Row]:
    return (line for line in lines if isinstance(line, Row))


def _measured(row: Row) -> AudioStatistics | str:
    """What the server would measure of the recording, or why it cannot be."""
    try:
        audio = read_audio(row)
    except (AudioError, OSError) as error:
        return reason_of(error)
    return measure(audio, speech_spans(detector().activity(audio), FrontEnd().clipping))


class _CorpusCounter:
    """Takes in rows as they come."""

    def __init__(self, slice_fields: Sequence[str], convention: Convention) -> None:
        self._whole, self._vocabulary = DescriptionCounter(), VocabularyCounter(convention)
        self._fields = {field: Slices(field) for field in slice_fields}
        self._slices: dict[str, dict[str, DescriptionCounter]] = {field: {} for field in slice_fields}
        self._speakers: dict[str, Share] = {}
        self._origins: dict[tuple[str, str, str, str], Share] = {}

    def add(self, row: Row, sound: AudioStatistics | None) -> None:
        words = self._vocabulary.add(row)
        self._whole.add(row, words, sound)
        for field, slices in self._fields.items():
            self._slices[field].setdefault(slices.of(row), DescriptionCounter()).add(row, words, sound)
        if speaker := row.field("speaker"):
            self._speakers[speaker] = self._speakers.get(speaker, Share()).with_row(row)
        origin = _origin(row)
        self._origins[origin] = self._origins.get(origin, Share()).with_row(row)

    def corpus(self, manifest: str, failures: int) -> Corpus:
        speakers = sorted(self._speakers.items(), key=lambda one: (-one[1].duration_s, one[0]))
        rows = SpreadCounter(bin_width=1, unit="rows")
        minutes = SpreadCounter(bin_width=0.1, unit="min")
        for _, share in speakers:
            rows.add(share.rows)
            minutes.add(share.duration_s / 60)
        origins = sorted(self._origins.items(), key=lambda one: (-one[1].rows, one[0]))
        return Corpus(
            manifest=manifest,
            whole=self._whole.description(),
            slices={field: _largest_first(counters) for field, counters in self._slices.items()},
            vocabulary=self._vocabulary.vocabulary(),
            speakers=tuple(SpeakerShare(*one) for one in speakers[:SHOWN_SPEAKERS]),
            rows_per_speaker=rows.spread(),
            minutes_per_speaker=minutes.spread(),
            origins=tuple(OriginShare(*origin, share) for origin, share in origins),
            failures=failures,
        )


def _origin(row: Row) -> tuple[str, str, str, str]:
    source, corpus, licence, consent = (row.field(name) or NO_VALUE for name in ORIGIN)
    return source, corpus, licence, consent


def _largest_first(counters: dict[str, DescriptionCounter]) -> dict[str, Description]:
    described = {value: counter.description() for value, counter in counters.items()}
    return dict(sorted(described.items(), key=lambda one: (-one[1].rows, one[0])))
