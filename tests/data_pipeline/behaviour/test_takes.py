from dataclasses import replace
from pathlib import Path

import pytest

from asr.metrics import Edits
from data_pipeline.behaviour.takes import SLOWER, Asked, SlowerTake, devices, listen
from data_pipeline.evaluation.answer_journal import AnswerJournal
from data_pipeline.evaluation.systems import OwnSystem
from data_pipeline.manifest import Row
from data_pipeline.recordings import read_audio
from data_pipeline.simulation.profiles import DeviceProfile
from data_pipeline.simulation.simulate import Simulation
from tests.data_pipeline.behaviour.conftest import DEVICES


def wer(asked: list[Asked], device: str) -> float:
    rate = sum((one.first.errors for one in asked if one.device == device), Edits()).rate
    assert rate is not None
    return rate


def test_each_query_is_said_twice_on_each_device(asked: list[Asked], rows: list[Row]) -> None:
    assert {(one.row.key, one.device) for one in asked} == {(row.key, name) for row in rows for name in DEVICES}
    assert {one.device for one in asked if one.first.heard != one.again.heard} == set(DEVICES)


def test_worse_devices_are_heard_worse(asked: list[Asked]) -> None:
    phone, clipped, noisy = (wer(asked, name) for name in DEVICES)
    assert phone < clipped
    assert phone < 0.5 < noisy


def test_a_take_that_is_right_has_no_errors(asked: list[Asked]) -> None:
    right = [one for one in asked if one.first.is_right]
    assert right
    assert all(one.first.heard and all(step.is_right for step in one.first.alignment) for one in right)


def test_the_second_take_is_slower(rows: list[Row]) -> None:
    bare = DeviceProfile(name="bare", version=1, about="nothing", device_model="bare")
    audio = read_audio(rows[0])
    [(_, slower)] = SlowerTake(Simulation(devices=(bare,))).change(rows[0], audio)
    assert slower.duration_s == pytest.approx(audio.duration_s / SLOWER, abs=0.01)


def test_a_recording_that_is_gone_is_left_out(
    rows: list[Row], system: OwnSystem, profiles: list[DeviceProfile], tmp_path: Path
) -> None:
    gone = replace(rows[0], manifest=tmp_path / "manifest.jsonl")
    heard = listen([gone, rows[1]], system, profiles[:1], AnswerJournal())
    assert [one.row for one in heard] == [rows[1]]


def test_devices_have_names_of_their_own() -> None:
    names = [one.name for one in devices()]
    assert len(set(names)) == len(names) > 15
