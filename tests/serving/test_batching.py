"""Who is recognized when and with whom; who leaves, what fails, and how it ends."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest

from asr.audio import Audio
from asr.recognizer import Hypothesis
from serving.batching import Batcher, BatchLimits, Recognized
from serving.errors import Draining
from tests.serving.fake_recognizer import NEVER, SOON_S, Fake, Held, ask, heard, run, sound, until_queued


class Decoding(Held):
    """Decodes each sound until it is cancelled, all of them until it is let go."""

    def hear(self, batch: Sequence[Audio], cancelled: Callable[[int], bool]) -> list[Hypothesis]:
        self.began.release()
        while not self.may_end.wait(0.001) and not all(cancelled(i) for i in range(len(batch))):
            pass
        return [heard(audio) for audio in batch]


class Broken(Fake):
    """Fails at sounds of 2 s."""

    def hear(self, batch: Sequence[Audio], cancelled: Callable[[int], bool]) -> list[Hypothesis]:
        if any(audio.duration_s == 2 for audio in batch):
            raise ArithmeticError("no")
        return super().hear(batch, cancelled)


class Careless(Fake):
    """Forgets sounds of 2 s."""

    def hear(self, batch: Sequence[Audio], cancelled: Callable[[int], bool]) -> list[Hypothesis]:
        return super().hear([audio for audio in batch if audio.duration_s != 2], cancelled)


class Together(Held):
    """Fails at more than one sound."""

    def hear(self, batch: Sequence[Audio], cancelled: Callable[[int], bool]) -> list[Hypothesis]:
        heard = super().hear(batch, cancelled)
        if len(batch) > 1:
            raise ArithmeticError("no")
        return heard


async def until_refused(batcher: Batcher) -> None:
    with suppress(Draining):
        while True:
            batcher.check_room(audio_s=1, deadline=NEVER)
            await asyncio.sleep(0.001)


def test_what_comes_while_the_worker_is_busy_becomes_one_batch() -> None:
    async def scene() -> None:
        recognizer, sizes = Held(), list[int]()
        batcher = Batcher([recognizer], observe=sizes.append)
        batcher.start()
        first = ask(batcher, 1)
        await recognizer.is_busy()
        others = [ask(batcher, seconds) for seconds in (2, 3, 4)]
        await until_queued(batcher, 9)
        assert batcher.busy_workers == 1
        recognizer.may_end.set()
        answers = await asyncio.gather(first, *others)
        assert [answer.hypothesis.text for answer in answers] == ["1", "2", "3", "4"]
        assert [answer.batch_size for answer in answers] == [1, 3, 3, 3]
        assert recognizer.batches == [[1], [2, 3, 4]]
        assert sizes == [1, 3]
        assert batcher.drain(SOON_S)
        assert (batcher.queued_audio_s, batcher.busy_workers) == (0, 0)

    run(scene())


def test_the_most_urgent_goes_first_and_equals_in_order() -> None:
    async def scene() -> None:
        recognizer = Held()
        batcher = Batcher([recognizer], BatchLimits(max_batch=1))
        batcher.start()
        asked = [ask(batcher, 9)]
        await recognizer.is_busy()
        for seconds, deadline in ((3, 3e6), (1, 1e6), (2, 2e6), (1.5, 1e6)):
            asked.append(ask(batcher, seconds, deadline))
        await until_queued(batcher, 7.5)
        recognizer.may_end.set()
        await asyncio.gather(*asked)
        assert recognizer.batches == [[9], [1], [1.5], [2], [3]]
        batcher.drain(SOON_S)

    run(scene())


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (BatchLimits(max_batch=2), [[9], [1, 2], [3, 4]]),
        (BatchLimits(max_batch_audio_s=6.5), [[9], [1, 2, 3], [4]]),
        (BatchLimits(max_batch_audio_s=0.5), [[9], [1], [2], [3], [4]]),
    ],
)
def test_a_batch_is_bounded_but_holds_at_least_one(limits: BatchLimits, expected: list[list[float]]) -> None:
    async def scene() -> None:
        recognizer = Held()
        batcher = Batcher([recognizer], limits)
        batcher.start()
        asked = [ask(batcher, 9)]
        await recognizer.is_busy()
        asked += [ask(batcher, seconds) for seconds in (1, 2, 3, 4)]
        await until_queued(batcher, 10)
        recognizer.may_end.set()
        await asyncio.gather(*asked)
        assert recognizer.batches == expected
        batcher.drain(SOON_S)

    run(scene())


def test_free_workers_share_what_waits() -> None:
    async def scene() -> None:
        recognizers = [Held(), Held()]
        batcher = Batcher(recognizers)
        asked = [ask(batcher, seconds) for seconds in (1, 2, 3, 4)]
        await until_queued(batcher, 10)
        batcher.start()
        for recognizer in recognizers:
            await recognizer.is_busy()
            recognizer.may_end.set()
        await asyncio.gather(*asked)
        assert sorted(recognizer.batches[0] for recognizer in recognizers) == [[1, 2], [3, 4]]
        batcher.drain(SOON_S)

    run(scene())


def test_a_lone_query_waits_for_nobody() -> None:
    async def scene() -> None:
        batcher = Batcher([Fake(), Fake()])
        batcher.start()
        for _ in range(50):
            assert (await batcher.recognize(sound(1), deadline=NEVER)).batch_size == 1
        batcher.drain(SOON_S)

    run(scene())


def test_who_leaves_the_queue_is_forgotten() -> None:
    async def scene() -> None:
        recognizer = Held()
        batcher = Batcher([recognizer])
        batcher.start()
        first = ask(batcher, 1)
        await recognizer.is_busy()
        leaves, stays = ask(batcher, 2), ask(batcher, 3)
        await until_queued(batcher, 5)
        leaves.cancel()
        await until_queued(batcher, 3)
        recognizer.may_end.set()
        await asyncio.gather(first, stays)
        assert leaves.cancelled()
        assert recognizer.batches == [[1], [3]]
        batcher.drain(SOON_S)

    run(scene())


def test_who_leaves_while_it_is_decoded_stops_the_decoding() -> None:
    async def scene() -> None:
        recognizer = Decoding()
        batcher = Batcher([recognizer])
        batcher.start()
        leaves = ask(batcher, 1)
        await recognizer.is_busy()
        leaves.cancel()
        while batcher.busy_workers:
            await asyncio.sleep(0.001)
        assert leaves.cancelled()
        batcher.drain(SOON_S)

    run(scene())


def test_neighbours_of_who_leaves_get_their_answer() -> None:
    async def scene() -> None:
        recognizer = Decoding()
        batcher = Batcher([recognizer])
        pair = [ask(batcher, 1), ask(batcher, 2)]
        await until_queued(batcher, 3)
        batcher.start()
        await recognizer.is_busy()
        pair[0].cancel()
        await asyncio.sleep(0.01)
        assert batcher.busy_workers == 1
        recognizer.may_end.set()
        assert (await pair[1]).hypothesis.text == "2"
        batcher.drain(SOON_S)

    run(scene())


@pytest.mark.parametrize(("recognizer", "error"), [(Broken(), ArithmeticError), (Careless(), ValueError)])
def test_a_failure_reaches_only_who_is_at_fault_and_the_worker_lives(recognizer: Fake, error: type[Exception]) -> None:
    async def scene() -> None:
        batcher = Batcher([recognizer])
        asked = [ask(batcher, seconds) for seconds in (1, 2, 3)]
        await until_queued(batcher, 6)
        batcher.start()
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        assert [one.hypothesis.text for one in outcomes if isinstance(one, Recognized)] == ["1", "3"]
        assert isinstance(outcomes[1], error)
        assert recognizer.batches == [[1, 2, 3], [1], [2], [3]]
        assert (await ask(batcher, 4)).hypothesis.text == "4"
        assert batcher.drain(SOON_S)
        assert batcher.busy_workers == 0

    run(scene())


def test_who_left_a_batch_that_fails_is_not_tried_again() -> None:
    async def scene() -> None:
        recognizer = Together()
        batcher = Batcher([recognizer])
        asked = [ask(batcher, seconds) for seconds in (1, 2, 3)]
        await until_queued(batcher, 6)
        batcher.start()
        await recognizer.is_busy()
        asked[1].cancel()
        await asyncio.sleep(0.01)
        recognizer.may_end.set()
        assert [(await asked[at]).hypothesis.text for at in (0, 2)] == ["1", "3"]
        assert recognizer.batches == [[1, 2, 3], [1], [3]]
        batcher.drain(SOON_S)

    run(scene())


def test_a_sound_that_fails_alone_is_not_tried_again() -> None:
    async def scene() -> None:
        recognizer = Broken()
        batcher = Batcher([recognizer])
        batcher.start()
        with pytest.raises(ArithmeticError):
            await ask(batcher, 2)
        assert recognizer.batches == [[2]]
        batcher.drain(SOON_S)

    run(scene())


def test_draining_finishes_what_was_taken_and_takes_nothing_more() -> None:
    async def scene() -> None:
        recognizer = Held()
        batcher = Batcher([recognizer])
        batcher.start()
        taken = [ask(batcher, 1)]
        await recognizer.is_busy()
        taken.append(ask(batcher, 2))
        await until_queued(batcher, 2)
        drained = asyncio.ensure_future(asyncio.to_thread(batcher.drain, SOON_S))
        await until_refused(batcher)
        with pytest.raises(Draining):
            await batcher.recognize(sound(1), deadline=NEVER)
        recognizer.may_end.set()
        assert [answer.hypothesis.text for answer in await asyncio.gather(*taken)] == ["1", "2"]
        assert await drained

    run(scene())


def test_draining_gives_up_in_time() -> None:
    async def scene() -> None:
        recognizer = Held()
        batcher = Batcher([recognizer])
        batcher.start()
        stuck = ask(batcher, 1)
        await recognizer.is_busy()
        assert not await asyncio.to_thread(batcher.drain, 0.05)
        recognizer.may_end.set()
        await stuck
        assert await asyncio.to_thread(batcher.drain, SOON_S)

    run(scene())


def test_in_a_crowd_everybody_who_stays_is_answered_rightly() -> None:
    async def scene() -> None:
        choice, recognizers = random.Random(0), [Fake() for _ in range(3)]
        batcher = Batcher(recognizers, BatchLimits(max_queue_audio_s=1e6))
        batcher.start()
        crowd = {n: ask(batcher, n / 100, deadline=NEVER + choice.random()) for n in range(1, 400)}
        left = set(choice.sample(sorted(crowd), 100))
        for number, task in crowd.items():
            if number in left:
                task.cancel()
            if number % 7 == 0:
                await asyncio.sleep(0)
        answers = await asyncio.gather(*crowd.values(), return_exceptions=True)
        for number, answer in zip(crowd, answers, strict=True):
            if isinstance(answer, Recognized):
                assert answer.hypothesis.text == f"{number / 100:g}"
            else:
                assert number in left
        assert batcher.drain(SOON_S)
        assert (batcher.queued_audio_s, batcher.busy_workers) == (0, 0)

    run(scene())
