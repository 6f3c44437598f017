from monitoring.diagnosis.grouping import belongs, grouped
from monitoring.findings import FLEET
from tests.monitoring.diagnosis.making import NEW, OLD, PAIRS, PHONE, TABLET, evidence, finding

CLIPS = evidence({"cut": (0.6, 0.6, 0.0, 0.0), "empty": (0.3, 0.3, 0.0, 0.0)})
TWO = evidence({"cut": (0.6, 0.6, 0.0, 0.0), "empty": (0.0, 0.3, 0.0, 0.3)})
EVERYWHERE = evidence({"cut": (0.2, 0.2, 0.2, 0.2), "empty": (0.5, 0.5, 0.0, 0.0)})


def test_one_fault_is_one_group_however_many_slices_feel_it() -> None:
    findings = [
        finding(signal, which, strength=9 - i)
        for signal in ("cut", "empty")
        for i, which in enumerate((PHONE, PAIRS[0], PAIRS[1], FLEET, OLD, NEW))
    ]
    ((own, causes),) = grouped(findings, lambda since: CLIPS)
    assert causes[0].slice == PHONE
    assert len(own) == len(findings)
    assert own[0].evidence == 9


def test_two_faults_are_two_groups_the_surer_one_first() -> None:
    findings = [finding("empty", NEW, strength=4), finding("cut", PHONE, strength=8), finding("empty", PAIRS[3])]
    first, second = grouped(findings, lambda since: TWO)
    assert [group[1][0].slice for group in (first, second)] == [PHONE, NEW]
    assert [len(group[0]) for group in (first, second)] == [1, 2]


def test_a_fault_of_all_events_takes_in_what_is_everywhere_but_not_what_is_worse_in_one_slice() -> None:
    assert belongs(finding("cut", TABLET), FLEET, EVERYWHERE)
    assert belongs(finding("cut", PHONE), FLEET, EVERYWHERE)
    assert not belongs(finding("empty", PHONE), FLEET, EVERYWHERE)


def test_a_finding_that_would_not_have_been_made_without_the_cause_belongs_to_it() -> None:
    third = evidence({"cut": (0.6, 0.6, 0.1, 0.1)}, n=(100.0, 100.0, 1_000.0, 1_000.0))
    assert belongs(finding("cut", FLEET, strength=1.5), PHONE, third)


def test_what_shares_no_event_or_is_not_known_does_not_belong() -> None:
    assert not belongs(finding("cut", (("os", "x"),)), PHONE, CLIPS)
    assert not belongs(finding("cut", TABLET), PHONE, CLIPS)


def test_no_findings_are_no_groups() -> None:
    assert grouped([], lambda since: CLIPS) == []
