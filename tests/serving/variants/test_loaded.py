"""Real variants: loaded, warm, alike, and gone again without a trace."""

import asyncio
import json
import os
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from asr import convention
from asr.loading import load_pipeline
from asr.registry import Registry, read_registry
from serving.batching import Batcher
from serving.errors import Draining, RecognizerFailed, VariantUnavailable
from serving.front_end_pool import FrontEndPool
from serving.settings import Settings
from serving.transcriber import Patience, Request, Transcriber
from serving.variants.backoff import Backoff
from serving.variants.child import Job
from serving.variants.lineup import Lineup
from serving.variants.loaded import WARM_UP, LoadedVariant, champion_of, load_variant, open_variant
from serving.variants.local import Local
from serving.variants.process_recognizer import ProcessRecognizer
from serving.variants.search_backends import SearchBackends
from serving.variants.variant import CHAMPION, Variant
from tests.conftest import Recording
from tests.serving.fake_recognizer import run
from tests.serving.variants.test_process_recognizer import ROOT

SETTINGS = Settings.model_validate({"model": {"workers": 1}, "limits": {"deadline_s": 30}})


def asked(data: bytes, written: str = "search") -> Request:
    return Request(data=data, convention=convention.get(written), max_duration_s=60)


def champion(backends: SearchBackends, settings: Settings = SETTINGS) -> LoadedVariant:
    opened = open_variant(champion_of(settings), settings, read_registry(), isolated=False, backends=backends)
    opened.start()
    return opened


def children() -> set[str]:
    return set(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()) | {
        child for task in Path("/proc/self/task").iterdir() for child in (task / "children").read_text().split()
    }


def test_the_champion_is_what_the_configuration_says() -> None:
    settings = Settings.model_validate(
        {"model": {"id": "m"}, "frontend": {"piece_s": 7}, "search": {"catalog": "c.csv"}}
    )
    variant = champion_of(settings)
    assert (variant.name, variant.model, variant.frontend.piece_s) == (CHAMPION, "m", 7)
    assert (variant.convention, variant.catalog) == ("search", Path("c.csv"))


def test_a_candidate_apart_hears_what_the_champion_hears_and_leaves_nothing(speech: list[Recording]) -> None:
    async def scene() -> None:
        backends, before = SearchBackends(), children()
        load = partial(load_variant, settings=SETTINGS, registry=read_registry(), isolated=True, niceness=5)
        lineup = Lineup(partial(load, backends=backends), champion(backends))
        candidate = await lineup.load(Variant(name="apart"))
        first = lineup.get(CHAMPION)
        assert candidate.search is first.search
        assert candidate.model_id == first.model_id
        assert len(children() - before) == 1
        for recording in speech[:10]:
            request = asked(recording.path.read_bytes())
            ours, theirs = [await one.transcribe(request) for one in (first, candidate)]
            assert (ours.text, ours.words, ours.confidence) == (theirs.text, theirs.words, theirs.confidence)
        await candidate.prioritise(0)
        assert (await candidate.transcribe(asked(WARM_UP.read_bytes()))).text == "what time is it"
        assert (candidate.queue.workers, candidate.queue.busy, candidate.queue.waiting_audio_s) == (1, 0, 0)
        await lineup.unload("apart", 5.0)
        assert children() == before
        with pytest.raises(Draining):
            candidate.check_room()
        await lineup.close(5.0)

    run(scene())


def test_variants_differ_in_how_they_prepare_and_write(query_clip: Path) -> None:
    async def scene() -> None:
        other = Variant.model_validate({"name": "other", "convention": "verbatim", "frontend": {"vad": "webrtc"}})
        loaded = await load_variant(other, SETTINGS, read_registry(), isolated=False)
        request = Request(data=query_clip.read_bytes(), convention=loaded.convention, max_duration_s=60)
        assert (await loaded.transcribe(request)).text == "What time is it?"
        await loaded.close(5.0)

    run(scene())


def own_model(folder: Path, monkeypatch: pytest.MonkeyPatch, *, engine: str, size_bytes: int = 9) -> Registry:
    """A registry with the model `mine`, which stands in a cache of its own; its files are mostly holes."""
    names = ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin")
    hashes = dict.fromkeys(names, "0" * 64)
    cached = folder / "cache/models/mine"
    cached.mkdir(parents=True)
    text = f'[model.mine]\nengine = "{engine}"\ntask = "recognizer"\nlicense = "MIT"\nlanguages = []\n'
    text += 'description = "mine"\n'
    for name, sha256 in hashes.items():
        (cached / name).write_bytes(b"no weight")
        os.truncate(cached / name, size_bytes)
        text += f'[[model.mine.files]]\nname = "{name}"\nsource = "file://{name}"\n'
        text += f'sha256 = "{sha256}"\nsize_bytes = {size_bytes}\n'
    (cached / ".complete.json").write_text(json.dumps(hashes))
    (folder / "own.toml").write_text(text)
    monkeypatch.setenv("VOICESEARCH_CACHE", str(folder / "cache"))
    monkeypatch.setenv("VOICESEARCH_MODELS", str(folder / "own.toml"))
    return read_registry()


