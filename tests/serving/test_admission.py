"""Who is taken and who is turned away at once, by predicted time and by the queue's bound."""

import asyncio
from dataclasses import dataclass

import pytest

from serving.batching import Batcher, BatchLimits
from serving.errors import Overloaded
from tests.serving.fake_recognizer import NEVER, SOON_S, Fake, Held, ask, give_up, run, sound, until_queued


@dataclass
class Clock:
    """Stands still until it is set."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_cannot_be_done_in_time_is_refused_at_once() -> None:
    """Of 20 s that wait, only those count that go first; nothing was measured yet, so the first guess holds."""

    async def scene() -> None:
        batcher = Batcher([Fake()], clock=Clock())
        waiting = [ask(batcher, 10, deadline=0.5), ask(batcher, 10, deadline=0.7)]
        await until_queued(batcher, 20)
        batcher.check_room(audio_s=1, deadline=0.8)
        batcher.check_room(audio_s=1, deadline=0.45)
        with pytest.raises(Overloaded, match="in time") as refused:
            await batcher.recognize(sound(20), deadline=0.75)
        assert refused.value.retry_after_s == pytest.approx(0.4 + 0.4 - 0.75)
        assert batcher.queued_audio_s == 20
        await give_up(waiting)
        batcher.check_room(audio_s=20, deadline=0.75)

    run(scene())


def test_what_is_still_being_prepared_counts_before_anything_waits_or_runs() -> None:
    """A burst on an idle server: the first is tried, and whoever comes after it waits for it."""

    async def scene() -> None:
        batcher = Batcher([Fake()], clock=Clock())
        batcher.check_room(audio_s=10, deadline=0.1)
        with batcher.expecting(10, deadline=0.5):
            batcher.check_room(audio_s=10, deadline=0.65, in_s=0.2)
            for deadline in (0.5, 0.55):
                with pytest.raises(Overloaded, match="in time") as refused:
                    batcher.check_room(audio_s=10, deadline=deadline, in_s=0.2)
                assert refused.value.retry_after_s == pytest.approx(0.6 - deadline)
        batcher.check_room(audio_s=10, deadline=0.5, in_s=0.2)

    run(scene())


def test_what_runs_counts_for_what_is_left_of_it() -> None:
    async def scene() -> None:
        clock, recognizer = Clock(), Held()
        batcher = Batcher([recognizer], clock=clock)
        batcher.start()
        running = ask(batcher, 20, deadline=10)
        await recognizer.is_busy()
        with pytest.raises(Overloaded) as refused:
            batcher.check_room(audio_s=5, deadline=0.45)
        assert refused.value.retry_after_s == pytest.approx(0.05)
        clock.now = 0.3
        batcher.check_room(audio_s=5, deadline=0.51)
        clock.now = 2.0
        batcher.check_room(audio_s=5, deadline=2.11)
        recognizer.may_end.set()
        await running
        batcher.drain(SOON_S)

    run(scene())


def test_a_second_worker_halves_the_wait() -> None:
    async def scene() -> None:
        one, two = (Batcher([Fake()] * workers, clock=Clock()) for workers in (1, 2))
        waiting = [ask(batcher, 10, deadline=0.5) for batcher in (one, two) for _ in range(2)]
        await until_queued(two, 20)
        two.check_room(audio_s=10, deadline=0.5)
        with pytest.raises(Overloaded):
            one.check_room(audio_s=10, deadline=0.5)
        await give_up(waiting)

    run(scene())


def test_the_queue_is_bounded_in_seconds_of_audio() -> None:
    async def scene() -> None:
        batcher = Batcher([Fake()], BatchLimits(max_queue_audio_s=4))
        longer_than_the_queue = ask(batcher, 5)
        await until_queued(batcher, 5)
        with pytest.raises(Overloaded, match="too much audio") as refused:
            await batcher.recognize(sound(0.5), deadline=NEVER)
        assert refused.value.retry_after_s > 0
        await give_up([longer_than_the_queue])
        waiting = [ask(batcher, 2), ask(batcher, 2)]
        await until_queued(batcher, 4)
        with pytest.raises(Overloaded, match="too much audio"):
            await batcher.recognize(sound(0.5), deadline=NEVER)
        await give_up(waiting)

    run(scene())


def test_a_slow_spell_does_not_close_an_idle_server_for_ever() -> None:
    """A machine that slept in the middle of a batch looks like a very slow one, until the next batch."""

    async def scene() -> None:
        clock, recognizer = Clock(), Held()
        batcher = Batcher([recognizer], clock=clock)
        batcher.start()
        slept = ask(batcher, 1, deadline=10)
        await recognizer.is_busy()
        clock.now = 3600.0
        recognizer.may_end.set()
        await slept
        while batcher.busy_workers:
            await asyncio.sleep(0.001)
        for _ in range(3):
            answer = await batcher.recognize(sound(2.5), deadline=clock.now + 0.575)
            assert answer.hypothesis.text == "2.5"
        batcher.drain(SOON_S)

    run(scene())


def test_what_is_expected_counts_as_waiting_while_it_is_expected() -> None:
    """0.1 s for what waits, 0.2 s for what is expected, 0.1 s for what asks; the less urgent does not count."""

    async def scene() -> None:
        batcher = Batcher([Fake()], clock=Clock())
        waiting = [ask(batcher, 5, deadline=0.2)]
        await until_queued(batcher, 5)
        with batcher.expecting(10, deadline=0.3) as expected:
            batcher.check_room(audio_s=5, deadline=0.29)
            batcher.check_room(audio_s=5, deadline=0.41)
            with pytest.raises(Overloaded, match="in time"):
                batcher.check_room(audio_s=5, deadline=0.39)
            expected.audio_s = 5.0
            batcher.check_room(audio_s=5, deadline=0.39)
            with pytest.raises(Overloaded, match="in time"):
                batcher.check_room(audio_s=5, deadline=0.3)
        batcher.check_room(audio_s=5, deadline=0.3)
        await give_up(waiting)

    run(scene())


def test_a_long_recording_needs_room_for_what_waits_at_once() -> None:
    batcher = Batcher([Fake()], BatchLimits(max_queue_audio_s=60))
    batcher.check_room(audio_s=3600, deadline=NEVER)

    async def scene() -> None:
        waiting = [ask(batcher, 40)]
        await until_queued(batcher, 40)
        with pytest.raises(Overloaded, match="too much audio"):
            batcher.check_room(audio_s=3600, deadline=NEVER)
        batcher.check_room(audio_s=3600, deadline=NEVER, at_once_s=20)
        await give_up(waiting)

    run(scene())
