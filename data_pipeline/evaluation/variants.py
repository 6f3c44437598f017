"""Settings of the front end by name, as a sweep lists them: `lead_silence_s=0.5,loudness.level_lufs=-20`.

Knows the records of settings only by their fields, so that a new field can be swept at once.
"""

import math
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Any, Final, TypeVar

from asr.front_end import FrontEnd
from asr.loading import Detector
from asr.loudness import LoudnessTarget
from asr.vad import ClippingRule
from data_pipeline.errors import InvalidVariant

DEFAULT: Final = "default"
_SWITCH: Final = {"on": True, "off": False}

Settings = FrontEnd | ClippingRule | LoudnessTarget
S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True)
class Variant:
    """One front end to evaluate."""

    name: str
    """As it was written."""
    front_end: FrontEnd
    detector: Detector


def read_variant(text: str) -> Variant:
    """The default front end with the settings `KEY=VALUE[,KEY=VALUE...]`; "default" is that itself.

    A key is a field of `FrontEnd`, of a record in it (`clipping.hangover_s`), or `detector`. `loudness=off` leaves
    the level as it is, `clipping=off` cuts no silence away. Raises InvalidVariant.
    """
    variant = Variant(text, FrontEnd(), Detector.SILERO)
    for setting in text.split(",") if text != DEFAULT else []:
        key, equals, value = (part.strip() for part in setting.partition("="))
        if not equals:
            raise InvalidVariant(f"{setting!r} is not KEY=VALUE")
        try:
            variant = _with(variant, key, value)
        except ValueError as error:
            raise InvalidVariant(f"{setting}: {error}") from None
    return variant


def _with(variant: Variant, key: str, value: str) -> Variant:
    if key == "detector":
        return replace(variant, detector=Detector(value))
    if key == "clipping":
        key = "cut_silence"
    return replace(variant, front_end=_changed(variant.front_end, key, value))


def _changed(front_end: FrontEnd, key: str, value: str) -> FrontEnd:
    name, _, below = key.partition(".")
    current = _field(front_end, name)
    changed: object
    if isinstance(current, ClippingRule | LoudnessTarget) and below:
        changed = _replaced(current, below, _read(value, like=_field(current, below)))
    elif below:
        raise ValueError(f"`{name}` has no settings below it, or is off")
    elif isinstance(current, LoudnessTarget | None):
        changed = LoudnessTarget() if _switch(value) else None
    else:
        changed = _read(value, like=current)
    return _replaced(front_end, name, changed)


def _field(record: Settings, name: str) -> object:
    known = [field.name for field in fields(record)]
    if name not in known:
        raise ValueError(f"no such setting (known: {', '.join(known)})")
    return getattr(record, name)


def _replaced(record: S, name: str, value: object) -> S:
    changes: dict[str, Any] = {name: value}
    return replace(record, **changes)


def _read(value: str, *, like: object) -> object:
    """The text as a value of the same kind."""
    if isinstance(like, bool):
        return _switch(value)
    if isinstance(like, Enum):
        return type(like)(value)
    if isinstance(like, float):
        return _finite(value)
    raise ValueError("is a group of settings: name one of them")


def _finite(value: str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("is not a finite number")
    return number


def _switch(value: str) -> bool:
    if value not in _SWITCH:
        raise ValueError("is either on or off")
    return _SWITCH[value]
