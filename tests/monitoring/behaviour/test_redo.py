import pytest

from tests.monitoring.behaviour.sessions import action, concluded, null, query, signal

FIRST = query("a", 0, "play songs by jack sun")
AGAIN = "play songs by jackson"
OTHER = "what is the weather in boston"


def redo(*events: object) -> object:
    return signal("redo", *events)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (query("b", 8, AGAIN), True),
        (query("b", 8, "play songs by jack sun"), True),
        (query("b", 8, AGAIN, kind="text"), True),
        (query("b", 8, OTHER), False),
        (query("b", 0, AGAIN), True),  # at the same time, later by arrival
        (query("b", 60, AGAIN), True),
        (query("b", 60.001, AGAIN), False),
        (query("b", -8, AGAIN), False),  # came later, was earlier
        (query("b", 8, AGAIN, user="other"), False),  # a shared device and session
        (query("b", 86_400, AGAIN), False),  # the same every day
    ],
)
def test_a_similar_query_soon_after(second: object, expected: bool) -> None:
    assert redo(FIRST, second) is expected


def test_in_any_order_of_arrival() -> None:
    assert concluded([query("b", 8, AGAIN), FIRST])["a"].signals["redo"] is True


def test_not_only_the_very_next_query_counts() -> None:
    assert redo(FIRST, query("b", 5, OTHER), query("c", 9, AGAIN)) is True


def test_nothing_follows() -> None:
    assert redo(FIRST) is False
    assert redo(null("a", 0)) is False


@pytest.mark.parametrize(
    "lost",
    [
        null("a", 0),
        query("a", 0, words=0),
        query("a", 0, "unrelated noise", confidence=0.01),
        query("a", 0, outcome="queue_full"),
    ],
    ids=["no speech", "no words", "hardly believed", "an error"],
)
def test_after_a_lost_query_anything_is_a_redo(lost: object) -> None:
    assert redo(lost, query("b", 8, OTHER)) is True
    assert redo(lost, null("b", 8)) is True
    assert redo(lost, query("b", 80, OTHER)) is False


def test_a_search_that_failed_but_was_understood_is_compared() -> None:
    failed = query("a", 0, "play songs by jack sun", outcome="search_unavailable")
    assert redo(failed, query("b", 8, AGAIN)) is True
    assert redo(failed, query("b", 8, OTHER)) is False


def test_where_texts_are_not_kept_it_is_not_known() -> None:
    assert redo(query("a", 0, no_speech=False), query("b", 8, no_speech=False)) is None
    assert redo(FIRST, query("b", 8)) is None
    assert redo(FIRST, query("b", 8), query("c", 9, AGAIN)) is True
    assert redo(FIRST, query("b", 8, OTHER), query("c", 9)) is None
    assert redo(query("a", 0)) is False


def test_the_session_stands_in_for_the_user() -> None:
    first = query("a", 0, "play songs by jack sun", user=None)
    assert redo(first, query("b", 8, AGAIN, user=None)) is True
    assert redo(first, query("b", 8, AGAIN, user=None, session="s2")) is False
    assert redo(first, query("b", 8, AGAIN)) is False  # another person, as far as can be told


def test_neither_user_nor_session() -> None:
    first = query("a", 0, "play songs by jack sun", user=None, session=None)
    assert redo(first, query("b", 8, AGAIN, user=None, session=None)) is None


def test_midnight_is_no_border() -> None:
    midnight = 86_400 - 1_700_000_000 % 86_400
    assert redo(query("a", midnight - 4, "play songs by jack sun"), query("b", midnight + 4, AGAIN)) is True


def test_an_identifier_that_many_share_is_nobody() -> None:
    crowd = [query(f"q{n}", 0.1 * n, AGAIN) for n in range(40)]
    found = concluded(crowd)
    assert found["q0"].signals["redo"] is None
    assert found["q39"].signals["redo"] is False
    assert found["q20"].signals["redo"] is True


def test_a_click_does_not_make_it_another_wish() -> None:
    assert redo(FIRST, action("a", 4), query("b", 8, AGAIN)) is True
