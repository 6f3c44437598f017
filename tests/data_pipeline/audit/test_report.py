"""The page of an audit, and its JSON."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from data_pipeline.audit import report
from data_pipeline.audit.audit import Audit, audit
from data_pipeline.audit.entries import Entry, Heard
from data_pipeline.audit.results import as_json, write_results
from data_pipeline.manifest import Row
from tests.data_pipeline.audit.conftest import entry, sound
from tests.data_pipeline.pages.looks import HOSTILE, Tags, assert_inert, assert_looks_right


@pytest.fixture(scope="module")
def found(carried: list[Entry]) -> Audit:
    """With two labelers on some of the recordings."""
    named = [replace(one, row=one.row.with_fields(labeler="ana")) for one in carried]
    rows = [
        replace(one.row.with_fields(labeler="ben"), line=len(carried) + n, text="what")
        for n, one in enumerate(carried[:8], 1)
    ]
    again = [replace(one, row=row) for one, row in zip(carried, rows, strict=False)]
    return audit([*named, *again])


def test_page_holds_what_was_found_with_its_sound(found: Audit) -> None:
    html = report.render(found, manifest="train.jsonl", model="moonshine-tiny-en", limit=12)
    text = Tags(html).text
    for expected in ("KEN PAIRS LACK", "Jump the fence", "search@1", "Agreement", "train.jsonl", "moonshine-tiny-en"):
        assert expected in text
    assert 12 <= html.count("<audio") <= 12 * len(found.summaries)
    assert_inert(html)


def test_number_of_examples_is_bounded(found: Audit) -> None:
    assert all(len(of_check) <= 2 for of_check in report.examples(found, 2).values())
    assert report.examples(found, 0) == {}
    assert "<audio" not in report.render(found, manifest="m", model=None, limit=0)


@pytest.mark.browser
def test_page_is_accessible_and_fits_a_phone(found: Audit, tmp_path: Path) -> None:
    assert_looks_right(report.render(found, manifest="train.jsonl", model=None, limit=2), tmp_path, "audit")


def hostile(clip: Row, number: int, **fields: object) -> Entry:
    named = clip.with_fields(id=f"{number} {HOSTILE}", corpus=HOSTILE, labeler=f"{HOSTILE}{number % 2}", **fields)
    row = replace(named, text=f"{HOSTILE} said {number % 3}")
    return Entry(row, sound(fingerprint=str(number // 2), lead_s=2.0), heard=Heard(f"{HOSTILE} heard", 0.9))


def test_hostile_texts_stay_texts(clip_row: Row) -> None:
    entries = [hostile(clip_row, number) for number in range(12)]
    entries.append(Entry(replace(entries[0].row, line=99), problem=HOSTILE))
    html = report.render(audit(entries), manifest=HOSTILE, model=HOSTILE, limit=5)
    assert_inert(html)
    assert "<script" not in html
    assert HOSTILE in Tags(html).text


def test_recordings_that_are_gone_have_no_player(carried: list[Entry], tmp_path: Path) -> None:
    gone = [replace(one, row=replace(one.row, manifest=tmp_path / "m.jsonl")) for one in carried[:5]]
    assert "<audio" not in report.render(audit(gone), manifest="m", model=None, limit=5)


def test_json_is_the_same_twice_and_names_no_folder(found: Audit, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_results(found, tmp_path / name, manifest="train.jsonl", model=None, limit=1)
    first, second = ((tmp_path / name / "audit.json").read_text("utf-8") for name in ("one", "two"))
    assert first == second
    assert str(Path.cwd()) not in first
    values = json.loads(first, parse_constant=pytest.fail)
    assert values["rows"] == len(found.entries)
    assert len(values["findings"]) == len(found.findings)
    assert values["proposal"]["candidates"][0]["conflicts_left"] == 0
    assert {one["check"] for one in values["checks"]} >= {"likely_wrong", "silence"}
    assert values["agreement"][0]["labelers"] == ["ana", "ben"]


def test_json_of_a_corpus_without_words() -> None:
    values = as_json(audit([entry("", sound(speech_s=0.0))]), manifest="m", model=None)
    assert values["proposal"] is None
