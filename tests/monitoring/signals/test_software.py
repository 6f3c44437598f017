import pytest

from monitoring.columns import ColumnReader
from monitoring.events import Event
from monitoring.signals.software import SOFTWARE

SHARES = [signal.name for signal in SOFTWARE if signal.is_rate]


def shares(outcome: str, kind: str = "voice") -> dict[str, float]:
    event = Event(event_id="1", request_id="1", at=0.0, kind=kind, outcome=outcome)
    row = ColumnReader([signal for signal in SOFTWARE if signal.is_rate]).read([event]).values[0]
    return dict(zip(SHARES, row.tolist(), strict=True))


@pytest.mark.parametrize(
    ("outcome", "error", "shed", "undecodable"),
    [
        ("ok", 0, 0, 0),
        ("internal_error", 1, 0, 0),
        ("undecodable_audio", 1, 0, 1),
        ("unsupported_audio", 1, 0, 1),
        ("overloaded", 0, 1, 0),
        ("draining", 0, 1, 0),
        ("something new", 1, 0, 0),
    ],
)
@pytest.mark.parametrize("kind", ["voice", "text", "transcription"])
def test_a_request_was_answered_or_failed_or_was_shed(
    kind: str, outcome: str, error: int, shed: int, undecodable: int
) -> None:
    assert shares(outcome, kind) == {"error": error, "shed": shed, "undecodable": undecodable}


@pytest.mark.parametrize("kind", ["click", "behaviour", "server", "second_vad"])
def test_what_is_no_request_cannot_fail(kind: str) -> None:
    assert set(map(str, shares("internal_error", kind).values())) == {"nan"}
