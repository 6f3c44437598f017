"""`voicesearch review` as it is called."""

import json
from pathlib import Path

import pytest

from monitoring.store import EventStore
from serving.cli import main
from serving.review.item import Answer
from serving.review.store import ReviewStore
from serving.state.store import StateStore
from tests.serving.review.making import item, review, skip, unintelligible


@pytest.fixture
def address(tmp_path: Path) -> str:
    """A file: what databases differ in, the queue's own tests see."""
    return f"sqlite:///{tmp_path}/events.db"


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["review", *arguments])
    return int(ended.value.code or 0)


@pytest.fixture
def filled(address: str, state: StateStore, query_clip: Path) -> str:
    """A store whose queue was worked at: two texts, a dispute that waits, a skip, an unintelligible one."""
    events = EventStore.open(address)
    events.prepare()
    events.close()
    queue = ReviewStore(state)
    answer = Answer(text="what dime is it", confidence=0.4, variant="champion")
    for number in range(5):
        required = 2 if number in (1, 2) else 1
        queue.offer(item(number, media=str(query_clip), answer=answer, required=required))
    said = [
        (0, review("ann", "what time is it")),
        (1, review("ann", "what time is it")),
        (1, review("bob", "What time is it?")),
        (2, review("ann", "what time is it")),
        (2, review("bob", "what dime is it")),
        (3, unintelligible("ann")),
        (4, skip("ann\x1b[2J")),
    ]
    for number, one in said:
        queue.submit(queue.claim(f"req_{number:06d}", one.labeler).item_id, one)
    return address


def test_list(filled: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--store", filled) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == [f"req_{number:06d}" for number in range(5)]
    assert lines[-1].startswith("2 to be reviewed, 0 of them while a user waits; the oldest waits for ")
    assert "\x1b[2J" not in out
    assert "dime" not in out


def test_list_of_a_state_as_json(filled: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--store", filled, "--state", "waiting", "--limit", "1", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["id"], one["state"], one["labelers"]) for one in found["items"]] == [
        ("req_000002", "waiting", ["ann", "bob"])
    ]
    assert (found["queue"]["backlog"], found["queue"]["states"]) == (2, {"done": 3, "waiting": 2})


def test_export_and_what_the_pipeline_says(filled: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("export", "--store", filled, "--out", str(tmp_path / "out")) == 0
    told = capsys.readouterr()
    assert told.out.endswith("manifest.jsonl: 2 rows\n")
    assert told.err == "left out: 1 (nobody understood it)\n"
    assert run("export", "--store", filled, "--out", str(tmp_path / "out"), "--every-label") == 0
    rows = [json.loads(line) for line in (tmp_path / "out/manifest.jsonl").read_text().splitlines()]
    assert [(row["id"][-1], row["labeler"]) for row in rows] == [("0", "ann"), ("1", "ann"), ("1", "bob")]
    assert run("export", "--store", filled, "--out", str(tmp_path / "none"), "--since", "2030-01-01") == 0
    assert (tmp_path / "none/manifest.jsonl").read_text() == ""


def test_estimate(filled: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("estimate", "--store", filled) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[1].split()[:5] == ["champion", "all", "3", "25.0", "too"]
    assert "two people reviewed 2 of them: 50.0 % alike, WER between them 12.5 %" in out
    assert run("estimate", "--store", filled, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["estimates"][0]["wer_ci95"] == [0.0, None]
    assert found["estimates"][0]["unintelligible_ratio"] == 0.25
    assert [one["labelers"] for one in found["agreement"]] == [[], ["ann", "bob"]]


@pytest.mark.parametrize("command", [["list"], ["estimate"], ["export", "--out", "out"]])
def test_looking_makes_no_store(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*command, "--store", f"sqlite:///{tmp_path}/none.db") == 2
    assert "no event store at" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_empty_queue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    address = f"sqlite:///{tmp_path}/events.db"
    EventStore.open(address).prepare()
    assert run("list", "--store", address) == 0
    assert run("estimate", "--store", address) == 0
    assert "no reviews of queries that were drawn" in capsys.readouterr().out
