from dataclasses import replace
from math import inf

import pytest

from serving.review.estimate import MIN_REVIEWS, Estimate, estimates, settled
from serving.review.item import Answer, ReviewItem, State
from serving.review.lifecycle import claimed, expired, reviewed
from serving.review.review_event import review_event
from tests.serving.review.making import NOW, item, review, skip, unintelligible


def done(number: int, *, said: str = "play some jazz", chance: float = 0.5, **fields: object) -> ReviewItem:
    one = replace(item(number, inclusion_probability=chance), **fields)  # type: ignore[arg-type]
    return reviewed(claimed(one, "ann", now=NOW, lease_s=60), review(text=said))


def of(items: list[ReviewItem]) -> list[Estimate]:
    return estimates(items, least_probability=0.01)


def test_each_stands_for_one_over_its_probability() -> None:
    (found,) = of([done(0, said="play jazz", chance=0.1), done(1, chance=0.5), done(2, chance=1.0)])
    assert found.wer.value == pytest.approx((1 / 0.1) / (2 / 0.1 + 3 / 0.5 + 3))
    assert found.error_rate.value == pytest.approx(10 / (10 + 2 + 1))
    assert 10 / 13 in found.error_rate.interval
    assert (found.variant, found.reviews, found.until, found.wer.interval.high) == ("champion", 3, NOW + 2, inf)


def test_variants_and_slices_are_told_apart() -> None:
    phones = [done(n, slices={"device_model": "X1"}) for n in range(MIN_REVIEWS)]
    rare = [done(900, slices={"device_model": "rare"})]
    other = [done(901, said="no", answer=Answer(text="yes", variant="canary"))]
    found = {(one.variant, one.slice.get("device_model")): one.error_rate.value for one in of(phones + rare + other)}
    assert found == {("champion", None): 0.0, ("champion", "X1"): 0.0, ("canary", None): 1.0}


def test_only_what_comes_before_the_first_that_nobody_has_looked_at_counts() -> None:
    late, waiting, early = done(5), item(3), done(1)
    assert [one.at - NOW for one in settled([late, waiting, early])] == [1]
    assert [one.at - NOW for one in settled([late, expired(waiting), early])] == [1, 3, 5]
    mine = claimed(waiting, "bob", now=NOW, lease_s=60)
    assert [one.at - NOW for one in settled([late, mine, early])] == [1]


def test_what_waits_for_a_second_opinion_counts_by_its_first() -> None:
    once = done(0, said="play jazz", required=2)
    assert once.state is State.WAITING
    (found,) = of([once])
    assert found.wer.value == pytest.approx(1 / 2)


def test_what_was_not_drawn_with_a_known_probability_is_left_out() -> None:
    unknown = replace(done(0), inclusion_probability=None)
    assert of([unknown]) == []


def test_what_reviewers_were_shown_is_left_out() -> None:
    shown = replace(done(0, said="no"), answer_shown=True)
    assert [one.reviews for one in of([shown, done(1)])] == [1]


def test_what_nobody_understands_and_what_nobody_judged_is_told() -> None:
    hold = [claimed(item(n, inclusion_probability=0.5), "ann", now=NOW, lease_s=60) for n in range(3)]
    unclear, skipped = reviewed(hold[0], unintelligible()), reviewed(hold[1], skip())
    kept = done(3), done(4, answer=Answer(variant="champion"))
    (found,) = of([unclear, expired(skipped), *kept])
    assert (found.reviews, found.unintelligible_ratio, found.missing_ratio) == (1, 0.25, 0.5)


def test_without_reviews_there_is_no_estimate_and_of_failures_only_an_empty_one() -> None:
    assert of([]) == []
    (found,) = of([expired(item())])
    assert (found.wer.value, found.reviews, found.missing_ratio) == (None, 0, 1.0)


def test_settings_that_were_changed_do_not_break_it() -> None:
    (found,) = estimates([done(0, chance=0.001)], least_probability=0.5)
    assert found.reviews == 1


def test_a_review_is_an_event_with_the_slices_of_its_query() -> None:
    one = done(0, said="play jazz", slices={"variant": "b", "device_model": "X1"}, user_id="u", chance=0.25)
    event = review_event(one, at=NOW + 9)
    assert event
    assert (event.event_id, event.request_id, event.kind, event.user_id) == (
        "req_000000/review",
        "req_000000",
        "review",
        "u",
    )
    assert event.at == NOW + 9
    assert event.signals == {"wer": 0.5, "errors": 1, "words": 2, "inclusion_probability": 0.25}
    assert event.slices == {"variant": "b", "device_model": "X1"}
    assert "jazz" not in repr(event)
    silence = review_event(done(1, said=""), at=NOW + 9)
    assert silence
    assert (silence.signals["wer"], silence.signals["errors"]) == (None, 3)
    assert review_event(item(), at=NOW + 9) is None
