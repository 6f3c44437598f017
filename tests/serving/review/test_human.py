import asyncio
import time

import pytest

from monitoring.redaction import redact
from serving.errors import BadField
from serving.review.desk import ReviewDesk
from serving.review.human import HumanAnswers
from serving.review.item import Review, Score, State
from serving.review.settings import ReviewSettings
from serving.review.store import ReviewStore
from serving.state.store import StateStore
from tests.serving.review.conftest import Clock
from tests.serving.review.making import NOW, item, review, skip


def desk(state: StateStore) -> ReviewDesk:
    return ReviewDesk(state, ReviewSettings())


def asked(answering: ReviewDesk, working: ReviewDesk, *said: Review, timeout_s: float) -> Review | None:
    """The answer to a query on one replica whose reviewers work on another."""

    def work() -> None:
        for one in said:
            while not (mine := working.queue.claim_next(one.labeler)):
                time.sleep(0.01)
            working.submit(mine.item_id, one)

    async def ask() -> Review | None:
        query = item(inclusion_probability=None)
        waiting = answering.human.text_for(query, timeout_s=timeout_s)
        answer, _ = await asyncio.gather(waiting, asyncio.to_thread(work))
        return answer

    return asyncio.run(ask())


def test_who_submits_here_wakes_the_query_at_once(state: StateStore) -> None:
    here = desk(state)
    here.human = HumanAnswers(here.queue, poll_s=60.0)
    answer = asked(here, here, review("ann", "play chess"), timeout_s=30)
    assert answer
    assert (answer.text, answer.labeler, here.human.waiting) == ("play chess", "ann", 0)


def test_who_submits_to_another_replica_is_heard_of_by_looking(address: str, state: StateStore) -> None:
    elsewhere = StateStore.open(address)
    answer = asked(desk(state), desk(elsewhere), skip("bob"), review("ann", "play chess"), timeout_s=30)
    elsewhere.close()
    assert answer
    assert answer.text == "play chess"


DICTATED = "mail John dot Smith at example dot com"


def stored(here: ReviewDesk) -> tuple[str, str, str | None]:
    """The text of the verdict, of the review, and what is there for the user who waits."""
    there = here.queue.get("req_000000")
    assert there.verdict
    return there.verdict.text, here.queue.reviews("req_000000")[0].text, there.typed


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_the_user_gets_what_was_typed_and_less_is_kept(address: str, state: StateStore, is_elsewhere: bool) -> None:
    other = StateStore.open(address)
    here = ReviewDesk(state, ReviewSettings(), keep=redact)
    working = ReviewDesk(other, ReviewSettings(), keep=redact) if is_elsewhere else here
    answer = asked(here, working, review("ann", DICTATED), timeout_s=30)
    other.close()
    assert answer
    assert answer.text == DICTATED
    assert stored(here) == ("mail [email]", "mail [email]", None)


def test_what_was_typed_for_a_user_who_did_not_take_it_is_forgotten(state: StateStore, clock: Clock) -> None:
    """As if their replica had died."""
    here = ReviewDesk(state, ReviewSettings(), keep=redact)
    here.queue = ReviewStore(state, clock=clock)
    here.queue.offer(item(deadline=NOW + 60))
    here.queue.claim_next("ann")
    here.submit("req_000000", review("ann", DICTATED))
    assert (here.queue.forget_all_typed(), stored(here)[2]) == (0, DICTATED)
    clock.now += 61
    assert (here.queue.forget_all_typed(), stored(here)) == (1, ("mail [email]", "mail [email]", None))


def test_where_nobody_waits_what_was_typed_is_never_stored(state: StateStore) -> None:
    here = ReviewDesk(state, ReviewSettings(), keep=redact)
    here.queue.offer(item(heard="mail [email]"))
    here.queue.claim_next("ann")
    done = here.submit("req_000000", review("ann", DICTATED))
    assert (stored(here), done.score) == (("mail [email]", "mail [email]", None), Score(errors=0, words=2))
    assert here.submit("req_000000", review("ann", DICTATED)) == done


def test_where_nobody_comes_the_query_goes_on_and_nobody_is_asked_any_more(state: StateStore) -> None:
    here = desk(state)
    answer = asked(here, here, timeout_s=0.1)
    assert (answer, here.human.waiting) == (None, 0)
    assert here.queue.claim_next("ann") is None
    assert here.queue.get("req_000000").state is State.EXPIRED


def test_who_has_begun_may_finish_for_the_datas_sake(state: StateStore) -> None:
    here = desk(state)
    assert asyncio.run(here.human.text_for(item(), timeout_s=0.05)) is None
    here.queue.offer(item(1, deadline=time.time() + 60))
    mine = here.queue.claim_next("ann")
    assert mine
    assert here.submit(mine.item_id, review("ann")).state is State.DONE


def test_without_consent_nobody_is_asked(state: StateStore) -> None:
    here = desk(state)
    with pytest.raises(BadField, match="consent"):
        asyncio.run(here.human.text_for(item(consent=False), timeout_s=5))
    assert here.human.waiting == 0


def test_a_query_that_is_given_up_leaves_nothing(state: StateStore) -> None:
    here = desk(state)

    async def gone() -> None:
        waiting = asyncio.create_task(here.human.text_for(item(), timeout_s=30))
        while not here.human.waiting:
            await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(gone())
    assert here.human.waiting == 0
