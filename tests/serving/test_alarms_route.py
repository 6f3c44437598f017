"""`/admin/alarms` of a real server: what a check wrote into its store is seen, and what people do there is kept."""

import time
from collections.abc import Iterator

import httpx
import pytest

from monitoring.alarms.alarm import Alarm
from monitoring.alarms.alarms import Alarms
from monitoring.alarms.policy import read_policies
from monitoring.alarms.store import AlarmStore
from tests.monitoring.alarms.making import diagnosis, finding
from tests.serving.conftest import LiveServer
from tests.serving.processes import metric, wait_until


@pytest.fixture
def checks(server: LiveServer) -> Iterator[Alarms]:
    """A monitor beside the server; what it leaves is resolved at the end."""
    alarms = Alarms(AlarmStore.open(f"sqlite:///{server.database}"), read_policies())
    yield alarms
    alarms.take([], time.time() + 1e7)
    alarms.store.close()


@pytest.fixture
def alarm(checks: Alarms, request: pytest.FixtureRequest) -> Alarm:
    return fire(checks, request.node.name)


def fire(checks: Alarms, device: str) -> Alarm:
    now = time.time()
    found = finding(which=(("device_model", device),), at=now, since=now - 600)
    done = checks.take([diagnosis(found)], now)
    return next(one for one in done.alarms if one.slice == found.slice)


def admin(server: LiveServer, path: str = "") -> str:
    return f"{server.base_url}/admin/alarms{path}"


def act(server: LiveServer, alarm: Alarm, action: str, **deed: object) -> httpx.Response:
    return httpx.post(admin(server, f"/{alarm.alarm_id}/{action}"), json={"by": "ann", **deed})


def test_one_alarm_with_all_that_is_known(server: LiveServer, alarm: Alarm) -> None:
    body = httpx.get(admin(server, f"/{alarm.alarm_id}")).json()
    assert (body["id"], body["state"], body["severity"]) == (alarm.alarm_id, "firing", "warning")
    assert body["slice"] == dict(alarm.slice)
    assert body["runbook"] == "docs/runbook.md#silence_shift"
    assert body["examples"] == ["req-lead_silence_s"]
    assert body["findings"][0]["signal"] == "lead_silence_s"
    assert [entry["action"] for entry in body["history"]] == ["fired"]


def test_people_work_on_an_alarm(server: LiveServer, alarm: Alarm, checks: Alarms) -> None:
    until = time.time() + 600
    steps: list[tuple[str, dict[str, object], str]] = [
        ("acknowledge", {"note": "looking"}, "acknowledged"),
        ("silence", {"until": until}, "silenced"),
        ("confirm", {}, "silenced"),
        ("resolve", {"note": "rolled back"}, "resolved"),
        ("dismiss", {"note": "no, it was a test"}, "resolved"),
    ]
    for action, deed, state in steps:
        answer = act(server, alarm, action, **deed)
        assert (answer.status_code, answer.json()["state"]) == (200, state), action
    body = httpx.get(admin(server, f"/{alarm.alarm_id}")).json()
    assert body["verdict"] == "dismissed"
    assert [(entry["action"], entry["by"], entry["note"]) for entry in body["history"][1:]] == [
        ("acknowledge", "ann", "looking"),
        ("silence", "ann", ""),
        ("confirm", "ann", ""),
        ("resolve", "ann", "rolled back"),
        ("dismiss", "ann", "no, it was a test"),
    ]
    assert checks.store.get(alarm.alarm_id).resolved_by == "ann"


def test_pages_and_states(server: LiveServer, checks: Alarms) -> None:
    made = [fire(checks, f"page-{number}") for number in range(5)]
    act(server, made[1], "acknowledge")
    seen, after = [], None
    while True:
        parameters = {"limit": "2", "state": "firing"} | ({"after": str(after)} if after else {})
        body = httpx.get(admin(server), params=parameters).json()
        seen += [one["id"] for one in body["alarms"]]
        if not (after := body["next"]):
            break
    wanted = [one.alarm_id for one in reversed(made) if one is not made[1]]
    assert [one for one in seen if one in wanted] == wanted
    assert made[1].alarm_id not in seen
    acknowledged = httpx.get(admin(server), params={"state": "acknowledged", "limit": 500}).json()["alarms"]
    assert made[1].alarm_id in [one["id"] for one in acknowledged]


def test_open_alarms_are_counted_by_severity(server: LiveServer, checks: Alarms, alarm: Alarm) -> None:
    open_now = checks.store.open_by_severity()["warning"]
    wait_until(lambda: metric(server.base_url, "voicesearch_alarms", severity="warning") == open_now)
    assert metric(server.base_url, "voicesearch_alarms", severity="critical") == 0


@pytest.mark.parametrize("path", ["/alm_nothing", "/alm_%00", "/%F0%9F%8E%99", "/alm_00000000000000000000"])
def test_an_alarm_that_is_not_there_is_404(server: LiveServer, path: str) -> None:
    for answer in (
        httpx.get(admin(server, path)),
        httpx.post(admin(server, path + "/resolve"), json={"by": "ann"}),
        httpx.get(admin(server) + "?after=" + path[1:]),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("query", "param"), [("limit=0", "limit"), ("limit=501", "limit"), ("limit=x", "limit"), ("state=odd", "state")]
)
def test_a_bad_query_is_named(server: LiveServer, query: str, param: str) -> None:
    answer = httpx.get(admin(server) + "?" + query)
    assert answer.status_code == 422
    assert param in answer.json()["error"]["param"]


@pytest.mark.parametrize(
    ("deed", "param"),
    [
        ({}, "by"),
        ({"by": " "}, "by"),
        ({"by": "a\0"}, "by"),
        ({"by": "x" * 201}, "by"),
        ({"by": "ann", "note": "x" * 2001}, "note"),
        ({"by": "ann", "note": "a\0b"}, "note"),
        ({"by": "ann", "until": "tomorrow"}, "until"),
        ({"by": "ann", "who": "bob"}, "who"),
    ],
)
def test_a_bad_field_is_named(server: LiveServer, alarm: Alarm, deed: dict[str, object], param: str) -> None:
    answer = httpx.post(admin(server, f"/{alarm.alarm_id}/acknowledge"), json=deed)
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, param)


@pytest.mark.parametrize(
    "body", [b"", b"no json", b"[]", b'{"by": "\\ud800"}', b'{"by": "ann", "until": NaN}', b"\xff\xfe", b"[" * 100_000]
)
def test_a_broken_body_is_the_clients_fault(server: LiveServer, alarm: Alarm, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = httpx.post(admin(server, f"/{alarm.alarm_id}/resolve"), content=body, headers=headers)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["message"]


def test_what_cannot_be_done_is_409(server: LiveServer, alarm: Alarm) -> None:
    assert act(server, alarm, "silence").status_code == 409
    assert act(server, alarm, "silence", until=1.0).status_code == 409
    assert act(server, alarm, "acknowledge", until=time.time() + 60).status_code == 409
    act(server, alarm, "resolve")
    refused = act(server, alarm, "acknowledge")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "refused_action")
    assert act(server, alarm, "explode").status_code == 422
