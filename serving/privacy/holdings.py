"""Everything in which data of people is kept, opened together. Knows not what is deleted when."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from monitoring.alarms.store import AlarmStore
from monitoring.store import EventStore
from serving.privacy_settings import PrivacySettings
from serving.review.store import ReviewStore
from serving.settings import Settings
from serving.state.store import StateStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """Stores and folders of one service."""

    events: EventStore
    state: StateStore
    reviews: ReviewStore
    alarms: AlarmStore
    settings: PrivacySettings
    journal: Path
    """Folder of the journal, for lines that were put aside there."""


@contextmanager
def open_holdings(settings: Settings) -> Iterator[Holdings]:
    """Connections of their own, so that a long deletion holds up nobody. Raises StoreUnusable for a bad address."""
    url = settings.store.url
    events, state, alarms = EventStore.open(url), StateStore.open(url), AlarmStore.open(url)
    try:
        yield Holdings(
            events=events,
            state=state,
            reviews=ReviewStore(state),
            alarms=alarms,
            settings=settings.privacy,
            journal=settings.store.journal,
        )
    finally:
        for store in (events, state, alarms):
            store.close()


def delete_recording(path: Path) -> bool:
    """Delete a file of kept audio; False where there is none."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True
