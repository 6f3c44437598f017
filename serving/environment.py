"""Variables of the environment that begin like ours: which are read, and what a misspelt one was to be.

Knows their names only; what settings mean and which there are stands in `serving/settings.py`.
"""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

PREFIX: Final = "VOICESEARCH_"
DELIMITER: Final = "__"

OTHER_VARIABLES: Final = frozenset(
    {"VOICESEARCH_API_KEY", "VOICESEARCH_CACHE", "VOICESEARCH_DATA", "VOICESEARCH_MODELS", "VOICESEARCH_OFFLINE"}
)
"""Those that are read and are no settings; their case counts."""


def variable_of(section: str, key: str) -> str:
    """The variable that sets a key: VOICESEARCH_SERVER__PORT."""
    return f"{PREFIX}{section}{DELIMITER}{key}".upper()


def section_of(variable: str) -> str | None:
    """The section in which a variable sets a key; None for one that is not of that form."""
    section, delimiter, _ = variable.lower().removeprefix(PREFIX.lower()).partition(DELIMITER)
    return section if delimiter and variable.upper().startswith(PREFIX) else None


def unread(variables: Iterable[str], settings: Collection[str], sections: Collection[str]) -> list[str]:
    """A line for each variable that begins like ours and that nothing reads, with the nearest one that is read.

    They are told and not refused: Kubernetes gives VOICESEARCH_PORT and VOICESEARCH_SERVICE_HOST to every container
    beside a service of that name. What has the form of a setting is the reader's of settings to refuse.
    """
    whole_sections = {f"{PREFIX}{section}".upper() for section in sections}
    ours = (name for name in sorted(variables) if name.upper().startswith(PREFIX) and section_of(name) is None)
    wrong = [name for name in ours if name not in OTHER_VARIABLES and name.upper() not in whole_sections]
    return [f"{name} is not read{_hint(name.upper(), OTHER_VARIABLES.union(settings))}" for name in wrong]


def _hint(name: str, known: Iterable[str]) -> str:
    by_end = {one.removeprefix(PREFIX): one for one in sorted(known)}
    nearest = get_close_matches(name.removeprefix(PREFIX), by_end, 1)
    return f"; did you mean {by_end[nearest[0]]}?" if nearest else ""
