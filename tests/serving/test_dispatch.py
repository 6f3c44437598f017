"""Which variant works on a query, and who steps in."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from asr.errors import UndecodableAudio
from serving.dispatch import AT_ONCE_S, Dispatched, Dispatcher
from serving.errors import NotFound, Overloaded, RecognizerFailed
from serving.traffic import Routing, Traffic
from serving.variants.loaded import LoadedVariant
from tests.serving.lineups import Deaf, lineup

Work = Callable[[LoadedVariant], Awaitable[str]]


def dispatcher(share: float = 1.0, *, degrade_to: str | None = None, timeout_s: float = 2.0) -> Dispatcher:
    traffic = Traffic(Routing(champion="old", candidate="new", share=share, salt="s"))
    return Dispatcher(lineup("old", "new", "cheap", timeout_s=timeout_s), traffic, degrade_to=degrade_to)


def work(**failures: BaseException | float) -> Work:
    """Work in which some variants fail, or take that many seconds."""

    async def by(variant: LoadedVariant) -> str:
        match failures.get(variant.variant.name):
            case BaseException() as error:
                raise error
            case float(seconds):
                await asyncio.sleep(seconds)
        return variant.variant.name

    return by


def run(one: Dispatcher, name: str, by: Work, *, insist: bool = False) -> Dispatched[str]:
    return asyncio.run(one.run(name, by, insist=insist))


def test_users_of_the_share_go_to_the_candidate() -> None:
    assert dispatcher(1.0).assign("user") == "new"
    assert dispatcher(0.0).assign("user") == "old"
    assert dispatcher(0.0).assign("user", wanted="cheap") == "cheap"


def test_a_wish_for_what_is_not_loaded_is_refused_by_name() -> None:
    with pytest.raises(NotFound, match="'newest' is not loaded; there are: old, new, cheap"):
        dispatcher().assign("user", wanted="newest")


def test_a_candidate_that_is_not_loaded_here_has_no_users_here() -> None:
    traffic = Traffic(Routing(champion="old", candidate="new", share=1.0))
    assert Dispatcher(lineup("old"), traffic).assign("user") == "old"


@pytest.mark.parametrize(
    "failure", [RecognizerFailed("it crashed"), Overloaded("full", 1.0), ValueError("a fault of its code"), 5.0]
)
def test_the_champion_answers_what_the_candidate_fails(failure: BaseException | float) -> None:
    done = run(dispatcher(timeout_s=0.05), "new", work(new=failure))
    assert (done.result, done.variant.variant.name, done.fallback, done.degraded) == ("old", "old", True, False)


def test_a_broken_recording_is_nobodys_fault() -> None:
    with pytest.raises(UndecodableAudio):
        run(dispatcher(), "new", work(new=UndecodableAudio("no sound")))


def test_who_insists_on_a_variant_hears_of_its_failures() -> None:
    with pytest.raises(RecognizerFailed):
        run(dispatcher(), "new", work(new=RecognizerFailed("it crashed")), insist=True)


def test_without_room_a_cheaper_one_answers_and_says_so() -> None:
    full = work(old=Overloaded("full", 1.0))
    done = run(dispatcher(degrade_to="cheap"), "old", full)
    assert (done.result, done.fallback, done.degraded) == ("cheap", False, True)
    with pytest.raises(Overloaded):
        run(dispatcher(), "old", full)
    with pytest.raises(Overloaded):
        run(dispatcher(degrade_to="gone"), "old", full)
    with pytest.raises(Overloaded):
        run(dispatcher(degrade_to="cheap"), "old", work(old=Overloaded("full", 1.0), cheap=Overloaded("full", 1.0)))


def test_a_late_refusal_is_one() -> None:
    asked: list[str] = []

    async def late(variant: LoadedVariant) -> str:
        asked.append(variant.variant.name)
        await asyncio.sleep(2 * AT_ONCE_S)
        raise Overloaded("it did not fit after all", 1.0)

    with pytest.raises(Overloaded, match="did not fit"):
        run(dispatcher(degrade_to="cheap"), "old", late)
    assert asked == ["old"]


def test_a_failed_candidate_and_a_full_champion() -> None:
    both = work(new=RecognizerFailed("it crashed"), old=Overloaded("full", 1.0))
    done = run(dispatcher(degrade_to="cheap"), "new", both)
    assert (done.result, done.fallback, done.degraded) == ("cheap", True, True)


def test_a_client_that_leaves_ends_the_work() -> None:
    async def leave() -> None:
        task = asyncio.ensure_future(dispatcher().run("new", work(new=5.0)))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave())


def test_a_variant_is_held_while_it_works() -> None:
    async def unload() -> None:
        one = dispatcher()
        listener = one.lineup.get("new").listener
        assert isinstance(listener, Deaf)
        task = asyncio.ensure_future(one.run("new", work(new=0.2)))
        await asyncio.sleep(0.01)
        leaving = asyncio.ensure_future(one.lineup.unload("new", drain_s=5.0))
        await asyncio.sleep(0.05)
        assert not listener.closed
        assert (await task).result == "new"
        await leaving
        assert listener.closed

    asyncio.run(unload())
