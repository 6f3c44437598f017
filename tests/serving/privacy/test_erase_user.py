"""A user is deleted everywhere, others nowhere; cut off it goes on; what arrives meanwhile goes too."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from data_pipeline.card import StepRecord, read_card
from data_pipeline.dataset import claimed, write_dataset
from data_pipeline.manifest import parse_row, read_manifest
from monitoring.errors import StoreUnavailable
from monitoring.events import Event
from serving.errors import BadField, NotFound
from serving.privacy.deletion import LOOK_AFTER_S, SETTLE_S
from serving.privacy.deletions import Deletions
from serving.privacy.erase_user import delete_user, run_pass
from serving.privacy.holdings import Holdings, open_holdings
from serving.privacy.upkeep import tend
from serving.review.item import Reason, item_of
from tests.conftest import Recording
from tests.serving.privacy.conftest import settings_of

MakeEvent = Callable[..., Event]


def fill(holdings: Holdings, make_event: MakeEvent, speech: list[Recording]) -> None:
    """Three queries of ann's and one of bob's, each with audio, an item for review and a row in a data set."""
    now, rows = time.time(), []
    for number, (who, clip) in enumerate(zip(("ann", "bob", "ann", "ann"), speech[:4], strict=True)):
        path = holdings.settings.audio_folder / f"req-{number:06d}"
        path.write_bytes(clip.path.read_bytes())
        details = {"query": "x", "audio_path": str(path)}
        event = make_event(number, at=now - 60, user_id=who, consent=True, details=details)
        holdings.events.insert([event, make_event(number, event_id=f"click-{number}", at=now)])
        holdings.reviews.offer(item_of(event, reason=Reason.SAMPLED))
        row = {"audio_filepath": str(clip.path), "duration": 1.0, "text": "x", "id": event.request_id, "speaker": who}
        rows.append(parse_row(json.dumps(row).encode(), manifest=holdings.settings.datasets[0] / "m.jsonl", line=1))
    dataset = holdings.settings.datasets[0] / "weak"
    write_dataset(rows, StepRecord("ingest", 1, {}, "events", "0" * 64), dataset)
    digest = read_card(dataset / "card.json").steps[-1].output_sha256["manifest.jsonl"]
    card_of(holdings, "tuned", {"model": "tuned-1", "data": [{"fingerprint": f"sha256:{digest}"}]})
    card_of(holdings, "other", {"model": "other-1", "data": [{"fingerprint": "sha256:" + "1" * 64}]})
    (holdings.journal / "1.bad").write_bytes(b'{"user_id":"ann","query":"x"}\n{"user_id":"bob"}\n')


def card_of(holdings: Holdings, name: str, values: object) -> None:
    folder = holdings.settings.models[0] / name
    folder.mkdir()
    (folder / "card.json").write_text(json.dumps(values))


def kept(holdings: Holdings) -> list[str]:
    return sorted(event.event_id for event in holdings.events.events())


def test_a_user_is_gone_from_everywhere_and_others_stay(
    holdings: Holdings, make_event: MakeEvent, speech: list[Recording]
) -> None:
    fill(holdings, make_event, speech)
    done = delete_user(holdings, "ann", by="op")
    assert done.removed == {
        "audio_files": 3,
        "bad_lines": 1,
        "dataset_recordings": 0,
        "dataset_rows": 3,
        "events": 6,
        "review_items": 3,
        "reviews": 0,
    }
    assert (done.models, done.problems, done.passes) == (("tuned-1",), (), 1)
    assert done.datasets == (str(holdings.settings.datasets[0] / "weak"),)
    assert kept(holdings) == ["click-1", "req-000001"]
    assert [path.name for path in holdings.settings.audio_folder.iterdir()] == ["req-000001"]
    assert [item.user_id for item in holdings.reviews.every()] == ["bob"]
    assert [row.field("speaker") for row in read_manifest(holdings.settings.datasets[0] / "weak/manifest.jsonl")] == [
        "bob"
    ]
    assert (holdings.journal / "1.bad").read_bytes() == b'{"user_id":"bob"}\n'


def test_again_nothing_more_goes(holdings: Holdings, make_event: MakeEvent, speech: list[Recording]) -> None:
    fill(holdings, make_event, speech)
    first, second = delete_user(holdings, "ann", by="op"), delete_user(holdings, "ann", by="op")
    assert second.deletion_id == first.deletion_id
    assert (second.removed, second.models, second.passes) == (first.removed, first.models, 2)
    assert len(Deletions(holdings.state).page()) == 1


def test_events_that_arrive_later_go_and_new_ones_stay(
    holdings: Holdings, make_event: MakeEvent, speech: list[Recording]
) -> None:
    fill(holdings, make_event, speech)
    asked = delete_user(holdings, "ann", by="op")
    waited = make_event(8, user_id="ann", at=time.time() - 30)
    orphan = make_event(2, event_id="req-000002/behaviour", user_id="ann", at=time.time() + 2 * SETTLE_S)
    new = make_event(9, user_id="ann", at=asked.until + 1)
    holdings.events.insert([waited, orphan, new])
    assert tend(holdings).passes == 1
    assert kept(holdings) == ["click-1", "req-000001", "req-000009"]


def test_cut_off_before_the_events_it_goes_on(
    holdings: Holdings, make_event: MakeEvent, speech: list[Recording]
) -> None:
    """As if the process had died after the first step: the record knows the requests, and so do the events."""
    fill(holdings, make_event, speech)
    asked = Deletions(holdings.state).ask("ann", by="op", now=time.time())
    Deletions(holdings.state).know(asked.deletion_id, ["req-000000"])
    (holdings.settings.audio_folder / "req-000000").unlink()
    tend(holdings)
    done = Deletions(holdings.state).get(asked.deletion_id)
    assert (done.removed["events"], done.removed["audio_files"], done.passes) == (6, 2, 1)


def test_what_cannot_be_done_is_told_and_tried_again(
    holdings: Holdings, make_event: MakeEvent, speech: list[Recording]
) -> None:
    fill(holdings, make_event, speech)
    with claimed(holdings.settings.datasets[0] / "weak"):
        done = delete_user(holdings, "ann", by="op")
    assert "another run is writing there" in done.problems[0]
    assert done.removed["events"] == 6
    tend(holdings)
    done = Deletions(holdings.state).get(done.deletion_id)
    assert (done.problems, done.removed["dataset_rows"]) == ((), 3)


def test_at_the_end_the_user_is_forgotten_by_the_record_too(
    holdings: Holdings, make_event: MakeEvent, speech: list[Recording]
) -> None:
    fill(holdings, make_event, speech)
    asked = delete_user(holdings, "ann", by="op")
    done = run_pass(holdings, "ann", asked.deletion_id, now=time.time() + LOOK_AFTER_S + 1)
    assert done.finished_at
    assert Deletions(holdings.state).looked_after() == []
    assert '"ann"' not in Deletions(holdings.state).get(asked.deletion_id).model_dump_json()


def test_a_hostile_request_id_deletes_no_other_file(holdings: Holdings, make_event: MakeEvent, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("x")
    holdings.events.insert(
        [
            make_event(1, request_id="../precious", user_id="ann", at=1.0),
            make_event(2, request_id="req", user_id="ann", at=1.0, details={"audio_path": str(precious)}),
        ]
    )
    assert delete_user(holdings, "ann", by="op").removed["audio_files"] == 0
    assert precious.is_file()


def test_what_cannot_be_asked(holdings: Holdings) -> None:
    for user_id in ("", "a\0b", "x" * 201):
        with pytest.raises(BadField):
            delete_user(holdings, user_id, by="op")
    for unknown in ("del_0", "a\0b"):
        with pytest.raises(NotFound):
            Deletions(holdings.state).get(unknown)


def test_a_database_that_is_away(nowhere: str, tmp_path: Path) -> None:
    with open_holdings(settings_of(nowhere, tmp_path)) as holdings, pytest.raises(StoreUnavailable):
        delete_user(holdings, "ann", by="op")
