"""What an event log writes down has no addresses; what it refers to stays."""

from collections.abc import Callable
from pathlib import Path

from monitoring.event_log import EventLog
from monitoring.events import Event
from monitoring.redacted_events import redacted

SAID = {
    "query": "call 415 555 0100",
    "text": "i meant a@b.com",
    "item_id": "9780306406157",
    "audio_path": "a/4155550100",
}


def test_texts_are_redacted_and_identifiers_stay(make_event: Callable[..., Event]) -> None:
    event = redacted(make_event(details=SAID))
    assert event.details == SAID | {"query": "call [phone]", "text": "i meant [email]"}
    assert redacted(event) is event


def test_before_anything_is_written(tmp_path: Path, make_event: Callable[..., Event]) -> None:
    log = EventLog.open(f"sqlite:///{tmp_path}/events.db", tmp_path / "journal", linger_s=30, clean=redacted)
    log.append(make_event(details=SAID))
    journal = b"".join(path.read_bytes() for path in (tmp_path / "journal").iterdir())
    assert b"[phone]" in journal
    assert b"555" not in journal.replace(b"a/4155550100", b"")
    log.close()
