"""Alarms outlive the process: both databases, several writers, and a crash in the middle."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitoring.alarms.actions import Action
from monitoring.alarms.alarm import Alarm, State, Verdict
from monitoring.alarms.alarms import Alarms
from monitoring.alarms.outbox import Status
from monitoring.alarms.policy import Policies, Severity, read_policies
from monitoring.alarms.store import AlarmStore
from monitoring.alarms.tables import ALARMS, HISTORY, OUTBOX, alarm_of, as_json
from monitoring.database import connect
from monitoring.errors import RefusedAction, StoreUnavailable, StoreUnusable, UnknownAlarm
from monitoring.findings import Cost, Drift
from tests.monitoring.alarms.making import NOON, PHONE, diagnosis, finding, policies

PACKAGED = read_policies()
SHIFT = diagnosis(finding())


def device(number: int) -> tuple[tuple[str, str], ...]:
    return (("device_model", f"d{number:03d}"),)


def raise_alarms(store: AlarmStore, how_many: int, *, at: float = NOON) -> list[Alarm]:
    alarms = Alarms(store, PACKAGED)
    for number in range(how_many):
        alarms.take([diagnosis(finding(which=device(number)))], at + number)
    return store.page(limit=500)


def test_an_alarm_comes_back_as_it_was(alarm_store: AlarmStore) -> None:
    whole = replace(
        SHIFT,
        drift=Drift.DATA,
        costs=(Cost(signal="redo", here=0.2, elsewhere=0.1, requests=50),),
        remarks=("both detectors moved together", "ünï\u2028🎙"),
    )
    [made] = Alarms(alarm_store, PACKAGED).take([whole], NOON).alarms
    assert alarm_store.get(made.alarm_id) == made
    assert made.diagnosis == whole
    assert alarm_of(as_json(made)) == made


def test_the_tables_are_those_of_the_migration(address: str, alarm_store: AlarmStore) -> None:
    alarm_store.page()
    engine = connect(address)
    found = sa.inspect(engine)
    for table in (ALARMS, HISTORY, OUTBOX):
        assert {column["name"] for column in found.get_columns(table.name)} == set(table.columns.keys())
        assert {index["name"] for index in found.get_indexes(table.name)} >= {index.name for index in table.indexes}
    engine.dispose()


def test_pages_and_states(alarm_store: AlarmStore) -> None:
    made = raise_alarms(alarm_store, 7)
    Alarms(alarm_store, PACKAGED).act(made[2].alarm_id, Action.RESOLVE, by="ann", now=NOON + 10)
    assert [alarm.slice for alarm in made] == [device(number) for number in range(6, -1, -1)]
    first = alarm_store.page(state=State.FIRING, limit=4)
    rest = alarm_store.page(state=State.FIRING, limit=4, after=first[-1])
    assert [one.alarm_id for one in first + rest] == [one.alarm_id for i, one in enumerate(made) if i != 2]
    assert [one.slice for one in alarm_store.page(since=NOON + 5)] == [device(6), device(5)]
    assert [one.alarm_id for one in alarm_store.every()] == [one.alarm_id for one in made]
    assert alarm_store.open_by_severity() == {"warning": 6}


def test_history_tells_who_did_what(alarm_store: AlarmStore) -> None:
    [alarm] = raise_alarms(alarm_store, 1)
    alarms = Alarms(alarm_store, PACKAGED)
    alarms.act(alarm.alarm_id, Action.ACKNOWLEDGE, by="ann", now=NOON + 1, note="on it")
    alarms.act(alarm.alarm_id, Action.SILENCE, by="bob", now=NOON + 2, until=NOON + 600)
    alarms.act(alarm.alarm_id, Action.CONFIRM, by="ann", now=NOON + 3)
    history = [(one.action, one.by, one.note, one.until) for one in alarm_store.history(alarm.alarm_id)]
    assert history == [
        ("fired", None, "", None),
        ("acknowledge", "ann", "on it", None),
        ("silence", "bob", "", NOON + 600),
        ("confirm", "ann", "", None),
    ]
    assert alarm_store.get(alarm.alarm_id).verdict is Verdict.CONFIRMED


def test_what_is_refused_changes_nothing(alarm_store: AlarmStore) -> None:
    [alarm] = raise_alarms(alarm_store, 1)
    alarms = Alarms(alarm_store, PACKAGED)
    with pytest.raises(RefusedAction):
        alarms.act(alarm.alarm_id, Action.SILENCE, by="ann", now=NOON, until=NOON - 1)
    with pytest.raises(UnknownAlarm, match="alm_nothing"):
        alarms.act("alm_nothing", Action.RESOLVE, by="ann", now=NOON)
    with pytest.raises(UnknownAlarm):
        alarm_store.get("x" * 10_000)
    assert alarm_store.get(alarm.alarm_id) == alarm
    assert len(alarm_store.history(alarm.alarm_id)) == 1


def test_checks_and_people_at_once_undo_nothing(alarm_store: AlarmStore) -> None:
    """Eight threads: every check sees the alarm that the others made, and no acknowledgement is lost."""
    made = raise_alarms(alarm_store, 4)
    alarms = Alarms(alarm_store, PACKAGED)

    def check(number: int) -> None:
        alarms.take([diagnosis(finding(which=device(n))) for n in range(6)], NOON + 10 + number)

    def acknowledge(alarm: Alarm) -> None:
        alarms.act(alarm.alarm_id, Action.ACKNOWLEDGE, by="ann", now=NOON + 10)

    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(check, number) for number in range(20)]
        waiting += [pool.submit(acknowledge, alarm) for alarm in made]
        for one in waiting:
            one.result()
    found = alarm_store.page()
    assert len(found) == 6
    assert sorted(one.state for one in found) == ["acknowledged"] * 4 + ["firing"] * 2


def test_a_crash_between_change_and_end_keeps_neither_alarm_nor_notification(
    alarm_store: AlarmStore, tmp_path: Path
) -> None:
    hook = policies(tmp_path, "[receiver.a]\nkind = 'webhook'\nurl = 'http://127.0.0.1:1'\n")

    class Crash(Exception):
        pass

    def crash() -> None:
        with alarm_store.change() as change:
            change.save([alarm], [])
            change.enqueue({"a": []}, now=NOON)
            raise Crash

    [alarm] = raise_alarms(alarm_store, 1)
    alarm = replace(alarm, severity=Severity.CRITICAL)
    with pytest.raises(Crash):
        crash()
    assert alarm_store.get(alarm.alarm_id).severity is Severity.WARNING
    assert alarm_store.outbox.counts() == {}
    Alarms(alarm_store, hook).take([diagnosis(finding(which=device(9)))], NOON)
    assert alarm_store.outbox.counts() == {Status.PENDING: 1}


def test_many_alarms_in_one_check(sqlite_store: AlarmStore) -> None:
    many = [diagnosis(finding(which=device(number))) for number in range(300)]
    done = Alarms(sqlite_store, PACKAGED).take(many, NOON)
    assert len(done.open_alarms) == 300
    assert len(list(sqlite_store.every())) == 300
    assert len(Alarms(sqlite_store, PACKAGED).take(many, NOON + 1).alarms) == 300


def test_findings_that_are_not_finite_are_kept_out(sqlite_store: AlarmStore) -> None:
    for value in (float("nan"), float("inf")):
        odd = diagnosis(finding("snr_db", evidence=5.0, after=value))
        Alarms(sqlite_store, PACKAGED).take([odd], NOON)
    assert [one.alarm_id for one in sqlite_store.page()] == []


def test_a_store_that_is_away_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"this is no database" * 100)
    broken = AlarmStore.open(f"sqlite:///{tmp_path}/broken.db")
    with pytest.raises(StoreUnusable):
        broken.page()
    broken.close()
    with pytest.raises(StoreUnusable):
        AlarmStore.open("mysql://x/y")
    away = AlarmStore.open("postgresql://tester@127.0.0.1:1/nothing")
    with pytest.raises(StoreUnavailable):
        Alarms(away, Policies()).take([], NOON)
    away.close()


def test_threads_share_a_store_from_its_first_use(alarm_store: AlarmStore) -> None:
    barrier = threading.Barrier(4)

    def first(number: int) -> int:
        barrier.wait()
        return len(Alarms(alarm_store, PACKAGED).take([diagnosis(finding(which=PHONE))], NOON + number).alarms)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(first, range(4))) == [1, 1, 1, 1]


def test_old_alarms_are_purged_with_all_that_hangs_on_them(alarm_store: AlarmStore, tmp_path: Path) -> None:
    hook = policies(tmp_path, "[receiver.a]\nkind = 'webhook'\nurl = 'http://127.0.0.1:1'\n")
    alarms = Alarms(alarm_store, hook)
    [old] = alarms.take([SHIFT], NOON).alarms
    alarms.take([], NOON + 5_000)
    [new] = alarms.take([diagnosis(finding(which=device(1)))], NOON + 10_000).alarms
    assert alarm_store.purge_before(NOON + 6_000) == 1
    assert [one.alarm_id for one in alarm_store.every()] == [new.alarm_id]
    assert alarm_store.history(old.alarm_id) == []
    assert alarm_store.outbox.counts() == {Status.PENDING: 1}
