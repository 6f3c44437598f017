"""Where commands print their tables: a terminal, or a pipe."""

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH: Final = 1_000
"""Characters in a line where there is no terminal: nothing is cut."""


def open_console() -> "Console":
    """As wide as the terminal, or `PIPED_WIDTH` where there is none; numbers are not coloured."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False)
