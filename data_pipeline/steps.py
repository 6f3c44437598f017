"""What a step of the data pipeline is: manifest in, manifest out, the same rows always giving the same rows.

A step is a frozen record: its fields are its settings, and are all that it depends on besides its input. So its name,
version and settings in a data set's card are enough to run it again.
"""

import importlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Final, Protocol, cast

from asr.audio import Audio
from data_pipeline.errors import InvalidCard
from data_pipeline.manifest import InvalidLine, Row

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class SoundStep(Protocol):
    """Makes new recordings out of each one, without a look at the others."""

    @property
    def name(self) -> str:
        """As the command is called."""

    @property
    def version(self) -> int:
        """Raised when the same settings make other recordings."""

    def change(self, row: Row, audio: Audio) -> Iterable[tuple[Row, Audio]]:
        """The new recordings with their rows; their place, length and hash are filled in by whoever writes them.

        Raises AudioError or DataError with the reason where the recording cannot be used.
        """


class TableStep(Protocol):
    """Rewrites the rows and leaves the recordings alone."""

    @property
    def name(self) -> str:
        """As the command is called."""

    @property
    def version(self) -> int:
        """Raised when the same settings make other rows."""

    @property
    def parts(self) -> str | None:
        """A field each of whose values gets a manifest of its own beside the whole one; None for no such field."""

    def change(self, rows: Callable[[], Iterator[Row]]) -> Iterator[Row | InvalidLine]:
        """The new rows, and with a reason those that cannot be used; `rows` may be read more than once."""


Step = SoundStep | TableStep

SOUND_STEPS: Final = {
    "clip": "data_pipeline.clip:Clipping",
    "normalize": "data_pipeline.normalize:Normalization",
    "simulate": "data_pipeline.simulation.simulate:Simulation",
}
TABLE_STEPS: Final = {
    "clean": "data_pipeline.clean:Cleaning",
    "split": "data_pipeline.splitting.split:Splitting",
}


def settings_of(step: Step) -> dict[str, object]:
    """The settings as JSON has them."""
    settings: dict[str, object] = json.loads(json.dumps(asdict(cast("DataclassInstance", step))))
    return settings


def load_sound_step(name: str, version: int, settings: Mapping[str, object]) -> SoundStep | None:
    """The step of a card that makes recordings; None where it is none. Raises InvalidCard."""
    return cast(SoundStep, _load(SOUND_STEPS[name], name, version, settings)) if name in SOUND_STEPS else None


def load_table_step(name: str, version: int, settings: Mapping[str, object]) -> TableStep | None:
    """The step of a card that rewrites rows; None where it is none. Raises InvalidCard."""
    return cast(TableStep, _load(TABLE_STEPS[name], name, version, settings)) if name in TABLE_STEPS else None


def _load(place: str, name: str, version: int, settings: Mapping[str, object]) -> Step:
    from pydantic import TypeAdapter, ValidationError

    module, attribute = place.split(":")
    try:
        step = cast(Step, TypeAdapter(getattr(importlib.import_module(module), attribute)).validate_python(settings))
    except ValidationError as error:
        raise InvalidCard(f"step {name!r}: {error.errors()[0]['msg']}") from None
    if changed := sorted(set(settings) ^ set(settings_of(step))):
        raise InvalidCard(f"step {name!r} has other settings now: {changed[0]!r}")
    if step.version != version:
        raise InvalidCard(f"step {name!r} was version {version} then and is {step.version} now")
    return step
