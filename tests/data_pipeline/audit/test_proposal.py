"""The proposed convention resolves what can be resolved, and touches nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asr.convention import SEARCH, known
from data_pipeline.audit.proposal import CLEAN, composed, propose
from tests.data_pipeline.audit.test_ways import VOCABULARY


@pytest.mark.parametrize(
    ("texts", "rules"),
    [
        (["buy 3 eggs", "buy three hens", "don't go"], {"numbers"}),
        (["Play Song", "stop it", "It's 3"], {"case"}),
        (["um, don't", "uh don't", "it's on"], {"fillers"}),
        (["Don't stop?", "Don't stop"], {"punctuation"}),
    ],
)
def test_only_the_rules_that_resolve_something_are_chosen(texts: list[str], rules: set[str]) -> None:
    proposal = propose(texts)
    assert proposal is not None
    assert set(proposal.chosen.rules) == rules | CLEAN
    assert proposal.chosen.conflicts == 0 < proposal.conflicts


def test_consistent_labels_are_left_alone() -> None:
    proposal = propose(["PLAY SONG", "STOP IT", "IT'S LATE"])
    assert proposal is not None
    assert proposal.chosen.convention.id == "verbatim@1"
    assert (proposal.chosen.labels_edited, proposal.chosen.words_edited, proposal.conflicts) == (0, 0, 0)


def test_a_known_convention_goes_before_an_equal_sub_set_of_it() -> None:
    proposal = propose(
        ["It's Three o'clock.", "it is 3", "THE COLOUR", "um, the color", "what's that?", "WHAT IS THAT"]
    )
    assert proposal is not None
    assert proposal.chosen.convention is SEARCH


def test_without_a_word_nothing_is_proposed() -> None:
    assert propose([]) is propose(["", "  "]) is None


def test_of_many_labels_some_are_drawn() -> None:
    texts = [f"song number {number}" for number in range(2, 1202)]
    proposal = propose(texts)
    assert proposal is not None
    assert (proposal.labels, proposal.words, proposal.chosen.words_edited) == (1000, 3000, 0)


def test_a_composed_convention_keeps_the_order_of_search() -> None:
    rules = composed(["spelling", "case"]).rules
    assert [rule for rule in SEARCH.rules if rule in rules] == list(rules)
    assert [rule.name for rule in rules] == ["unicode", "whitespace", "case", "spelling", "whitespace"]


def test_the_convention_for_scoring_is_shown_and_not_proposed() -> None:
    proposal = propose(["what's that?", "What is that"])
    assert proposal is not None
    assert "scoring@1" in {one.convention.id for one in proposal.candidates}
    assert proposal.chosen.convention.name != "scoring"
    cheaper = propose(["the", "The okay"])
    assert cheaper is not None
    assert cheaper.chosen in cheaper.candidates


@settings(max_examples=10)
@given(st.lists(st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=4).map(" ".join), min_size=1, max_size=5))
def test_no_candidate_leaves_fewer_conflicts_than_the_chosen_one(texts: list[str]) -> None:
    proposal = propose(texts)
    if proposal is None:
        assert not any(text.strip() for text in texts)
        return
    assert all(one.conflicts >= proposal.chosen.conflicts for one in proposal.candidates)
    assert {one.convention.id for one in proposal.candidates} >= {one.id for one in known()}
    assert proposal.chosen in proposal.candidates
