"""The life of alarms, step by step, without clock or database."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.alarms.actions import Action, act
from monitoring.alarms.alarm import Alarm, Change, Notification, State, Verdict
from monitoring.alarms.lifecycle import Passed, Step, step
from monitoring.alarms.policy import Policies, Severity, read_policies
from monitoring.errors import RefusedAction
from monitoring.findings import FLEET, Diagnosis
from tests.monitoring.alarms.making import NOON, PHONE, PHONE_5, TABLET, diagnosis, finding, policies

PACKAGED = read_policies()
QUIET_S = PACKAGED.policy["silence_shift"].quiet_s
COOL_DOWN_S = PACKAGED.policy["silence_shift"].cool_down_s


@dataclass
class Life:
    """Alarms over several checks, and all that was told."""

    policies: Policies = field(default_factory=lambda: PACKAGED)
    alarms: tuple[Alarm, ...] = ()
    told: list[Notification] = field(default_factory=list)
    last: Step | None = None

    def check(self, at_s: float, *diagnoses: Diagnosis) -> "Life":
        self.last = step(self.alarms, diagnoses, NOON + at_s, self.policies)
        self.alarms = self.last.alarms
        self.told += self.last.notifications
        return self

    def act(self, action: Action, at_s: float, **fields: float) -> "Life":
        alarm, _, told = act(self.alarms[0], action, by="ann", now=NOON + at_s, **fields)  # type: ignore[arg-type]
        self.alarms = (alarm, *self.alarms[1:])
        self.told += [told] if told else []
        return self

    @property
    def changes(self) -> list[str]:
        return [str(one.change) for one in self.told]

    @property
    def states(self) -> list[str]:
        return [str(one.state) for one in self.alarms]

    def count(self, what: Passed) -> int:
        assert self.last is not None
        return self.last.counts.get(what, 0)


SHIFT = diagnosis(finding())


def test_an_alarm_fires_once_and_ends_when_it_was_quiet_for_long_enough() -> None:
    life = Life().check(0, SHIFT).check(60, SHIFT).check(120, SHIFT)
    assert (life.changes, life.states) == (["fired"], ["firing"])
    life.check(120 + QUIET_S - 1)
    assert life.states == ["firing"]
    life.check(120 + QUIET_S)
    assert (life.changes, life.states) == (["fired", "resolved"], ["resolved"])
    assert life.alarms[0].resolved_by is None


def test_less_evidence_keeps_an_alarm_but_opens_none() -> None:
    weak = diagnosis(finding(evidence=0.6))
    life = Life().check(0, weak)
    assert (life.alarms, life.count(Passed.BELOW)) == ((), 1)
    life.check(60, SHIFT).check(60 + QUIET_S, weak).check(59 + 2 * QUIET_S)
    assert life.states == ["firing"]
    weaker = diagnosis(finding(evidence=0.4))
    life.check(60 + 2 * QUIET_S, weaker)
    assert life.states == ["resolved"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"requests": 19}, Passed.WARMING_UP),
        ({"after": 0.19}, Passed.BELOW),
        ({"evidence": 0.99}, Passed.BELOW),
        ({"evidence": float("nan")}, Passed.NOT_FINITE),
        ({"after": float("inf")}, Passed.NOT_FINITE),
        ({"since": float("-inf")}, Passed.NOT_FINITE),
        ({"detector": "policy:unknown"}, Passed.UNMATCHED),
    ],
)
def test_what_is_not_enough_is_counted(change: dict[str, object], why: Passed) -> None:
    life = Life().check(0, diagnosis(finding(**change)))  # type: ignore[arg-type]
    assert (life.alarms, life.count(why)) == ((), 1)


def test_a_policy_may_ask_for_time_too(tmp_path: Path) -> None:
    text = """
    [policy.mine]
    reason = "Only what lasts."
    signals = ["snr_db"]
    threshold = { kind = "statistical" }
    severity = "info"
    warm_up_s = 900
    """
    life = Life(policies(tmp_path, text)).check(0, diagnosis(finding("snr_db")))
    assert life.count(Passed.WARMING_UP) == 1
    assert life.check(0, diagnosis(finding("snr_db", since=NOON - 900))).changes == ["fired"]


def test_one_alarm_for_a_device_not_forty() -> None:
    signals = ["lead_silence_s", "onset_clipped", "null_transcript", "redo"]
    life = Life()
    for minute in range(10):
        for signal in signals:
            for which in (PHONE, PHONE_5):
                life.check(minute * 60, diagnosis(finding(signal, which, before=0.02, after=0.2)))
    assert len(life.alarms) == 1
    assert {one.signal for one in life.alarms[0].diagnosis.findings} == set(signals)
    assert life.changes == ["fired", "escalated"], "critical, once transcripts are lost"
    assert life.alarms[0].slice == PHONE
    assert life.alarms[0].severity is Severity.CRITICAL


def test_devices_have_alarms_of_their_own() -> None:
    life = Life().check(0, SHIFT, diagnosis(finding(which=TABLET)))
    assert [alarm.slice for alarm in life.alarms] == [PHONE, TABLET]
    assert len({alarm.alarm_id for alarm in life.alarms}) == 2


def test_what_spreads_escalates_and_takes_the_parts_in() -> None:
    life = Life().check(0, SHIFT, diagnosis(finding(which=TABLET)))
    life.act(Action.ACKNOWLEDGE, 30)
    life.check(60, diagnosis(finding(which=FLEET)))
    wide, part = life.alarms
    assert (wide.slice, wide.severity, wide.state) == (FLEET, Severity.CRITICAL, State.FIRING)
    assert (part.state, part.merged_into) == (State.RESOLVED, wide.alarm_id)
    assert life.changes == ["fired", "fired", "escalated", "resolved"]
    assert life.told[2].previous is not None
    assert life.told[2].previous.slice == PHONE
    assert life.check(120, diagnosis(finding(which=TABLET))).changes[4:] == [], "the part belongs to the whole now"


def test_the_fleet_swallows_no_device_that_shows_something_else() -> None:
    slow = diagnosis(finding("total_ms", FLEET, before=80, after=200))
    life = Life().check(0, slow, SHIFT)
    assert [alarm.policy for alarm in life.alarms] == ["slow_stage", "silence_shift"]


def test_weak_evidence_does_not_spread_an_alarm() -> None:
    life = Life().check(0, SHIFT).check(60, diagnosis(finding(which=FLEET, evidence=0.7)))
    assert life.alarms[0].slice == PHONE
    assert life.changes == ["fired"]


def test_the_strongest_form_of_each_finding_is_kept() -> None:
    life = Life().check(0, diagnosis(finding(evidence=2.0))).check(60, diagnosis(finding(evidence=5.0, requests=200)))
    life.check(120, SHIFT)
    assert [(one.evidence, one.requests) for one in life.alarms[0].diagnosis.findings] == [(5.0, 200)]
    assert life.alarms[0].summary == "device_model=phone: lead_silence_s went from 0.2 to 0.1, in 200 requests"


def test_what_comes_back_is_the_old_alarm_and_stays_longer() -> None:
    life = Life().check(0, SHIFT).check(QUIET_S).check(QUIET_S + 60, SHIFT)
    assert life.changes == ["fired", "resolved", "reopened"]
    assert len(life.alarms) == 1
    life.check(2 * QUIET_S + 60)
    assert life.states == ["firing"], "its quiet time has doubled"
    assert life.check(3 * QUIET_S + 60).states == ["resolved"]
    later = 3 * QUIET_S + 60 + COOL_DOWN_S
    assert len(life.check(later, SHIFT).alarms) == 2, "after the cool-down it is a new one"


def test_a_signal_that_swings_for_a_day_tells_it_a_few_times() -> None:
    life = Life()
    for minute in range(24 * 60):
        life.check(minute * 60, *([SHIFT] if minute % 40 < 5 else []))
    assert len(life.alarms) == 1
    assert len(life.told) <= 6


def test_what_a_person_dismissed_stays_so_for_the_cool_down_but_other_signals_are_heard() -> None:
    life = Life().check(0, SHIFT).act(Action.DISMISS, 60)
    assert (life.changes, life.alarms[0].verdict) == (["fired", "resolved"], Verdict.DISMISSED)
    life.check(120, SHIFT)
    assert (life.count(Passed.COOLING_DOWN), life.states) == (1, ["resolved"])
    other = diagnosis(finding("snr_db", after=-9))
    assert life.check(180, other).changes[2:] == ["fired"]
    assert Life().check(0, SHIFT).act(Action.RESOLVE, 60).check(60 + COOL_DOWN_S, SHIFT).changes[2:] == ["fired"]


def test_what_no_policy_keeps_brings_nothing_back() -> None:
    """A diagnosis holds all that moved; an alarm only what its policies keep."""
    fewer_gave_up = finding("abandoned", before=0.2, after=0.05, evidence=9.0)
    weak = finding("onset_clipped", before=0.02, after=0.2, evidence=0.6)
    raw = diagnosis(finding(), fewer_gave_up, weak)
    for action in (Action.DISMISS, Action.RESOLVE):
        life = Life().check(0, SHIFT).act(action, 60).check(120, raw)
        assert (life.changes, life.count(Passed.COOLING_DOWN)) == (["fired", "resolved"], 1)
        life = Life().check(0, raw).act(action, 60).check(120, raw)
        assert (life.changes, life.count(Passed.COOLING_DOWN)) == (["fired", "resolved"], 1)


def test_what_was_dismissed_in_two_alarms_stays_so() -> None:
    """The second opened for a signal of its own."""
    both = diagnosis(finding(), finding("snr_db", after=-9))
    life = Life().check(0, SHIFT).act(Action.DISMISS, 60).check(120, both)
    assert life.changes == ["fired", "resolved", "fired"]
    life.alarms = life.alarms[::-1]
    life.act(Action.DISMISS, 180).check(240, both).check(300, SHIFT)
    assert life.states == ["resolved", "resolved"]


def test_an_acknowledged_alarm_is_told_again_only_when_it_ends_or_gets_worse() -> None:
    life = Life().check(0, SHIFT).act(Action.ACKNOWLEDGE, 30).check(60, SHIFT)
    assert (life.changes, life.states) == (["fired"], ["acknowledged"])
    assert life.check(60 + QUIET_S).changes == ["fired", "resolved"]


def test_a_silence_ends() -> None:
    life = Life().check(0, SHIFT).act(Action.SILENCE, 10, until=NOON + 300)
    worse = diagnosis(finding("null_transcript", before=0.0, after=0.5))
    life.check(60, worse)
    assert (life.changes, life.states) == (["fired"], ["silenced"])
    life.check(301, SHIFT)
    assert (life.changes, life.states) == (["fired", "fired"], ["firing"])


def test_in_a_window_of_silence_nobody_is_told_until_it_ends(tmp_path: Path) -> None:
    text = """
    [policy.mine]
    reason = "Deployments are at ten."
    signals = ["snr_db"]
    threshold = { kind = "statistical" }
    severity = "info"
    silences = [{ days = ["tue"], begins = "22:00", ends = "22:30" }]
    """
    life = Life(policies(tmp_path, text))  # NOON is a Tuesday, 22:13:20 UTC
    noise = diagnosis(finding("snr_db"))
    life.check(0, noise)
    assert (life.changes, life.states, life.alarms[0].silenced_until) == ([], ["silenced"], NOON + 1_000)
    assert life.check(1_000, noise).changes == ["fired"]
    early = Life(life.policies).check(-1_000, noise).check(0, diagnosis(finding("snr_db", FLEET)))
    assert (early.changes, early.states) == (["fired"], ["silenced"]), "what spreads then is told at the end"
    assert early.check(1_000, noise).changes[1:] == ["fired"]
    quiet = Life(life.policies).check(0, noise).check(900)
    assert (quiet.changes, quiet.states) == ([], ["resolved"]), "no end is told of what was never told"


def test_a_clock_that_is_set_back_keeps_no_alarm_for_ever() -> None:
    life = Life().check(1e9, SHIFT).check(0)
    assert life.count(Passed.CLOCK_JUMPS) == 1
    assert life.states == ["firing"]
    assert life.check(60).count(Passed.CLOCK_JUMPS) == 0
    assert life.check(QUIET_S).states == ["resolved"]
    assert all(one.opened_at <= NOON + QUIET_S for one in life.alarms)


def test_an_alarm_whose_policy_is_gone_still_ends() -> None:
    orphan = replace(Life().check(0, SHIFT).alarms[0], policy="gone")
    assert step([orphan], [], NOON + 900, PACKAGED).alarms[0].state is State.RESOLVED


events = st.lists(
    st.tuples(
        st.floats(-4_000, 4_000),
        st.lists(st.sampled_from([FLEET, PHONE, TABLET, PHONE_5]), max_size=3),
        st.sampled_from([0.3, 0.7, 1.0, 40.0]),
    ),
    max_size=25,
)


@settings(deadline=None)
@given(events)
def test_whatever_comes_no_open_alarms_overlap_and_no_end_is_told_before_its_begin(
    checks: Sequence[tuple[float, list[object], float]],
) -> None:
    life, now = Life(), 0.0
    for wait, slices, evidence in checks:
        now += wait
        life.check(now, *(diagnosis(finding(which=one, evidence=evidence)) for one in slices))  # type: ignore[arg-type]
        assert life.last is not None
        open_slices = [set(alarm.slice) for alarm in life.last.open_alarms]
        assert len(open_slices) == len({frozenset(one) for one in open_slices})
        assert all(alarm.last_seen_at <= NOON + now for alarm in life.alarms)
    keys = [one.key for one in life.told]
    assert len(keys) == len(set(keys))
    for alarm in life.alarms:
        own = [one.change for one in life.told if one.alarm.alarm_id == alarm.alarm_id]
        assert own[:1] in ([], [Change.FIRED])
        assert alarm.is_open or own[-1:] in ([], [Change.RESOLVED])


@pytest.mark.parametrize(
    ("action", "fields", "complaint"),
    [
        (Action.ACKNOWLEDGE, {"by": " "}, "by"),
        (Action.ACKNOWLEDGE, {"until": NOON + 60}, "until goes with silence"),
        (Action.SILENCE, {}, "needs until"),
        (Action.SILENCE, {"until": float("nan")}, "needs until"),
        (Action.SILENCE, {"until": NOON}, "past"),
        (Action.SILENCE, {"until": NOON + 1e9}, "30 days"),
    ],
)
def test_what_cannot_be_done_is_refused(action: Action, fields: dict[str, object], complaint: str) -> None:
    alarm = Life().check(0, SHIFT).alarms[0]
    with pytest.raises(RefusedAction, match=complaint):
        act(alarm, action, **{"by": "ann", "now": NOON, **fields})  # type: ignore[arg-type]


def test_a_resolved_alarm_can_still_be_judged_and_nothing_else() -> None:
    resolved = Life().check(0, SHIFT).act(Action.RESOLVE, 60).alarms[0]
    judged, entry, told = act(resolved, Action.CONFIRM, by="bob", now=NOON, note="clear case")
    assert (judged.verdict, judged.resolved_by, entry.note, told) == (Verdict.CONFIRMED, "ann", "clear case", None)
    for action in (Action.ACKNOWLEDGE, Action.RESOLVE):
        with pytest.raises(RefusedAction, match="resolved"):
            act(resolved, action, by="bob", now=NOON)


def test_neighbours_leave_no_kin_out() -> None:
    """The index finds the same home as a look at every alarm."""
    slices = [FLEET, PHONE, TABLET, PHONE_5, (("app_version", "5"),), (("app_version", "5"), ("os", "a"))]
    for first in slices:
        for second in slices:
            before = Life().check(0, diagnosis(finding(which=first)))
            life = before.check(60, diagnosis(finding(which=second)))
            kin = set(first) <= set(second) or set(second) <= set(first)
            assert len([one for one in life.alarms if one.is_open]) == (1 if kin else 2), (first, second)
