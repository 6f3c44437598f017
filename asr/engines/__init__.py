"""One file for each inference runtime, imported only when a model needs it."""

from collections.abc import Callable

from asr.cache import ModelFiles
from asr.errors import ModelUnavailable
from asr.recognizer import Recognizer

__all__ = ["load_recognizer"]


def _moonshine(files: ModelFiles, threads: int) -> Recognizer:
    from asr.engines.moonshine import Moonshine

    return Moonshine.load(files, threads=threads)


_ENGINES: dict[str, Callable[[ModelFiles, int], Recognizer]] = {"moonshine-onnx": _moonshine}


def load_recognizer(files: ModelFiles, *, threads: int = 1) -> Recognizer:
    """Load a model with the engine that its registry entry names.

    Raises ModelUnavailable where this installation has no such engine, and what the engine raises.
    """
    if files.model.engine not in _ENGINES:
        known = ", ".join(sorted(_ENGINES))
        raise ModelUnavailable(
            f"{files.model.id} needs the engine {files.model.engine}; this installation has: {known}"
        )
    return _ENGINES[files.model.engine](files, threads)
