"""Delivery to real servers on this machine: those that fail first, those that are hostile, and a crash between."""

import asyncio
import hashlib
import hmac
import signal
import subprocess
import sys
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from random import Random

import pytest

from monitoring.alarms.actions import Action
from monitoring.alarms.alarms import Alarms
from monitoring.alarms.delivery import Delivery
from monitoring.alarms.outbox import FIRST_RETRY_S, LEASE_S, LONGEST_RETRY_S, Outcome, Status, retry_delay_s
from monitoring.alarms.policy import Policies
from monitoring.alarms.store import AlarmStore
from tests.monitoring.alarms.making import NOON, PHONE, diagnosis, finding, policies
from tests.monitoring.alarms.receiver import Answer, Receiver, dripping_head, endless_body, receiving, status

SHIFT = diagnosis(finding())
HOOK = "[receiver.hook]\nkind = 'webhook'\nurl = '{url}/alarms?team=voice'\ntimeout_s = 0.5\n"


def to(folder: Path, *receivers: Receiver, more: str = "") -> Policies:
    text = "".join(HOOK.replace("hook", f"hook{i or ''}", 1).format(url=one.url) for i, one in enumerate(receivers))
    return policies(folder, text + more)


def send(store: AlarmStore, told: Policies, now: float) -> Counter[Status]:
    return asyncio.run(Delivery(store.outbox, told, chance=Random(1)).send_due(now))


def test_a_receiver_that_fails_first_gets_it_once_it_is_well(alarm_store: AlarmStore, tmp_path: Path) -> None:
    with receiving(status(500), status(503), status(200)) as receiver:
        told = to(tmp_path, receiver)
        Alarms(alarm_store, told).handle([SHIFT], NOON)
        for second in range(1, 60):
            send(alarm_store, told, NOON + second)
    assert len(receiver.requests) == 3
    assert alarm_store.outbox.counts() == {Status.DELIVERED: 1}
    [first, *others] = receiver.bodies
    assert others == [first, first]
    keys = {headers["idempotency-key"] for _, headers, _ in receiver.requests}
    assert keys == {first["id"]}  # type: ignore[index]


def test_what_a_webhook_gets(sqlite_store: AlarmStore, tmp_path: Path) -> None:
    with receiving() as receiver:
        done = Alarms(sqlite_store, to(tmp_path, receiver)).handle([SHIFT], NOON)
    [(path, headers, _)], [body] = receiver.requests, receiver.bodies
    assert isinstance(body, dict)
    assert (path, headers["content-type"]) == ("/alarms?team=voice", "application/json")
    assert (body["change"], body["at"]) == ("fired", "2023-11-14T22:13:20.000Z")
    alarm = body["alarm"]
    assert alarm["id"] == done.alarms[0].alarm_id
    assert alarm["slice"] == {"device_model": "phone"}
    assert alarm["runbook"] == "docs/runbook.md#silence_shift"
    assert alarm["examples"] == ["req-lead_silence_s"]
    assert (alarm["findings"][0]["before"], alarm["findings"][0]["after"]) == (0.2, 0.1)
    assert headers["x-voicesearch-signature"] is None


def test_a_signature_that_a_receiver_can_check(
    sqlite_store: AlarmStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", "s3cret")
    with receiving() as receiver:
        told = to(tmp_path, receiver, more="secret_env = 'HOOK_SECRET'\n")
        Alarms(sqlite_store, told).handle([SHIFT], NOON)
    [(_, headers, body)] = receiver.requests
    stamp, _, mac = headers["x-voicesearch-signature"].partition(",v1=")
    signed = stamp.removeprefix("t=").encode() + b"." + body
    assert hmac.compare_digest(mac, hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest())


def test_without_its_secret_nothing_is_sent_and_nothing_lost(sqlite_store: AlarmStore, tmp_path: Path) -> None:
    with receiving() as receiver:
        told = to(tmp_path, receiver, more="secret_env = 'VARIABLE_THAT_IS_NOT_SET'\n")
        Alarms(sqlite_store, told).handle([SHIFT], NOON)
    assert receiver.requests == []
    assert sqlite_store.outbox.counts() == {Status.PENDING: 1}


@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        (status(400), Status.GIVEN_UP),
        (status(404), Status.GIVEN_UP),
        (status(307, location="http://127.0.0.1:1/elsewhere"), Status.GIVEN_UP),
        (status(408), Status.PENDING),
        (status(429, retry_after="600"), Status.PENDING),
        (status(429, retry_after="soon"), Status.PENDING),
        (status(500), Status.PENDING),
        (status(204), Status.DELIVERED),
        (endless_body, Status.DELIVERED),
        (dripping_head, Status.PENDING),
        (lambda handler: None, Status.PENDING),
        (lambda handler: handler.wfile.write(b"\x00\xffno http\r\n\r\n") and None, Status.PENDING),
    ],
)
def test_hostile_receivers(sqlite_store: AlarmStore, tmp_path: Path, answer: Answer, ends: Status) -> None:
    with receiving(answer) as receiver:
        told = to(tmp_path, receiver)
        Alarms(sqlite_store, told).handle([SHIFT], NOON)
    assert len(receiver.requests) == 1
    assert sqlite_store.outbox.counts() == {ends: 1}


