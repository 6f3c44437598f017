"""What an engine in a process of its own says it heard, taken in only if it can be true.

A candidate may return anything; what the champion's events, monitors and answers would choke on ends here.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from asr.audio import Audio
from asr.recognizer import Hypothesis, Word

MAX_CHARS_PER_S: Final = 200
MAX_TOKENS_PER_S: Final = 100
SPARE: Final = 500
"""Characters and tokens that the shortest sound may have."""
UNWRITABLE: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and lone surrogates: no transcript holds them, and terminals, logs and databases choke on them."""

_Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_LogProbability = Annotated[float, Field(le=0, allow_inf_nan=False)]


class Garbage(ValueError):
    """It cannot be what somebody said."""


class _Heard(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    text: str
    words: list[Annotated[tuple[str, _Probability], Field(strict=False)]]
    tokens: list[Annotated[int, Field(ge=0)]]
    token_log_probs: list[_LogProbability]
    truncated: bool

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(self.tokens) != len(self.token_log_probs):
            raise ValueError("not one log probability for each token")
        if UNWRITABLE.search(self.text) or any(UNWRITABLE.search(word) for word, _ in self.words):
            raise ValueError("control characters")
        return self


_ALL: Final = TypeAdapter(list[_Heard])


def read_hypotheses(document: object, batch: Sequence[Audio]) -> list[Hypothesis]:
    """The hypotheses for a batch, from JSON. Raises Garbage, which does not repeat what came."""
    try:
        found = _ALL.validate_python(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise Garbage(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if len(found) != len(batch):
        raise Garbage(f"{len(found)} hypotheses for {len(batch)} sounds")
    for heard, audio in zip(found, batch, strict=True):
        _check_length(heard, audio.duration_s)
    return [_hypothesis(heard) for heard in found]


def _check_length(heard: _Heard, duration_s: float) -> None:
    chars = max(len(heard.text), sum(len(word) for word, _ in heard.words))
    if chars > SPARE + MAX_CHARS_PER_S * duration_s:
        raise Garbage(f"{chars} characters for {duration_s:.1f} s of sound")
    if len(heard.tokens) > SPARE + MAX_TOKENS_PER_S * duration_s:
        raise Garbage(f"{len(heard.tokens)} tokens for {duration_s:.1f} s of sound")


def _hypothesis(heard: _Heard) -> Hypothesis:
    return Hypothesis(
        heard.text,
        tuple(Word(text, confidence) for text, confidence in heard.words),
        tuple(heard.tokens),
        tuple(heard.token_log_probs),
        heard.truncated,
    )
