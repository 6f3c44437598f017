"""Frames say what the record says, and can be calculated with."""

import pandas as pd
import pytest

from data_pipeline.evaluation import frames
from data_pipeline.evaluation.record import Evaluation
from tests.data_pipeline.evaluation.made import concluded, row, run


@pytest.fixture
def made() -> Evaluation:
    rows = [row("play some music", n, device="new" if n % 2 else "old", speaker=str(n), key="mine") for n in range(6)]
    rows.append(row("", 9, device="old"))
    heard = ["play sam music", "play some music", "some music", "play some music", "play some music now", "", "you"]
    right, wrong = run("a", rows, ["play some music"] * 6 + [""]), run("b", rows, heard)
    return concluded(right, wrong, slices=["device"], top=lambda text: text or None)


def test_errors_of_utterances_add_up_to_the_scores(made: Evaluation) -> None:
    frame = frames.utterances_frame(made)
    assert len(frame) == 14
    speech = frame[(frame.system == "b") & (frame.words > 0)]
    assert speech.word_errors.sum() / speech.words.sum() == made.systems[1].scores.wer
    assert set(frame.row_key.dropna()) == {"mine"}
    assert frame.key[0] == "0.wav@0"
    assert frame.duration.sum() == 14


def test_slices_and_comparisons_hold_the_whole_and_its_parts(made: Evaluation) -> None:
    slices = frames.slices_frame(made).set_index(["system", "field", "value"])
    assert len(slices) == 6
    assert slices.loc[("b", "device", "old"), "missed"] == 1
    comparisons = frames.comparisons_frame(made).set_index(["field", "value"])
    assert len(comparisons) == 3
    assert comparisons.loc[("all", "all"), "wer"] == pytest.approx(6 / 18)
    assert comparisons.loc[("device", "new"), "verdict"] == "undecided"


def test_confusions_positions_and_priorities(made: Evaluation) -> None:
    confusions = frames.confusions_frame(made)
    (confused,) = confusions[confusions.kind == "substitutions"].to_dict("records")
    assert (confused["said"], confused["heard"], confused["count"]) == ("some", "sam", 1)
    positions = frames.positions_frame(made).set_index(["system", "position"])
    assert positions.loc[("b", "first"), "wer"] == pytest.approx(2 / 6)
    assert frames.priorities_frame(made).empty


def test_inventions_and_searches(made: Evaluation) -> None:
    assert frames.inventions_frame(made).to_dict("records") == [
        {"system": "b", "text": "you", "count": 1, "share": 1.0}
    ]
    searches = frames.searches_frame(made)
    assert searches.found.isna().sum() == 1
    assert searches.changed.all()
    assert len(searches) == 4


def test_real_results_become_frames(evaluation: Evaluation) -> None:
    utterances = frames.utterances_frame(evaluation)
    assert utterances.measured_snr_db.notna().any()
    assert utterances.latency_ms.min() > 0
    reliability = frames.reliability_frame(evaluation)
    assert reliability.utterances.sum() > 20
    assert isinstance(reliability, pd.DataFrame)
