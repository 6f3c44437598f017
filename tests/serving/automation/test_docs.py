"""The page on automation is true: its commands run, and every command, degree and reason is on it."""

import re
import shlex
from pathlib import Path

import pytest

from serving.automation.decide import Why
from serving.automation.degree import Degree
from serving.automation.threshold import Rule, reviews_needed
from serving.cli import main
from serving.commands.automation import DEGREES, automation
from tests.serving.conftest import LiveServer

PAGE = (Path(__file__).parents[3] / "docs" / "automation.md").read_text()


def test_its_commands_run(server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "utterances.jsonl").write_text('{"confidence": 0.5, "loss": 0}\n')
    [block] = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines():
        with pytest.raises(SystemExit) as ended:
            main([*shlex.split(line)[1:], "--url", server.base_url])
        assert not ended.value.code, line


@pytest.mark.parametrize("name", sorted(automation.commands))
def test_every_command_is_on_the_page(name: str) -> None:
    assert f"\n| `{name}` |" in PAGE


def test_every_degree_is_on_the_page_and_in_the_command() -> None:
    assert re.findall(r"^\| `(\w+)` \| (?:a t|the m)", PAGE, re.MULTILINE) == list(Degree) == list(DEGREES)


@pytest.mark.parametrize("why", Why)
def test_every_reason_is_on_the_page(why: Why) -> None:
    assert f"`{why}`" in PAGE


def test_the_number_of_reviews_is_right() -> None:
    assert f"at least {reviews_needed(Rule(target_risk=0.05))} above" in " ".join(PAGE.split())
