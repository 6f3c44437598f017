"""Two takes of each query, on every simulated device: what the user says, and says again.

A take is a recording through a device, heard by the pipeline that serves. The second take is slower: people who are
not understood speak more slowly (Oviatt, MacEachern and Levow, Speech Communication 24, 1998). Knows no pairs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from asr.audio import SAMPLE_RATE_HZ, Audio
from asr.convention import SCORING, get
from asr.metrics import AlignedWord, Edits, align
from data_pipeline.evaluation.answer_journal import AnswerJournal
from data_pipeline.evaluation.answers import collect
from data_pipeline.evaluation.devices import Device, OnDevice
from data_pipeline.evaluation.systems import Answer, OwnSystem
from data_pipeline.manifest import Row, matching, read_manifest
from data_pipeline.simulation.noise import Noise
from data_pipeline.simulation.profiles import DeviceProfile, shipped_profiles
from data_pipeline.simulation.simulate import Simulation

SNRS_DB: Final = (20.0, 15.0, 10.0, 0.0, -5.0)
"""Of the phone in noise, beside the shipped profile's 5 dB."""
SLOWER: Final = 0.92
"""Speed of the second take; hyperarticulated speech is some 5 to 10 % longer."""
SOURCES: Final = frozenset(
    {"an4", "common_voice", "librispeech", "pocketsphinx", "speech_commands", "speechbrain", "speechocean762"}
    | {"vctk", "voice_queries"}
)
"""Short real utterances by many speakers; no wake words."""
MAX_QUERY_S: Final = 6.0


@dataclass(frozen=True, slots=True)
class Take:
    """One attempt to ask something by voice."""

    heard: str
    """As the search gets it; empty where no speech was heard."""
    errors: Edits
    """Against what was said, in the convention of scoring."""
    alignment: tuple[AlignedWord, ...]
    """In that convention, too."""
    confidence: float | None
    """The pipeline's, that every word is right."""

    @property
    def is_right(self) -> bool:
        """Is every word right?"""
        return not self.errors.errors


@dataclass(frozen=True, slots=True)
class Asked:
    """One utterance on one device, said twice."""

    row: Row
    device: str
    said: str
    """As the search would get it from a perfect recognizer."""
    first: Take
    again: Take


@dataclass(frozen=True, slots=True)
class SlowerTake:
    """A simulated device that hears the recording played more slowly, with other noise."""

    simulation: Simulation
    speed: float = SLOWER

    @property
    def name(self) -> str:
        """See `SoundStep`."""
        return "slower-take"

    @property
    def version(self) -> int:
        """See `SoundStep`."""
        return 1

    def change(self, row: Row, audio: Audio) -> Iterator[tuple[Row, Audio]]:
        """See `SoundStep`. Raises CannotSimulate."""
        import soxr

        samples = soxr.resample(audio.samples, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ / self.speed)
        yield from self.simulation.change(row, replace(audio, samples=samples.astype(np.float32)))


def spoken_queries(manifest: Path) -> list[Row]:
    """The rows of a manifest that could be queries, by length and source. Raises InvalidManifest, OSError."""
    rows = matching(read_manifest(manifest), {"source": SOURCES})
    return [row for row in rows if row.text and row.duration_s <= MAX_QUERY_S]


def devices() -> list[DeviceProfile]:
    """The shipped devices, and the phone over a ladder of noise."""
    shipped = shipped_profiles()
    noisy = shipped["phone-noisy"]
    ladder = [replace(noisy, name=f"phone-snr-{snr_db:g}", noise=Noise(snr_db=snr_db)) for snr_db in SNRS_DB]
    return [*shipped.values(), *ladder]


def listen(
    rows: Sequence[Row], system: OwnSystem, profiles: Sequence[DeviceProfile], journal: AnswerJournal
) -> list[Asked]:
    """Both takes of every row on every device; a row that one of them cannot use is left out there."""
    numbered = dict(enumerate(rows))
    asked = []
    for profile in profiles:
        steps = (Simulation(devices=(profile,)), SlowerTake(Simulation(devices=(profile,), seed=1)))
        first, again = (_answers(system, Device(profile.name, step), numbered, journal) for step in steps)
        both = first.keys() & again.keys()
        asked += [_asked(row, profile.name, first[i], again[i]) for i, row in numbered.items() if i in both]
    return asked


def _answers(system: OwnSystem, device: Device, rows: Mapping[int, Row], journal: AnswerJournal) -> dict[int, Answer]:
    found = collect(OnDevice(system, device), rows, journal, batch_size=8, on_done=lambda count: None)
    return {index: answer for index, answer in found.items() if isinstance(answer, Answer)}


def _asked(row: Row, device: str, first: Answer, again: Answer) -> Asked:
    said = row.text or ""
    return Asked(row, device, get("search").apply(said), _take(said, first), _take(said, again))


def _take(said: str, answer: Answer) -> Take:
    found = align(SCORING.apply(said), SCORING.apply(answer.text))
    return Take(get("search").apply(answer.text), found.words, found.alignment, answer.confidence)
