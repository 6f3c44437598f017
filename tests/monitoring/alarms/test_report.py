"""What alarms were worth: counted by hand."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.alarms.alarm import Alarm, Verdict
from monitoring.alarms.lifecycle import step
from monitoring.alarms.policy import read_policies
from monitoring.alarms.proposals import Measure, propose
from monitoring.alarms.report import Droppable, Record, report
from monitoring.detectors.proportions import wilson
from tests.monitoring.alarms.making import NOON, diagnosis, finding

RIGHT, WRONG = Verdict.CONFIRMED, Verdict.DISMISSED
PACKAGED = read_policies()


def alarm(number: int, verdict: Verdict | None, *signals: str, evidence: float = 2.0, after: float = 9.0) -> Alarm:
    where = (("device_model", f"d{number}"),)
    findings = (finding(signal, where, evidence=evidence, before=1.0, after=after) for signal in signals)
    [made] = step([], [diagnosis(*findings)], NOON, PACKAGED).alarms
    return replace(made, verdict=verdict)


def test_each_signal_gets_its_record() -> None:
    alarms = [
        alarm(1, RIGHT, "redo", "null_transcript"),
        alarm(2, RIGHT, "redo"),
        alarm(3, WRONG, "redo", "loudness_lufs"),
        alarm(4, None, "snr_db"),
    ]
    alarms.append(replace(alarm(5, RIGHT, "redo"), merged_into=alarms[0].alarm_id))
    found = report(alarms, signals=["redo", "words"])
    rows = {row.signal: row for row in found.signals}
    assert rows["redo"].record == Record(fired=3, confirmed=2, dismissed=1)
    assert rows["redo"].record.precision == pytest.approx(2 / 3)
    assert (rows["redo"].alone, rows["null_transcript"].alone) == (1, 0)
    assert rows["snr_db"].record.precision is None
    assert rows["snr_db"].record.precision_ci95 is None
    assert {name: row.droppable for name, row in rows.items()} == {
        "redo": None,
        "null_transcript": None,
        "loudness_lufs": None,
        "snr_db": None,
        "words": None,
    }, "too few verdicts"
    assert (found.alarms, found.open, found.merged) == (Record(fired=4, confirmed=2, dismissed=1), 4, 1)
    assert dict(found.policies)["users_try_again"].fired == 2


def test_of_two_that_always_fire_together_the_one_with_more_wrong_alarms_can_go() -> None:
    alarms = [alarm(n, RIGHT, "redo", "abandoned") for n in range(5)] + [alarm(9, WRONG, "redo")]
    rows = {row.signal: row.droppable for row in report(alarms, signals=["words"]).signals}
    assert rows == {"redo": Droppable.REDUNDANT, "abandoned": None, "words": Droppable.SILENT}


def test_what_is_never_right_can_go_after_five_wrong_alarms() -> None:
    rows = [report([alarm(i, WRONG, "words") for i in range(n)]).signals[0].droppable for n in (4, 5)]
    assert rows == [None, Droppable.WRONG]


def test_without_alarms_nothing_is_advised() -> None:
    found = report([], signals=["redo"])
    assert found.alarms.precision is None
    assert [row.droppable for row in found.signals] == [None]


@settings(deadline=None)
@given(st.lists(st.frozensets(st.sampled_from("abcdef"), min_size=1), max_size=12))
def test_what_is_left_without_the_droppable_tells_of_every_confirmed_alarm(told: list[frozenset[str]]) -> None:
    found = report([alarm(n, RIGHT, *sorted(own)) for n, own in enumerate(told)])
    kept = {row.signal for row in found.signals if row.droppable is None}
    assert all(own & kept for own in told)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962), (1, 1, 0.2065, 1.0)],
)
def test_wilson_by_the_book(successes: int, trials: int, low: float, high: float) -> None:
    """Reference values: `scipy.stats.binomtest(k, n).proportion_ci(method="wilson")`."""
    assert wilson(successes, trials, 0.05) == pytest.approx((low, high), abs=5e-5)


def test_a_threshold_between_the_wrong_and_the_right_ones() -> None:
    wrong = [alarm(n, WRONG, "snr_db", evidence=1.0 + n / 10) for n in range(4)]
    right = [alarm(10 + n, RIGHT, "snr_db", evidence=3.0 + n) for n in range(3)]
    [proposal] = propose([*wrong, *right])
    assert (proposal.measure, proposal.lost, proposal.separates) == (Measure.EVIDENCE, 4, True)
    assert 1.3 < proposal.threshold <= 3.0
    assert proposal.threshold == 2.0, "few digits"


def test_where_evidence_does_not_separate_the_effect_may() -> None:
    wrong = [alarm(n, WRONG, "snr_db", evidence=5.0, after=3.5) for n in range(3)]
    right = [alarm(10 + n, RIGHT, "snr_db", evidence=5.0, after=9.0) for n in range(3)]
    [proposal] = propose([*wrong, *right])
    assert (proposal.measure, proposal.separates) == (Measure.EFFECT, True)
    assert 2.5 < proposal.threshold <= 8.0


def test_where_none_separates_that_is_said() -> None:
    mixed = [alarm(n, verdict, "snr_db", evidence=3.0) for n, verdict in enumerate([RIGHT, WRONG] * 3)]
    [proposal] = propose(mixed)
    assert (proposal.separates, proposal.lost) == (False, 0)
    some = [*mixed, alarm(20, WRONG, "snr_db", evidence=1.5)]
    [proposal] = propose(some)
    assert (proposal.separates, proposal.lost, proposal.dismissed) == (False, 1, 4)


def test_few_verdicts_propose_nothing() -> None:
    assert propose([alarm(1, RIGHT, "snr_db"), alarm(2, WRONG, "snr_db"), alarm(3, WRONG, "snr_db")]) == []
    assert propose([]) == []


@settings(deadline=None)
@given(
    st.lists(st.floats(0.5, 1e9), min_size=2, max_size=8),
    st.lists(st.floats(0.5, 1e9), min_size=2, max_size=8),
)
def test_a_proposed_threshold_keeps_every_confirmed_alarm(right: list[float], wrong: list[float]) -> None:
    made = alarm(0, None, "snr_db")

    def judged(evidence: float, verdict: Verdict) -> Alarm:
        [one] = made.diagnosis.findings
        strong = replace(made.diagnosis, findings=(replace(one, evidence=evidence),))
        return replace(made, diagnosis=strong, verdict=verdict)

    [proposal] = propose([*(judged(e, RIGHT) for e in right), *(judged(e, WRONG) for e in wrong)])
    if proposal.measure is Measure.EVIDENCE:
        assert all(evidence >= proposal.threshold for evidence in right)
        assert sum(evidence < proposal.threshold for evidence in wrong) == proposal.lost
    assert proposal.separates == (max(wrong) < min(right))
