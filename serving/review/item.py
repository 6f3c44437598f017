"""What waits for a person, and what a person said of it. Knows no queue, no database and no clock.

The service's answer, the kept recording and what both are compared by stand together, so that a reviewer's page, an
estimate and a data set need nothing else. Times are in seconds since 1970 UTC.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import orjson
from pydantic import TypeAdapter

from asr.convention import SEARCH
from asr.recognizer import Word
from monitoring.events import Event

VOICE: Final = "voice"
"""Kind of an item whose text is what was said; of other kinds it is a label."""


class Reason(StrEnum):
    """Why a person looks at it."""

    SAMPLED = "sampled"
    """Drawn with a known probability, to learn how good the service is."""
    BELOW_THRESHOLD = "below_threshold"
    """The model was not sure enough to answer."""
    HUMAN_ANSWERS = "human_answers"
    """A person's text is the answer."""
    DISAGREEMENT = "disagreement"
    """Two variants heard different things."""
    AGREEMENT_CHECK = "agreement_check"
    """To see how far people agree with each other."""


class State(StrEnum):
    """Where an item stands."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    DONE = "done"
    """It has a verdict that stands."""
    SKIPPED = "skipped"
    """Several people did not want to judge it."""
    EXPIRED = "expired"
    """Nobody came in time."""


class Said(StrEnum):
    """What a review says."""

    TEXT = "text"
    UNINTELLIGIBLE = "unintelligible"
    """Nobody could tell what is said."""
    SKIP = "skip"
    """Somebody else should judge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the service made of it."""

    text: str | None = None
    """What was answered; None where that is not kept, or where no model ran."""
    alternatives: tuple[str, ...] = ()
    """Other texts that it may be, the likeliest first."""
    words: tuple[Word, ...] = ()
    confidence: float | None = None
    """Probability that every word is right."""
    variant: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What one person said."""

    labeler: str
    at: float
    said: Said = Said.TEXT
    text: str = ""
    """As it was typed; empty where nobody speaks."""
    convention: str = SEARCH.id
    """What the text is meant to be written in."""
    spent_s: float | None = None
    """Time that the person worked at it."""

    @property
    def is_opinion(self) -> bool:
        """Does it say anything of the recording?"""
        return self.said is not Said.SKIP


@dataclass(frozen=True, slots=True)
class Claim:
    """Who has an item, and until when."""

    labeler: str
    until: float


@dataclass(frozen=True, slots=True)
class Score:
    """The service's answer against the verdict."""

    errors: int
    words: int
    """Of the verdict, which the errors are counted against; 1 for a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """One request that people look at."""

    item_id: str
    """Of the request."""
    at: float
    """When it was answered."""
    reason: Reason
    consent: bool
    """Its user agreed; without that nobody looks at it."""
    kind: str = VOICE
    media: str | None = None
    """Path of the recording, where it is kept."""
    answer: Answer = Answer()
    user_id: str | None = None
    traffic_class: str = ""
    """Tenant or class of traffic, which degrees of automation go by."""
    slices: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    """Anything else that reviewers should see."""
    inclusion_probability: float | None = None
    """Chance with which it was drawn; None where that is not known, so that no estimate takes it."""
    answer_shown: bool = False
    """Do reviewers see the service's answer? Elsewhere not before they have judged, so that they judge unbiased."""
    deadline: float | None = None
    """Of a live one: when its user has gone."""
    required: int = 1
    """People who look at it independently of each other."""
    state: State = State.WAITING
    claim: Claim | None = None
    """The last one; one that has run out holds until somebody else comes."""
    seen_by: tuple[str, ...] = ()
    """Who reviewed or skipped it."""
    opinions: int = 0
    """Reviews that say something."""
    verdict: Review | None = None
    """What holds so far: the first opinion, or that of the person who decided between two."""
    typed: str | None = None
    """The verdict's text as it was typed, where another is kept; only for a user who waits for it, and then gone."""
    score: Score | None = None
    """Known when it is done, of a text where there was one."""
    version: int = 0
    """Counts its changes."""

    @property
    def is_open(self) -> bool:
        """May it still be reviewed?"""
        return self.state in (State.WAITING, State.CLAIMED)

    @property
    def is_live(self) -> bool:
        """Does somebody wait for the answer?"""
        return self.deadline is not None

    @property
    def is_disputed(self) -> bool:
        """Did two people write different things, so that a third decides, who sees both?"""
        return self.required > 2

    @property
    def priority(self) -> int:
        """Smaller goes first; all that were drawn wait in one line, so that those done are like those waiting."""
        return 0 if self.is_live else 1 if self.inclusion_probability is not None else 2


def item_of(
    event: Event,
    *,
    reason: Reason,
    inclusion_probability: float | None = None,
    required: int = 1,
    words: Sequence[Word] = (),
    alternatives: Sequence[str] = (),
) -> ReviewItem:
    """The item of a query, from the event that it left."""
    slices, details = event.slices, event.details
    confidence = event.signals.get("confidence")
    return ReviewItem(
        item_id=event.request_id,
        at=event.at,
        reason=reason,
        consent=event.consent,
        kind=event.kind,
        media=details.get("audio_path"),
        answer=Answer(
            text=details.get("query"),
            alternatives=tuple(alternatives),
            words=tuple(words),
            confidence=None if confidence is None else float(confidence),
            variant=slices.get("variant"),
            model=slices.get("model"),
        ),
        user_id=event.user_id,
        traffic_class=slices.get("tenant", ""),
        slices=dict(slices),
        inclusion_probability=inclusion_probability,
        required=required,
    )


_ITEM: Final = TypeAdapter(ReviewItem)
_REVIEW: Final = TypeAdapter(Review)


def as_json(record: ReviewItem | Review) -> dict[str, object]:
    """The record in the types of JSON."""
    document: dict[str, object] = orjson.loads(orjson.dumps(record))
    return document


def item_from(document: object) -> ReviewItem:
    """The item from its JSON. Raises ValueError."""
    return _ITEM.validate_python(document)


def review_from(document: object) -> Review:
    """The review from its JSON. Raises ValueError."""
    return _REVIEW.validate_python(document)
