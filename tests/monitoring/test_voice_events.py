from dataclasses import fields

from monitoring.events import checked
from monitoring.voice_events import Action, Client, ClientEvent, QueryKind, SearchEvent, ServedBy


def test_a_query_becomes_signals_and_slices_under_their_names() -> None:
    event = SearchEvent(
        request_id="r1",
        at=12.5,
        kind=QueryKind.VOICE,
        client=Client(user_id="u", session_id="s", device_model="Pixel 7", os="android 14", consent=True),
        served_by=ServedBy(model="moonshine-tiny-en", variant="canary"),
        query="what time is it",
        confidence=0.9,
        no_speech=False,
        result_count=3,
        words=4,
        top_item_id="i7",
        timings_ms={"vad": 0.4, "total": 61.0},
        audio={"snr_db": 21.0, "onset_clipped": True},
    ).as_event()
    assert (event.event_id, event.request_id, event.at, event.kind) == ("r1", "r1", 12.5, "voice")
    assert (event.user_id, event.session_id, event.consent, event.outcome) == ("u", "s", True, "ok")
    assert event.slices == {
        "device_model": "Pixel 7",
        "os": "android 14",
        "model": "moonshine-tiny-en",
        "variant": "canary",
    }
    assert event.signals == {
        "confidence": 0.9,
        "no_speech": False,
        "result_count": 3,
        "words": 4,
        "vad_ms": 0.4,
        "total_ms": 61.0,
        "snr_db": 21.0,
        "onset_clipped": True,
    }
    assert event.details == {"query": "what time is it", "top_item_id": "i7"}


def test_every_slice_that_a_client_can_have_is_kept() -> None:
    names = {f.name for f in fields(Client)} - {"user_id", "session_id", "consent"}
    client = Client(device_model="d", os="o", app_version="a", locale="l", tenant="t")
    event = SearchEvent(request_id="r", at=0.0, kind=QueryKind.TEXT, client=client).as_event()
    assert set(event.slices) == names


def test_a_failed_query_without_anything_known_is_an_event_too() -> None:
    event = SearchEvent(request_id="r1", at=0.0, kind=QueryKind.TRANSCRIPTION, error="audio_too_long").as_event()
    assert event.outcome == "audio_too_long"
    assert event.slices == event.details == {}
    assert checked(event) == (event, 0)


def test_empty_form_fields_are_not_known() -> None:
    client = Client(user_id="", session_id="", os="")
    event = SearchEvent(request_id="r", at=0.0, kind=QueryKind.TEXT, client=client).as_event()
    assert event.user_id is event.session_id is None
    assert event.slices == {}


def test_an_action_is_timed_by_the_server_and_keeps_the_clients_claim() -> None:
    report = ClientEvent(
        event_id="e1", request_id="r1", action=Action.CORRECT, received_at=100.0, client_at=9e9, text="rain"
    )
    event = report.as_event()
    assert (event.event_id, event.request_id, event.at, event.kind) == ("e1", "r1", 100.0, "correct")
    assert event.signals == {"client_at_s": 9e9}
    assert event.details == {"text": "rain"}
