"""Each check on numbers: what it tells, and what it lets pass."""

import math
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.audit import edges, emptiness, fields, loudness, same_audio, silence, speaking_rate
from data_pipeline.audit.entries import Entry
from data_pipeline.audit.findings import Finding, Severity, about, ranked
from data_pipeline.audit.thresholds import DEFAULT, Thresholds
from tests.data_pipeline.audit.conftest import entry, sound

Check = Callable[[Sequence[Entry], Thresholds], list[Finding]]


def told(check: Check, *entries: Entry) -> list[str]:
    return [finding.check for finding in check(entries, DEFAULT)]


def test_findings_are_ranked_by_severity_then_score() -> None:
    one = entry("a")
    low, high = (about("x", Severity.ERROR, one, score, "") for score in (0.2, 7.0))
    note, warning = (about("x", severity, one, 1.0, "") for severity in (Severity.NOTE, Severity.WARNING))
    assert ranked([note, low, warning, high]) == [high, low, warning, note]
    assert high.score == 1.0


@pytest.mark.parametrize(
    ("text", "speech_s", "expected"),
    [
        ("turn on the living room lamp", 1.5, []),
        ("turn on the living room lamp", 0.4, ["speaking_rate"]),
        ("9898005600", 5.0, []),
        ("9898005600", 0.5, ["speaking_rate"]),
        ("H O F F R I C H T E R", 4.0, []),
        ("hi", 5.0, ["speaking_rate"]),
        ("hi", 0.1, []),
        ("", 5.0, []),
        ("hello", 0.0, []),
    ],
)
def test_speaking_rates(text: str, speech_s: float, expected: list[str]) -> None:
    assert told(speaking_rate.check_speaking_rate, entry(text, sound(speech_s=speech_s))) == expected


@given(st.text(max_size=60))
def test_more_text_never_has_fewer_spoken_letters(text: str) -> None:
    assert 0 <= speaking_rate.spoken_letters(text) < speaking_rate.spoken_letters(f"{text} more")


@pytest.mark.parametrize(
    ("lead_s", "trail_s", "sides"),
    [
        (0.3, 0.3, []),
        (0.4, 0.2, []),
        (1.0, 0.3, ["before"]),
        (0.1, 1.0, ["before", "after"]),
        (0.0, 0.3, []),  # that is a clipped onset
    ],
)
def test_silence_against_the_rule(lead_s: float, trail_s: float, sides: list[str]) -> None:
    clip = {"lead_silence": 0.9, "trail_silence": 2}
    found = silence.check_silence([entry("a", sound(lead_s=lead_s, trail_s=trail_s), clip=clip)], DEFAULT)
    assert [finding.evidence["side"] for finding in found] == sides


@pytest.mark.parametrize(
    "clip",
    [
        None,
        "clipped",
        {"lead_silence": 0.1, "trail_silence": 0.22},
        {"lead_silence": "0.9", "trail_silence": None},
        {"lead_silence": math.nan, "trail_silence": -(10**400)},
    ],
)
def test_silence_that_a_recording_never_had_is_not_missing(clip: object) -> None:
    short = sound(lead_s=0.05, trail_s=0.1)
    assert silence.check_silence([entry("a", short, clip=clip)], DEFAULT) == []


def test_what_is_missing_is_said_with_what_there_was() -> None:
    (found,) = silence.check_silence([entry("a", sound(lead_s=0.05), clip={"lead_silence": 0.25})], DEFAULT)
    assert found.message == "0.05 s of silence before speech, of the recording's own the rule leaves 0.25 s"


def test_further_from_the_rule_ranks_higher() -> None:
    near, far = (entry("a", sound(lead_s=lead_s)) for lead_s in (0.6, 2.0))
    first, second = silence.check_silence([near, far], DEFAULT)
    assert first.score < second.score


def test_clipped_edges_have_to_be_loud() -> None:
    assert told(edges.check_edges, entry("a", sound(lead_s=0))) == ["clipped_onset"]
    assert told(edges.check_edges, entry("a", sound(lead_s=0, trail_s=0))) == ["clipped_onset", "clipped_offset"]
    assert told(edges.check_edges, entry("a", sound(lead_s=0, trail_s=0, edges_db=-20))) == ["clipped_offset"]
    assert told(edges.check_edges, entry("a", sound()), entry("a", sound(speech_s=0, lead_s=0))) == []


