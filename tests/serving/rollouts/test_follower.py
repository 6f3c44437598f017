"""A replica routes and loads as the database says, and only to what is loaded there."""

import asyncio
from collections.abc import Callable

import pytest

from serving.rollouts.follower import TRY_AGAIN_S, Follower, restricted
from serving.rollouts.policy import Policy
from serving.rollouts.record import WARM_S, Rollout
from serving.rollouts.rollouts import Rollouts
from serving.rollouts.stages import Stage, Strategy
from serving.rollouts.steps import Action
from serving.traffic import Routing, Traffic
from tests.serving.rollouts.conftest import NewReplica
from tests.serving.rollouts.fakes import FakeLineup
from tests.serving.rollouts.making import NOON, OTHER, SLOW, Clock


class Replica:
    """One server's part, without a server."""

    def __init__(self, rollouts: Rollouts, clock: Clock, *, keep: tuple[str, ...] = ()) -> None:
        self.rollouts = rollouts
        self.lineup = FakeLineup()
        self.traffic = Traffic(Routing(champion="champion"))
        self.follower = Follower(rollouts, self.lineup, self.traffic, keep=keep, replica="b", clock=clock)

    async def follow(self) -> Routing:
        await self.follower.follow()
        await self.follower.settled()
        return self.traffic.routing


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def one(replica: NewReplica, clock: Clock) -> Replica:
    return Replica(replica(clock), clock)


def start(rollouts: Rollouts, strategy: Strategy = Strategy.CANARY) -> Rollout:
    return rollouts.start(OTHER, strategy, Policy(), by="ann")


def test_a_whole_life(one: Replica, replica: NewReplica, clock: Clock) -> None:
    operator = replica(clock)

    async def life() -> None:
        assert await one.follow() == Routing(champion="champion")
        found = start(operator)
        await one.follow()
        routing = one.traffic.routing
        assert (routing.candidate, routing.share, routing.salt) == ("other", 0.05, found.rollout_id)
        operator.act(found.rollout_id, Action.ADVANCE, by="ann")
        assert (await one.follow()).share == 0.1
        operator.act(found.rollout_id, Action.PROMOTE, by="ann")
        assert await one.follow() == Routing(champion="other")
        assert set(one.lineup.names) == {"champion", "other"}
        operator.act(found.rollout_id, Action.ROLLBACK, by="ann")
        assert await one.follow() == Routing(champion="champion")
        await one.follow()
        assert one.lineup.names == ("champion",)
        assert one.lineup.loads == ["other"]

    asyncio.run(life())


def test_the_old_champion_is_let_go_when_it_was_warm_long_enough(one: Replica, clock: Clock) -> None:
    async def life() -> None:
        found = start(one.rollouts, Strategy.BLUE_GREEN)
        assert await one.follow() == Routing(champion="champion")
        assert set(one.lineup.names) == {"champion", "other"}
        assert one.lineup.get("other").niceness == 10
        one.rollouts.act(found.rollout_id, Action.PROMOTE, by="ann")
        await one.follow()
        assert one.lineup.get("other").niceness == 0
        clock.now = NOON + WARM_S
        await one.follow()
        assert one.lineup.names == ("other",)

    asyncio.run(life())


def test_nobody_is_sent_to_what_is_still_loading(one: Replica) -> None:
    async def life() -> None:
        one.lineup.load_s = 0.05
        found = start(one.rollouts)
        await one.follower.follow()
        assert one.traffic.routing == Routing(champion="champion", salt=found.rollout_id)
        one.rollouts.act(found.rollout_id, Action.PROMOTE, by="ann")
        await one.follower.follow()
        assert one.traffic.routing == Routing(champion="champion")
        await one.follower.settled()
        assert one.traffic.routing == Routing(champion="other")

    asyncio.run(life())


def test_a_rollback_does_not_wait_for_a_load(one: Replica) -> None:
    async def life() -> None:
        one.lineup.load_s = 60
        found = start(one.rollouts)
        await one.follower.follow()
        one.rollouts.act(found.rollout_id, Action.ROLLBACK, by="ann")
        await asyncio.wait_for(one.follower.follow(), 5)
        assert one.traffic.routing == Routing(champion="champion")
        await one.follower.close()

    asyncio.run(life())


def test_a_candidate_that_cannot_be_loaded_rolls_back(one: Replica) -> None:
    async def life() -> None:
        one.lineup.broken = {"other"}
        found = start(one.rollouts)
        assert await one.follow() == Routing(champion="champion")
        assert one.follower.problems == {"other": "other needs 99 GB"}
        assert one.rollouts.store.get(found.rollout_id).stage is Stage.ROLLED_BACK
        line = one.rollouts.store.history(found.rollout_id)[-1]
        assert line.note == "other cannot be loaded on b: other needs 99 GB"

    asyncio.run(life())


def test_a_champion_that_cannot_be_loaded_is_tried_again(one: Replica, clock: Clock) -> None:
    async def life() -> None:
        found = start(one.rollouts)
        one.rollouts.act(found.rollout_id, Action.PROMOTE, by="ann")
        one.lineup.broken = {"other"}
        assert await one.follow() == Routing(champion="champion")
        await one.follow()
        assert one.lineup.loads == ["other"]
        one.lineup.broken, clock.now = set(), NOON + TRY_AGAIN_S
        assert await one.follow() == Routing(champion="other")
        assert one.follower.problems == {}
        assert one.rollouts.store.get(found.rollout_id).stage is Stage.PROMOTED

    asyncio.run(life())


def test_a_replica_that_starts_later_stands_where_the_others_stand(replica: NewReplica, clock: Clock) -> None:
    async def life() -> None:
        first = Replica(replica(clock), clock)
        found = start(first.rollouts)
        first.rollouts.act(found.rollout_id, Action.ADVANCE, by="ann")
        first.rollouts.act(found.rollout_id, Action.PAUSE, by="ann")
        routing = await first.follow()
        assert await Replica(replica(clock), clock).follow() == routing
        assert routing.share == 0.1

    asyncio.run(life())


def test_what_is_kept_is_loaded_whatever_happens(replica: NewReplica, clock: Clock) -> None:
    async def life() -> None:
        one = Replica(replica(clock), clock, keep=("slow",))
        await one.follow()
        assert set(one.lineup.names) == {"champion", "slow"}
        assert one.lineup.get("slow").niceness == 0, "it answers users where there is no room"
        assert one.traffic.routing == Routing(champion="champion")

    asyncio.run(life())


def test_what_is_reserved_is_not_unloaded(one: Replica) -> None:
    async def life() -> None:
        await one.lineup.load(SLOW)
        with one.follower.reserving("slow"):
            await one.follow()
            assert "slow" in one.lineup.names
        await one.follow()
        assert "slow" not in one.lineup.names

    asyncio.run(life())


def test_where_the_database_is_away_all_stays(make_away: Callable[[], Rollouts], clock: Clock) -> None:
    async def life() -> None:
        one = Replica(make_away(), clock)
        one.traffic.routing = routing = Routing(champion="champion", candidate="x", share=0.5)
        assert await one.follow() == routing
        assert "is away" in one.follower.problems["database"]

    asyncio.run(life())


def test_routing_to_what_is_loaded() -> None:
    full = Routing(champion="a", candidate="b", share=0.5, shadow_share=0.1, salt="s")
    assert restricted(full, ["a", "b"], "a") is full
    assert restricted(full, ["a"], "a") == Routing(champion="a", salt="s")
    assert restricted(full, ["b", "c"], "c") == Routing(champion="c")
    assert restricted(full, ["c"], "d") == Routing(champion="c")
