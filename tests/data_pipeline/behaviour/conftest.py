"""Real queries, said twice on three devices, for the tests of what is made of them."""

from pathlib import Path

import pytest

from asr.cache import pull
from data_pipeline.behaviour.pairs import Query
from data_pipeline.behaviour.takes import Asked, devices, listen, spoken_queries
from data_pipeline.evaluation.answer_journal import AnswerJournal
from data_pipeline.evaluation.systems import OwnSystem, own_systems
from data_pipeline.evaluation.variants import read_variant
from data_pipeline.manifest import Row
from data_pipeline.simulation.profiles import DeviceProfile
from tests.conftest import CLIPS

DEVICES = ("phone", "phone-clipped-onset-200ms", "phone-snr--5")


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    """Clips of several words, of many speakers."""
    return [row for row in spoken_queries(CLIPS / "manifest.jsonl") if len((row.text or "").split()) > 1]


@pytest.fixture(scope="session")
def profiles() -> list[DeviceProfile]:
    return [one for one in devices() if one.name in DEVICES]


@pytest.fixture(scope="session")
def system() -> OwnSystem:
    for model_id in ("moonshine-tiny-en", "silero-vad-16k"):
        pull(model_id)
    [system] = own_systems([""], [read_variant("default")])
    return system


@pytest.fixture(scope="session")
def asked(rows: list[Row], system: OwnSystem, profiles: list[DeviceProfile]) -> list[Asked]:
    return listen(rows, system, profiles, AnswerJournal())


@pytest.fixture(scope="session")
def queries() -> list[Query]:
    """Texts with intents, as `queries.tsv` has them."""
    rooms, artists = ("kitchen", "bedroom", "living room", "garage"), ("jackson", "dolly parton", "the beatles", "bach")
    return [
        *(Query(f"turn {state} the light in the {room}", "light") for state in ("on", "off") for room in rooms),
        *(Query(f"play {what} by {artist}", "music") for what in ("songs", "an album") for artist in artists),
        *(Query(f"what is the weather in {town}", "weather") for town in ("boston", "paris", "new delhi")),
        Query("what time is it", "time"),
    ]


@pytest.fixture
def table(queries: list[Query], tmp_path: Path) -> Path:
    path = tmp_path / "queries.tsv"
    lines = ["text\tsource\tlicense\tintent", *(f"{one.text}\tours\tCC0-1.0\t{one.intent}" for one in queries)]
    path.write_text("\n".join(lines))
    return path
