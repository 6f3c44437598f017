"""docs/reviews.md: its commands run, its setting is one, and nothing that can be done is missing."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from monitoring.store import EventStore
from serving.cli import main
from serving.commands.review import COMMANDS
from serving.review.item import State
from serving.settings import Settings

PAGE = (Path(__file__).parents[3] / "docs" / "reviews.md").read_text(encoding="utf-8")


def test_its_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = EventStore.open("sqlite:///voicesearch.db")
    store.prepare()
    store.close()
    lines = re.findall(r"^    voicesearch (.+)$", PAGE, re.MULTILINE)
    assert len(lines) == 4
    for line in lines:
        with pytest.raises(SystemExit) as ended:
            main(shlex.split(line))
        assert ended.value.code == 0, line


def test_its_setting_is_one() -> None:
    (block,) = re.findall(r"```toml\n(.+?)```", PAGE, re.DOTALL)
    (signal,) = Settings(**tomllib.loads(block)).monitoring.signals
    assert (signal.name, signal.kinds) == ("wer", ("review",))


@pytest.mark.parametrize(
    "name", [*COMMANDS, *State, "min_share", "max_share", "daily_reviews", "lease_s", "expire_days"]
)
def test_it_is_on_the_page(name: str) -> None:
    assert name in PAGE