def test_one_dead_receiver_keeps_nothing_from_another(sqlite_store: AlarmStore, tmp_path: Path) -> None:
    many = [diagnosis(finding(which=(("device_model", str(n)),))) for n in range(600)]
    with receiving(dripping_head) as dead, receiving() as well:
        told = to(tmp_path, dead, well)
        Alarms(sqlite_store, told).take(many, NOON)
        send(sqlite_store, told, NOON)
    assert len(well.requests) == 600
    assert len(dead.requests) <= 2, "after the first failure the others wait"
    assert sqlite_store.outbox.counts() == {Status.DELIVERED: 600, Status.PENDING: 600}


def test_an_end_never_comes_before_its_begin(sqlite_store: AlarmStore, tmp_path: Path) -> None:
    with receiving(status(500), status(200)) as receiver:
        told = to(tmp_path, receiver)
        alarms = Alarms(sqlite_store, told)
        [alarm] = alarms.handle([SHIFT], NOON).alarms
        alarms.act(alarm.alarm_id, Action.RESOLVE, by="ann", now=NOON + 1)
        assert send(sqlite_store, told, NOON + 2) == {}
        send(sqlite_store, told, NOON + 60)
    assert [body["change"] for body in receiver.bodies] == ["fired", "fired", "resolved"]  # type: ignore[index]


def test_a_crash_after_sending_sends_again_with_the_same_key(sqlite_store: AlarmStore, tmp_path: Path) -> None:
    """A process that claimed a parcel and died: for a while nobody has it, then the next one does."""
    with receiving() as receiver:
        told = to(tmp_path, receiver)
        Alarms(sqlite_store, told).take([SHIFT], NOON)
        [claimed] = sqlite_store.outbox.claim(NOON)
        assert sqlite_store.outbox.claim(NOON + LEASE_S - 1) == []
        assert send(sqlite_store, told, NOON + LEASE_S) == {Status.DELIVERED: 1}
    assert [headers["idempotency-key"] for _, headers, _ in receiver.requests] == [claimed.key]


def test_after_a_day_it_is_given_up_and_counted(sqlite_store: AlarmStore, tmp_path: Path) -> None:
    told = policies(tmp_path, HOOK.format(url="http://127.0.0.1:1"))
    Alarms(sqlite_store, told).handle([SHIFT], NOON)
    for hour in range(30):
        send(sqlite_store, told, NOON + hour * 3_600)
    assert sqlite_store.outbox.counts() == {Status.GIVEN_UP: 1}


def test_a_receiver_that_is_gone_from_the_policies_holds_nothing_up(sqlite_store: AlarmStore, tmp_path: Path) -> None:
    Alarms(sqlite_store, policies(tmp_path, HOOK.format(url="http://127.0.0.1:1"))).take([SHIFT], NOON)
    assert send(sqlite_store, Policies(), NOON) == {Status.GIVEN_UP: 1}


def test_a_clock_that_is_set_back_delays_no_delivery(sqlite_store: AlarmStore, tmp_path: Path) -> None:
    with receiving() as receiver:
        told = to(tmp_path, receiver)
        Alarms(sqlite_store, told).take([SHIFT], NOON + 1e8)
        assert send(sqlite_store, told, NOON) == {Status.DELIVERED: 1}


