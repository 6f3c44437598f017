"""The first step run again, from what a card says of it and the place where the collection lies now."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

from data_pipeline.card import StepRecord
from data_pipeline.dataset import Dataset
from data_pipeline.errors import InvalidCard, NotReproduced
from data_pipeline.ingest.ingest import NAME, VERSION, Ingestion, ingest, survey
from data_pipeline.ingest.layouts import Place, find_layout


def ingest_again(record: StepRecord, place: Place, out: Path, *, workers: int | None = None) -> Dataset:
    """Take the collection in as it was; of `place` only address and folder of the recordings count.

    Raises InvalidCard where the step has changed since, NotReproduced where another collection lies there,
    FileNotFoundError where nothing does, and what `survey` and `ingest` raise.
    """
    layout, settings = _settings(record)
    audio = place.audio or (Path(settings.audio) if settings.audio else None)
    if audio and not audio.is_dir():
        raise FileNotFoundError(f"no folder {audio}, in which the recordings were")
    found = find_layout(replace(place, audio=audio, columns=settings.columns), layout)
    surveyed = survey(found, settings.terms, workers=workers)
    if surveyed.sha256 != record.input_sha256:
        raise NotReproduced(f"{settings.terms.corpus} is not what step 1 ({NAME}) has read: its sha256 differs")
    return ingest(found, settings, surveyed, out, workers=workers)


def _settings(record: StepRecord) -> tuple[str, Ingestion]:
    from pydantic import TypeAdapter, ValidationError

    if record.version != VERSION:
        raise InvalidCard(f"step {NAME!r} was version {record.version} then and is {VERSION} now")
    told = {name: value for name, value in record.settings.items() if name != "layout"}
    try:
        settings = TypeAdapter(Ingestion).validate_python(told)
    except ValidationError as error:
        raise InvalidCard(f"step {NAME!r}: {error.errors()[0]['msg']}") from None
    if changed := _differing(told, asdict(settings)):
        raise InvalidCard(f"step {NAME!r} has other settings now: {changed!r}")
    return str(record.settings.get("layout")), settings


def _differing(told: Mapping[str, object], now: Mapping[str, object]) -> str | None:
    return min(set(told) ^ set(now), default=None)
