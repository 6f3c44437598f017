import pytest

from monitoring.behaviour.conclusion import TYPED_DETAIL
from monitoring.events import Event
from tests.monitoring.behaviour.sessions import action, concluded, null, query, signal

SPOKEN = query("a", 0, "play songs by jack sun")
MEANT = "play songs by jackson"
OTHER = "what is the weather in boston"


def typed(name: str, at: float, text: str | None, *, consent: bool = True) -> Event:
    return query(name, at, text, kind="text", consent=consent)


def label(*events: Event) -> str | None:
    return concluded(events)["a"].details.get(TYPED_DETAIL)


@pytest.mark.parametrize(
    ("first", "later", "expected"),
    [
        (SPOKEN, [typed("b", 9, MEANT)], True),
        (SPOKEN, [typed("b", 9, "Play songs by Jack Sun")], True),
        (SPOKEN, [typed("b", 9, OTHER)], False),
        (SPOKEN, [query("b", 9, MEANT)], False),
        (SPOKEN, [], False),
        (SPOKEN, [typed("b", 90, MEANT)], False),
        (SPOKEN, [query("b", 5, "play songs by jackson"), typed("c", 9, MEANT)], True),
        (SPOKEN, [action("a", 9, "correct", MEANT)], True),
        (SPOKEN, [action("a", 9, "correct", OTHER)], False),
        (SPOKEN, [typed("b", 9, None)], None),
        (query("a", 0), [typed("b", 9, MEANT)], None),
        (null("a", 0), [typed("b", 9, MEANT)], True),
        (null("a", 0), [query("b", 9, MEANT)], False),
    ],
)
def test_switched_to_typing(first: Event, later: list[Event], expected: bool | None) -> None:
    assert signal("switched_to_typing", first, *later) is expected


def test_who_asked_is_not_known_but_the_client_reports_it() -> None:
    unknown = query("a", 0, "play songs by jack sun", user=None, session=None)
    assert signal("switched_to_typing", unknown, action("a", 9, "correct", MEANT)) is True
    assert signal("switched_to_typing", unknown, action("a", 9, "correct", OTHER)) is None
    assert signal("switched_to_typing", unknown) is None


@pytest.mark.parametrize(
    "later",
    [
        [typed("b", 9, MEANT)],
        [action("a", 9, "correct", f" {MEANT} ")],
        [typed("b", 9, "play songs by jack son"), typed("c", 12, MEANT)],
        [typed("b", 9, MEANT), typed("c", 12, OTHER)],
        [query("b", 5, OTHER), typed("c", 9, MEANT)],
    ],
    ids=["typed", "reported", "typed twice", "then another wish", "another wish before"],
)
def test_what_was_typed_is_a_label(later: list[Event]) -> None:
    assert label(SPOKEN, *later) == MEANT


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (SPOKEN, typed("b", 9, OTHER)),
        (SPOKEN, action("a", 9, "correct", OTHER)),
        (SPOKEN, typed("b", 9, "play songs by jack sun")),
        (SPOKEN, query("b", 9, MEANT)),
        (SPOKEN, typed("b", 9, MEANT, consent=False)),
        (SPOKEN, action("a", 9, "correct")),
        (query("a", 0, "play songs by jack sun", consent=False), typed("b", 9, MEANT)),
        (query("a", 0), typed("b", 9, MEANT)),
        (null("a", 0), typed("b", 9, MEANT)),
        (query("a", 0, "to mow", confidence=0.01), typed("b", 9, MEANT)),
    ],
    ids=["topic", "reported", "same", "spoken", "theirs", "empty", "ours", "not-kept", "null", "unsure"],
)
def test_what_may_not_be_learnt_from_or_proves_nothing(first: Event, later: Event) -> None:
    assert label(first, later) is None


def test_of_typed_queries_nothing_is_told() -> None:
    assert set(concluded([typed("t", 0, MEANT), SPOKEN])) == {"a"}
