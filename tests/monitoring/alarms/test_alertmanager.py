"""Alertmanager itself takes what is sent to it; its own API says what it understood."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from monitoring.alarms.actions import Action
from monitoring.alarms.alarms import Alarms
from monitoring.alarms.outbox import Status
from monitoring.alarms.payloads import labels, rfc3339
from monitoring.alarms.policy import Policies
from monitoring.alarms.store import AlarmStore
from monitoring.findings import FLEET
from serving.bench.server_process import free_port
from tests.monitoring.alarms.making import PHONE, diagnosis, finding, policies
from tests.monitoring.alarms.receiver import receiving

CONFIG = "route: { receiver: nobody, group_wait: 1s }\nreceivers: [{ name: nobody }]\n"


@dataclass(frozen=True)
class RunningAlertmanager:
    url: str

    def active(self) -> list[dict[str, dict[str, str]]]:
        """The alerts that go on."""
        answer = httpx.get(self.url + "/api/v2/alerts")
        assert answer.status_code == 200
        return list(answer.json())

    def until(self, count: int) -> list[dict[str, dict[str, str]]]:
        """Wait for so many active alerts."""
        end = time.monotonic() + 20
        while len(found := self.active()) != count:
            assert time.monotonic() < end, found
            time.sleep(0.05)
        return found


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAlertmanager]:
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        pytest.skip("Alertmanager is not installed")
    folder, port = tmp_path_factory.mktemp("alertmanager"), free_port()
    (folder / "config.yml").write_text(CONFIG)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={folder}/config.yml",
                f"--storage.path={folder}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(400):
            assert process.poll() is None, (folder / "log").read_text()
            if is_ready(url):
                break
            time.sleep(0.05)
        yield RunningAlertmanager(url)
    finally:
        process.kill()
        process.wait()


def is_ready(url: str) -> bool:
    try:
        return httpx.get(url + "/-/ready").status_code == 200
    except httpx.TransportError:
        return False


def told(folder: Path, url: str) -> Policies:
    return policies(folder, f"[receiver.am]\nkind = 'alertmanager'\nurl = '{url}/'\nvalid_s = 600\n")


@pytest.mark.slow
def test_alertmanager_follows_an_alarm_through_its_life(
    alertmanager: RunningAlertmanager, sqlite_store: AlarmStore, tmp_path: Path
) -> None:
    now = time.time()
    alarms = Alarms(sqlite_store, told(tmp_path, alertmanager.url))

    def shift(which: tuple[tuple[str, str], ...]) -> None:
        found = finding(which=which, at=now, since=now - 600)
        alarms.handle([diagnosis(found)], now)

    shift(PHONE)
    [alert] = alertmanager.until(1)
    assert alert["labels"] == {
        "alertname": "silence_shift",
        "severity": "warning",
        "device_model": "phone",
        "alarm_id": sqlite_store.page()[0].alarm_id,
    }
    assert alert["annotations"]["runbook_url"] == "docs/runbook.md#silence_shift"
    assert "lead_silence_s went from 0.2 to 0.1" in alert["annotations"]["summary"]
    assert alert["annotations"]["examples"] == "req-lead_silence_s"
    shift(PHONE)
    assert len(alertmanager.until(1)) == 1
    shift(FLEET)
    [alert] = alertmanager.until(1)
    assert (alert["labels"]["severity"], "device_model" in alert["labels"]) == ("critical", False)
    alarms.act(sqlite_store.page()[0].alarm_id, Action.RESOLVE, by="ann", now=now)
    alarms.handle([], now)
    assert alertmanager.until(0) == []
    assert set(sqlite_store.outbox.counts()) == {Status.DELIVERED}


@pytest.mark.slow
def test_alertmanager_takes_odd_names(
    alertmanager: RunningAlertmanager, sqlite_store: AlarmStore, tmp_path: Path
) -> None:
    now = time.time()
    odd = (("0 größe", 'ünï "quoted" \\ \n'), ("severity", "mine"))
    Alarms(sqlite_store, told(tmp_path, alertmanager.url)).handle([diagnosis(finding("snr_db", odd, after=9))], now)
    [alert] = alertmanager.until(1)
    assert alert["labels"]["severity"] == "warning"
    assert alert["labels"]["slice_severity"] == "mine"
    assert alert["labels"]["slice_0_gr__e"] == odd[0][1]
    assert sqlite_store.outbox.counts() == {Status.DELIVERED: 1}


def test_open_alarms_are_sent_again_at_every_check_but_silenced_ones(sqlite_store: AlarmStore, tmp_path: Path) -> None:
    now = time.time()
    with receiving() as receiver:
        alarms = Alarms(sqlite_store, told(tmp_path, receiver.url))
        alarms.handle([diagnosis(finding())], now)
        assert len(receiver.requests) == 2, "the notification, and all that go on"
        alarms.handle([], now + 60)
        alarms.act(sqlite_store.page()[0].alarm_id, Action.SILENCE, by="ann", now=now + 61, until=now + 3_600)
        alarms.handle([], now + 120)
    assert len(receiver.requests) == 3
    assert {path for path, _, _ in receiver.requests} == {"/api/v2/alerts"}
    assert [body[0]["endsAt"] for body in receiver.bodies] == [  # type: ignore[index]
        rfc3339(now + 600),
        rfc3339(now + 600),
        rfc3339(now + 660),
    ]


def test_labels_are_the_same_at_every_check(sqlite_store: AlarmStore, tmp_path: Path) -> None:
    alarms = Alarms(sqlite_store, Policies.model_validate({"policy": told(tmp_path, "http://a").policy}))
    [first] = alarms.take([diagnosis(finding())], 1e9).alarms
    [second] = alarms.take([diagnosis(finding(evidence=9.0))], 1e9 + 60).alarms
    assert labels(first) == labels(second)
