"""The product's own history, written as the server writes it."""

from dataclasses import replace
from pathlib import Path
from shutil import copyfile

import pytest
import sqlalchemy as sa

from data_pipeline.errors import InvalidCorpus
from data_pipeline.ingest.ingest import survey
from data_pipeline.ingest.layouts import Place, find_layout
from data_pipeline.ingest.terms import Terms
from monitoring.behaviour import BehaviourTracker
from monitoring.event_log import EventLog
from monitoring.events import Event
from monitoring.voice_events import Action, Client, ClientEvent, QueryKind, SearchEvent
from tests.data_pipeline.ingest.collections import take_in
from tests.monitoring.conftest import PostgresServer, postgres  # noqa: F401

OWN = Terms(corpus="queries", license="users' agreement")
"""Source and consent come from the events."""


class History:
    """An event store whose server ran in `folder` and kept audio in `kept` below it."""

    def __init__(self, folder: Path, clip: Path, address: str = "") -> None:
        self.folder, self.clip = folder, clip
        self.database = folder / "voicesearch.db"
        (folder / "kept").mkdir(parents=True)
        self.log = EventLog.open(address or f"sqlite:///{self.database}", folder / "journal")

    def query(self, name: str, at: float, *, consent: bool = True, kept: bool = True, said: str = "what time") -> None:
        client = Client(user_id="dora", session_id="s1", device_model="kettle", app_version="2.1", consent=consent)
        if kept:
            copyfile(self.clip, self.folder / "kept" / name)
        event = SearchEvent(
            request_id=name,
            at=at,
            kind=QueryKind.VOICE,
            client=client,
            query=said,
            raw_text=said.title(),
            confidence=0.25,
            audio_path=f"kept/{name}" if kept else None,
        )
        self.log.append(event.as_event())

    def correct(self, name: str, at: float, text: str) -> None:
        event = ClientEvent(event_id=f"{name}-{at}", request_id=name, action=Action.CORRECT, received_at=at, text=text)
        self.log.append(event.as_event())


@pytest.fixture
def history(tmp_path: Path, query_clip: Path) -> History:
    history = History(tmp_path / "server", query_clip)
    history.query("req_b", 1_700_000_001.5)
    history.query("req_a", 1_700_000_000.0)
    history.query("req_unasked", 1_700_000_002.0, consent=False, said="my secret")
    history.query("req_gone", 1_700_000_003.0, kept=False)
    history.query("req_happy", 1_700_000_004.0)
    for name, at, text in [("req_a", 9, "tea time"), ("req_b", 8, "wat tim"), ("req_b", 10, " what time is it ")]:
        history.correct(name, 1_700_000_000.0 + at, text)
    history.correct("req_unasked", 1_700_000_020.0, "my other secret")
    assert history.log.close()
    return history


def test_corrected_queries_with_consent_become_rows(history: History, tmp_path: Path) -> None:
    taken = take_in(history.database, tmp_path / "out", terms=OWN)
    assert [(row.key, row.text) for row in taken.rows] == [("req_a", "tea time"), ("req_b", "what time is it")]
    written = taken.rows[1].as_json()
    assert written | {"sha256": "", "duration": 0} == {
        "audio_filepath": "../server/kept/req_b",
        "duration": 0,
        "text": "what time is it",
        "id": "req_b",
        "source": "historical",
        "corpus": "queries",
        "license": "users' agreement",
        "consent": "given by the user with the request",
        "speaker": "dora",
        "session": "s1",
        "device_model": "kettle",
        "app_version": "2.1",
        "recorded_at": "2023-11-14T22:13:21.500+00:00",
        "label": "typed_correction",
        "heard": "What Time",
        "confidence": 0.25,
        "sha256": "",
    }


def test_what_may_not_be_used_is_counted_and_nowhere_told(history: History, tmp_path: Path) -> None:
    layout = find_layout(Place(address=str(history.database)))
    assert dict(survey(layout, OWN, workers=1).left_out) == {"no consent": 1, "audio not kept": 1, "not corrected": 1}
    taken = take_in(history.database, tmp_path / "out", terms=OWN)
    assert taken.failures == []
    written = [path.read_text() for path in (tmp_path / "out").iterdir() if path.is_file()]
    assert not [text for text in written if "secret" in text or "req_unasked" in text]


