"""Places with people: a bound holds however many queries come at once, and while the database is being read."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from asr.decode import DecodeLimits
from monitoring.alarms.store import AlarmStore
from monitoring.errors import StoreUnavailable
from monitoring.voice_events import Client
from serving.automation.degree import Degree
from serving.automation.places import Places
from serving.automation.upkeep import Upkeep
from serving.automation.workload import Workload, read_workload
from serving.errors import NobodyAnswered, Overloaded
from serving.people import People, Waiting
from serving.query import Answer, Query
from serving.review import lifecycle
from serving.review.desk import ReviewDesk
from serving.review.item import Reason, State
from serving.review.sampler import Sampler
from serving.review.settings import ReviewSettings
from serving.review.store import ReviewStore
from serving.state.store import StateStore
from tests.serving.automation.test_upkeep import NOW, SETTINGS, upkeep
from tests.serving.review.making import item

BOUNDS = {"degree": Degree.SHADOW, "max_backlog": 3, "daily_budget": 5, "wait_s": 0.3}


@pytest.fixture
def alarms(address: str) -> Iterator[AlarmStore]:
    store = AlarmStore.open(address)
    yield store
    store.close()


@pytest.fixture
def kept(state: StateStore, alarms: AlarmStore) -> Upkeep:
    return upkeep(state, alarms, SETTINGS.model_copy(update=BOUNDS))


@pytest.fixture
def people(state: StateStore, kept: Upkeep, tmp_path: Path) -> People:
    waiting = Waiting(wait_s=0.3, audio_folder=tmp_path, limits=DecodeLimits(max_bytes=1000, max_duration_s=1))
    review = ReviewSettings()
    return People(kept.degrees, ReviewDesk(state, review), Sampler(review), kept.places, waiting)


async def ask(people: People, number: int) -> str:
    """What becomes of a query that people are to answer, and nobody does."""
    query = Query(request_id=f"req_{number:06d}", client=Client(consent=True), limit=10, data=b"sound")

    async def by_model() -> Answer:
        return Answer(request_id=query.request_id, transcript="play some jazz", hits=[], heard=None)

    try:
        return (await people.answer(query, by_model, str)).transcript
    except (NobodyAnswered, Overloaded) as error:
        return type(error).__name__


def burst(people: People, first: int) -> Counter[str]:
    async def all_at_once() -> list[str]:
        return await asyncio.gather(*(ask(people, number) for number in range(first, first + 20)))

    return Counter(asyncio.run(all_at_once()))


def test_a_burst_exceeds_neither_the_backlog_nor_the_days_budget(
    people: People, kept: Upkeep, state: StateStore
) -> None:
    assert burst(people, 0) == {"NobodyAnswered": 3, "Overloaded": 17}
    assert (kept.room.backlog, kept.room.sent_today) == (0, 3)
    assert burst(people, 100) == {"NobodyAnswered": 2, "Overloaded": 18}
    assert burst(people, 200) == {"Overloaded": 20}
    kept.count(time.time())
    assert kept.room.sent_today == len(list(ReviewStore(state).every())) == 5


def test_it_holds_while_the_database_is_read_again_and_again(people: People, kept: Upkeep, state: StateStore) -> None:
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            kept.count(time.time())

    reader = threading.Thread(target=read)
    reader.start()
    found = burst(people, 0)
    ended.set()
    reader.join()
    assert found == {"NobodyAnswered": 3, "Overloaded": 17}
    assert len(list(ReviewStore(state).every())) == 3


def test_what_was_sent_before_the_start_counts_before_the_first_query(kept: Upkeep, state: StateStore) -> None:
    for number in range(5):
        ReviewStore(state).offer(item(number, at=time.time(), reason=Reason.HUMAN_ANSWERS))

    async def at_once() -> bool:
        async with kept.running():
            return kept.room.is_left

    assert not asyncio.run(at_once())


def test_a_place_counts_once_whatever_the_moment_of_the_reading() -> None:
    places = Places(max_backlog=10, daily_budget=10)

    def now() -> tuple[int, int]:
        return places.room.backlog, places.room.sent_today

    with places.taken() as place:
        places.read(lambda: Workload(backlog=0, sent_today=0))
        assert now() == (1, 1)
        place.entered()
        places.read(lambda: Workload(backlog=1, sent_today=1))
        assert now() == (1, 1)
        places.read(lambda: Workload(backlog=0, sent_today=1))
        assert now() == (1, 1)
    assert now() == (0, 1)


def test_what_comes_while_it_is_read_and_what_cannot_be_read_stays_counted() -> None:
    places = Places(max_backlog=10, daily_budget=10)

    def meanwhile() -> Workload:
        with places.taken():
            return Workload()

    def away() -> Workload:
        raise StoreUnavailable("away")

    places.read(meanwhile)
    assert (places.room.backlog, places.room.sent_today) == (0, 1)
    with pytest.raises(StoreUnavailable):
        places.read(away)
    assert places.room.sent_today == 1


def test_a_query_whose_user_has_gone_stays_in_the_days_budget(state: StateStore) -> None:
    live = item(1, reason=Reason.BELOW_THRESHOLD, deadline=NOW + 60)
    drawn = lifecycle.unattended(live)
    assert (drawn.state, drawn.priority) == (State.WAITING, 1)
    ReviewStore(state).offer(drawn)
    assert read_workload(state, now=NOW + 2, wait_s=20) == Workload(backlog=0, sent_today=1)
