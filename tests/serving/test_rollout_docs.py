"""docs/rollouts.md: its commands run one after the other on a real server, and its tables are the policy."""

import json
import re
import shlex
from pathlib import Path

import pytest

from serving.cli import main
from serving.rollouts.policy import Policy, ShadowPolicy
from serving.rollouts.steps import Action
from serving.section import Section
from serving.settings import read_settings
from tests.serving.processes import PATIENT, serving

PAGE = (Path(__file__).parents[2] / "docs" / "rollouts.md").read_text()
LISTED = {"steps", "shadow", "guardrails"}
"""Keys of the policy that are tables, which the page shows as such."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.slow
def test_the_commands_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (toml,) = blocks("toml")
    (tmp_path / "voicesearch.toml").write_text(toml)
    (variant,) = read_settings(tmp_path / "voicesearch.toml").rollout.variants
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) > 10
    settings = {**PATIENT, "rollout.variants": json.dumps([variant.model_dump(mode="json")]), "model.workers": "1"}
    with serving(tmp_path, settings) as server:
        for line in commands:
            program, *arguments = shlex.split(line)
            with pytest.raises(SystemExit) as ended:
                main([*arguments, "--url", server.url])
            said = capsys.readouterr()
            assert (program, ended.value.code, said.err) == ("voicesearch", 0, ""), line


@pytest.mark.parametrize("section", [Policy, ShadowPolicy])
def test_every_key_of_the_policy_is_explained(section: type[Section]) -> None:
    defaults = section().model_dump(mode="json")
    for key in section.model_fields.keys() - LISTED:
        meaning = " ".join((section.model_fields[key].description or "").split())
        assert f"| `{key}` | `{json.dumps(defaults[key])}` | {meaning} |" in PAGE


def test_every_guardrail_is_named_with_its_numbers() -> None:
    for one in Policy().guardrails:
        limit = "-" if one.limit is None else f"`{one.limit}`"
        assert f"| `{one.signal}` | {one.worse.value} | {limit} | {one.margin:g} | {one.part:g} |" in PAGE


@pytest.mark.parametrize("action", Action)
def test_every_action_is_explained(action: Action) -> None:
    assert f"voicesearch rollout {action}" in PAGE