UNAVAILABLE = {
    "no model 'moonshine-tiny' is registered": {"model": "moonshine-tiny"},
    "shouting": {"convention": "shouting"},
    "absent.csv: no such file": {"catalog": "absent.csv"},
}


async def load(variant: Variant, registry: Registry) -> None:
    await load_variant(variant, SETTINGS, registry, isolated=True)


@pytest.mark.parametrize("reason", UNAVAILABLE)
def test_a_variant_that_does_not_exist_is_refused(reason: str) -> None:
    variant = Variant.model_validate({"name": "bad", **UNAVAILABLE[reason]})
    with pytest.raises(VariantUnavailable, match=f"^the variant bad cannot be loaded: .*{reason}"):
        asyncio.run(load(variant, read_registry()))


@pytest.mark.parametrize(
    ("engine", "size_bytes", "reason"),
    [
        ("moonshine-onnx", 9, "could not load: CorruptModel: "),
        ("abacus", 9, "could not load: ModelUnavailable: mine needs the engine abacus"),
        ("moonshine-onnx", 2**40, r"it needs about \d+ MB of memory; \d+ MB are free"),
    ],
)
def test_a_candidate_that_cannot_be_loaded_leaves_the_champion_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, size_bytes: int, reason: str
) -> None:
    async def scene() -> None:
        first = champion(SearchBackends())
        registry = own_model(tmp_path, monkeypatch, engine=engine, size_bytes=size_bytes)
        lineup = Lineup(partial(load_variant, settings=SETTINGS, registry=registry, isolated=True), first)
        before = children()
        loading = asyncio.ensure_future(lineup.load(Variant(name="bad", model="mine")))
        heard = 0
        while not loading.done() or not heard:
            assert (await first.transcribe(asked(WARM_UP.read_bytes()))).text == "what time is it"
            heard += 1
        with pytest.raises(VariantUnavailable, match=f"^the variant bad cannot be loaded: .*{reason}"):
            await loading
        assert children() == before
        assert list(lineup.names) == [CHAMPION]
        await lineup.close(5.0)

    run(scene())


def poisonable(effect: str) -> LoadedVariant:
    """The champion's pipeline with an engine apart that every sound but silence poisons."""
    job = Job(
        factory="tests.serving.variants.poison:load",
        arguments={"effect": effect, "poison_s": None},
        batch_s=1.5,
        max_memory_bytes=2**30,
    )
    engine = ProcessRecognizer("poisonable", job, Backoff())
    engine.begin()
    engine.wait_until_ready()
    pipeline = replace(load_pipeline(), recognizer=engine)
    batcher = Batcher([engine])
    transcriber = Transcriber(pipeline, batcher, FrontEndPool(1), Patience(base_s=30, per_audio_s=1))
    local = Local(transcriber, batcher, [engine])
    return LoadedVariant(Variant(name="candidate"), local, convention.SEARCH, SearchBackends().get(None, "search"))


@pytest.mark.parametrize("effect", ["segfault", "hang_with_lock", "eat_memory", "not a number"])
def test_a_poisonous_recording_fails_the_candidate_alone(
    effect: str, query_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    async def scene() -> None:
        first, candidate = champion(SearchBackends()), poisonable(effect)
        candidate.start()
        poison = asked(query_clip.read_bytes())
        poisoned = asyncio.ensure_future(candidate.hear(poison))
        for _ in range(5):
            assert (await first.transcribe(poison)).text == "what time is it"
        with pytest.raises(RecognizerFailed):
            await poisoned
        assert (await first.transcribe(poison)).text == "what time is it"
        for one in (first, candidate):
            await one.close(5.0)

    run(scene())


def test_a_candidate_that_rests_turns_queries_away_at_once(query_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    async def scene() -> None:
        candidate = poisonable("leave")
        candidate.start()
        for _ in range(3):
            candidate.check_room()
            with pytest.raises(RecognizerFailed):
                await candidate.hear(asked(query_clip.read_bytes()))
        with pytest.raises(RecognizerFailed, match="crashed again and again, and rests"):
            candidate.check_room()
        await candidate.close(5.0)

    run(scene())
