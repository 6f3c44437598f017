"""Deletions and purges as people see them: without the user, and with the number of requests instead of their ids."""

from dataclasses import asdict

from serving.privacy.deletion import Deletion
from serving.privacy.retention import Purged
from serving.privacy_settings import PrivacySettings

KINDS = ("audio", "transcripts", "reviews", "alarms", "events")


def deletion_json(deletion: Deletion) -> dict[str, object]:
    """The deletion in the types of JSON; `state` is `asked`, `looked_after` or `finished`."""
    shown = deletion.model_dump(mode="json", exclude={"requests", "deletion_id"})
    state = "finished" if deletion.finished_at else "looked_after" if deletion.passes else "asked"
    return {"id": deletion.deletion_id, "state": state, **shown}


def retention_json(settings: PrivacySettings, last: list[Purged]) -> dict[str, object]:
    """Of each kind how long it is kept, and what its last purge did."""
    done = {one.kind: one for one in last}
    return {
        kind: {"days": getattr(settings, f"{kind}_days"), "last": asdict(done[kind]) if kind in done else None}
        for kind in KINDS
    }
