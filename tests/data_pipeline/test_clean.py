"""Texts are brought to one convention, nothing is lost, and every rule that fired is told."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from asr.convention import SEARCH, VERBATIM, Convention, Rule
from asr.rules.characters import lower_case
from data_pipeline.clean import NAMED, Cleaning, clean_report, cleaned
from data_pipeline.corpus.slices import NO_VALUE, OTHERS, Slices
from data_pipeline.manifest import InvalidLine, Row
from tests.data_pipeline.made_rows import made, source

SHOUTED = Convention("shouted", 1, (Rule("shout", str.upper),))


def test_a_text_is_written_in_the_convention_and_the_first_text_stays() -> None:
    row = cleaned(made(1, "Um, Call  Three people!"), SEARCH)
    assert (row.text, row.field("raw_text"), row.field("convention")) == (
        "call 3 people",
        "Um, Call  Three people!",
        "search@1",
    )


def test_a_second_cleaning_changes_nothing() -> None:
    once = cleaned(made(1, "Um, yes."), SEARCH)
    assert cleaned(once, SEARCH) is once


def test_another_convention_starts_from_the_first_text() -> None:
    search = cleaned(made(1, "Don't   stop!"), SEARCH)
    verbatim = cleaned(search, VERBATIM)
    assert (verbatim.text, verbatim.field("raw_text"), verbatim.field("convention")) == (
        "Don't stop!",
        "Don't   stop!",
        "verbatim@1",
    )


def test_a_text_that_was_corrected_since_is_not_undone() -> None:
    corrected = replace(cleaned(made(1, "Dont stop!"), SEARCH), text="do not stop it")
    again = cleaned(corrected, VERBATIM)
    assert (again.text, again.field("raw_text")) == ("do not stop it", "Dont stop!")


def test_a_convention_that_nobody_knows_any_more_leaves_the_text_as_it_stands() -> None:
    row = cleaned(made(1, "yes.", raw_text="YES!", convention="lost@7"), SEARCH)
    assert (row.text, row.field("raw_text")) == ("yes", "YES!")


def test_a_raw_text_that_is_no_text_is_no_first_text() -> None:
    row = cleaned(made(1, "Yes.", raw_text=["YES!"]), SEARCH)
    assert (row.text, row.field("raw_text")) == ("yes", "Yes.")


def test_what_is_not_known_stays_unknown() -> None:
    row = made(1, None)
    assert cleaned(row, SEARCH) is row


def test_the_step_cleans_each_row() -> None:
    rows = [made(1, "Yes."), made(2, None), made(3, "")]
    assert list(Cleaning().change(source(rows))) == [cleaned(row, SEARCH) for row in rows]


def test_a_text_that_does_not_fit_a_line_twice_is_refused() -> None:
    rows = [made(1, "a" * 600_000), made(2, "Yes.")]
    refused, kept = Cleaning().change(source(rows))
    assert isinstance(refused, InvalidLine)
    assert "longer than 1048576 bytes" in refused.reason
    assert kept == cleaned(rows[1], SEARCH)


@given(st.lists(st.text(max_size=30), max_size=8))
def test_no_first_text_is_ever_lost(texts: list[str]) -> None:
    rows = [made(line, text) for line, text in enumerate(texts, 1)]
    for name in ("search@1", "verbatim@1", "scoring@1"):
        rows = [row for row in Cleaning(convention=name).change(source(rows)) if isinstance(row, Row)]
        assert [row.field("raw_text") for row in rows] == texts


def test_every_rule_is_counted_with_its_clearest_examples() -> None:
    texts = ["Um, Three!", "yes", "Yes", "three", "no"]
    report = clean_report((cleaned(made(line, text), SEARCH) for line, text in enumerate(texts, 1)), SEARCH)
    rules = {one.rule: one for one in report.counts.rules}
    assert (report.counts.rows, report.counts.changed) == (5, 3)
    assert (rules["case"].rows, rules["numbers"].rows, rules["fillers"].rows) == (2, 2, 1)
    assert [(one.before, one.after) for one in rules["case"].examples] == [("Yes", "yes"), ("Um, Three!", "3")]


def test_labelers_and_sources_are_told_apart() -> None:
    rows = [made(1, "Yes", labeler="ann"), made(2, "no", labeler="bob"), made(3, "No", source="reviewed")]
    report = clean_report((cleaned(row, SEARCH) for row in rows), SEARCH)
    changed = {value: counts.changed for value, counts in report.slices["labeler"].items()}
    assert changed == {NO_VALUE: 1, "ann": 1, "bob": 0}
    assert report.slices["source"]["reviewed"].rules[0].examples[0].before == "No"


def test_texts_that_become_empty_are_named_and_kept() -> None:
    rows = [cleaned(made(line, "Um..."), SEARCH) for line in range(1, NAMED + 3)]
    report = clean_report([*rows, cleaned(made(9999, ""), SEARCH)], SEARCH)
    assert {row.text for row in rows} == {""}
    assert (report.emptied, len(report.emptied_rows), report.emptied_rows[0]) == (NAMED + 2, NAMED, "1.flac@0")


def test_unknown_and_corrected_texts_count_for_no_rule() -> None:
    rows = [made(1, None), replace(cleaned(made(2, "Yes"), SEARCH), text="yeah")]
    report = clean_report(rows, SEARCH)
    assert (report.unknown, report.corrected, report.counts.rows) == (1, 1, 0)


def test_texts_that_were_in_the_convention_from_the_start_count_as_unchanged() -> None:
    report = clean_report([cleaned(made(1, "yes", convention="search@1"), SEARCH)], SEARCH)
    assert (report.counts.rows, report.counts.changed, report.corrected) == (1, 0, 0)


def test_a_convention_need_not_be_a_known_one() -> None:
    assert cleaned(made(1, "Yes"), SHOUTED).text == "YES"
    assert cleaned(made(1, "Yes"), Convention("soft", 1, (Rule("case", lower_case),))).text == "yes"


def test_slices_of_a_field_with_endless_values_are_bounded() -> None:
    slices = Slices("id", most=2)
    assert [slices.of(made(1, id=value)) for value in ("a", "b", "c", "a", None)] == ["a", "b", OTHERS, "a", NO_VALUE]
