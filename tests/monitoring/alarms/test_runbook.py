"""The runbook has a heading for each alarm and each signal, and none that is stale."""

import re
from pathlib import Path

import pytest

from monitoring.alarms.policy import ANY, read_policies
from monitoring.signals.voice import VOICE_SIGNALS

PAGE = (Path(__file__).parents[3] / "docs" / "runbook.md").read_text()
POLICIES = read_policies().policy
PARTS = ("Means", "Likely", "Look at", "Do", "Silence")


def sections(page: str) -> dict[str, str]:
    """Text by heading of the second level."""
    parts = re.split(r"^## (.+)$", page, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_policy_has_its_heading_and_no_heading_is_stale() -> None:
    headings = set(sections(PAGE)) - {"When an alarm fires", "Signals", "Prometheus alerts"}
    assert headings == set(POLICIES)


@pytest.mark.parametrize("policy", POLICIES)
def test_each_says_what_it_means_and_what_to_do(policy: str) -> None:
    text = sections(PAGE)[policy]
    assert re.findall(r"^- \*\*([\w ]+)\*\*: \S", text, re.MULTILINE) == list(PARTS)
    shown = set(re.findall(r"`([a-z_0-9]+)`", text.split("- **Means**")[0]))
    assert shown == set(POLICIES[policy].signals) - {ANY}


def test_every_signal_has_its_heading_and_no_heading_is_stale() -> None:
    headings = re.findall(r"^### `(\w+)`$", sections(PAGE)["Signals"], re.MULTILINE)
    assert sorted(headings) == sorted(signal.name for signal in VOICE_SIGNALS)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_link_of_an_alarm_leads_to_its_heading(policy: str) -> None:
    """GitHub makes the anchor of a heading from its text in lower case, with hyphens for blanks."""
    _, _, anchor = read_policies().runbook_link(policy).partition("#")
    assert anchor in {heading.lower().replace(" ", "-") for heading in sections(PAGE)}


def test_routes_and_commands_that_it_names_exist() -> None:
    from monitoring.alarms.actions import Action
    from serving.commands.monitor import COMMANDS

    assert set(re.findall(r"/admin/alarms/[^/\s`]+/(\w+)", PAGE)) <= set(Action)
    assert set(re.findall(r"voicesearch monitor (\w+)", PAGE)) <= set(COMMANDS)
