"""What may happen to a class: operators, reviews and alarms, and what of it stands in its history."""

from dataclasses import replace

import orjson
import pytest

from monitoring.alarms.alarm import Alarm, State, alarm_id
from monitoring.alarms.policy import Severity
from monitoring.findings import FLEET, Slice
from serving.automation.degree import Degree
from serving.automation.demotion import concerned, least_degree
from serving.automation.record import ClassState, as_json, change_of, state_of
from serving.automation.steps import REMEMBERED, demoted, refreshed, set_by
from serving.automation.threshold import Choice
from serving.errors import BadField
from tests.monitoring.alarms.making import NOON, PHONE, diagnosis, finding

EVERYONE = ClassState(traffic_class="*", degree=Degree.PARTIAL, target_risk=0.05, confidence=0.95)
ACME = replace(EVERYONE, traffic_class="acme", threshold=0.8, variant="champion", version=3)
TENANT: Slice = (("tenant", "acme"),)


def alarm(which: Slice = FLEET, *, severity: Severity = Severity.CRITICAL, state: State = State.FIRING) -> Alarm:
    return Alarm(
        alarm_id=alarm_id("null_rate", which, NOON),
        policy="null_rate",
        severity=severity,
        state=state,
        slice=which,
        diagnosis=diagnosis(finding(which=which)),
        opened_at=NOON,
        last_seen_at=NOON,
    )


def test_an_operator_sets_a_degree() -> None:
    after, change = set_by(ACME, degree=Degree.FULL, by="ann", note="quality is fine", now=NOON)
    assert (after.degree, after.version, after.since, after.threshold) == (Degree.FULL, 4, NOON, 0.8)
    assert (change.action, change.by, change.why) == ("set", "ann", "quality is fine")
    assert (change.degree_before, change.degree, change.version) == (Degree.PARTIAL, Degree.FULL, 4)


def test_another_target_makes_the_threshold_unknown() -> None:
    after, change = set_by(ACME, target_risk=0.02, by="ann", now=NOON)
    assert (after.degree, after.threshold, after.target_risk, after.since) == (Degree.PARTIAL, None, 0.02, ACME.since)
    assert "target is new" in after.why
    assert change.threshold is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"by": " "}, "by"),
        ({"target_risk": 0.0}, "target_risk"),
        ({"target_risk": float("nan")}, "target_risk"),
        ({"confidence": 1.0}, "confidence"),
        ({"confidence": float("inf")}, "confidence"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(fields: dict[str, object], field: str) -> None:
    with pytest.raises(BadField) as refused:
        set_by(ACME, **{"by": "ann", "now": NOON, **fields})  # type: ignore[arg-type]
    assert refused.value.field == field


def test_only_a_threshold_that_moves_makes_history() -> None:
    choice = Choice(threshold=0.7, why="reviews", reviews=500)
    after, change = refreshed(ACME, choice, variant="champion", among=(0.9, 0.7), now=NOON)
    assert change is not None
    assert (after.threshold, after.version, change.action, change.by) == (0.7, 4, "refreshed", None)
    again, none = refreshed(after, replace(choice, why="more reviews"), variant="champion", among=(0.9, 0.7), now=NOON)
    assert (again.why, again.version, none) == ("more reviews", 4, None)
    _, other = refreshed(after, choice, variant="candidate", among=(0.9, 0.7), now=NOON)
    assert other is not None
    none_yet = Choice(threshold=None, why="too few", reviews=3)
    assert refreshed(EVERYONE, none_yet, variant="champion", among=(), now=NOON)[1] is None


def test_an_alarm_demotes_by_one_degree_and_only_once() -> None:
    stepped = demoted(ACME, alarm(TENANT), now=NOON)
    assert stepped is not None
    after, change = stepped
    assert (after.degree, change.degree_before, change.alarm_id) == (
        Degree.ASSIST,
        Degree.PARTIAL,
        alarm(TENANT).alarm_id,
    )
    assert "critical alarm null_rate: tenant=acme" in change.why
    assert demoted(after, alarm(TENANT), now=NOON) is None
    raised, _ = set_by(after, degree=Degree.FULL, by="ann", now=NOON)
    assert demoted(raised, alarm(TENANT), now=NOON) is None


@pytest.mark.parametrize("least", [Degree.HUMAN_ONLY, Degree.PARTIAL])
def test_demotion_ends_and_never_promotes(least: Degree) -> None:
    state = replace(EVERYONE, degree=Degree.FULL)
    for number in range(REMEMBERED + 10):
        stepped = demoted(state, replace(alarm(), alarm_id=f"alm_{number:020x}"), now=NOON, least=least)
        if stepped is None:
            break
        assert stepped[0].degree.rank == state.degree.rank - 1
        state = stepped[0]
    assert state.degree is least
    assert demoted(replace(state, degree=Degree.HUMAN_ONLY), alarm(), now=NOON, least=least) is None


def test_only_critical_open_alarms_of_the_whole_class_concern_it() -> None:
    states = [EVERYONE, ACME]
    assert [name for name, _ in concerned([alarm()], states)] == ["*", "acme"]
    assert [name for name, _ in concerned([alarm(TENANT)], states)] == ["acme"]
    assert [name for name, _ in concerned([alarm((("tenant", "new"),))], states)] == ["new"]
    for one in (
        alarm(PHONE),
        alarm((("app_version", "5"), ("tenant", "acme"))),
        alarm(severity=Severity.WARNING),
        alarm(state=State.RESOLVED),
    ):
        assert concerned([one], states) == []
    assert len(concerned([alarm(state=State.ACKNOWLEDGED)], states)) == 2
    seen = replace(ACME, demoted_for=(alarm().alarm_id,))
    assert [name for name, _ in concerned([alarm()], [EVERYONE, seen])] == ["*"]


def test_where_nobody_listens_people_do_not_become_those_who_answer() -> None:
    assert (least_degree(0), least_degree(1)) == (Degree.PARTIAL, Degree.HUMAN_ONLY)


def test_records_survive_json() -> None:
    after, change = set_by(replace(ACME, candidates=(0.9, 0.7)), degree=Degree.SHADOW, by="ann", now=NOON)
    assert state_of(orjson.loads(orjson.dumps(as_json(after)))) == after
    assert change_of(orjson.loads(orjson.dumps(as_json(change)))) == change


@pytest.mark.parametrize("name", ["", "a/b", " a", "a\0", "*a", "x" * 201])
def test_a_class_has_a_name_that_can_stand_in_an_address(name: str) -> None:
    with pytest.raises(ValueError, match="traffic_class"):
        state_of(as_json(replace(ACME, traffic_class=name)))
