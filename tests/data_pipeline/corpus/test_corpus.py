"""What is told of a manifest agrees with what the front end measures, and survives hostile rows."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from asr.cache import pull
from asr.decode import decode
from asr.front_end import FrontEnd, prepare
from asr.loading import Detector, load_detector
from data_pipeline.corpus.corpus import Corpus, describe, render
from data_pipeline.corpus.slices import NO_VALUE
from data_pipeline.manifest import InvalidLine, Row, read_lines, read_manifest
from tests.conftest import CLIPS
from tests.data_pipeline.made_rows import made
from tests.data_pipeline.pages.looks import HOSTILE, assert_inert, assert_looks_right


@pytest.fixture(scope="module", autouse=True)
def _model() -> None:
    pull("silero-vad-16k")


def lines_of(rows: list[Row]) -> Iterator[Row | InvalidLine]:
    return iter(rows)


def described(rows: list[Row], *fields: str, sound: bool = False) -> Corpus:
    return describe(lambda: lines_of(rows), manifest="m.jsonl", slice_fields=fields, sound=sound, workers=1)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """Of all carried recordings with speech."""
    manifest = CLIPS / "manifest.jsonl"
    return describe(lambda: read_lines(manifest), manifest=manifest.name, slice_fields=["source"])


def test_sound_is_measured_as_the_server_measures_it(corpus: Corpus) -> None:
    detector = load_detector(Detector.SILERO)
    measured = [
        prepare(decode(row.path.read_bytes()), FrontEnd(), detector, max_piece_s=30).statistics
        for row in read_manifest(CLIPS / "manifest.jsonl")
    ]
    spoken = [one for one in measured if one.speech_s]
    whole = corpus.whole
    assert whole.measured == len(measured)
    assert whole.spreads["loudness_lufs"].p50 == pytest.approx(
        median(one.loudness_lufs for one in measured if one.loudness_lufs is not None), abs=0.5
    )
    assert whole.spreads["lead_silence_s"].p50 == pytest.approx(median(one.lead_silence_s for one in spoken), abs=0.02)
    assert whole.onset_clipped == sum(one.onset_clipped for one in spoken) / len(spoken)


def test_slices_add_up(corpus: Corpus) -> None:
    slices = corpus.slices["source"].values()
    assert sum(one.rows for one in slices) == corpus.whole.rows
    assert sum(one.duration_s for one in slices) == pytest.approx(corpus.whole.duration_s)
    assert sum(one.share.rows for one in corpus.origins) == corpus.whole.rows


@pytest.mark.browser
def test_the_page_of_real_recordings_looks_right(corpus: Corpus, tmp_path: Path) -> None:
    html = render(corpus)
    assert "CC0-1.0" in html
    assert_inert(html)
    assert_looks_right(html, tmp_path, "corpus")


def test_json_holds_all_of_it(corpus: Corpus) -> None:
    values = json.loads(json.dumps(corpus.as_json(), allow_nan=False))
    assert values["whole"]["rows"] == corpus.whole.rows
    assert sum(values["whole"]["spreads"]["duration_s"]["bins"].values()) == corpus.whole.rows


def test_speakers_are_told_with_rows_and_length() -> None:
    rows = [made(1, speaker="ann"), made(2, speaker="bob", duration_s=30.0), made(3, speaker="ann"), made(4)]
    found = described(rows)
    assert [(one.speaker, one.share.rows, one.share.duration_s) for one in found.speakers] == [
        ("bob", 1, 30.0),
        ("ann", 2, 2.0),
    ]
    assert (found.whole.speakers, found.rows_per_speaker.count) == (2, 2)


def test_a_row_without_a_value_is_a_slice_of_its_own() -> None:
    found = described([made(1, device_model="a"), made(2), made(3, device_model="a")], "device_model")
    assert {value: one.rows for value, one in found.slices["device_model"].items()} == {"a": 2, NO_VALUE: 1}


def test_unknown_and_empty_texts_are_told_apart() -> None:
    found = described([made(1, None), made(2, ""), made(3, "um"), made(4, "yes")]).whole
    assert (found.no_text, found.empty_text) == (1, 2)


def test_what_cannot_be_read_is_told_and_the_rest_is_measured(unreadable: list[Row], clip_row: Row) -> None:
    told: list[InvalidLine] = []
    wrong = InvalidLine(Path("m.jsonl"), 9, "not JSON", "{")
    lines: list[Row | InvalidLine] = [*unreadable, wrong, clip_row]
    found = describe(lambda: iter(lines), manifest="m.jsonl", workers=1, on_failure=told.append)
    assert (found.failures, found.whole.rows, found.whole.measured) == (4, 4, 1)
    assert [one.line for one in told] == [1, 2, 3, 9]


def test_nothing_is_a_page_too() -> None:
    assert "0 rows" in render(described([], "source"))


@pytest.mark.browser
def test_hostile_texts_do_nothing_on_the_page(clip_row: Row, tmp_path: Path) -> None:
    row = replace(clip_row, text=HOSTILE).with_fields(
        speaker=HOSTILE, source=HOSTILE, license=HOSTILE, split="test", labeler=["a", {"b": None}]
    )
    rows = [row, replace(row, line=2, text="yes").with_fields(split="train", speaker="x" * 5000)]
    html = render(described(rows, "source", "labeler", sound=True))
    assert_inert(html)
    assert_looks_right(html, tmp_path, "corpus-hostile")
