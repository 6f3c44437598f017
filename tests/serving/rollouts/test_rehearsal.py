"""Rollouts rehearsed on what two variants made of the same recordings."""

import pytest

from monitoring.events import Event
from monitoring.voice_events import QueryKind, SearchEvent
from serving.rollouts.rehearsal import Crowd, rehearse, shares_of

CROWD = Crowd(users=2_000, queries_per_hour=36_000.0)


def heard(*words: int, confidence: float = 0.9) -> list[Event]:
    """One recording for each number of words that a variant makes of it."""
    return [
        SearchEvent(
            request_id=f"r{number}",
            at=0.0,
            kind=QueryKind.VOICE,
            words=count,
            result_count=min(count, 1),
            confidence=confidence,
            timings_ms={"total": 50.0},
        ).as_event()
        for number, count in enumerate(words)
    ]


GOOD = heard(*[3] * 49, 0)
BAD = heard(*[3] * 45, 0, 0, 0, 0, 0)


def test_shares_are_of_what_the_guardrails_call_bad() -> None:
    assert shares_of(BAD) == {
        "null_transcript": 0.1,
        "error": 0.0,
        "total_ms": 0.0,
        "zero_results": 0.0,
        "confidence": 0.0,
    }


def test_a_worse_candidate_goes_back_and_the_last_look_says_why() -> None:
    looks = rehearse(GOOD, BAD, crowd=CROWD, hours=10)
    last = looks[-1]
    assert last.outcome == "roll_back"
    assert "null_transcript" in last.why
    assert last.share == 0.05
    assert last.asked_candidate < 2_000
    assert last.null_candidate > last.null_champion
    assert [look.outcome for look in looks[:-1]] == ["hold"] * (len(looks) - 1)


def test_a_harmless_one_climbs_step_by_step_until_it_is_promoted() -> None:
    looks = rehearse(GOOD, GOOD, crowd=CROWD, hours=24)
    assert looks[-1].outcome == "promote"
    assert list(dict.fromkeys(look.share for look in looks)) == [0.05, 0.1, 0.25, 0.5]
    assert all(look.stage == "canary" for look in looks)


def test_it_is_the_same_again_and_another_with_another_seed() -> None:
    first = rehearse(GOOD, BAD, crowd=CROWD, hours=1, seed=3)
    assert first == rehearse(GOOD, BAD, crowd=CROWD, hours=1, seed=3)
    assert first != rehearse(GOOD, BAD, crowd=CROWD, hours=1, seed=4)


def test_time_that_is_up_ends_it_undecided() -> None:
    assert rehearse(GOOD, GOOD, crowd=CROWD, hours=0.1)[-1].outcome == "hold"


@pytest.mark.parametrize(("champion", "candidate"), [(GOOD, BAD[:-1]), ([], [])])
def test_they_must_have_heard_the_same(champion: list[Event], candidate: list[Event]) -> None:
    with pytest.raises(ValueError, match="not the same ones"):
        rehearse(champion, candidate)