def test_routes_are_kept(sqlite_store: AlarmStore, tmp_path: Path) -> None:
    mine = """
    [policy.silence_shift]
    reason = "Ours goes to one team."
    signals = ["lead_silence_s"]
    threshold = { kind = "statistical" }
    severity = "info"
    route = ["hook1"]
    """
    with receiving() as one, receiving() as other:
        told = to(tmp_path, one, other, more=mine)
        Alarms(sqlite_store, told).handle([SHIFT, diagnosis(finding("snr_db", (("os", "a"),), after=9))], NOON)
    assert (len(one.requests), len(other.requests)) == (1, 2)


def test_retries_wait_longer_and_longer_but_never_too_long() -> None:
    chance = Random(3)
    delays = [retry_delay_s(attempt, chance) for attempt in range(30)]
    assert FIRST_RETRY_S / 2 <= delays[0] <= FIRST_RETRY_S
    assert all(FIRST_RETRY_S / 2 <= delay <= LONGEST_RETRY_S for delay in delays)
    assert min(delays[10:]) >= LONGEST_RETRY_S / 2
    assert len(set(delays)) == 30
    assert retry_delay_s(0, chance, wish_s=600) == 600
    assert retry_delay_s(0, chance, wish_s=1e12) == LONGEST_RETRY_S
    assert Outcome().error == ""


def test_people_hear_of_what_they_did_themselves_as_an_end(sqlite_store: AlarmStore, tmp_path: Path) -> None:
    with receiving() as receiver:
        alarms = Alarms(sqlite_store, to(tmp_path, receiver))
        [alarm] = alarms.handle([diagnosis(finding(which=PHONE))], NOON).alarms
        alarms.act(alarm.alarm_id, Action.DISMISS, by="ann", now=NOON + 1, note="a test")
        alarms.handle([], NOON + 2)
    last = receiver.bodies[-1]
    assert isinstance(last, dict)
    assert (last["change"], last["alarm"]["resolved_by"], last["alarm"]["verdict"]) == ("resolved", "ann", "dismissed")


def test_slow_receivers_hold_up_no_monitor(sqlite_store: AlarmStore, tmp_path: Path) -> None:
    """Each answers just in time; what is left over is sent after its lease, and nothing is lost."""

    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.2)
        status(200)(handler)

    many = [diagnosis(finding(which=(("device_model", str(n)),))) for n in range(20)]
    with receiving(slow, slow, slow, status(200)) as receiver:
        alarms = Alarms(sqlite_store, to(tmp_path, receiver))
        alarms.take(many, NOON)
        asyncio.run(alarms.deliver(NOON, within_s=0.5))
        assert sqlite_store.outbox.counts()[Status.PENDING] > 0
        asyncio.run(alarms.deliver(NOON + LEASE_S))
    assert sqlite_store.outbox.counts() == {Status.DELIVERED: 20}
    keys = [headers["idempotency-key"] for _, headers, _ in receiver.requests]
    assert (len(set(keys)), len(keys) <= 21) == (20, True)


SENDER = """
import sys
from pathlib import Path
from monitoring.alarms.alarms import Alarms
from monitoring.alarms.policy import read_policies
from monitoring.alarms.store import AlarmStore
from tests.monitoring.alarms.making import NOON, diagnosis, finding

Alarms(AlarmStore.open(sys.argv[1]), read_policies(Path(sys.argv[2]))).handle([diagnosis(finding())], NOON)
"""


def test_kill_9_in_the_middle_of_sending_loses_nothing(tmp_path: Path) -> None:
    """The receiver kills the sender before it answers; the next process sends again, with the same key."""
    killed: list[subprocess.Popen[bytes]] = []

    def kill(_: BaseHTTPRequestHandler) -> None:
        killed[0].kill()
        killed[0].wait()

    address = f"sqlite:///{tmp_path}/alarms.db"
    with receiving(kill, status(200)) as receiver:
        told = to(tmp_path, receiver)
        killed.append(subprocess.Popen([sys.executable, "-c", SENDER, address, tmp_path / "policies.toml"]))
        assert killed[0].wait(30) == -signal.SIGKILL
        store = AlarmStore.open(address)
        assert store.outbox.counts() == {Status.PENDING: 1}
        assert [alarm.told for alarm in store.page()] == [1]
        assert send(store, told, NOON + LEASE_S) == {Status.DELIVERED: 1}
        store.close()
    assert len({headers["idempotency-key"] for _, headers, _ in receiver.requests}) == 1
    assert len(receiver.requests) == 2
