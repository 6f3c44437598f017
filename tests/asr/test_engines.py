"""One suite for every engine on real recordings: what `asr.recognizer.Recognizer` promises."""

import os
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from asr.audio import SAMPLE_RATE_HZ, Audio
from asr.cache import ModelFiles, pull
from asr.decode import decode
from asr.engines import load_recognizer
from asr.engines.greedy import token_bound
from asr.errors import AudioTooLong, CorruptModel, ModelUnavailable
from asr.recognizer import Hypothesis, Recognizer
from tests.conftest import Recording

ENGINES = ["moonshine-tiny-en"]

LOG_PROB_ROUNDING = 0.1
"""Sums in another order, through 8-bit activations: 0.03 was the most among the carried clips."""

EMPTY = Hypothesis("", (), (), ())


@pytest.fixture(scope="module", params=ENGINES)
def files(request: pytest.FixtureRequest) -> ModelFiles:
    return pull(request.param)


@pytest.fixture(scope="module")
def engine(files: ModelFiles) -> Recognizer:
    return load_recognizer(files)


@pytest.fixture(scope="module")
def clips(speech: list[Recording]) -> list[Audio]:
    return [decode(recording.path.read_bytes()) for recording in speech]


@pytest.fixture(scope="module")
def alone(engine: Recognizer, clips: list[Audio]) -> list[Hypothesis]:
    """What the engine hears in each clip by itself."""
    return [engine.recognize([clip])[0] for clip in clips]


class CancelledAt:
    """Somebody who no longer waits for one sound of a batch, from the n-th time that the engine asks."""

    def __init__(self, index: int, *, calls: int) -> None:
        self._index = index
        self._left = calls
        self.asked_afterwards = 0

    def __call__(self, index: int) -> bool:
        if index != self._index:
            return False
        self._left -= 1
        self.asked_afterwards += self._left < 0
        return self._left <= 0


def assert_same(heard: Sequence[Hypothesis], expected: Sequence[Hypothesis]) -> None:
    assert [one.text for one in heard] == [one.text for one in expected]
    assert [one.tokens for one in heard] == [one.tokens for one in expected]
    for one, other in zip(heard, expected, strict=True):
        np.testing.assert_allclose(one.token_log_probs, other.token_log_probs, atol=LOG_PROB_ROUNDING)


