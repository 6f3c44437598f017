"""On what terms recordings may be used: of what kind the source is, under which licence, with whose consent.

What lacks one of them is refused by name. Knows no layout.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from data_pipeline.ingest.found import Found
from data_pipeline.manifest import InvalidLine


class Source(StrEnum):
    """How the recordings came to us."""

    PURCHASED = "purchased"
    HISTORICAL = "historical"
    REVIEWED = "reviewed"


REQUIRED: Final = ("source", "license", "consent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for a whole collection; a recording's own fields go before it."""

    corpus: str
    source: Source | None = None
    license: str | None = None
    consent: str | None = None
    """On what ground the recordings may be used."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Other fields that every row gets."""

    def applied(self, found: Found) -> Found:
        """The recording with what the collection says of it."""
        own = {name: value for name, value in found.fields.items() if not _says_nothing(value)}
        whole = {"source": self.source, "corpus": self.corpus, "license": self.license, "consent": self.consent}
        given = {name: str(value) for name, value in whole.items() if not _says_nothing(value)}
        return replace(found, fields={"id": _name(found), **given, **self.fields, **own})


def missing(found: Found) -> list[str]:
    """Which of the required fields it lacks."""
    return [name for name in REQUIRED if name not in found.fields]


def admitted(found: Found) -> Found | InvalidLine:
    """A recording to which terms were applied, or why it may not be used."""
    if lacks := missing(found):
        return found.refused(f"no {', no '.join(lacks)} is known: it may not be used")
    if found.fields["source"] not in set(Source):
        return found.refused(f"source {found.fields['source']!r:.60} is none of {', '.join(Source)}")
    for name in REQUIRED[1:]:
        if not isinstance(found.fields[name], str):
            return found.refused(f"{name} is not a text")
    return found


def _says_nothing(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _name(found: Found) -> str:
    """Of a recording that its collection gives no id."""
    return found.audio if found.offset_s is None else f"{found.audio}@{found.offset_s:g}"
