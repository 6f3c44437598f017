"""Deletes what is too old, each kind after its own time. Doing it again changes nothing more.

Texts are taken out of events that stay; how far that went is kept, so that each hour looks at an hour's events. Events
that come late, from a journal that waited, are still found within two days.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from monitoring.erasure import forget_details
from monitoring.redacted_events import IDENTIFIERS
from serving.privacy.holdings import Holdings, delete_recording
from serving.privacy_settings import PrivacySettings
from serving.state.tables import PURGES

logger = logging.getLogger("voicesearch.privacy")

DAY_S: Final = 86_400.0
LATE_S: Final = 2 * DAY_S
AUDIO_PATH: Final = "audio_path"


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge did to one kind."""

    kind: str
    at: float
    """When, seconds since 1970 UTC."""
    until: float
    """What was older is gone."""
    removed: int


Remove = Callable[[Holdings, float, float], int]
"""Takes the places, since when (only what the last purge may have missed) and until when; how many are gone."""


def purge(holdings: Holdings, now: float, *, go_on: Callable[[], bool] = lambda: True) -> list[Purged]:
    """Delete what is too old, as long as `go_on` says so before each kind; what was done, kind by kind.

    Raises StoreUnavailable or StoreUnusable; what was done till then stays done.
    """
    last = {one.kind: one.until for one in purges(holdings)}
    done = []
    for kind, (days, remove) in _kinds(holdings.settings).items():
        if not days or not go_on():
            continue
        until = now - days * DAY_S
        removed = remove(holdings, max(0.0, min(last.get(kind, 0.0), until) - LATE_S), until)
        done.append(Purged(kind, now, until, removed))
        _keep(holdings, done[-1])
        if removed:
            logger.info("purged", extra={"kind": kind, "removed": removed})
    return done


def purges(holdings: Holdings) -> list[Purged]:
    """The last purge of each kind."""
    with holdings.state.reading() as connection:
        rows = connection.execute(sa.select(PURGES).order_by(PURGES.c.kind)).mappings()
        return [Purged(**row) for row in rows]


def _kinds(settings: PrivacySettings) -> dict[str, tuple[float, Remove]]:
    return {
        "audio": (settings.audio_days, _audio),
        "transcripts": (settings.transcripts_days, _transcripts),
        "reviews": (settings.reviews_days, _reviews),
        "alarms": (settings.alarms_days, lambda holdings, _, until: holdings.alarms.purge_before(until)),
        "events": (settings.events_days, lambda holdings, _, until: holdings.events.purge_before(until)),
    }


def _audio(holdings: Holdings, since: float, until: float) -> int:
    """Files by their own age, whatever event they belong to; then events name none."""
    folder = holdings.settings.audio_folder
    files = [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
    deleted = sum(delete_recording(path) for path in files if _modified_at(path) < until)
    forget_details(holdings.events, since=since, until=until, forgets=AUDIO_PATH.__eq__)
    return deleted


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another replica was first
        return float("inf")


def _transcripts(holdings: Holdings, since: float, until: float) -> int:
    return forget_details(holdings.events, since=since, until=until, forgets=lambda name: name not in IDENTIFIERS)


def _reviews(holdings: Holdings, since: float, until: float) -> int:
    deleted = holdings.reviews.purge_before(until)
    for path in deleted.media:
        delete_recording(Path(path))
    return deleted.items


def _keep(holdings: Holdings, done: Purged) -> None:
    with holdings.state.changing() as connection:
        connection.execute(sa.delete(PURGES).where(PURGES.c.kind == done.kind))
        connection.execute(sa.insert(PURGES).values(asdict(done)))
