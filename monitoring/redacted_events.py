"""Events without what must not be kept: addresses and numbers in their texts. Identifiers stay as they are."""

from dataclasses import replace
from typing import Final

from monitoring.events import Event
from monitoring.redaction import redact

IDENTIFIERS: Final = frozenset({"audio_path", "item_id", "top_item_id", "item", "labeler"})
"""Details that are no text of people; a product's number may look like a phone's."""


def redacted(event: Event) -> Event:
    """The event with placeholders in its texts; the same one where there is nothing to redact."""
    texts = {name: redact(text) for name, text in event.details.items() if _is_text(name, text)}
    changed = {name: text for name, text in texts.items() if text != event.details[name]}
    return replace(event, details={**event.details, **changed}) if changed else event


def _is_text(name: str, text: object) -> bool:
    return name not in IDENTIFIERS and isinstance(text, str)
