"""What of a service's answer may stand in the queue. Pure; what may be kept of a text, it is told."""

from collections.abc import Callable
from dataclasses import replace

from serving.privacy.kept_text import is_redacted
from serving.review.item import Answer


def kept_answer(answer: Answer, keep: Callable[[str], str | None]) -> Answer:
    """The answer with its texts as `keep` writes them, None for nothing, and its words only where all of them may stay.

    >>> from monitoring.redaction import redact
    >>> kept_answer(Answer(text="mail john at example dot com"), redact).text
    'mail [email]'
    """
    spoken = " ".join(word.text for word in answer.words)
    is_whole = keep(spoken) == spoken and not is_redacted(answer.text or "")
    alternatives = (keep(other) for other in answer.alternatives)
    return replace(
        answer,
        text=None if answer.text is None else keep(answer.text),
        alternatives=tuple(other for other in alternatives if other is not None),
        words=answer.words if is_whole else (),
    )
