"""`voicesearch automation curve` over files, and what it says of files that are none."""

import json
from pathlib import Path

import numpy as np
import pytest

from serving.automation.review_lines import curve_of_file, read_reviews
from serving.automation.reviewed import Reviewed
from serving.cli import main

MEASURED = Path(__file__).parents[1] / "review" / "measured.csv"
"""Confidence, word errors and words of real recordings, as `voicesearch evaluate` found them."""


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["automation", *arguments])
    return int(ended.value.code or 0)


@pytest.fixture
def utterances(tmp_path: Path) -> Path:
    rows = np.loadtxt(MEASURED, delimiter=",", skiprows=1).tolist()
    path = tmp_path / "utterances.jsonl"
    with path.open("w") as file:
        for confidence, errors, words in rows:
            counts = {"hits": words, "substitutions": errors, "deletions": 0, "insertions": 0}
            file.write(json.dumps({"confidence": confidence, "words": counts}) + "\n")
        file.write(json.dumps({"confidence": None, "words": {}}) + "\n")
    return path


def test_an_evaluation_says_what_the_model_could_answer(utterances: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ("curve", "--reviews", str(utterances), "--json", "--target-risk", "0.05", "--target-risk", "0.3")
    assert run(*command) == 0
    found = json.loads(capsys.readouterr().out)
    risks = [point["risk"] for point in found["points"]]
    assert found["reviews"] == 609
    assert risks[1] < 0.06 < 0.4 < risks[-1]
    low, high = found["points"][-1]["risk_ci95"]
    assert low < risks[-1] < high
    careful, bold = found["thresholds"]
    assert (careful["target_risk"], careful["threshold"]) == (0.05, None)
    assert 0.3 < bold["coverage"] < 0.7
    assert found["thresholds_of_one_look"][1]["coverage"] >= bold["coverage"]


def test_the_same_as_a_table(utterances: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("curve", "--reviews", str(utterances)) == 0
    shown = capsys.readouterr().out
    assert "Confidence from" in shown
    assert "target 5.0%, every look: threshold none; no threshold has a risk that is surely below 5.00%" in shown


def test_any_loss_with_the_chance_of_its_review(tmp_path: Path) -> None:
    path = tmp_path / "reviews.jsonl"
    path.write_text('{"confidence": -3, "loss": 0.25, "probability": 0.5}\n{"confidence": 9, "loss": 0}\n')
    assert read_reviews(path) == [
        Reviewed(confidence=-3.0, loss=0.25, probability=0.5),
        Reviewed(confidence=9.0, loss=0.0),
    ]
    points = curve_of_file(path)["points"]
    assert isinstance(points, list)
    assert len(points) == 2


def test_few_reviews_make_a_row_for_each_confidence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "reviews.jsonl"
    path.write_text('{"confidence": 0.9, "loss": 0}\n{"confidence": 0.5, "loss": 1}\n{"confidence": 0.9, "loss": 0}\n')
    assert run("curve", "--reviews", str(path)) == 0
    rows = [line.split()[:2] for line in capsys.readouterr().out.splitlines()[1:] if not line.startswith("target")]
    assert rows == [["66.7%", "0.900"], ["100.0%", "0.500"]]


def test_a_file_that_is_not_there_is_one_plain_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path, complaint in ((tmp_path / "none.jsonl", "No such file"), (tmp_path, "Is a directory")):
        assert run("curve", "--reviews", str(path)) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert line == f"voicesearch: error: {path}: {complaint}" + (" or directory" if path != tmp_path else "")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "there are no reviews in it"),
        ("nonsense\n", "line 1 is no review"),
        ('{"loss": 0}\n', "line 1 is no review"),
        ("[]\n", "line 1 is no review"),
        ('{"confidence": 1, "loss": "much"}\n', "'much' is no number"),
        ('{"confidence": 1, "loss": 2}\n', "a loss lies outside of 0 to 1"),
        ('{"confidence": 1, "words": {"hits": 1}}\n', "line 1 is no review"),
    ],
)
def test_files_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, complaint: str) -> None:
    path = tmp_path / "reviews.jsonl"
    path.write_text(text)
    assert run("curve", "--reviews", str(path)) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert complaint in line


@pytest.mark.parametrize("target", ["0", "1", "2", "nan"])
def test_targets_that_cannot_be(utterances: Path, capsys: pytest.CaptureFixture[str], target: str) -> None:
    assert run("curve", "--reviews", str(utterances), "--target-risk", target) == 2
    assert "lies between" in capsys.readouterr().err


def test_without_a_server_one_line_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (("status",), ("history", "acme"), ("set", "full"), ("curve",)):
        assert run(*command, "--url", "http://127.0.0.1:1") == 2
        [line] = capsys.readouterr().err.splitlines()
        assert "no answer from http://127.0.0.1:1" in line
    assert run("set") == 2
    assert "say what to set" in capsys.readouterr().err