def test_empty_labels_and_empty_recordings() -> None:
    assert told(emptiness.check_emptiness, entry("", sound(speech_s=2.0))) == ["speech_without_text"]
    assert told(emptiness.check_emptiness, entry(" ", sound(speech_s=0.1))) == []
    assert told(emptiness.check_emptiness, entry("hello", sound(speech_s=0.0))) == ["text_without_speech"]
    assert told(emptiness.check_emptiness, entry("", sound(speech_s=0.0)), entry("hello"), entry(None)) == []


def test_loudness_outliers_are_told_within_their_corpus() -> None:
    quiet = [entry("a", sound(loudness_lufs=-40 + 0.2 * n), corpus="quiet") for n in range(9)]
    loud = [entry("a", sound(loudness_lufs=-15 - 0.2 * n), corpus="loud") for n in range(9)]
    odd = entry("a", sound(loudness_lufs=-38.0 + 20), corpus="quiet")
    silent = entry("a", sound(loudness_lufs=None), corpus="quiet")
    (finding,) = loudness.check_loudness([*quiet, *loud, odd, silent], DEFAULT)
    assert finding.rows == (odd.key,)
    assert loudness.check_loudness([entry("a", corpus="few"), odd], DEFAULT) == []


def test_a_device_unlike_the_others_is_told() -> None:
    rows = [
        entry("a", sound(loudness_lufs=-23.0 + number - (20 if device == "d" else 0)), device_model=device)
        for device in "abcd"
        for number in range(5)
    ]
    (finding,) = (one for one in loudness.check_loudness(rows, DEFAULT) if one.check == "loudness_of_group")
    assert (finding.evidence["by"], finding.evidence["group"], finding.rows) == (
        "device_model",
        "d",
        tuple(one.key for one in rows[-5:]),
    )
    two = [one for one in rows if one.row.field("device_model") in ("a", "d")]
    assert "loudness_of_group" not in told(loudness.check_loudness, *two)


def test_spread_is_robust_and_by_device_too() -> None:
    rows = [entry("a", sound(loudness_lufs=level), device_model="phone") for level in (-24.0, -23.0, -22.0, 0.0)]
    (phone,) = (one for one in loudness.spreads(rows) if one.kind == "device_model")
    assert (phone.group, phone.rows, phone.median_lufs) == ("phone", 4, -22.5)
    assert phone.spread_db == pytest.approx(1.4826 * 1.0)


def test_missing_fields_and_labels() -> None:
    whole = [entry("a", corpus="c", speaker=str(n), age="") for n in range(5)]
    (finding,) = fields.check_fields([*whole, entry("b", corpus="c")], DEFAULT)
    assert (finding.check, finding.evidence["fields"]) == ("missing_field", ["speaker"])
    assert told(fields.check_fields, entry(None, corpus="d")) == ["no_label"]
    assert told(fields.check_fields, Entry(entry("a").row, problem="broken")) == ["unusable_recording"]
    own_fields = [Entry(one.row.with_fields(**{f"f{n}": n})) for n, one in enumerate(whole)]
    assert told(fields.check_fields, *own_fields) == []


@pytest.mark.parametrize(
    ("first", "second", "labelers", "expected"),
    [
        ("play song", "stop song", ("ana", "ben"), ["same_audio_other_words"]),
        ("play song", "Play song!", ("ana", "ben"), ["same_audio_other_writing"]),
        ("play song", "play song", ("ana", "ben"), []),
        ("play song", "play song", ("ana", "ana"), ["duplicate"]),
        ("", "play song", ("ana", "ben"), ["same_audio_other_words"]),
    ],
)
def test_rows_of_one_recording(first: str, second: str, labelers: tuple[str, str], expected: list[str]) -> None:
    same = sound(fingerprint="same")
    rows = [entry(text, same, labeler=name) for text, name in zip((first, second), labelers, strict=True)]
    found = same_audio.check_same_audio([*rows, entry("other")], DEFAULT)
    assert [finding.check for finding in found] == expected
    assert all(finding.rows == (rows[0].key, rows[1].key) for finding in found)


def test_a_row_without_label_disagrees_with_no_one() -> None:
    rows = [entry(text, sound(fingerprint="same"), labeler=text or "none") for text in ("a", None)]
    assert same_audio.check_same_audio(rows, DEFAULT) == []


def test_the_more_words_differ_the_higher_the_score() -> None:
    near, far = (
        same_audio.check_same_audio(
            [entry(text, sound(fingerprint="same")) for text in ("play my song now", other)], DEFAULT
        )[0]
        for other in ("play my songs now", "what time is it")
    )
    assert 0 < near.score < far.score <= 1
