"""A command of `voicesearch data` in this process, as `main` runs it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from serving.cli import main


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    returncode: int
    stderr: str


Command = Callable[..., Done]


def data_command(name: str, capsys: pytest.CaptureFixture[str]) -> Command:
    """`voicesearch data NAME`, to be called with its arguments."""

    def run(*arguments: str | Path) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(["data", name, *map(str, arguments)])
        return Done(int(ended.value.code or 0), capsys.readouterr().err)

    return run
