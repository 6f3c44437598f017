from dataclasses import replace

import pytest

from monitoring.events import Event, SignalValue
from serving.review.disagreement import item_of_disagreement
from serving.review.item import Reason
from tests.serving.review.making import NOW

QUERY = Event(
    event_id="req_1",
    request_id="req_1",
    at=NOW,
    kind="voice",
    consent=True,
    slices={"variant": "champion"},
    signals={"confidence": 0.5},
    details={"query": "play jazz", "audio_path": "kept/req_1"},
)


def shadow(**signals: SignalValue) -> Event:
    same: dict[str, SignalValue] = {"wer_between": 0.0, "null_champion": False, "null_candidate": False}
    return replace(
        QUERY,
        event_id="req_1/shadow/b",
        kind="shadow",
        slices={**QUERY.slices, "candidate": "b"},
        signals={**same, "top_differs": False, "shadow_failed": False, **signals},
        details={"text_candidate": "play chess"},
    )


@pytest.mark.parametrize(
    "signals",
    [
        {"wer_between": 0.5},
        {"null_candidate": True},
        {"wer_between": None, "null_champion": True},
        {"top_differs": True},
    ],
)
def test_what_was_heard_differently_is_worth_a_look(signals: dict[str, SignalValue]) -> None:
    item = item_of_disagreement(QUERY, shadow(**signals))
    assert item
    assert (item.reason, item.item_id, item.media, item.inclusion_probability) == (
        Reason.DISAGREEMENT,
        "req_1",
        "kept/req_1",
        None,
    )
    assert (item.answer.text, item.answer.alternatives, item.fields) == (
        "play jazz",
        ("play chess",),
        {"candidate": "b"},
    )


@pytest.mark.parametrize("signals", [{}, {"wer_between": 0.1}, {"shadow_failed": True, "top_differs": True}])
def test_what_agrees_or_failed_is_not(signals: dict[str, SignalValue]) -> None:
    assert item_of_disagreement(QUERY, shadow(**signals)) is None


def test_nobody_hears_what_they_may_not_or_cannot() -> None:
    differs = shadow(top_differs=True)
    assert item_of_disagreement(replace(QUERY, consent=False), differs) is None
    assert item_of_disagreement(replace(QUERY, details={}), differs) is None
