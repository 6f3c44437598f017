"""Builds what a variant listens with, in three ways: its engine here, its engine apart, or an older system.

The one place of variants that knows settings, registry, pipelines and processes together.
"""

from collections.abc import Callable

from asr import convention
from asr.cache import locate
from asr.confidence import Calibration
from asr.decode import DecodeLimits
from asr.loading import load_detector, load_pipeline
from asr.pipeline import Pipeline
from asr.registry import Registry, Task
from serving.batching import Batcher, BatchLimits
from serving.front_end_pool import FrontEndPool
from serving.settings import Settings, available_cores
from serving.transcriber import Patience, Transcriber
from serving.variants.backoff import Backoff
from serving.variants.child import Job
from serving.variants.external import Elsewhere, External
from serving.variants.local import Local
from serving.variants.memory import MEGABYTE, check_memory, free_bytes, needed_bytes
from serving.variants.process_recognizer import ProcessRecognizer
from serving.variants.variant import Variant

MEMORY_HEADROOM = 3
"""An engine may take so many times what it is known to need, before it fails instead of all that runs beside it."""


def open_here(variant: Variant, settings: Settings, registry: Registry, *, observe: Callable[[int], None]) -> Local:
    """The engine in this process, shared by all workers."""
    pipeline = load_pipeline(
        variant.model,
        front_end=variant.frontend.front_end(),
        detector=variant.frontend.vad,
        convention_name=variant.convention,
        limits=_decode_limits(settings),
        registry=registry,
        threads=settings.model.threads_per_worker,
    )
    recognizers = [pipeline.recognizer] * _workers(settings)
    batcher = Batcher(recognizers, _batch_limits(settings), observe=observe)
    return Local(_transcriber(pipeline, batcher, settings), batcher)


def open_apart(
    variant: Variant, settings: Settings, registry: Registry, *, niceness: int, observe: Callable[[int], None]
) -> Local:
    """A process with an engine for each worker. Raises VariantUnavailable too: no memory, or it does not start."""
    files = locate(variant.model or registry.defaults[Task.RECOGNIZER], registry)
    workers = _workers(settings)
    check_memory(needed_bytes(files.model.size_bytes, processes=workers), free=free_bytes())
    job = Job(
        factory="serving.variants.worker_process:registered",
        arguments={"model_id": files.model.id, "threads": settings.model.threads_per_worker},
        batch_s=2 * variant.timeout_s,  # whoever waited gave up at half of that, and a sound engine would have heard
        max_memory_bytes=MEMORY_HEADROOM * needed_bytes(files.model.size_bytes, processes=1),
        niceness=niceness,
    )
    backoff = Backoff()
    engines = [ProcessRecognizer(files.model.id, job, backoff) for _ in range(workers)]
    try:
        for engine in engines:
            engine.begin()
        for engine in engines:
            engine.wait_until_ready()
        pipeline = Pipeline(
            front_end=variant.frontend.front_end(),
            detector=load_detector(variant.frontend.vad, registry),
            recognizer=engines[0],
            calibration=Calibration.read(files.model.calibration, files.model.phantoms),
            convention=convention.get(variant.convention),
            limits=_decode_limits(settings),
        )
    except BaseException:
        for engine in engines:
            engine.close()
        raise
    batcher = Batcher(engines, _batch_limits(settings), observe=observe)
    return Local(_transcriber(pipeline, batcher, settings), batcher, engines)


def open_external(variant: Variant, settings: Settings, registry: Registry) -> External:
    """An older system; our own front end measures what it hears. Raises VariantUnavailable without its key."""
    front_end = Pipeline(
        front_end=variant.frontend.front_end(),
        detector=load_detector(variant.frontend.vad, registry),
        recognizer=Elsewhere(variant.model or variant.name),
        calibration=Calibration.read({}, ()),
        convention=convention.get(variant.convention),
        limits=_decode_limits(settings),
    )
    return External.of(variant, front_end, FrontEndPool(available_cores()))


def _transcriber(pipeline: Pipeline, batcher: Batcher, settings: Settings) -> Transcriber:
    patience = Patience(base_s=settings.limits.deadline_s, per_audio_s=settings.limits.deadline_per_audio_s)
    return Transcriber(pipeline, batcher, FrontEndPool(available_cores()), patience)


def _workers(settings: Settings) -> int:
    return settings.model.workers or available_cores()


def _batch_limits(settings: Settings) -> BatchLimits:
    return BatchLimits(
        max_batch=settings.model.max_batch,
        max_batch_audio_s=settings.model.max_batch_audio_s,
        max_queue_audio_s=settings.limits.max_queue_audio_s,
    )


def _decode_limits(settings: Settings) -> DecodeLimits:
    max_bytes = round(settings.limits.max_upload_mb * MEGABYTE)
    return DecodeLimits(max_bytes=max_bytes, max_duration_s=settings.limits.max_audio_s)
