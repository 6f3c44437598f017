"""The engines that `bench engine` compares, each behind the one verb that a bench needs.

An adapter takes a batch of sounds and gives their texts. Runtimes are imported when an engine is loaded.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from asr.audio import Audio
from asr.errors import ModelUnavailable
from asr.recognizer import Recognizer

Transcribe = Callable[[Sequence[Audio]], list[str]]
OURS: Final = "voicesearch"


def load_default() -> Recognizer:
    """Our default engine, single-threaded, its files from the model registry's cache."""
    from asr.cache import locate
    from asr.engines import load_recognizer
    from asr.registry import Task, read_registry

    return load_recognizer(locate(read_registry().defaults[Task.RECOGNIZER]))


def load_ours() -> Transcribe:
    """Our default engine, single-threaded."""
    recognizer = load_default()
    return lambda batch: [hypothesis.text for hypothesis in recognizer.recognize(batch)]


def load_published() -> Transcribe:
    """Our default model's graphs as they were published, single-threaded."""
    from asr.cache import locate
    from asr.registry import Task, read_registry
    from serving.bench.published_moonshine import PublishedMoonshine

    return PublishedMoonshine.load(locate(read_registry().defaults[Task.RECOGNIZER])).transcribe


def load_moonshine_voice() -> Transcribe:
    """The transcriber of the package `moonshine-voice`, as it comes, on the same weights."""
    import moonshine_voice

    folder = Path(moonshine_voice.__file__).parent / "assets" / "tiny-en"
    if not folder.is_dir():
        raise ModelUnavailable(f"this moonshine-voice carries no weights: {folder} is missing")
    transcriber = moonshine_voice.Transcriber(str(folder), moonshine_voice.ModelArch.TINY)

    def transcribe(audio: Audio) -> str:
        transcript = transcriber.transcribe_without_streaming(audio.samples)
        return " ".join(line.text for line in transcript.lines)

    return lambda batch: [transcribe(audio) for audio in batch]


def load_faster_whisper(options: Mapping[str, int]) -> Transcribe:
    """faster-whisper on Whisper tiny.en, int8, one thread; `options` go to its `transcribe`."""
    import faster_whisper

    from asr.cache import locate

    folder = locate("whisper-tiny-en-ct2").folder
    model = faster_whisper.WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)

    def transcribe(audio: Audio) -> str:
        segments, _ = model.transcribe(audio.samples, **options)
        return " ".join(segment.text.strip() for segment in segments)

    return lambda batch: [transcribe(audio) for audio in batch]


LOADERS: Final[Mapping[str, Callable[[], Transcribe]]] = {
    OURS: load_ours,
    "moonshine-voice": load_moonshine_voice,
    "faster-whisper": lambda: load_faster_whisper({}),
    "faster-whisper, greedy": lambda: load_faster_whisper({"beam_size": 1, "best_of": 1}),
}

BATCHED: Final = frozenset({OURS})
"""Engines that take several clips in one call; the peers offer no such thing for short clips."""

PEERS: Final[Mapping[str, tuple[str, ...]]] = {
    "moonshine-voice": ("moonshine-voice",),
    "faster-whisper": ("faster-whisper", "faster-whisper, greedy"),
}
"""What each `--peer` of `bench engine` adds: faster-whisper both with its defaults (beam of 5) and greedy."""
