import json
from pathlib import Path

import pytest

from asr.decode import decode
from data_pipeline.card import StepRecord, read_card
from data_pipeline.dataset import write_dataset
from data_pipeline.erasure import Person, datasets_in, erase, without_card_in
from data_pipeline.errors import OtherDataset
from monitoring.redaction import redact
from serving.cli import main
from serving.review.export import export
from serving.review.item import Review, ReviewItem
from serving.review.lifecycle import claimed, reviewed
from tests.serving.review.making import NOW, item, review, unintelligible

Finished = tuple[ReviewItem, list[Review]]


def finished(one: ReviewItem, *said: Review) -> Finished:
    for each in said:
        one = reviewed(claimed(one, each.labeler, now=NOW, lease_s=60), each)
    return one, list(said)


@pytest.fixture
def two(query_clip: Path) -> list[Finished]:
    first, second = (
        item(number, required=required, media=query_clip.name, slices={"device_model": "X1"}, user_id="u1")
        for number, required in ((0, 2), (1, 1))
    )
    texts = {"ann": "What time is it?", "bob": "what dime is it", "cleo": "what time is it"}
    return [
        finished(first, *(review(labeler, text) for labeler, text in texts.items())),
        finished(second, review("ann", "what time is it")),
    ]


def rows(manifest: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in manifest.read_text().splitlines()]


def test_what_was_agreed_on_with_all_that_is_known(two: list[Finished], tmp_path: Path, query_clip: Path) -> None:
    done = export(two, tmp_path / "out", folder=query_clip.parent)
    first, second = rows(done.manifest)
    assert (done.rows, done.left_out) == (2, {})
    assert (first["text"], first["labeler"], second["labeler"]) == ("what time is it", "cleo", "ann")
    assert {name: first[name] for name in ("source", "convention", "inclusion_probability", "id", "speaker")} == {
        "source": "reviewed",
        "convention": "search@1",
        "inclusion_probability": 0.5,
        "id": "req_000000",
        "speaker": "u1",
    }
    assert (first["device_model"], first["heard"], first["recorded_at"]) == (
        "X1",
        "play some jazz",
        "2023-11-14T22:13:20.000+00:00",
    )
    copy = done.manifest.parent / str(first["audio_filepath"])
    assert copy.read_bytes() == query_clip.read_bytes()
    assert copy.suffix == ".flac"
    assert first["duration"] == pytest.approx(decode(query_clip.read_bytes()).duration_s, abs=1e-3)


def test_every_label_for_the_agreement_of_labelers(two: list[Finished], tmp_path: Path, query_clip: Path) -> None:
    done = export(two, tmp_path / "out", every_label=True, folder=query_clip.parent)
    found = [(row["labeler"], row["text"], row.get("typed")) for row in rows(done.manifest)]
    assert found == [
        ("ann", "what time is it", "What time is it?"),
        ("bob", "what dime is it", None),
        ("cleo", "what time is it", None),
        ("ann", "what time is it", None),
    ]


@pytest.mark.parametrize("every_label", [False, True])
def test_the_pipeline_takes_it(
    two: list[Finished], tmp_path: Path, query_clip: Path, every_label: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = export(two, tmp_path / "out", every_label=every_label, folder=query_clip.parent).manifest
    for command in (
        ["validate", str(manifest), "--sound"],
        ["clip", str(manifest), "--out", str(tmp_path / "clipped")],
    ):
        with pytest.raises(SystemExit) as ended:
            main(["data", *command])
        assert ended.value.code == 0, capsys.readouterr().err


def test_a_user_can_be_deleted_from_it(two: list[Finished], tmp_path: Path, query_clip: Path) -> None:
    out = export(two, tmp_path / "out", folder=query_clip.parent).manifest.parent
    (step,) = read_card(out / "card.json").steps
    assert (step.name, step.settings, step.rows) == ("review export", {"every_label": False}, 2)
    assert (datasets_in(tmp_path), without_card_in(tmp_path)) == ([out], [])
    assert (erase(out, Person("u1")).rows, list((out / "audio").iterdir())) == (2, [])
    assert export(two[:1], out, folder=query_clip.parent).rows == 1


def test_recordings_of_an_earlier_export_go_and_no_other_file(
    two: list[Finished], tmp_path: Path, query_clip: Path
) -> None:
    out = export(two, tmp_path / "out", folder=query_clip.parent).manifest.parent
    (out / "audio/notes.txt").write_text("mine")
    export([], out)
    assert [path.name for path in (out / "audio").iterdir()] == ["notes.txt"]


def test_another_data_set_is_left_as_it_is(two: list[Finished], tmp_path: Path, query_clip: Path) -> None:
    write_dataset([], StepRecord("ingest", 1, {}, "events", "0" * 64), tmp_path / "other")
    with pytest.raises(OtherDataset, match="holds another data set"):
        export(two, tmp_path / "other", folder=query_clip.parent)
    assert read_card(tmp_path / "other/card.json").steps[0].name == "ingest"


def test_what_holds_an_address_is_no_row(tmp_path: Path, query_clip: Path) -> None:
    """Whether it was taken out when it was stored, or is there from a time when it was not."""
    texts = ("mail [email]", "mail john at example dot com", "mail john")
    items = [finished(item(number, media=str(query_clip)), review(text=text)) for number, text in enumerate(texts)]
    done = export(items, tmp_path / "out", keep=redact)
    assert [row["text"] for row in rows(done.manifest)] == ["mail john"]
    assert done.left_out == {"its address or number is not kept": 2}


def test_what_cannot_be_exported_is_counted(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(b"no sound at all")
    items = [
        finished(item(0, media="gone"), review()),
        finished(item(1), review()),
        finished(item(2, media="gone"), unintelligible()),
        finished(item(3, media="noise"), review()),
    ]
    done = export(items, tmp_path / "out", folder=tmp_path)
    assert done.rows == 0
    assert done.manifest.read_text() == ""
    assert done.left_out["the recording is gone"] == 2
    assert done.left_out["nobody understood it"] == 1
    assert done.left_out.total() == 4


def test_silence_is_a_row_with_an_empty_text(tmp_path: Path, query_clip: Path) -> None:
    done = export([finished(item(media=str(query_clip)), review(text=""))], tmp_path / "out")
    assert [row["text"] for row in rows(done.manifest)] == [""]
