"""What goes out: transcripts, the trust in them, and results. No signal here needs to know what was truly said."""

from itertools import pairwise
from typing import Final

from monitoring.events import Event, SignalValue
from monitoring.signals.audio import VOICE
from monitoring.signals.signal import Group, Signal, Worse, field
from monitoring.signals.software import OK

MIN_SPEECH_S: Final = 0.1
"""With less speech than this a rate of words means nothing."""
VOCABULARY_EVENT: Final = "vocabulary"
"""Written by `monitoring.vocabulary`, since what is new takes a memory."""
SHADOW_EVENT: Final = "shadow"
"""Written by whatever lets a candidate hear what another model has answered."""
REVIEW_EVENT: Final = "review"
"""Written when a person has said what was said."""


def null_transcript(event: Event) -> SignalValue:
    """Was the query answered without a single word? None where it failed, or where that was not written down."""
    if event.outcome == OK and (told := event.signals.get("null_transcript")) is not None:
        return bool(told)
    words = _words(event)
    return None if event.outcome != OK or words is None else words == 0


def words_per_second(event: Event) -> SignalValue:
    """Words for each second of speech; None without speech or words."""
    words, speech_s = _words(event), event.signals.get("speech_s")
    return words / speech_s if words and speech_s is not None and speech_s >= MIN_SPEECH_S else None


def zero_results(event: Event) -> SignalValue:
    """Did words find nothing? None where there were none to search for."""
    found = event.signals.get("result_count")
    return found == 0 if found is not None and _words(event) else None


def repetition(event: Event) -> SignalValue:
    """Share of the transcript's pairs of neighbouring words that were there before, in [0, 1].

    What recognizers write when they loop. None with fewer than two words, or where transcripts are not kept.
    """
    query = event.details.get("query")
    pairs = list(pairwise(query.split())) if query else None
    return 1 - len(set(pairs)) / len(pairs) if pairs else None


def _words(event: Event) -> float | None:
    if (words := event.signals.get("words")) is not None:
        return words
    if event.signals.get("no_speech"):
        return 0
    query = event.details.get("query")
    return None if query is None else len(query.split())


OUTPUT: Final = (
    Signal(
        name="null_transcript",
        about="Queries that were answered without a word.",
        group=Group.OUTPUT,
        read=null_transcript,
        kinds=VOICE,
        is_rate=True,
        worse=Worse.HIGHER,
    ),
    Signal(
        name="no_speech",
        about="Queries in which no speech was found.",
        group=Group.OUTPUT,
        read=field("no_speech"),
        kinds=VOICE,
        is_rate=True,
        worse=Worse.HIGHER,
    ),
    Signal(
        name="zero_results",
        about="Queries whose words found nothing.",
        group=Group.OUTPUT,
        read=zero_results,
        kinds=VOICE,
        is_rate=True,
        worse=Worse.HIGHER,
    ),
    Signal(
        name="confidence",
        about="Probability that every word is right, by the recognizer.",
        group=Group.OUTPUT,
        read=field("confidence"),
        kinds=VOICE,
        worse=Worse.LOWER,
    ),
    Signal(
        name="words",
        about="Words of the transcript.",
        group=Group.OUTPUT,
        read=_words,
        kinds=VOICE,
    ),
    Signal(
        name="words_per_second",
        about="Words for each second of speech.",
        group=Group.OUTPUT,
        read=words_per_second,
        kinds=VOICE,
    ),
    Signal(
        name="repetition",
        about="Pairs of words that the transcript repeats.",
        group=Group.OUTPUT,
        read=repetition,
        kinds=VOICE,
        worse=Worse.HIGHER,
    ),
    Signal(
        name="novelty",
        about="Share of the transcript's words that were hardly ever heard before.",
        group=Group.OUTPUT,
        read=field("novelty"),
        kinds=frozenset({VOCABULARY_EVENT}),
        worse=Worse.HIGHER,
    ),
    Signal(
        name="shadow_disagreement",
        about="Share of words that a model in the shadow writes differently.",
        group=Group.OUTPUT,
        read=field("wer_between"),
        kinds=frozenset({SHADOW_EVENT}),
        worse=Worse.HIGHER,
    ),
    Signal(
        name="reviewed_error_ratio",
        about="Share of the words that were wrong in queries that people have reviewed.",
        group=Group.OUTPUT,
        read=field("wer"),
        kinds=frozenset({REVIEW_EVENT}),
        worse=Worse.HIGHER,
    ),
)
