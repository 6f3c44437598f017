"""Who departs from how the others write, and by how much."""

from data_pipeline.audit.findings import Finding
from data_pipeline.audit.thresholds import DEFAULT, Thresholds
from data_pipeline.audit.writing import CONFLICT, DEPARTURE, check_writing
from tests.data_pipeline.audit.conftest import entry

QUERIES = [f"play song {word}" for word in ("ada", "bob", "cy", "dee", "eve", "flo", "gil", "hal")]


def departures(findings: list[Finding]) -> set[tuple[object, object]]:
    return {(one.evidence["group"], one.evidence["rule"]) for one in findings if one.check == DEPARTURE}


def test_a_labeler_who_writes_unlike_the_others_is_named() -> None:
    others = [entry(text, labeler=name) for name in ("ana", "ben") for text in QUERIES]
    odd = [
        *(entry(text.upper(), labeler="cleo") for text in QUERIES),
        *(entry(f"um, {text}", labeler="dora") for text in QUERIES),
        *(entry(f"{text}?", labeler="emil") for text in QUERIES),
    ]
    findings = check_writing([*others, *odd], DEFAULT)
    assert departures(findings) == {("cleo", "case"), ("dora", "fillers"), ("emil", "punctuation")}
    case = next(one for one in findings if one.evidence.get("rule") == "case")
    assert set(case.rows) == {one.key for one in odd[:8]}
    assert "cleo" in case.message


def test_numbers_in_words_among_digits_are_noticed_though_no_number_is_the_same() -> None:
    digits = [entry(f"room {number}", labeler="ana") for number in range(110, 130)]
    words = [entry(f"room {word} hundred", labeler="ben") for word in ["two", "three", "four", "five", "six"]]
    assert departures(check_writing([*digits, *words], DEFAULT)) == {("ben", "numbers")}


def test_corpora_are_compared_as_labelers_are() -> None:
    rows = [entry(text, corpus="a") for text in QUERIES] + [entry(text.upper(), corpus="b") for text in QUERIES[:6]]
    assert departures(check_writing(rows, DEFAULT)) == {("b", "case")}


def test_few_labels_and_small_gaps_prove_nothing() -> None:
    few = [entry(text, labeler="ana") for text in QUERIES] + [entry(QUERIES[0].upper(), labeler="ben")]
    assert not departures(check_writing(few, DEFAULT))
    small = [entry(t.upper() if n < 2 else t, labeler=name) for name in ("a", "b") for n, t in enumerate(QUERIES)]
    assert not departures(check_writing(small, Thresholds(practice_gap=0.1)))


def test_a_conflict_says_who_writes_how_with_examples() -> None:
    rows = [
        entry("3 eggs", labeler="ana", corpus="shop"),
        entry("buy 3", labeler="ana", corpus="shop"),
        entry("three hens", labeler="ben", corpus="farm"),
    ]
    found = [one for one in check_writing(rows, DEFAULT) if one.check == CONFLICT]
    assert {one.evidence["thing"] for one in found} == {"numbers", "3"}
    finding = next(one for one in found if one.evidence["thing"] == "3")
    assert finding.rows == (rows[2].key,)
    assert finding.evidence["ways"] == [
        {"way": "3", "count": 2, "by_labeler": {"ana": 2}, "by_corpus": {"shop": 2}, "examples": ["3 eggs", "buy 3"]},
        {"way": "three", "count": 1, "by_labeler": {"ben": 1}, "by_corpus": {"farm": 1}, "examples": ["three hens"]},
    ]


def test_rows_without_text_are_no_conflict() -> None:
    assert check_writing([entry(None), entry(""), entry(" ")], DEFAULT) == []
