import pytest

from monitoring.events import Event, SignalValue
from monitoring.signals.transcript import null_transcript, repetition, words_per_second, zero_results


def event(*, query: str | None = None, outcome: str = "ok", **signals: SignalValue) -> Event:
    details = {} if query is None else {"query": query}
    return Event(
        event_id="1", request_id="1", at=0.0, kind="voice", outcome=outcome, signals=dict(signals), details=details
    )


@pytest.mark.parametrize(
    ("one", "null"),
    [
        (event(words=0), True),
        (event(words=3), False),
        (event(query="what time"), False),
        (event(query=""), True),
        (event(query="  "), True),
        (event(no_speech=True), True),
        (event(no_speech=True, words=2), False),
        (event(no_speech=False), None),
        (event(words=None, no_speech=None), None),
        (event(), None),
        (event(outcome="overloaded", words=0), None),
        (event(outcome="undecodable_audio"), None),
    ],
)
def test_a_transcript_is_null_when_an_answer_has_no_word(one: Event, null: bool | None) -> None:
    assert null_transcript(one) is null


@pytest.mark.parametrize(
    ("one", "rate"),
    [
        (event(words=4, speech_s=2.0), 2.0),
        (event(query="one two three", speech_s=1.5), 2.0),
        (event(words=4, speech_s=0.1), 40.0),
        (event(words=4, speech_s=0.09), None),
        (event(words=4, speech_s=0.0), None),
        (event(words=4, speech_s=-1.0), None),
        (event(words=4, speech_s=None), None),
        (event(words=4), None),
        (event(words=0, speech_s=2.0), None),
        (event(speech_s=2.0), None),
    ],
)
def test_words_per_second_are_known_where_there_is_speech(one: Event, rate: float | None) -> None:
    assert words_per_second(one) == (None if rate is None else pytest.approx(rate))


@pytest.mark.parametrize(
    ("one", "zero"),
    [
        (event(words=2, result_count=0), True),
        (event(words=2, result_count=7), False),
        (event(query="time", result_count=0), True),
        (event(words=0, result_count=0), None),
        (event(no_speech=True, result_count=0), None),
        (event(result_count=0), None),
        (event(words=2, result_count=None), None),
        (event(words=2), None),
    ],
)
def test_results_are_zero_only_where_words_were_searched_for(one: Event, zero: bool | None) -> None:
    assert zero_results(one) is zero


@pytest.mark.parametrize(
    ("query", "share"),
    [
        (None, None),
        ("", None),
        ("time", None),
        ("what time is it", 0.0),
        ("a b a b a b", 0.6),
        ("the the the the the", 0.75),
        ("no no", 0.0),
    ],
)
def test_repetition_is_the_share_of_pairs_that_were_there_before(query: str | None, share: float | None) -> None:
    found = repetition(event(query=query))
    assert found == (None if share is None else pytest.approx(share))
