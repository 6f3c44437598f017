"""A data set comes out of its card again, byte for byte, or it is said which step did not."""

import json
from pathlib import Path

import pytest

from asr.cache import pull
from data_pipeline.clean import Cleaning
from data_pipeline.clip import Clipping
from data_pipeline.dataset import Dataset, change_sound, change_table
from data_pipeline.errors import InvalidCard, NotReproduced
from data_pipeline.ingest.layouts import Place
from data_pipeline.manifest import matching, read_manifest, write_manifest
from data_pipeline.normalize import Normalization
from data_pipeline.rebuild import rebuild


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.conftest import CLIPS

    path = tmp_path_factory.mktemp("raw") / "manifest.jsonl"
    write_manifest(matching(read_manifest(CLIPS / "manifest.jsonl"), {"source": {"voice_queries"}}), path)
    return path


@pytest.fixture(scope="module")
def made(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    pull("silero-vad-16k")
    folder = tmp_path_factory.mktemp("made")
    clipped = change_sound(Clipping(), raw, folder / "clip", workers=1)
    return change_sound(Normalization(), clipped.manifest, folder / "level", workers=1)


def test_a_data_set_is_made_again_from_its_card(made: Dataset, raw: Path, tmp_path: Path) -> None:
    names: list[str] = []
    again = rebuild(made.folder / "card.json", raw, tmp_path, workers=1, on_step=lambda step: names.append(step.name))
    assert names == ["clip", "normalize"]
    assert again.card == made.card
    files = sorted(path.name for path in (made.folder / "audio").iterdir())
    assert sorted(path.name for path in (again.folder / "audio").iterdir()) == files
    assert again.manifest.read_bytes() == made.manifest.read_bytes()


def test_steps_that_leave_recordings_where_they_lie_are_made_again_elsewhere(raw: Path, tmp_path: Path) -> None:
    cleaned = change_table(Cleaning(), raw, tmp_path / "clean")
    again = rebuild(cleaned.folder / "card.json", raw, tmp_path / "far" / "away" / "from" / "there", workers=1)
    assert again.card.steps[-1].content_sha256 == cleaned.card.steps[-1].content_sha256
    assert all(row.path.is_file() for row in read_manifest(again.manifest))


def test_another_input_is_refused(made: Dataset, tmp_path: Path) -> None:
    with pytest.raises(NotReproduced, match="step 1"):
        rebuild(made.folder / "card.json", made.manifest, tmp_path)


def changed_card(made: Dataset, folder: Path, step: dict[str, object]) -> Path:
    card = json.loads((made.folder / "card.json").read_text())
    card["steps"][0] |= step
    path = folder / "changed.json"
    path.write_text(json.dumps(card))
    return path


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ({"version": 7}, "was version 7 then"),
        ({"settings": {"detector": "silero"}}, "other settings"),
        ({"settings": {"detector": "ears", "rule": {}}}, "clip"),
        ({"settings": {"detector": "silero", "rule": {"hangover_s": "long"}}}, "clip"),
    ],
)
def test_a_card_that_no_step_fits_is_refused(
    made: Dataset, raw: Path, tmp_path: Path, step: dict[str, object], reason: str
) -> None:
    with pytest.raises(InvalidCard, match=reason):
        rebuild(changed_card(made, tmp_path, step), raw, tmp_path)


def test_a_card_without_steps_is_refused(made: Dataset, raw: Path, tmp_path: Path) -> None:
    card = json.loads((made.folder / "card.json").read_text())
    (tmp_path / "none.json").write_text(json.dumps({**card, "steps": []}))
    with pytest.raises(InvalidCard, match="no step"):
        rebuild(tmp_path / "none.json", raw, tmp_path)


def test_the_step_that_comes_out_otherwise_is_named(made: Dataset, raw: Path, tmp_path: Path) -> None:
    card = json.loads((made.folder / "card.json").read_text())
    card["steps"][1]["content_sha256"] = "0" * 64
    (tmp_path / "other.json").write_text(json.dumps(card))
    with pytest.raises(NotReproduced, match=r"step 2 \(normalize\)"):
        rebuild(tmp_path / "other.json", raw, tmp_path, workers=1)


def test_a_card_that_does_not_begin_with_ingest_has_no_collection(made: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InvalidCard, match="does not begin with ingest"):
        rebuild(made.folder / "card.json", Place(address=str(tmp_path)), tmp_path / "out")


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ({"version": 7}, "was version 7 then"),
        ({"settings": {"layout": "folder", "terms": {}}}, "ingest"),
        ({"settings": {"layout": "folder", "terms": {"corpus": "c"}}}, "other settings"),
    ],
)
def test_a_card_that_ingest_does_not_fit_is_refused(
    made: Dataset, tmp_path: Path, step: dict[str, object], reason: str
) -> None:
    with pytest.raises(InvalidCard, match=reason):
        rebuild(changed_card(made, tmp_path, {"name": "ingest", **step}), Place(address=str(tmp_path)), tmp_path)
