"""Planted faults are what they are said to be, and the same for the same seed."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.audio import Audio, Span
from asr.loudness import integrated_loudness_lufs
from data_pipeline.audit.entries import letters_of, sound_of
from data_pipeline.audit.judge import suitable
from data_pipeline.audit.planted import CARELESS, EACH, EDITS, Fault, PlantedCorpus, plant
from data_pipeline.audit.sound_edit import AS_CLIPPED, SoundEdit, edited, repeated
from data_pipeline.manifest import Row
from data_pipeline.recordings import read_audio

Tone = tuple[Audio, list[Span]]
VERBS, OBJECTS = ("play", "stop", "find 3", "go to"), ("it", "my old song", "the man next door")
SHORT_AND_LONG = ["yes", "turn off all of the lamps in the living room and in the kitchen"]
TEXTS = [f"{verb} {what}" for verb in VERBS for what in OBJECTS] * 20 + SHORT_AND_LONG * 10
ROWS = [
    Row(Path("m"), n, f"{n}.flac", 2.0, text, fields={"speaker": f"s{n % 7}", "corpus": "c"})
    for n, text in enumerate(TEXTS)
]
OTHER_WORDS = {
    *(Fault.WRONG_WORDS, Fault.SWAPPED, Fault.OTHER_LENGTH, Fault.EMPTIED),
    *(Fault.OTHER_TEXT, Fault.CARELESS),
}


@pytest.fixture(scope="module")
def corpus() -> PlantedCorpus:
    return plant(ROWS, share=0.02, seed=1)


def test_the_same_seed_plants_the_same(corpus: PlantedCorpus) -> None:
    assert plant(ROWS, share=0.02, seed=1) == corpus
    assert plant(ROWS, share=0.02, seed=2) != corpus


def test_every_fault_is_there_and_most_rows_are_good(corpus: PlantedCorpus) -> None:
    counts = Counter(one.fault for one in corpus.rows)
    assert all(0 < counts[fault] <= 5 for fault in EACH if fault is not Fault.REPEATED)
    assert counts[Fault.CARELESS] == 13
    assert counts[Fault.OTHER_WRITING] > 0
    assert counts[None] > len(corpus.rows) / 2
    assert [one.row.line for one in corpus.rows] == list(range(1, len(corpus.rows) + 1))


def test_faults_of_labels_change_words_and_others_do_not(corpus: PlantedCorpus) -> None:
    original = {row.audio_filepath: letters_of(row.text or "") for row in ROWS}
    for one in corpus.rows:
        same = letters_of(one.row.text or "") == original[one.row.audio_filepath]
        assert same == (one.fault not in OTHER_WORDS), one


def test_only_faults_of_sound_edit_sound(corpus: PlantedCorpus) -> None:
    assert all((one.edit != AS_CLIPPED) == (one.fault in EDITS) for one in corpus.rows)


def test_second_labels_are_of_the_same_recording(corpus: PlantedCorpus) -> None:
    first, again = corpus.rows[: len(ROWS)], [one.row for one in corpus.rows[len(ROWS) :]]
    assert [one.row.audio_filepath for one in first] == [row.audio_filepath for row in ROWS]
    assert {row.audio_filepath for row in again} < {row.audio_filepath for row in ROWS}
    assert not any(row.field("id") for row in again)
    assert Counter(row.field("labeler") for row in again)[CARELESS] == 26
    assert Counter(row.field("labeler") for row in again)["hal"] == 26


@pytest.mark.parametrize("share", [0.0, -1.0, 0.06])
def test_too_large_a_share_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        plant(ROWS, share=share)


def test_one_row_or_none_can_be_planted_in() -> None:
    assert plant([]).rows == ()
    assert len(plant(ROWS[:1]).rows) >= 1
    assert len(plant([replace(ROWS[0], text="hello")] * 3).rows) >= 3


@pytest.fixture(scope="module")
def tone() -> Tone:
    """2 s of a tone at half scale, in noise of 0.01 that lasts 1 s on both sides."""
    noise = np.random.default_rng(0).normal(0, 0.003, 64_000).astype(np.float32)
    noise[16_000:48_000] += 0.5 * np.sin(np.arange(32_000) * 0.3, dtype=np.float32)
    return Audio(noise), [Span(1.0, 3.0)]


@pytest.mark.parametrize(
    ("edit", "duration_s"),
    [
        (AS_CLIPPED, 2.6),
        (SoundEdit(lead_s=0.1), 2.4),
        (SoundEdit(trail_s=2.5), 4.8),
        (SoundEdit(lead_s=-0.2), 2.1),
        (SoundEdit(lead_s=-9.0), 1.5),  # never more than 40 % of the speech
        (SoundEdit(silenced=True), 2.6),
    ],
)
def test_edits_change_the_length_as_they_say(tone: Tone, edit: SoundEdit, duration_s: float) -> None:
    assert edited(*tone, edit).duration_s == pytest.approx(duration_s, abs=1e-3)


def test_added_silence_is_the_recordings_own(tone: Tone) -> None:
    longer = edited(*tone, SoundEdit(lead_s=3.0)).samples[: 3 * 16_000 - 1600]
    level = edited(*tone, AS_CLIPPED).samples[:3200]
    assert 0.8 < longer.std() / level.std() < 1.25
    assert np.abs(longer).max() < 0.02


def test_level_is_shifted_from_the_target_and_silence_has_no_tone(tone: Tone) -> None:
    plain, quiet, silenced = (
        integrated_loudness_lufs(edited(*tone, edit))
        for edit in (AS_CLIPPED, SoundEdit(gain_db=-12), SoundEdit(silenced=True))
    )
    assert plain == pytest.approx(-23.0, abs=0.1)
    assert quiet == pytest.approx(plain - 12, abs=0.1)
    assert silenced < plain - 20


def test_a_recording_without_speech_stays_as_it_is(tone: Tone) -> None:
    assert edited(tone[0], [], SoundEdit(lead_s=-0.2)) is tone[0]


def test_real_recordings_have_the_fault_that_was_planted(carried_rows: list[Row]) -> None:
    recordings = [read_audio(row) for row in suitable(carried_rows, workers=1)]
    whole, cut, longer = (
        [sound_of(edited(audio, sound_of(audio).speech, edit)).statistics for audio in recordings]
        for edit in (AS_CLIPPED, SoundEdit(lead_s=-0.2), SoundEdit(lead_s=1.5))
    )
    assert sum(one.onset_clipped for one in cut) > 0.6 * len(recordings) > 5
    assert sum(one.onset_clipped for one in whole) < 0.1 * len(recordings)
    added_s = [a.lead_silence_s - b.lead_silence_s for a, b in zip(longer, whole, strict=True)]
    assert np.median(added_s) == pytest.approx(1.2, abs=0.05)


@given(st.integers(0, 50), st.integers(0, 200))
def test_repeating_gives_any_length_without_jumps(piece: int, length: int) -> None:
    ramp = np.linspace(0, 1, piece, dtype=np.float32)
    found = repeated(ramp, length)
    assert len(found) == length
    if piece > 1 and length > 1:
        assert np.abs(np.diff(found)).max() <= 1 / (piece - 1) + 1e-6
