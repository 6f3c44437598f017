"""Systems on simulated devices: the device decides what is heard, and what it does not send is a miss."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest

from asr.audio import SAMPLE_RATE_HZ, Audio
from asr.decode import decode
from data_pipeline.errors import CannotSimulate, InvalidProfile, NothingToEvaluate
from data_pipeline.evaluation.devices import Device, OnDevice, simulated_devices
from data_pipeline.evaluation.evaluate import evaluate
from data_pipeline.evaluation.systems import Answer, OwnSystem
from data_pipeline.manifest import Row
from data_pipeline.recordings import Recording
from tests.data_pipeline.conftest import Echo


@dataclass(frozen=True)
class Cutting:
    """Cuts so many seconds off the beginning; sends nothing where nothing is left."""

    name = "cutting"
    version = 1
    seconds: float

    def change(self, row: Row, audio: Audio) -> Iterator[tuple[Row, Audio]]:
        left = audio.samples[round(self.seconds * SAMPLE_RATE_HZ) :]
        if not len(left):
            raise CannotSimulate("nothing is left")
        yield row, replace(audio, samples=left)


class Lengths(Echo):
    """Hears how long a recording is."""

    def answer(self, batch: Sequence[Recording]) -> list[Answer]:
        return [Answer(f"{decode(one.data, pcm=one.pcm).duration_s:.3f}", 1.0, 1.0, 0.5) for one in batch]


def test_the_system_hears_what_the_device_sends(clip_row: Row) -> None:
    later = replace(clip_row, line=2, offset_s=0.5, duration_s=1.0)
    clean = Lengths({})
    result = evaluate([clip_row, later], [clean, OnDevice(clean, Device("cutting", Cutting(0.25)))]).systems[1]
    assert [one.answer.text for one in result.utterances] == ["1.969", "0.750"]
    assert (result.name, result.device) == ("echo on cutting", "cutting")


def test_what_the_device_does_not_send_is_a_miss_and_no_failure(clip_row: Row) -> None:
    short = replace(clip_row, line=2, offset_s=0.5, duration_s=1.0, text="what")
    clean = Lengths({})
    result = evaluate([clip_row, short], [clean, OnDevice(clean, Device("cutting", Cutting(1.5)))], batch_size=2)
    assert not result.failures
    assert [one.is_silent for one in result.systems[1].utterances] == [False, True]
    assert result.systems[1].scores.no_speech.false == 1


def test_two_devices_are_two_systems_with_their_own_answers() -> None:
    one, other = (OnDevice(Lengths({}), Device("cutting", Cutting(s))) for s in (0.1, 0.2))
    assert one.fingerprint != other.fingerprint


def test_each_system_on_a_device_is_compared_with_itself_without(clip_row: Row) -> None:
    a, b = Echo({clip_row.path.name: "what time is it"}), Echo({clip_row.path.name: "what"})
    b.name = "b"
    device = Device("cutting", Cutting(0.1))
    found = evaluate([clip_row], [a, b, OnDevice(a, device), OnDevice(b, device)])
    assert [(one.system, one.baseline) for one in found.comparisons] == [
        ("b", "echo"),
        ("echo on cutting", "echo"),
        ("b on cutting", "b"),
    ]


def test_clipped_onsets_cost_words_and_most_of_all_the_first(rows: list[Row], own: OwnSystem) -> None:
    queries = [row for row in rows if row.field("source") == "voice_queries"]
    (device,) = simulated_devices(["phone-clipped-onset-200ms"])
    clean, clipped = evaluate(queries, [own, OnDevice(own, device)]).systems
    assert clean.scores.wer is not None
    assert clipped.scores.wer is not None
    assert clipped.scores.wer > 1.3 * clean.scores.wer
    (before, after) = (one.errors.positions for one in (clean, clipped))
    lost = {place: after[place].errors / after[place].reference_length - (before[place].rate or 0) for place in after}
    assert max(lost, key=lambda place: lost[place]) in ("first", "only")


def test_a_device_needs_the_system_without_it(clip_row: Row) -> None:
    with pytest.raises(NothingToEvaluate, match="echo itself is not evaluated"):
        evaluate([clip_row], [OnDevice(Lengths({}), Device("cutting", Cutting(0.1)))])


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(InvalidProfile, match="no device 'fone'"):
        simulated_devices(["fone"])
