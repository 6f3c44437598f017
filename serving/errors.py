"""What the server answers when it cannot do what was asked, and the one table from exceptions to HTTP.

    ServingError
    ├── BadField (ValueError)         422  a field's value
    │   └── ConsentRequired           422      only people may answer, and the speaker agreed to nobody's listening
    ├── UnsupportedOption             400      a known option that this server does not have; named, never ignored
    ├── Unauthorized                  401      no API key, or none that is known
    ├── Forbidden                     403      a key without the scope for it
    ├── RateLimited                   429      a key's rate is used up; with the seconds after which to try again
    ├── NotFound (LookupError)        404
    ├── Conflict (ValueError)         409      somebody else was first, or it does not fit to how things stand
    ├── TooLarge                      413
    ├── WrongMediaType                415      the body is no form
    ├── SlowUpload                    408      the body did not arrive in time
    ├── Overloaded                    503      with the seconds after which to try again
    ├── RecognizerFailed              503      a variant's engine crashed, hung, or gave no usable answer
    ├── VariantUnavailable (OSError)  503      a variant that cannot be loaded here and now
    ├── NobodyAnswered                503      people answer such queries, and nobody came in time
    └── Draining                      503      this process is going away

Errors of `asr` and `monitoring` keep their own types; `answer_for` knows them too.
"""

from dataclasses import dataclass
from typing import Final

from asr import errors as asr_errors
from monitoring import errors as monitoring_errors


class ServingError(Exception):
    """Root of the tree."""


class BadField(ServingError, ValueError):
    """A field of the request cannot be used."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class ConsentRequired(BadField):
    """Only people may answer such a query, and they may not listen to it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "consent")


class Unauthorized(ServingError):
    """No API key, or none that is known."""


class Forbidden(ServingError):
    """A key that is known, and has not the scope for what was asked."""


class RateLimited(ServingError):
    """More requests than the key may send; nothing was computed."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnsupportedOption(ServingError):
    """A known option that this server does not have."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class NotFound(ServingError, LookupError):
    """Nothing of that name."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Conflict(ServingError, ValueError):
    """Somebody else was first, or it does not fit to how things stand; the message says how they do."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class TooLarge(ServingError):
    """More bytes than allowed."""


class WrongMediaType(ServingError):
    """The body is of a kind that this route does not take."""


class SlowUpload(ServingError):
    """The body did not arrive in time."""


class Overloaded(ServingError):
    """No answer in time could be given; nothing was computed."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class RecognizerFailed(ServingError):
    """A variant's engine crashed, hung, or gave no usable answer; other variants can be asked."""


class VariantUnavailable(ServingError, OSError):
    """A variant cannot be loaded here and now; what was loaded goes on."""


class NobodyAnswered(ServingError):
    """People answer such queries, and nobody came in time."""


class Draining(ServingError):
    """This process is going away."""


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """An error as clients get it."""

    status: int
    type: str
    code: str
    message: str
    param: str | None = None
    retry_after_s: float | None = None


_STATUS: dict[type[Exception], tuple[int, str, str]] = {
    BadField: (422, "invalid_request_error", "invalid_field"),
    ConsentRequired: (422, "invalid_request_error", "consent_required"),
    Unauthorized: (401, "authentication_error", "invalid_api_key"),
    Forbidden: (403, "permission_error", "insufficient_scope"),
    RateLimited: (429, "rate_limit_error", "rate_limit_exceeded"),
    UnsupportedOption: (400, "invalid_request_error", "unsupported_option"),
    NotFound: (404, "invalid_request_error", "not_found"),
    Conflict: (409, "invalid_request_error", "conflict"),
    TooLarge: (413, "invalid_request_error", "too_large"),
    WrongMediaType: (415, "invalid_request_error", "unsupported_media_type"),
    SlowUpload: (408, "invalid_request_error", "upload_timeout"),
    Overloaded: (503, "overloaded_error", "overloaded"),
    RecognizerFailed: (503, "server_error", "recognizer_failed"),
    VariantUnavailable: (503, "server_error", "variant_unavailable"),
    NobodyAnswered: (503, "overloaded_error", "nobody_answered"),
    Draining: (503, "overloaded_error", "draining"),
    asr_errors.AudioTooLarge: (413, "invalid_request_error", "audio_too_large"),
    asr_errors.AudioTooLong: (413, "invalid_request_error", "audio_too_long"),
    asr_errors.UnsupportedAudio: (400, "invalid_request_error", "unsupported_audio"),
    asr_errors.UndecodableAudio: (400, "invalid_request_error", "undecodable_audio"),
    asr_errors.UnknownModel: (404, "invalid_request_error", "model_not_found"),
    monitoring_errors.InvalidEvent: (422, "invalid_request_error", "invalid_event"),
    monitoring_errors.UnknownAlarm: (404, "invalid_request_error", "not_found"),
    monitoring_errors.RefusedAction: (409, "invalid_request_error", "refused_action"),
    monitoring_errors.MonitoringError: (503, "overloaded_error", "event_store_unavailable"),
}

CODES: Final = frozenset(
    {code for _, _, code in _STATUS.values()} | {"not_found", "method_not_allowed", "http_error", "internal_error"}
)
"""Every code that an answer can have."""


def answer_for(error: Exception) -> ErrorAnswer | None:
    """The answer to an exception by the nearest of its types; None for one that nobody expected."""
    for kind in type(error).__mro__:
        if kind in _STATUS:
            status, category, code = _STATUS[kind]
            retry_after_s = getattr(error, "retry_after_s", 1.0 if status == 503 else None)
            return ErrorAnswer(status, category, code, str(error), getattr(error, "field", None), retry_after_s)
    return None
