import multiprocessing
import os
from threading import Barrier

import pytest

from monitoring.errors import StoreUnavailable
from serving.errors import BadField, Conflict, NotFound
from serving.review.figures import figures
from serving.review.item import Reason, State
from serving.review.store import ReviewStore
from serving.state.store import StateStore
from tests.monitoring.conftest import nowhere
from tests.serving.review.conftest import Clock
from tests.serving.review.making import NOW, item, review, skip, unintelligible

__all__ = ["nowhere"]


SHARE = 20


def claim_share(address: str, labeler: str, start: Barrier) -> list[str]:
    """What one process gets of the queue, which has as much for each."""
    state = StateStore.open(address)
    queue = ReviewStore(state)
    start.wait(30)
    mine = [queue.claim_next(labeler) for _ in range(SHARE)]
    state.close()
    return [one.item_id for one in mine if one]


def test_of_several_processes_each_item_goes_to_one(address: str, queue: ReviewStore) -> None:
    for number in range(3 * SHARE):
        queue.offer(item(number))
    spawning = multiprocessing.get_context("spawn")
    with spawning.Manager() as manager, spawning.Pool(3) as pool:
        start = manager.Barrier(3)
        got = pool.starmap(claim_share, [(address, f"labeler {n}", start) for n in range(3)], chunksize=1)
    assert sorted(one for mine in got for one in mine) == [f"req_{number:06d}" for number in range(3 * SHARE)]


def test_an_item_is_offered_once_and_stays_as_it_was(queue: ReviewStore) -> None:
    assert queue.offer(item(heard="first"))
    assert not queue.offer(item(heard="second"))
    assert queue.get("req_000000") == item(heard="first")


def test_what_is_reviewed_anyway_counts_as_drawn_if_it_is_drawn(queue: ReviewStore) -> None:
    queue.offer(item(inclusion_probability=None, reason=Reason.DISAGREEMENT))
    queue.submit(queue.claim("req_000000", "ann").item_id, review())
    assert not queue.offer(item(inclusion_probability=0.25))
    found = queue.get("req_000000")
    assert (found.inclusion_probability, found.reason, found.state) == (0.25, Reason.SAMPLED, State.DONE)
    queue.offer(item(inclusion_probability=None, reason=Reason.DISAGREEMENT))
    assert queue.get("req_000000") == found


def test_nothing_comes_in_without_consent(queue: ReviewStore) -> None:
    with pytest.raises(BadField, match="without the user's consent"):
        queue.offer(item(consent=False))
    assert queue.page() == []


def test_live_ones_go_first_then_the_oldest(queue: ReviewStore) -> None:
    queue.offer(item(0, inclusion_probability=None))
    queue.offer(item(2))
    queue.offer(item(1))
    queue.offer(item(3, deadline=NOW + 90, inclusion_probability=None))
    got = [queue.claim_next("ann") for _ in range(5)]
    assert [one and one.at - NOW for one in got] == [3, 1, 2, 0, None]


def test_nobody_gets_what_they_have_seen(queue: ReviewStore) -> None:
    queue.offer(item(0, required=2))
    queue.offer(item(1))
    for _ in range(2):
        mine = queue.claim_next("ann")
        assert mine
        queue.submit(mine.item_id, review("ann") if mine.at == NOW else skip("ann"))
    assert queue.claim_next("ann") is None
    theirs = [queue.claim_next("bob"), queue.claim_next("bob")]
    assert [one and one.at - NOW for one in theirs] == [0, 1]


def test_a_lease_that_ran_out_goes_to_the_next_person(queue: ReviewStore, clock: Clock) -> None:
    queue.offer(item())
    mine = queue.claim_next("ann")
    assert queue.claim_next("bob") is None
    assert queue.holds("req_000000", "ann")
    clock.now += 61
    assert not queue.holds("req_000000", "ann")
    theirs = queue.claim_next("bob")
    assert mine
    assert theirs
    assert theirs.version > mine.version
    with pytest.raises(Conflict, match="claimed by bob"):
        queue.submit("req_000000", review("ann"))
    assert queue.reviews("req_000000") == []
    assert queue.submit("req_000000", review("bob")).state is State.DONE


def test_a_late_submit_counts_where_nobody_else_came(queue: ReviewStore, clock: Clock) -> None:
    for number in range(2):
        queue.offer(item(number))
    queue.claim("req_000000", "ann")
    queue.submit(queue.claim("req_000001", "bob").item_id, review("bob"))
    clock.now += 61
    assert queue.submit("req_000000", review("ann")).state is State.DONE


def test_renewing_and_releasing(queue: ReviewStore, clock: Clock) -> None:
    queue.offer(item())
    queue.claim_next("ann")
    clock.now += 50
    queue.renew("req_000000", "ann")
    clock.now += 50
    assert queue.claim_next("bob") is None
    queue.release("req_000000", "ann")
    assert queue.claim_next("bob")


