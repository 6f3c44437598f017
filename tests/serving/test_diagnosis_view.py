"""A diagnosis in words: short, and by how much in sight."""

import io

import pytest
from rich.console import Console

from monitoring.alarms.policy import read_policies
from monitoring.findings import FLEET, Cause, Cost, Diagnosis
from serving.commands.monitor.diagnosis_view import findings_of, is_noticeable, lines_of, shown
from tests.monitoring.alarms.making import PHONE, PHONE_5, TABLET, finding

ANDROID = (("os", "android"),)
CAUSES = tuple(Cause(slice=which, explained=0.9) for which in (FLEET, PHONE_5, ANDROID, PHONE))


def diagnosis(*causes: Cause, costs: tuple[Cost, ...] = ()) -> Diagnosis:
    """Everything moved with a phone; all of it runs one system."""
    findings = (
        finding(which=FLEET, requests=1_000, evidence=9.0),
        finding(which=ANDROID, requests=990, evidence=8.0),
        finding(which=PHONE_5, requests=97),
        finding("snr_db", PHONE_5, requests=97),
        finding("redo", TABLET, requests=97),
    )
    return Diagnosis(findings=findings, causes=causes, costs=costs)


def printed(one: Diagnosis) -> list[list[str]]:
    out = io.StringIO()
    Console(file=out, width=1_000).print(findings_of(one))
    return [line.split() for line in out.getvalue().splitlines()]


def test_a_row_for_each_signal_with_the_slice_named_in_each() -> None:
    one = diagnosis(CAUSES[1])
    _, *rows = printed(one)
    assert [row[0] for row in rows] == ["lead_silence_s", "snr_db", "redo"]
    assert rows[0][4:7] == ["97", "app_version=5,", "device_model=phone,"], "that of the cause, not the strongest"
    assert shown("lead_silence_s", one)[1] == "app_version=5, device_model=phone, and in 2 other slices"
    assert shown("redo", one)[1] == "device_model=tablet"


def test_slices_around_the_cause_are_said_to_hold_it() -> None:
    wide = tuple(finding(which=which) for which in (FLEET, PHONE, PHONE_5))
    for count, words in ((3, "in 2 slices that hold it"), (2, "in 1 slice that holds it")):
        one = Diagnosis(findings=wide[-count:], causes=(CAUSES[1],))
        assert shown("lead_silence_s", one)[1] == f"app_version=5, device_model=phone, and {words}"


def test_what_holds_all_the_traffic_is_no_cause_unless_it_is_the_only_one() -> None:
    def explained(*causes: Cause) -> list[str]:
        lines = lines_of(diagnosis(*causes), read_policies())
        return [line.partition("shift: ")[2] for line in lines if "explains" in line]

    assert explained(*CAUSES) == ["app_version=5, device_model=phone", "device_model=phone"]
    assert explained(CAUSES[0]) == ["everything"]


@pytest.mark.parametrize(
    ("here", "elsewhere", "told"),
    [(0.31, 0.03, True), (0.031, 0.03, False), (0.05, 0.03, False), (float("nan"), 0.1, False), (900.0, 600.0, True)],
)
def test_costs_are_told_where_they_differ(here: float, elsewhere: float, told: bool) -> None:
    cost = Cost(signal="redo", here=here, elsewhere=elsewhere, requests=97)
    assert is_noticeable(cost) is told
    lines = lines_of(diagnosis(CAUSES[1], costs=(cost,)), read_policies())
    assert any("elsewhere" in line for line in lines) is told
