"""Classes in each kind of database: two operators at once, several replicas, and a process that is killed."""

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from monitoring.errors import StoreUnavailable
from serving.automation.degree import Degree
from serving.automation.degrees import Degrees
from serving.automation.record import ClassState
from serving.automation.steps import set_by
from serving.automation.store import DegreeStore
from serving.errors import BadField, Conflict
from serving.state.store import StateStore

START = ClassState(traffic_class="*", degree=Degree.FULL, target_risk=0.05, confidence=0.95)


def test_a_class_is_changed_and_its_history_only_grows(state: StateStore) -> None:
    store = DegreeStore(state)
    assert (store.every(), store.history("*")) == ({}, [])
    for version, degree in enumerate((Degree.PARTIAL, Degree.SHADOW)):
        after = store.change(START, partial(set_by, degree=degree, by="ann", now=float(version)), version=version)
        assert (after.degree, after.version) == (degree, version + 1)
    assert store.every() == {"*": after}
    assert [(one.degree_before, one.degree, one.at) for one in store.history("*")] == [
        (Degree.FULL, Degree.PARTIAL, 0.0),
        (Degree.PARTIAL, Degree.SHADOW, 1.0),
    ]
    assert store.history("acme") == []


def test_a_step_that_is_none_or_fails_changes_nothing(state: StateStore) -> None:
    store = DegreeStore(state)
    assert store.change(START, lambda present: None) == START
    with pytest.raises(BadField):
        store.change(START, partial(set_by, by="", now=0.0))
    assert store.every() == {}


def test_of_two_operators_at_once_one_is_told_what_the_other_did(state: StateStore) -> None:
    store = DegreeStore(state)

    def want(degree: Degree) -> str:
        try:
            store.change(START, partial(set_by, degree=degree, by="ann", now=0.0), version=0)
        except Conflict as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(want, [Degree.PARTIAL, Degree.SHADOW, Degree.ASSIST, Degree.HUMAN_ONLY]))
    assert answers.count("") == 1
    [winner] = store.every().values()
    assert {one for one in answers if one} == {
        f"'*' was changed meanwhile: it is at version 1, {winner.degree}, and not at 0"
    }
    assert len(store.history("*")) == 1


PROGRAM = """
import os, signal, sys
from functools import partial
from serving.automation.steps import set_by
from serving.automation.store import DegreeStore
from serving.state.store import StateStore
from tests.serving.automation.test_store import START
state = StateStore.open(sys.argv[1])
DegreeStore(state).change(START, partial(set_by, degree="shadow", by="ann", now=1.0))
with state.changing() as connection:
    from serving.state.tables import DEGREES
    connection.execute(DEGREES.delete())
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_decided_survives_a_kill_and_what_was_half_done_does_not(state: StateStore, address: str) -> None:
    killed = subprocess.run([sys.executable, "-c", PROGRAM, address], timeout=60)
    assert killed.returncode == -9
    degrees = Degrees(DegreeStore(state), START)
    degrees.refresh()
    assert degrees.of("acme").degree is Degree.SHADOW


def test_a_tenant_has_its_own_class_or_everyones(state: StateStore) -> None:
    store = DegreeStore(state)
    here, there = Degrees(store, START), Degrees(store, START)
    assert here.of(None) == here.of("acme") == START
    assert here.start_of("acme") == replace(START, traffic_class="acme")
    store.change(here.start_of("acme"), partial(set_by, degree=Degree.ASSIST, by="ann", now=0.0))
    store.change(here.start_of("*"), partial(set_by, degree=Degree.PARTIAL, by="ann", now=0.0))
    there.refresh()
    assert [there.of(name).degree for name in (None, "acme", "other")] == ["partial", "assist", "partial"]
    assert [one.traffic_class for one in there.all] == ["*", "acme"]
    assert there.start_of("new").degree is Degree.PARTIAL


async def _followed(degrees: Degrees) -> Degree:
    async with degrees.followed():
        return degrees.everyone.degree


def test_while_the_store_is_away_what_was_known_stays() -> None:
    class Away(DegreeStore):
        def __init__(self) -> None:
            self.is_away = True

        def every(self) -> dict[str, ClassState]:
            if self.is_away:
                raise StoreUnavailable("away")
            return {"*": replace(START, degree=Degree.SHADOW)}

    store = Away()
    degrees = Degrees(store, START)
    assert asyncio.run(_followed(degrees)) is Degree.FULL
    store.is_away = False
    assert asyncio.run(_followed(degrees)) is Degree.SHADOW
    store.is_away = True
    assert asyncio.run(_followed(degrees)) is Degree.SHADOW
