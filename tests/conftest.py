"""Recordings that the tests share."""

import json
import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

CLIPS = Path(__file__).parent / "clips"


@dataclass(frozen=True)
class Recording:
    """One line of a carried manifest."""

    path: Path
    text: str
    duration_s: float
    source: str


def read_manifest(path: Path) -> list[Recording]:
    rows = map(json.loads, path.read_text().splitlines())
    return [
        Recording(path.parent / r["audio_filepath"], r["text"], r["duration"], r.get("source", "noise")) for r in rows
    ]


@pytest.fixture(scope="session")
def speech() -> list[Recording]:
    """Carried clips of real human speech."""
    return read_manifest(CLIPS / "manifest.jsonl")


@pytest.fixture(scope="session")
def noise() -> list[Recording]:
    """Carried 2.5 s pieces of real noise without speech."""
    return read_manifest(CLIPS / "noise.jsonl")


@pytest.fixture(scope="session")
def query_clip() -> Path:
    """One clean spoken query: "what time is it"."""
    return CLIPS / "speech" / "voice_queries__v2j_what_time_is_it.flac"


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The larger recordings; absent on a machine that has only the clone."""
    folder = Path(os.environ.get("VOICESEARCH_DATA", "../shared/data"))
    if not (folder / "speech" / "manifest.jsonl").is_file():
        pytest.skip("VOICESEARCH_DATA does not point to the larger recordings")
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On CI a skipped test is a failed one, but for those that need a GPU."""
    report = yield
    if report.skipped and os.environ.get("CI") and "cuda" not in item.keywords and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped on CI: {report.longrepr}"
    return report
