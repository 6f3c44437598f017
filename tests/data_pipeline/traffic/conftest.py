"""A small table of real measurements, made once, and traffic that is drawn from it."""

import pytest

from asr.cache import pull
from data_pipeline.manifest import Row, matching, read_manifest
from data_pipeline.traffic.fleet import make_fleet
from data_pipeline.traffic.hearing import Measurement
from data_pipeline.traffic.plan import measure_all, noise_rows, queries
from data_pipeline.traffic.prototypes import Prototypes
from data_pipeline.traffic.stream import Traffic
from tests.conftest import CLIPS

KINDS = ("phone", "headset")
UPDATES = ("phone-clipped-onset-100ms",)


@pytest.fixture(scope="session")
def spoken() -> list[Row]:
    return queries(matching(read_manifest(CLIPS / "manifest.jsonl"), {"source": {"voice_queries"}}), limit=8)


@pytest.fixture(scope="session")
def noises() -> list[Row]:
    return noise_rows(CLIPS / "noise.jsonl")[:6]


@pytest.fixture(scope="session")
def table(spoken: list[Row], noises: list[Row]) -> list[Measurement]:
    for model_id in ("moonshine-tiny-en", "silero-vad-16k"):
        pull(model_id)
    return measure_all(spoken, noises, kinds=KINDS, updates=UPDATES, workers=1)


@pytest.fixture(scope="session")
def prototypes(table: list[Measurement]) -> Prototypes:
    return Prototypes(table)


@pytest.fixture(scope="session")
def traffic(prototypes: Prototypes) -> Traffic:
    """Ten models of device, a thousand wishes an hour."""
    fleet = make_fleet(devices=10, users=2_000, kinds=KINDS, flagged_share=0.1)
    return Traffic(fleet=fleet, prototypes=prototypes, per_day=24_000.0, rate_swing=0.0, noise_swing=0.0)


@pytest.fixture(scope="session")
def first_phone(traffic: Traffic) -> str:
    return traffic.fleet.devices[0].name
