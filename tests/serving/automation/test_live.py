"""A class of a real server, from no reviews to an alarm: thresholds, demotion, and what outlives a kill."""

import time
from pathlib import Path

import httpx
import pytest

from monitoring.alarms.store import AlarmStore
from monitoring.findings import FLEET
from serving.review.store import ReviewStore
from serving.state.store import StateStore
from tests.serving.automation.test_steps import alarm
from tests.serving.automation.test_upkeep import reviewed
from tests.serving.processes import PATIENT, ServerProcess, serving, wait_until

pytestmark = pytest.mark.slow

SETTINGS = {
    **PATIENT,
    "automation.degree": "partial",
    "automation.daily_budget": "100",
    "automation.wait_s": "0.5",
    "automation.poll_s": "0.1",
    "automation.check_every_s": "0.1",
    "automation.refresh_s": "0.2",
    "privacy.keep_audio": "true",
}


def ask(server: ServerProcess, clip: Path, *, consent: bool = True) -> httpx.Response:
    fields = {"consent": str(consent).lower()}
    return httpx.post(server.url + "/v1/search", files={"file": clip.read_bytes()}, data=fields, timeout=60)


def everyone(server: ServerProcess) -> dict[str, object]:
    found: dict[str, object] = httpx.get(server.url + "/admin/automation/*").json()
    return found


def test_reviews_let_the_model_answer_and_an_alarm_ends_that(tmp_path: Path, query_clip: Path) -> None:
    with serving(tmp_path, SETTINGS) as server:
        assert ask(server, query_clip).json()["why"] == "nobody_came"
        state = StateStore.open(server.database)
        queue = ReviewStore(state)
        for number in range(200):
            queue.offer(reviewed(number, 0.2 + number / 1000, wrong=False, at=time.time()))
        state.close()
        wait_until(lambda: everyone(server)["threshold"] is not None)
        answer = ask(server, query_clip, consent=False).json()
        assert (answer["answered_by"], answer["automation"], answer["why"]) == ("model", "partial", "confident")
        alarms = AlarmStore.open(server.database)
        with alarms.change() as change:
            change.save([alarm(FLEET)], [])
        alarms.close()
        wait_until(lambda: everyone(server)["degree"] == "assist")
        assert ask(server, query_clip, consent=False).status_code == 422
    with serving(tmp_path, SETTINGS) as again:
        found = everyone(again)
        assert (found["degree"], found["version"]) == ("assist", 2)
        history = found["history"]
        assert isinstance(history, list)
        assert [line["action"] for line in history] == ["refreshed", "demoted"]
        assert ask(again, query_clip, consent=False).status_code == 422
        assert everyone(again)["degree"] == "assist"


def test_what_one_replica_is_told_the_other_follows(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    shared = {**SETTINGS, "store.url": f"sqlite:///{tmp_path}/shared.db"}
    with serving(here, shared) as one, serving(there, shared) as other:
        told = httpx.post(one.url + "/admin/automation/acme", json={"by": "ann", "degree": "full"})
        assert told.json()["version"] == 1
        with httpx.Client(base_url=other.url) as client:
            wait_until(lambda: client.get("/admin/automation/acme").json()["degree"] == "full")
