import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.matching import EXACT, NEAR, likeness, sound, spoken


def like(query: str, name: str) -> float:
    return likeness(spoken(query), spoken(name))


def test_only_the_name_itself_is_exact() -> None:
    assert like("brooklyn bridge", "brooklyn bridge") == EXACT
    assert like("the brooklyn bridge", "brooklyn bridge") < EXACT


def test_exact_beats_prefix_beats_near() -> None:
    exact, prefix, near = (like("mountain", name) for name in ("mountain", "mountain view", "fountain"))
    assert exact > prefix > NEAR > near


def test_more_of_a_name_is_nearer() -> None:
    assert like("mountain v", "mountain view") > like("mount", "mountain view")


def test_a_beginning_counts_as_such_only_at_the_end_of_the_query() -> None:
    assert like("how old is the brooklin brige", "brooklyn bridge") > like("how old is the brooklin brige", "brookline")


def test_carrier_words_hardly_count() -> None:
    plain, carried = like("brooklin brige", "brooklyn bridge"), like("how old is the brooklin brige", "brooklyn bridge")
    assert plain - carried < 0.05


def test_carrier_words_decide_between_what_is_left_equal() -> None:
    query = "would you please turn on living room lamp"
    assert like(query, "turn on the living room lamp") > like(query, "turn off the living room lamp")


def test_other_content_counts_against_a_name() -> None:
    assert like("mountain view", "mountain view") > like("mountain view library opening", "mountain view")


@pytest.mark.parametrize(
    ("heard", "meant"), [("night", "knight"), ("fenix", "phoenix"), ("brooklin", "brooklyn"), ("bark", "park")]
)
def test_words_that_sound_alike_have_one_sound(heard: str, meant: str) -> None:
    assert sound(heard) == sound(meant)


def test_sound_helps_where_letters_differ() -> None:
    assert like("fenix", "phoenix") > like("fejix", "phoenix")


def test_accents_are_not_spoken() -> None:
    assert like("sao paulo", "são paulo") == EXACT


def test_a_query_of_carriers_only_keeps_its_words() -> None:
    assert spoken("what is it").content.words == ("what", "is", "it")


def test_half_a_surrogate_pair_is_no_word() -> None:
    assert spoken("\ud800 paris").whole.words == ("paris",)


@given(st.text(max_size=60), st.text(max_size=60))
def test_likeness_is_a_share_for_any_two_texts(query: str, name: str) -> None:
    assert 0 <= like(query, name) <= EXACT


@given(st.text(max_size=60))
def test_a_text_names_itself(text: str) -> None:
    folded = unicodedata.normalize("NFC", text)
    assert like(text, folded) == EXACT
