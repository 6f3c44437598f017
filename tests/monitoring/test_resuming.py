"""A monitor goes on from a state of its own configuration, and begins anew from one of another, which it names."""

import logging
from dataclasses import replace

import pytest

from monitoring.errors import UnusableState
from monitoring.monitor import Monitor, MonitorRule
from monitoring.reference import Mode, ReferenceRule
from monitoring.resuming import ResumableMonitor
from monitoring.signals.signal import Group, Signal, field
from monitoring.signals.voice import VOICE
from monitoring.watched import Watched
from tests.serving.planted import queries

BASKET = Signal(name="basket_eur", about="What was bought.", group=Group.BEHAVIOUR, read=field("basket_eur"))
RULE = MonitorRule(max_slices=20)


@pytest.fixture(scope="module")
def state() -> bytes:
    monitor = Monitor(VOICE, rule=RULE)
    monitor.update(list(queries(1_767_225_600.0, 1_767_229_200.0, 200)))
    return ResumableMonitor(monitor).state()


def test_what_was_known_is_known_again(state: bytes) -> None:
    resumable = ResumableMonitor(monitor := Monitor(VOICE, rule=RULE))
    resumable.resume(state)
    assert monitor.events == 200
    assert resumable.state()[:1_000] == state[:1_000]


def test_how_strict_it_is_may_change(state: bytes) -> None:
    rule = replace(RULE, requests_per_false_alarm=2e6, reference=ReferenceRule(half_life_s=86_400.0))
    ResumableMonitor(monitor := Monitor(VOICE, rule=rule)).resume(state)
    assert monitor.events == 200


@pytest.mark.parametrize(
    ("watched", "rule", "words"),
    [
        (replace(VOICE, signals=(*VOICE.signals, BASKET)), RULE, "signals were added: basket_eur"),
        (replace(VOICE, combinations=VOICE.combinations[:-1]), RULE, "combinations were changed"),
        (replace(VOICE, paced_by=None), RULE, "paced_by was"),
        (VOICE, replace(RULE, max_slices=30), "max_slices was 20 and is 30"),
        (VOICE, replace(RULE, reference=ReferenceRule(mode=Mode.PINNED)), "reference was seasonal and is pinned"),
        (
            replace(VOICE, signals=tuple(reversed(VOICE.signals))),
            RULE,
            "signals were put in another order",
        ),
    ],
)
def test_of_another_configuration_it_is_named_in_one_line_and_it_begins_anew(
    state: bytes, watched: Watched, rule: MonitorRule, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    ResumableMonitor(monitor := Monitor(watched, rule=rule)).resume(state)
    assert monitor.events == 0
    [line] = caplog.records
    assert (line.levelno, line.getMessage().startswith(words)) == (logging.WARNING, True)
    assert line.getMessage().endswith("; the monitor learns anew")


@pytest.mark.parametrize("broken", [b"", b"\x02" + b"\0" * 7 + b"[]", b"PK\3\4" * 10, b"\xff" * 100])
def test_what_is_no_state_is_refused(broken: bytes) -> None:
    with pytest.raises(UnusableState, match="what it depends on"):
        ResumableMonitor(Monitor(VOICE, rule=RULE)).resume(broken)


def test_a_damaged_state_of_the_same_configuration_is_refused(state: bytes) -> None:
    with pytest.raises(UnusableState):
        ResumableMonitor(Monitor(VOICE, rule=RULE)).resume(state[: len(state) // 2])
