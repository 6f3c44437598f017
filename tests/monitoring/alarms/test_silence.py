"""Windows of the week, against calendars."""

from datetime import UTC, datetime

import pytest

from monitoring.alarms.silence import SilenceWindow

NIGHT = SilenceWindow(days=("fri",), begins="23:00", ends="01:30")


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2026-11-20T22:59:59", None),
        ("2026-11-20T23:00:00", "2026-11-21T01:30:00"),
        ("2026-11-21T01:29:59", "2026-11-21T01:30:00"),
        ("2026-11-21T01:30:00", None),
        ("2026-11-21T23:30:00", None),
        ("2026-11-20T00:30:00", None),
    ],
)
def test_a_window_over_midnight(moment: str, end: str | None) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    found = NIGHT.end_at(at)
    assert (None if found is None else datetime.fromtimestamp(found, UTC).isoformat()[:19]) == end
