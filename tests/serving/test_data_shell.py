"""Ctrl-C in the commands of `voicesearch data`: it ends the work, and says what is kept of it."""

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from data_pipeline.manifest import Row
from serving.commands.data.shell import NOTHING_KEPT, run_table_step, told
from tests.conftest import CLIPS


@dataclass(frozen=True)
class Interrupted:
    """A step in the middle of which the user presses Ctrl-C, long before its first row is there."""

    name: str = "interrupted"
    version: int = 1
    parts: None = None

    def change(self, rows: Callable[[], Iterator[Row]]) -> Iterator[Row]:
        for row in rows():
            signal.raise_signal(signal.SIGINT)
            yield row


def test_held_work_ends_between_two_rows(capfd: pytest.CaptureFixture[str]) -> None:
    done: list[str] = []

    def work() -> None:
        with told("work", 3, kept=lambda: "two rows are kept") as (on_done, _):
            on_done()
            signal.raise_signal(signal.SIGINT)
            done.append("the row that was worked on")
            on_done()

    with pytest.raises(click.Abort):
        work()
    assert done
    assert capfd.readouterr().err.splitlines() == [
        "stopping: what is being worked on is still finished",
        "interrupted; two rows are kept",
    ]


def test_a_step_over_a_table_ends_at_once_and_leaves_no_data_set(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(click.Abort):
        run_table_step(Interrupted(), CLIPS / "manifest.jsonl", tmp_path / "out", replace=False)
    assert capfd.readouterr().err == f"interrupted; {NOTHING_KEPT}\n"
    assert not any((tmp_path / "out").glob("*.json*"))
