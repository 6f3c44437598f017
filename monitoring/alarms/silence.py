"""Windows of the week in which a policy keeps quiet, as for maintenance. UTC, so that no hour comes twice."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from monitoring.alarms.thresholds import Table

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]

DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MIN: Final = 24 * 60


class SilenceWindow(Table):
    """From one time of a day to another, UTC; an end before the begin is on the next day."""

    days: Annotated[tuple[Day, ...], Field(min_length=1)] = DAYS
    """Days on which it begins."""
    begins: Clock
    """As in `"02:00"`."""
    ends: Clock
    """Before the begin: on the next day."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.begins == self.ends:
            raise ValueError("a silence begins when it ends")
        return self

    def end_at(self, now: float) -> float | None:
        """When the window that is open at `now` closes, seconds since 1970 UTC; None while none is open.

        >>> night = SilenceWindow(begins="23:00", ends="01:30")
        >>> night.end_at(86_400.0 + 60.0)  # a minute after midnight
        91800.0
        """
        moment = datetime.fromtimestamp(now, UTC)
        minute = moment.hour * 60 + moment.minute
        midnight = now - (minute * 60 + moment.second + moment.microsecond / 1e6)
        length = (_minutes(self.ends) - _minutes(self.begins)) % _DAY_MIN
        for days_ago in (0, 1):
            begin = midnight - days_ago * _DAY_MIN * 60 + _minutes(self.begins) * 60
            if DAYS[(moment.weekday() - days_ago) % 7] in self.days and begin <= now < begin + length * 60:
                return begin + length * 60
        return None


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