def test_audio_that_was_deleted_or_corrected_to_nothing(history: History, tmp_path: Path) -> None:
    (history.folder / "kept" / "req_a").unlink()
    history.log = EventLog.open(f"sqlite:///{history.database}", history.folder / "journal")
    history.correct("req_b", 1_800_000_000.0, "  ")
    history.log.close()
    taken = take_in(history.database, tmp_path / "out", terms=OWN)
    assert taken.reasons == ["req_a: no such file"]
    assert taken.texts == ["what time is it"]


@pytest.mark.parametrize("typed", ["restaurants in boston", "what time", " "], ids=["topic", "same", "nothing"])
def test_what_was_typed_but_corrects_nothing_is_no_label(typed: str, tmp_path: Path, query_clip: Path) -> None:
    history = History(tmp_path / "server", query_clip)
    history.query("req_a", 1_700_000_000.0)
    history.query("req_b", 1_700_000_100.0)
    history.correct("req_a", 1_700_000_009.0, typed)
    history.correct("req_b", 1_700_000_109.0, "what time is it")
    assert history.log.close()
    layout = find_layout(Place(address=str(history.database)))
    assert dict(survey(layout, OWN, workers=1).left_out) == {"no correction, as far as can be told": 1}


def test_what_the_monitor_saw_typed_is_a_label_of_its_own_kind(tmp_path: Path, query_clip: Path) -> None:
    history = History(tmp_path / "server", query_clip)
    history.query("req_a", 1_700_000_000.0)
    history.query("req_told", 1_700_000_000.5)
    history.correct("req_told", 1_700_000_005.0, "what time is it")
    for event in watched(history):
        history.log.append(event)
    assert history.log.close()
    taken = take_in(history.database, tmp_path / "out", terms=OWN)
    labels = {row.key: (row.text, row.field("label")) for row in taken.rows}
    assert labels == {"req_a": ("what time now", "typed_again"), "req_told": ("what time is it", "typed_correction")}


def watched(history: History) -> list[Event]:
    """What the tracker concludes once the user has typed."""
    client = Client(user_id="dora", session_id="s1", consent=True)
    typed = SearchEvent(
        request_id="t", at=1_700_000_009.0, kind=QueryKind.TEXT, client=client, query="what time now"
    ).as_event()
    history.log.append(typed)
    assert history.log.flush(10)
    tracker = BehaviourTracker()
    return tracker.update([*history.log.store.events(), replace(typed, request_id="end", at=1_700_001_000.0)])


def test_the_audio_may_lie_elsewhere_by_now(history: History, tmp_path: Path) -> None:
    moved = (history.folder / "kept").rename(tmp_path / "moved")
    place = Place(address=f"sqlite:///{history.database}", audio=moved)
    assert len(take_in(place, tmp_path / "out", terms=OWN).rows) == 2


@pytest.mark.postgres
def test_events_in_postgresql(postgres: PostgresServer, tmp_path: Path, query_clip: Path) -> None:  # noqa: F811
    address = postgres.new_database()
    with pytest.raises(InvalidCorpus, match="holds no events"):
        take_in(Place(address=address), tmp_path / "out", terms=OWN)
    history = History(tmp_path / "server", query_clip, address)
    history.query("req_a", 1.0)
    history.correct("req_a", 2.0, "tea time")
    assert history.log.close()
    taken = take_in(Place(address=address, audio=history.folder / "kept"), tmp_path / "out", terms=OWN)
    assert taken.texts == ["tea time"]
    assert "127.0.0.1" not in (tmp_path / "out" / "card.json").read_text()


def test_nothing_that_may_be_used(tmp_path: Path, query_clip: Path) -> None:
    history = History(tmp_path / "server", query_clip)
    history.query("req_a", 1.0, consent=False)
    assert history.log.close()
    with pytest.raises(InvalidCorpus, match="no recording that can be used in queries; 1 left out: no consent"):
        take_in(history.database, tmp_path / "out", terms=OWN)


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        find_layout(Place(address=f"sqlite:///{tmp_path}/absent.db"))
    assert list(tmp_path.iterdir()) == []


def test_another_database_is_left_as_it_is(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE recipes (name TEXT)")
    engine.dispose()
    with pytest.raises(InvalidCorpus, match="other holds no events"):
        take_in(tmp_path / "other.db", tmp_path / "out", terms=OWN)
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    assert sa.inspect(engine).get_table_names() == ["recipes"]
    engine.dispose()