def sounds_without_speech(duration_s: float) -> dict[str, Audio]:
    time_s = np.arange(round(duration_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    noise = np.random.default_rng(7).standard_normal(len(time_s))
    sounds = {
        "zeros": np.zeros_like(time_s),
        "faint noise": noise * 1e-4,
        "noise": noise * 0.1,
        "clipped noise": np.clip(noise * 3, -1, 1),
        "tone of 100 Hz": np.sin(2 * np.pi * 100 * time_s) * 0.5,
        "tone of 3 kHz": np.sin(2 * np.pi * 3_000 * time_s),
        "square wave": np.sign(np.sin(2 * np.pi * 5 * time_s)),
        "clicks": (np.arange(len(time_s)) % 4_000 == 0).astype(float),
        "constant": np.ones_like(time_s),
    }
    return {name: Audio(samples.astype(np.float32)) for name, samples in sounds.items()}


def test_the_name_is_the_registered_one(engine: Recognizer, files: ModelFiles) -> None:
    assert engine.model_id == files.model.id
    assert engine.max_duration_s >= 10


def test_speech_becomes_its_words(alone: list[Hypothesis], speech: list[Recording]) -> None:
    heard = {recording.path.stem: one.text.lower() for recording, one in zip(speech, alone, strict=True)}
    assert "what time is it" in heard["voice_queries__v2j_what_time_is_it"]
    assert "ask what you can do for your country" in heard["voice_queries__whisper_jfk"]


def test_a_hypothesis_is_consistent(alone: list[Hypothesis]) -> None:
    for one in alone:
        assert len(one.token_log_probs) == len(one.tokens) > 0
        assert all(np.isfinite(log_prob) and log_prob <= 0 for log_prob in one.token_log_probs)
        assert " ".join(word.text for word in one.words) == one.text
        assert all(word.text and not word.text.isspace() for word in one.words)
        assert all(0 < word.confidence <= 1 for word in one.words)


def test_clear_speech_is_heard_with_more_confidence_than_hidden_speech(engine: Recognizer, clips: list[Audio]) -> None:
    noise = np.random.default_rng(3).standard_normal(max(len(clip.samples) for clip in clips)) * 0.05
    hidden = [Audio((clip.samples + noise[: len(clip.samples)]).astype(np.float32)) for clip in clips[:12]]

    def confidence(batch: Sequence[Audio]) -> float:
        return float(np.mean([np.mean(one.token_log_probs) for one in engine.recognize(batch)]))

    assert confidence(clips[:12]) > confidence(hidden)


@pytest.mark.parametrize("size", [3, 7, 66])
def test_a_batch_gives_what_each_sound_gives_alone(
    engine: Recognizer, clips: list[Audio], alone: list[Hypothesis], size: int
) -> None:
    shuffled = np.random.default_rng(size).permutation(len(clips)).tolist()
    for at in range(0, len(clips), size):
        rows = shuffled[at : at + size]
        assert_same(engine.recognize([clips[i] for i in rows]), [alone[i] for i in rows])


def test_equal_sounds_of_a_batch_are_heard_alike(engine: Recognizer, clips: list[Audio]) -> None:
    heard = engine.recognize([clips[14]] * 5)
    assert_same(heard, heard[:1] * 5)


def test_the_same_batch_gives_the_same_answer(engine: Recognizer, clips: list[Audio]) -> None:
    assert engine.recognize(clips[:9]) == engine.recognize(clips[:9])


def test_an_empty_batch_is_an_empty_answer(engine: Recognizer) -> None:
    assert engine.recognize([]) == []


def test_an_empty_sound_has_an_empty_text(engine: Recognizer, clips: list[Audio], alone: list[Hypothesis]) -> None:
    nothing = Audio(np.empty(0, np.float32))
    assert engine.recognize([nothing]) == [EMPTY]
    first, heard, last = engine.recognize([nothing, clips[0], nothing])
    assert first == last == EMPTY
    assert_same([heard], [alone[0]])


@pytest.mark.parametrize("count", [1, 63, 64, 65, 400, 1_000])
def test_a_sound_shorter_than_any_word_is_taken(engine: Recognizer, clips: list[Audio], count: int) -> None:
    (heard,) = engine.recognize([Audio(clips[0].samples[20_000 : 20_000 + count])])
    assert 0 < len(heard.tokens) <= token_bound(count / SAMPLE_RATE_HZ)
    assert np.isfinite(heard.token_log_probs).all()


def test_the_longest_sound_is_taken_and_a_much_longer_one_refused(engine: Recognizer, clips: list[Audio]) -> None:
    whole = np.concatenate([clip.samples for clip in clips])
    longest = round(engine.max_duration_s * SAMPLE_RATE_HZ)
    (heard,) = engine.recognize([Audio(whole[:longest])])
    assert len(heard.words) > engine.max_duration_s
    with pytest.raises(AudioTooLong, match=engine.model_id):
        engine.recognize([clips[0], Audio(whole[: 2 * longest])])


@pytest.mark.parametrize("duration_s", [0.3, 2.5, 30.0])
def test_sound_without_speech_ends_within_the_bound(engine: Recognizer, duration_s: float) -> None:
    sounds = sounds_without_speech(duration_s)
    for name, heard in zip(sounds, engine.recognize(list(sounds.values())), strict=True):
        assert len(heard.tokens) <= token_bound(duration_s), name
        assert len(heard.token_log_probs) == len(heard.tokens), name
        assert np.isfinite(heard.token_log_probs).all(), name


def test_real_noise_ends_within_the_bound(engine: Recognizer, noise: list[Recording]) -> None:
    sounds = [decode(recording.path.read_bytes()) for recording in noise]
    for sound, heard in zip(sounds, engine.recognize(sounds), strict=True):
        assert len(heard.tokens) <= token_bound(sound.duration_s)


def test_threads_share_one_engine(engine: Recognizer, clips: list[Audio], alone: list[Hypothesis]) -> None:
    together = threading.Barrier(4)

    def recognize(first: int) -> list[Hypothesis]:
        together.wait()
        return [heard for i in range(first, 24, 4) for heard in engine.recognize([clips[i], clips[i + 24]])]

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(recognize, range(4)))
    for first, heard in enumerate(answers):
        assert_same(heard, [alone[j] for i in range(first, 24, 4) for j in (i, i + 24)])


@pytest.mark.parametrize("calls", [1, 2, 5, 9])
def test_a_cancelled_sound_is_left_and_its_neighbours_are_not(
    engine: Recognizer, clips: list[Audio], alone: list[Hypothesis], calls: int
) -> None:
    cancelled = CancelledAt(1, calls=calls)
    first, left, last = engine.recognize(clips[:3], cancelled)
    assert left.truncated
    assert len(left.tokens) < calls
    assert left.tokens == alone[1].tokens[: len(left.tokens)]
    assert alone[1].text.startswith(left.text)
    assert cancelled.asked_afterwards == 0
    assert_same([first, last], [alone[0], alone[2]])


def test_a_batch_cancelled_before_its_start_is_not_heard(engine: Recognizer, clips: list[Audio]) -> None:
    assert engine.recognize(clips[:3], lambda index: True) == [replace(EMPTY, truncated=True)] * 3


def test_cancelling_late_changes_nothing(engine: Recognizer, clips: list[Audio], alone: list[Hypothesis]) -> None:
    assert_same(engine.recognize(clips[:2], CancelledAt(1, calls=1_000)), alone[:2])


def copied(files: ModelFiles, folder: Path) -> ModelFiles:
    for file in files.model.files:
        shutil.copy(files.path(file.name), folder / file.name)
    return ModelFiles(files.model, folder)


def cut_in_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def write_text(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\n" * 100)


@pytest.mark.parametrize("damage", [cut_in_half, empty, write_text])
def test_each_damaged_file_is_named(files: ModelFiles, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    for i, file in enumerate(files.model.files):
        (tmp_path / str(i)).mkdir()
        damaged = copied(files, tmp_path / str(i))
        damage(damaged.path(file.name))
        with pytest.raises(CorruptModel, match=file.name):
            load_recognizer(damaged)


def test_files_under_each_others_names_are_refused(files: ModelFiles, tmp_path: Path) -> None:
    names = [file.name for file in files.model.files]
    for name, other in zip(names, names[1:] + names[:1], strict=True):
        shutil.copy(files.path(name), tmp_path / other)
    with pytest.raises(CorruptModel):
        load_recognizer(ModelFiles(files.model, tmp_path))


def test_threads_that_load_at_once_build_once(
    files: ModelFiles, clips: list[Audio], alone: list[Hypothesis], tmp_path: Path
) -> None:
    fresh = copied(files, tmp_path)

    def built() -> frozenset[tuple[str, int, int]]:
        found = [path for path in tmp_path.rglob(".derived/**/*") if path.is_file()]
        return frozenset((path.name, path.stat().st_ino, path.stat().st_mtime_ns) for path in found)

    def load(_: int) -> tuple[list[Hypothesis], frozenset[tuple[str, int, int]]]:
        loaded = load_recognizer(fresh)
        return loaded.recognize(clips[:2]), built()

    with ThreadPoolExecutor(4) as threads:
        answers, seen = zip(*threads.map(load, range(4)), strict=True)
    for heard in answers:
        assert_same(heard, alone[:2])
    assert set(seen) == {built()}


def test_an_engine_that_is_not_installed_is_named(files: ModelFiles) -> None:
    foreign = replace(files, model=replace(files.model, engine="abacus"))
    with pytest.raises(ModelUnavailable, match=r"needs the engine abacus; this installation has: .*moonshine-onnx"):
        load_recognizer(foreign)