def test_a_double_submit_is_taken_once(queue: ReviewStore) -> None:
    queue.offer(item())
    queue.claim_next("ann")
    done = queue.submit("req_000000", review("ann"))
    assert queue.submit("req_000000", review("ann", at=NOW + 99)) == done
    with pytest.raises(Conflict, match="ann has said"):
        queue.submit("req_000000", review("ann", "play chess"))
    assert queue.reviews("req_000000") == [review("ann")]


def test_who_has_gone_is_not_answered_but_what_was_drawn_is_reviewed_later(queue: ReviewStore, clock: Clock) -> None:
    queue.offer(item(0, deadline=NOW + 10, inclusion_probability=None))
    queue.offer(item(1, deadline=NOW + 10))
    queue.offer(item(2, deadline=NOW + 99))
    clock.now += 11
    got = [queue.claim_next("ann") for _ in range(3)]
    assert [one and one.at - NOW for one in got] == [2, 1, None]
    assert queue.get("req_000000").state is State.EXPIRED


@pytest.mark.parametrize("item_id", ["", "req_9", "x" * 300, "a\0b", "../../etc/passwd", "'; DROP TABLE reviews; --"])
def test_an_item_that_is_not_there(queue: ReviewStore, item_id: str) -> None:
    with pytest.raises(NotFound, match="there is no review item"):
        queue.get(item_id)
    with pytest.raises(NotFound):
        queue.submit(item_id, review())


def test_pages(queue: ReviewStore) -> None:
    for number in range(5):
        queue.offer(item(number))
    queue.submit(queue.claim("req_000002", "ann").item_id, review())
    first = queue.page(limit=2)
    assert [one.at - NOW for one in (*first, *queue.page(limit=9, after=first[-1]))] == [0, 1, 2, 3, 4]
    assert [one.at - NOW for one in queue.page(state=State.DONE)] == [2]
    assert [one.at - NOW for one in queue.every(since=NOW + 3)] == [3, 4]


def test_old_ones_are_asked_no_more(queue: ReviewStore) -> None:
    for number in range(4):
        queue.offer(item(number, required=2))
    queue.submit(queue.claim("req_000000", "ann").item_id, review())
    queue.claim("req_000001", "ann")
    assert queue.expire_before(NOW + 3) == 2
    assert [one.state.value for one in queue.every()] == ["done", "claimed", "expired", "waiting"]


def test_purging_and_deleting_a_user(queue: ReviewStore) -> None:
    for number in range(4):
        queue.offer(item(number, user_id=f"user {number % 2}", media=f"kept/{number}"))
    for number in range(4):
        queue.submit(queue.claim(f"req_{number:06d}", "ann").item_id, review())
    gone = queue.delete_user("user 1")
    assert (gone.items, gone.reviews, sorted(gone.media)) == (2, 2, ["kept/1", "kept/3"])
    assert queue.reviews("req_000001") == []
    assert queue.purge_before(NOW + 2).items == 1
    assert [one.item_id for one in queue.every()] == ["req_000002"]
    assert queue.reviews("req_000002") == [review()]


def test_figures(queue: ReviewStore, state: StateStore) -> None:
    empty = figures(state, now=NOW)
    assert (empty.backlog, empty.oldest_waiting_s, empty.median_spent_s) == (0, None, None)
    for number in range(6):
        queue.offer(item(number, deadline=NOW + 1e6 if number == 5 else None))
    for number, said in enumerate([review("ann", spent_s=2.0), unintelligible("bob"), review("ann", spent_s=9.0)]):
        queue.submit(queue.claim(f"req_{number:06d}", said.labeler).item_id, said)
    queue.claim("req_000003", "ann")
    found = figures(state, now=NOW + 64)
    assert found.states == {"done": 3, "claimed": 1, "waiting": 2}
    assert (found.backlog, found.live_waiting, found.oldest_waiting_s) == (3, 1, 60.0)
    assert (found.reviews_last_day, found.median_spent_s) == ({"ann": 2, "bob": 1}, 4.0)
    assert figures(state, now=NOW + 2 * 86_400).reviews_last_day == {}


def test_without_a_database_it_says_so(nowhere: str) -> None:
    state = StateStore.open(nowhere)
    with pytest.raises(StoreUnavailable):
        ReviewStore(state).claim_next("ann")
    state.close()


def test_the_clock_of_a_real_queue_is_the_databases(state: StateStore) -> None:
    queue = ReviewStore(state, lease_s=1e6)
    queue.offer(item())
    claim = queue.claim("req_000000", f"pid {os.getpid()}").claim
    assert claim
    assert claim.until > NOW + 1e6
