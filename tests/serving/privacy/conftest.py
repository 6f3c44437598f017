"""Everything that is kept of people, in each kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.privacy.holdings import Holdings, open_holdings
from serving.privacy_settings import PrivacySettings
from serving.settings import Settings, StoreSettings
from tests.monitoring.conftest import address, make_event, nowhere, postgres

__all__ = ["address", "make_event", "nowhere", "postgres"]


def settings_of(address: str, folder: Path) -> Settings:
    privacy = PrivacySettings(audio_folder=folder / "audio", datasets=(folder / "sets",), models=(folder / "models",))
    for name in ("audio", "sets", "models", "journal"):
        (folder / name).mkdir(exist_ok=True)
    return Settings(store=StoreSettings(url=address, journal=folder / "journal"), privacy=privacy)


@pytest.fixture
def settings(address: str, tmp_path: Path) -> Settings:
    return settings_of(address, tmp_path)


@pytest.fixture
def holdings(settings: Settings) -> Iterator[Holdings]:
    """Empty stores in each kind of database, empty folders."""
    with open_holdings(settings) as holdings:
        yield holdings
