from dataclasses import replace

import pytest

from serving.errors import Conflict
from serving.review.item import Answer, Claim, Review, ReviewItem, Score, State
from serving.review.lifecycle import (
    claimed,
    expired,
    is_overdue,
    is_repeated,
    lapsed,
    released,
    renewed,
    reviewed,
    unattended,
)
from tests.serving.review.making import NOW, item, review, skip, unintelligible


def claim(one: ReviewItem, labeler: str, *, now: float = NOW) -> ReviewItem:
    return claimed(one, labeler, now=now, lease_s=60)


def say(one: ReviewItem, *reviews: Review) -> ReviewItem:
    for each in reviews:
        one = reviewed(claim(one, each.labeler), each)
    return one


def test_one_person_claims_keeps_and_gives_back() -> None:
    mine = claim(item(), "ann")
    assert (mine.state, mine.claim) == (State.CLAIMED, Claim("ann", NOW + 60))
    with pytest.raises(Conflict, match="is claimed by ann"):
        claim(mine, "bob")
    longer = renewed(mine, "ann", now=NOW + 50, lease_s=60)
    assert longer.claim == Claim("ann", NOW + 110)
    assert claim(released(longer, "ann"), "bob").claim != mine.claim


def test_a_lease_that_ran_out_holds_until_somebody_else_comes() -> None:
    mine = lapsed(claim(item(), "ann"), now=NOW + 61)
    assert mine.state is State.WAITING
    assert reviewed(mine, review("ann")).state is State.DONE
    theirs = claim(mine, "bob", now=NOW + 61)
    with pytest.raises(Conflict, match="ann does not have req_000000: it is claimed by bob"):
        reviewed(theirs, review("ann"))
    with pytest.raises(Conflict, match="claimed by bob"):
        renewed(theirs, "ann", now=NOW + 61, lease_s=60)


def test_a_lease_that_runs_is_left_alone() -> None:
    mine = claim(item(), "ann")
    assert lapsed(mine, now=NOW + 59) is mine


def test_nobody_submits_what_they_have_not_claimed() -> None:
    with pytest.raises(Conflict, match="nobody has claimed it"):
        reviewed(item(), review())


def test_a_text_ends_it_with_its_errors() -> None:
    done = say(item(heard="play sam jazz"), review(text="Play some jazz, please!"))
    assert (done.state, done.verdict and done.verdict.labeler, done.score) == (State.DONE, "ann", Score(2, 4))
    with pytest.raises(Conflict, match="req_000000 is done"):
        claim(done, "bob")


def test_nobody_spoke_is_a_text_and_unintelligible_is_no_score() -> None:
    assert say(item(), review(text="")).score == Score(errors=3, words=0)
    nobody_knows = say(item(), unintelligible())
    assert (nobody_knows.state, nobody_knows.score) == (State.DONE, None)


def test_an_answer_that_was_not_kept_has_no_score() -> None:
    assert say(item(heard=None), review()).score is None


def test_a_label_of_an_image_is_right_or_wrong() -> None:
    image = item(kind="image", answer=Answer(text="black cat"))
    assert say(image, review(text="Black cat")).score == Score(0, 1)
    assert say(image, review(text="dog")).score == Score(1, 1)


def test_two_who_agree_but_for_writing_end_it() -> None:
    first = say(item(required=2), review("ann", "Twenty one pilots"))
    assert (first.state, first.opinions) == (State.WAITING, 1)
    with pytest.raises(Conflict, match="ann has reviewed req_000000 already"):
        claim(first, "ann")
    both = say(first, review("bob", "21 pilots."))
    assert (both.state, both.verdict and both.verdict.labeler) == (State.DONE, "ann")


def test_of_two_who_differ_a_third_decides() -> None:
    disputed = say(item(required=2), review("ann", "play jazz"), review("bob", "play chess"))
    assert (disputed.state, disputed.is_disputed, disputed.score) == (State.WAITING, True, None)
    for labeler in ("ann", "bob"):
        with pytest.raises(Conflict, match="already"):
            claim(disputed, labeler)
    decided = say(disputed, review("cleo", "play chess"))
    assert (decided.state, decided.verdict and decided.verdict.labeler, decided.opinions) == (State.DONE, "cleo", 3)


def test_unintelligible_to_one_only_is_a_dispute() -> None:
    assert say(item(required=2), unintelligible("ann"), review("bob")).is_disputed


def test_three_who_skip_put_it_aside() -> None:
    twice = say(item(), skip("ann"), skip("bob"))
    assert (twice.state, twice.seen_by) == (State.WAITING, ("ann", "bob"))
    assert say(twice, skip("cleo")).state is State.SKIPPED
    assert say(twice, review("cleo")).state is State.DONE


def test_what_was_said_holds_where_nobody_else_wants_to() -> None:
    once = say(item(required=2), review("ann", "play jazz"))
    done = say(once, skip("bob"), skip("cleo"), skip("dan"))
    assert (done.state, done.verdict and done.verdict.text, done.score) == (State.DONE, "play jazz", Score(1, 2))
    assert expired(once).state is State.DONE


def test_a_live_item_is_overdue_unless_somebody_is_at_it() -> None:
    live = item(deadline=NOW + 10)
    assert not is_overdue(live, now=NOW + 9)
    assert is_overdue(live, now=NOW + 10)
    assert not is_overdue(claim(live, "ann"), now=NOW + 10)
    assert not is_overdue(item(), now=NOW + 1e9)
    assert expired(live).state is State.EXPIRED
    with pytest.raises(Conflict, match="is expired"):
        claim(expired(live), "ann")


def test_a_user_who_has_gone_is_no_reason_to_lose_a_draw() -> None:
    drawn = item(deadline=NOW + 10, inclusion_probability=0.2)
    later = unattended(drawn)
    assert (later.state, later.is_live, later.priority) == (State.WAITING, False, item().priority)
    for one in (replace(drawn, inclusion_probability=None), replace(drawn, inclusion_probability=1.0)):
        assert unattended(one).state is State.EXPIRED
    assert unattended(replace(drawn, answer=Answer())).state is State.EXPIRED


def test_the_same_submit_twice_is_no_mistake_but_another_text_is() -> None:
    assert is_repeated(review(), replace(review(), at=NOW + 999, spent_s=9.0))
    with pytest.raises(Conflict, match="ann has said 'play some jazz' of it already"):
        is_repeated(review(text="play chess"), review())
