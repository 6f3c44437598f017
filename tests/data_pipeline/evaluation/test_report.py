"""The report is one file that asks for nothing from outside, hostile texts stay texts, and everything is on it."""

from dataclasses import replace
from pathlib import Path

import pytest

from data_pipeline.evaluation.devices import Device, OnDevice
from data_pipeline.evaluation.evaluate import evaluate
from data_pipeline.evaluation.record import Evaluation
from data_pipeline.evaluation.report import WORST, render, worst
from data_pipeline.evaluation.systems import System
from data_pipeline.manifest import Row
from tests.data_pipeline.conftest import Echo
from tests.data_pipeline.evaluation.made import concluded, row, run
from tests.data_pipeline.evaluation.test_devices import Cutting
from tests.data_pipeline.pages.looks import HOSTILE, Tags, assert_inert, assert_looks_right

CLIP = "voice_queries__v2j_what_time_is_it.flac"


@pytest.fixture
def full(clip_row: Row, unreadable: list[Row]) -> Evaluation:
    """Every part of the report, each text in it hostile."""
    labeled = [
        replace(clip_row, line=n, text=f"{HOSTILE} said {n}", fields={"source": HOSTILE, "labeler": f"{HOSTILE}{n}"})
        for n in range(3)
    ]
    silence = replace(clip_row, line=9, text="", offset_s=0.5, duration_s=1.0)
    a, b = Echo({CLIP: f"{HOSTILE} heard"}), Echo({CLIP: "said 1"})
    a.name, b.name = HOSTILE, "b"
    systems: list[System] = [a, b, OnDevice(a, Device(HOSTILE, Cutting(0.1)))]
    lost = replace(unreadable[0], audio_filepath=HOSTILE)
    return evaluate([*labeled, silence, lost], systems, slices=["source"], top=lambda text: HOSTILE + text)


def test_hostile_texts_are_escaped(full: Evaluation) -> None:
    html = render(full)
    assert_inert(html)
    assert Tags(html).text.count(HOSTILE) > 20


@pytest.mark.parametrize(
    "title",
    [
        *("Systems", "Is it better?", "What to work on next", "Human level", "On other devices"),
        *("Does the search suffer?", "Where in the utterance words go wrong", "Which words go wrong"),
        *("Written where nobody speaks", "Most errors", "Not evaluated"),
    ],
)
def test_every_part_is_there_and_only_with_something_to_say(title: str, full: Evaluation) -> None:
    assert f">{title}<" in render(full)
    plain = render(concluded(run("only", [row("stop")], ["stop"])))
    always = title in ("Systems", "Where in the utterance words go wrong", "Which words go wrong")
    assert (f">{title}<" in plain) == always


def test_report_shows_every_system_slice_and_the_worst_utterances(evaluation: Evaluation) -> None:
    html = render(evaluation)
    for text in ("moonshine-tiny-en", "voice_queries", "speech_commands", "Is the confidence right?", "scoring@1"):
        assert text in html
    wrong = next(one for one in evaluation.systems[0].utterances if one.errors.words.errors)
    assert wrong.row.audio_filepath in html
    assert html.count("<audio") == sum(bool(one.errors.words.errors) for one in evaluation.systems[0].utterances)
    assert_inert(html)


def test_the_worst_recordings_come_first_with_what_each_system_heard() -> None:
    rows = [row("play the song", n) for n in range(50)]
    first = ["play the song" if n % 10 else "play" for n in range(50)]
    second = ["" if n == 7 else "play the sung" for n in range(50)]
    found = worst(concluded(run("a", rows, first), run("b", rows, second)).systems)
    assert len(found) == WORST
    assert [one.heard[0].row.line for one in found[:6]] == [0, 7, 10, 20, 30, 40]
    assert [one.hypothesis for one in found[1].heard] == ["play the song", ""]
    assert {one.player for one in found} == {None}


@pytest.mark.browser
def test_the_report_looks_right(full: Evaluation, evaluation: Evaluation, tmp_path: Path) -> None:
    assert_looks_right(render(full), tmp_path, "evaluation-hostile")
    assert_looks_right(render(evaluation), tmp_path, "evaluation")
