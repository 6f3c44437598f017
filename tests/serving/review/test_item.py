import json

import pytest

from asr.recognizer import Word
from monitoring.events import Event
from serving.review.item import Answer, Claim, Reason, Score, as_json, item_from, item_of, review_from
from tests.serving.review.making import NOW, item, review


def test_records_survive_json() -> None:
    full = item(
        answer=Answer(text="a b", alternatives=("a", "a bee"), words=(Word("a", 0.5), Word("b", 0.25)), confidence=0.3),
        slices={"device_model": "X1"},
        fields={"note": "loud"},
        claim=Claim("ann", NOW),
        seen_by=("bob",),
        verdict=review("bob"),
        score=Score(1, 2),
        deadline=NOW,
    )
    assert item_from(json.loads(json.dumps(as_json(full)))) == full
    assert review_from(as_json(review())) == review()


def test_a_broken_document_is_refused() -> None:
    with pytest.raises(ValueError, match="reason"):
        item_from({**as_json(item()), "reason": "boredom"})


def test_the_item_of_a_query_has_what_its_event_has() -> None:
    event = Event(
        event_id="req_1",
        request_id="req_1",
        at=NOW,
        kind="voice",
        user_id="u1",
        consent=True,
        slices={"variant": "b", "model": "m", "tenant": "music", "device_model": "X1"},
        signals={"confidence": 0.25},
        details={"query": "play jazz", "audio_path": "kept/req_1"},
    )
    made = item_of(event, reason=Reason.SAMPLED, inclusion_probability=0.1, words=[Word("play", 0.9)])
    assert (made.item_id, made.at, made.user_id, made.traffic_class, made.consent) == (
        "req_1",
        NOW,
        "u1",
        "music",
        True,
    )
    assert (made.answer.text, made.answer.confidence, made.answer.variant, made.answer.model) == (
        "play jazz",
        0.25,
        "b",
        "m",
    )
    assert (made.media, made.slices["device_model"], made.answer.words[0].text) == ("kept/req_1", "X1", "play")


def test_who_waits_for_an_answer_goes_first_and_those_drawn_wait_in_one_line() -> None:
    live = item(deadline=NOW + 10, inclusion_probability=None)
    drawn, sure = item(), item(answer=Answer(confidence=0.99))
    other = item(inclusion_probability=None, reason=Reason.DISAGREEMENT)
    assert live.priority < drawn.priority == sure.priority < other.priority
