"""The fields of `/v1/audio/transcriptions`: what is understood, and what is refused by name.

Field names and values are OpenAI's. A known option that this server does not have is an error that names it, unless
its value asks for nothing; so is a field that nobody knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from serving.errors import BadField, UnsupportedOption


class Format(StrEnum):
    """How the transcript comes back."""

    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VERBOSE_JSON = "verbose_json"
    VTT = "vtt"


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionForm:
    """A checked form."""

    model: str | None
    """None: whatever is served."""
    format: Format
    stream: bool
    convention: str | None


_ASKS_FOR_NOTHING: Final[dict[str, frozenset[str]]] = {
    "prompt": frozenset({""}),
    "temperature": frozenset({"0", "0.0", ""}),
    "include[]": frozenset(),
    "keywords[]": frozenset(),
    "languages[]": frozenset(),
    "chunking_strategy": frozenset({"auto", ""}),
    "known_speaker_names[]": frozenset(),
    "known_speaker_references[]": frozenset(),
}
"""Options that this server does not have, and the values with which they change nothing."""
_UNDERSTOOD: Final = frozenset(
    {"model", "language", "response_format", "timestamp_granularities[]", "stream", "convention"}
)


def read_transcription_form(fields: dict[str, list[str]], languages: Sequence[str]) -> TranscriptionForm:
    """Check a form's fields; `languages` are those that the model knows, none for any.

    Raises BadField and UnsupportedOption.
    """
    for name, values in fields.items():
        _check_known(name, values)
    format_ = _format(_single(fields, "response_format") or Format.JSON)
    _check_language(_single(fields, "language"), languages)
    _check_granularities(fields.get("timestamp_granularities[]", []), format_)
    stream = _flag(_single(fields, "stream"), "stream")
    if stream and format_ not in {Format.JSON, Format.TEXT}:
        raise UnsupportedOption(f"stream goes with json and text, not with {format_}", "stream")
    return TranscriptionForm(
        model=_single(fields, "model") or None,
        format=format_,
        stream=stream,
        convention=_single(fields, "convention") or None,
    )


def _check_known(name: str, values: list[str]) -> None:
    if name in _ASKS_FOR_NOTHING:
        if not set(values) <= _ASKS_FOR_NOTHING[name]:
            raise UnsupportedOption(f"{name} is not supported by this server", name)
    elif name not in _UNDERSTOOD:
        raise UnsupportedOption(f"{name[:100]!r} is no option of this server", name[:100])


def _format(value: str) -> Format:
    if value == "diarized_json":
        raise UnsupportedOption("response_format diarized_json is not supported by this server", "response_format")
    if value not in set(Format):
        raise BadField(f"response_format is none of {', '.join(Format)}", "response_format")
    return Format(value)


def _check_language(value: str | None, languages: Sequence[str]) -> None:
    if value and languages and value.lower().split("-")[0] not in languages:
        raise UnsupportedOption(f"language is none of {', '.join(languages)}, which the model knows", "language")


def _check_granularities(values: list[str], format_: Format) -> None:
    name = "timestamp_granularities[]"
    for value in values:
        if value not in {"segment", "word"}:
            raise BadField(f"{name} is neither segment nor word", name)
        if value == "word":
            raise UnsupportedOption("timestamp_granularities[] word is not supported by this model", name)
        if format_ is not Format.VERBOSE_JSON:
            raise BadField(f"{name} goes with response_format verbose_json only", name)


def _flag(value: str | None, name: str) -> bool:
    if value is None or value.lower() in {"false", "0", ""}:
        return False
    if value.lower() in {"true", "1"}:
        return True
    raise BadField(f"{name} is neither true nor false", name)


def _single(fields: dict[str, list[str]], name: str) -> str | None:
    values = fields.get(name, [])
    if len(values) > 1:
        raise BadField(f"{name} stands {len(values)} times in the form", name)
    return values[0] if values else None
