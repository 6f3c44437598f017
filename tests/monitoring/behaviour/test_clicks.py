import pytest

from monitoring.events import Event
from tests.monitoring.behaviour.sessions import action, concluded, null, query, signal

ASKED = query("a", 10, "play jazz")


@pytest.mark.parametrize(
    ("later", "clicked", "seconds"),
    [
        ([action("a", 14)], True, 4.0),
        ([action("a", 14, "play")], True, 4.0),
        ([action("a", 14), action("a", 12), action("a", 12), action("a", 30)], True, 2.0),
        ([action("a", 10)], True, 0.0),
        ([action("a", 9)], True, None),
        ([action("a", 70)], True, 60.0),
        ([action("a", 70.5)], False, None),
        ([action("b", 14)], False, None),
        ([action("a", 14, "abandon")], False, None),
        ([action("a", 14, "correct", "play chess")], False, None),
        ([], False, None),
    ],
)
def test_clicks(later: list[Event], clicked: bool, seconds: float | None) -> None:
    assert signal("clicked", ASKED, *later) is clicked
    assert signal("time_to_first_click_s", ASKED, *later) == seconds


def test_a_click_that_comes_in_before_its_search() -> None:
    found = concluded([action("a", 12), ASKED])["a"].signals
    assert (found["clicked"], found["time_to_first_click_s"]) == (True, 2.0)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([ASKED], True),
        ([null("a", 0)], True),
        ([query("a", 0, outcome="queue_full")], True),
        ([ASKED, action("a", 12)], False),
        ([ASKED, query("b", 20, "what time is it")], False),
        ([ASKED, query("b", 20, "play jazz", kind="text")], False),
        ([ASKED, query("b", 80, "what time is it")], True),
        ([ASKED, action("a", 12, "correct", "play chess")], False),
        ([ASKED, action("a", 12, "abandon")], True),
        ([ASKED, action("a", 12, "abandon"), query("b", 20, "what time is it")], True),
        ([ASKED, action("a", 12, "abandon"), action("a", 14)], False),
        ([ASKED, action("a", 12), action("a", 14, "abandon")], False),
    ],
)
def test_abandonment(events: list[Event], expected: bool) -> None:
    assert signal("abandoned", *events) is expected


def test_abandonment_where_nobody_knows_who_asked() -> None:
    unknown = query("a", 0, "play jazz", user=None, session=None)
    assert signal("abandoned", unknown) is None
    assert signal("abandoned", unknown, action("a", 3)) is False
    assert signal("abandoned", unknown, action("a", 3, "abandon")) is True
