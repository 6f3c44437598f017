"""Each kind goes after its own time, once, and by one server at a time."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import replace

from monitoring.events import Event
from monitoring.lease import Lease
from serving.privacy.holdings import Holdings
from serving.privacy.retention import DAY_S, purge, purges
from serving.privacy.upkeep import LEASE, PrivacyUpkeep
from serving.review.item import Reason, item_of
from serving.settings import Settings

MakeEvent = Callable[..., Event]
NOW = time.time()
SAID = {"query": "jazz", "audio_path": "a/x", "item_id": "7"}


def event(make_event: MakeEvent, days: float, **fields: object) -> Event:
    return make_event(round(days), at=NOW - days * DAY_S, details=SAID, **fields)


def test_each_kind_after_its_time(holdings: Holdings, make_event: MakeEvent) -> None:
    days = (1, 89, 91, 394, 396, 900)
    holdings.events.insert([event(make_event, one) for one in days])
    for one in days:
        item = item_of(event(make_event, one, consent=True), reason=Reason.SAMPLED)
        holdings.reviews.offer(replace(item, media=None))
    for age in (29, 31):
        path = holdings.settings.audio_folder / f"req-{age}"
        path.write_bytes(b"x")
        os.utime(path, (NOW - age * DAY_S,) * 2)
    done = {one.kind: one.removed for one in purge(holdings, NOW)}
    assert done == {"audio": 1, "transcripts": 4, "reviews": 2, "alarms": 0, "events": 2}
    found = {round((NOW - one.at) / DAY_S): set(one.details) for one in holdings.events.events()}
    texts = {"query", "audio_path", "item_id"}
    assert found == {1: texts, 89: {"query", "item_id"}, 91: {"item_id"}, 394: {"item_id"}}
    assert [path.name for path in holdings.settings.audio_folder.iterdir()] == ["req-29"]
    assert sum(1 for _ in holdings.reviews.every()) == 4
    assert {one.kind: one.removed for one in purge(holdings, NOW)} == dict.fromkeys(done, 0)
    assert {one.kind: one.until for one in purges(holdings)}["audio"] == NOW - 30 * DAY_S


def test_later_purges_look_at_what_became_old_and_at_what_came_late(holdings: Holdings, make_event: MakeEvent) -> None:
    purge(holdings, NOW)
    late, new = event(make_event, 91), event(make_event, 90, event_id="new")
    holdings.events.insert([late, new])
    purge(holdings, NOW + DAY_S)
    assert {one.event_id: "query" in one.details for one in holdings.events.events()} == {
        late.event_id: False,
        "new": False,
    }


def test_zero_days_is_for_ever(holdings: Holdings, make_event: MakeEvent) -> None:
    kinds = ("audio", "transcripts", "reviews", "alarms", "events")
    settings = holdings.settings.model_copy(update={f"{kind}_days": 0.0 for kind in kinds})
    holdings.events.insert([event(make_event, 900)])
    assert purge(replace(holdings, settings=settings), NOW) == []
    assert holdings.events.count() == 1


def test_a_server_purges_by_itself_unless_another_does(
    holdings: Holdings, settings: Settings, make_event: MakeEvent
) -> None:
    holdings.events.insert([event(make_event, 900)])
    often = settings.privacy.model_copy(update={"purge_every_h": 1e-5})
    upkeep = PrivacyUpkeep(settings.model_copy(update={"privacy": often}), owner="me")
    other = Lease(holdings.events, LEASE, owner="other", lasts_s=600)
    assert other.take()

    async def run() -> None:
        async with upkeep.running(), asyncio.timeout(20):
            await asyncio.sleep(0.5)
            assert holdings.events.count() == 1
            other.give_back()
            while holdings.events.count():
                await asyncio.sleep(0.02)

    asyncio.run(run())
