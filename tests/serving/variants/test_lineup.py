"""Variants come and go beside the queries."""

import asyncio
from dataclasses import dataclass, field

import pytest

from serving.errors import Conflict, NotFound, VariantUnavailable
from serving.variants.lineup import Lineup
from serving.variants.loaded import LoadedVariant
from serving.variants.variant import CHAMPION, Variant
from tests.serving.fake_recognizer import run
from tests.serving.variants.fake_listener import closed, loaded

A, B = Variant(name="a"), Variant(name="b")
CHAMPION_VARIANT = Variant(name=CHAMPION)


@dataclass
class Loader:
    """Loads when it is let go, and not at all what it is told to fail."""

    fails: set[str] = field(default_factory=set)
    loads: list[str] = field(default_factory=list)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, variant: Variant) -> LoadedVariant:
        self.loads.append(variant.name)
        await self.may_end.wait()
        if variant.name in self.fails:
            raise VariantUnavailable("no")
        return loaded(variant)


def lineup(loader: Loader) -> Lineup:
    return Lineup(loader, loaded(CHAMPION_VARIANT))


def test_a_variant_can_be_asked_only_when_it_is_loaded() -> None:
    async def scene() -> None:
        loader = Loader()
        variants = lineup(loader)
        task = asyncio.ensure_future(variants.load(A))
        await asyncio.sleep(0)
        with pytest.raises(NotFound, match="'a' is not loaded; there are: champion"):
            variants.get("a")
        assert list(variants.names) == [CHAMPION]
        loader.may_end.set()
        assert await task is variants.get("a")
        assert list(variants.names) == [CHAMPION, "a"]

    run(scene())


def test_two_loads_of_one_name_at_once_are_one() -> None:
    async def scene() -> None:
        loader = Loader()
        variants = lineup(loader)
        tasks = [asyncio.ensure_future(variants.load(A)) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        loader.may_end.set()
        first, *others = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(first, asyncio.CancelledError)
        assert others == [variants.get("a")] * 2
        assert await variants.load(A) is variants.get("a")
        assert loader.loads == ["a"]

    run(scene())


def test_different_variants_are_loaded_one_after_the_other() -> None:
    async def scene() -> None:
        loader = Loader()
        variants = lineup(loader)
        tasks = [asyncio.ensure_future(variants.load(one)) for one in (A, B)]
        await asyncio.sleep(0.01)
        assert loader.loads == ["a"]
        loader.may_end.set()
        await asyncio.gather(*tasks)
        assert loader.loads == ["a", "b"]

    run(scene())


def test_a_name_stands_for_one_thing() -> None:
    async def scene() -> None:
        loader = Loader()
        variants, other = lineup(loader), Variant(name="a", convention="verbatim")
        task = asyncio.ensure_future(variants.load(A))
        await asyncio.sleep(0)
        with pytest.raises(Conflict, match="'a' is loaded with other settings"):
            await variants.load(other)
        loader.may_end.set()
        await task
        with pytest.raises(Conflict):
            await variants.load(other)
        assert variants.get("a").variant == A

    run(scene())


def test_a_load_that_fails_leaves_everything_as_it_was_and_can_be_tried_again() -> None:
    async def scene() -> None:
        loader = Loader(fails={"a"})
        loader.may_end.set()
        variants = lineup(loader)
        await variants.load(B)
        before = [variants.get(name) for name in variants.names]
        with pytest.raises(VariantUnavailable):
            await variants.load(A)
        assert [variants.get(name) for name in variants.names] == before
        assert [closed(one) for one in before] == [[], []]
        loader.fails.clear()
        assert (await variants.load(A)).variant == A

    run(scene())


def test_queries_in_flight_finish_before_a_variant_is_closed() -> None:
    async def scene() -> None:
        loader = Loader()
        loader.may_end.set()
        variants = lineup(loader)
        first = await variants.load(A)
        with variants.holding("a") as held, variants.holding("a"):
            unloading = asyncio.ensure_future(variants.unload("a", 5.0))
            await asyncio.sleep(0.03)
            assert held is first
            assert closed(held) == []
            with pytest.raises(NotFound), variants.holding("a"):
                pass
            with pytest.raises(NotFound):
                await variants.unload("a", 5.0)
            second = await variants.load(A)
            assert second is not first
        await unloading
        assert len(closed(first)) == 1
        assert 0 < closed(first)[0] < 5
        assert closed(second) == []

    run(scene())


def test_a_query_that_does_not_end_is_not_waited_for_for_ever() -> None:
    async def scene() -> None:
        variants = lineup(Loader())
        with variants.holding(CHAMPION) as champion:
            await variants.unload(CHAMPION, 0.05)
            assert closed(champion) == [0.0]

    run(scene())


def test_who_no_longer_waits_for_an_unload_does_not_stop_it() -> None:
    async def scene() -> None:
        variants = lineup(Loader())
        with variants.holding(CHAMPION) as champion:
            unloading = asyncio.ensure_future(variants.unload(CHAMPION, 5.0))
            await asyncio.sleep(0)
            unloading.cancel()
            await asyncio.sleep(0)
        await variants.close(5.0)
        assert len(closed(champion)) == 1

    run(scene())


def test_closing_lets_go_of_all_also_of_what_was_just_loading() -> None:
    async def scene() -> None:
        loader = Loader()
        variants = lineup(loader)
        champion = variants.get(CHAMPION)
        task = asyncio.ensure_future(variants.load(A))
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(variants.close(5.0))
        loader.may_end.set()
        await closing
        assert [len(closed(one)) for one in (champion, await task)] == [1, 1]
        assert variants.names == ()

    run(scene())
