import pytest

from monitoring.events import Event, SignalValue
from monitoring.signals.audio import EXPECTED_FIELDS, missing_fields, speech_ratio


def event(*fields: str, **signals: SignalValue) -> Event:
    slices = dict.fromkeys(fields, "x")
    return Event(event_id="1", request_id="1", at=0.0, kind="voice", signals=dict(signals), slices=slices)


@pytest.mark.parametrize(
    ("one", "ratio"),
    [
        (event(speech_s=1.0, duration_s=4.0), 0.25),
        (event(speech_s=0.0, duration_s=4.0), 0.0),
        (event(speech_s=0.0, duration_s=0.0), None),
        (event(speech_s=1.0, duration_s=None), None),
        (event(speech_s=None, duration_s=4.0), None),
        (event(duration_s=4.0), None),
        (event(speech_s=1.0), None),
    ],
)
def test_speech_is_a_share_of_a_recording_that_has_a_length(one: Event, ratio: float | None) -> None:
    assert speech_ratio(one) == ratio


@pytest.mark.parametrize(
    ("fields", "missing"),
    [((), 4), (("os", "locale"), 2), (EXPECTED_FIELDS, 0), (("tenant", "model"), 4), ((*EXPECTED_FIELDS, "new"), 0)],
)
def test_fields_are_missing_that_the_client_did_not_tell(fields: tuple[str, ...], missing: int) -> None:
    assert missing_fields(event(*fields)) == missing
