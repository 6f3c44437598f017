"""Which models were trained on a data set: those whose card names it by one of its hashes.

A card is any `card.json` that lies beside a model. Whatever its fields are called, a hash of a data set in it says that
the data set went into the model; the name is its `model`, `id` or `name`, else that of its folder.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

CARD: Final = "card.json"
MAX_CARD_BYTES: Final = 2**22
_NAMES: Final = ("model", "id", "name")


def trained_on(hashes: Collection[str], folders: Sequence[Path]) -> list[str]:
    """Names of the models below those folders whose cards name one of the hashes; cards of data sets are none."""
    found = set()
    for card in (path for folder in folders for path in sorted(folder.rglob(CARD))):
        values = _read(card)
        if isinstance(values, dict) and "origins" not in values and set(hashes) & set(_texts(values)):
            found.add(
                next((str(values[name]) for name in _NAMES if isinstance(values.get(name), str)), card.parent.name)
            )
    return sorted(found)


def _read(card: Path) -> object:
    """None for what is no card."""
    try:
        return json.loads(card.read_bytes()) if card.stat().st_size <= MAX_CARD_BYTES else None
    except (OSError, ValueError, RecursionError):
        return None


def _texts(value: object) -> Iterator[str]:
    """All texts in it, those that hold a hash behind a name ("sha256:...") without the name too."""
    match value:
        case str():
            yield from (value, value.rpartition(":")[2])
        case dict():
            for one in value.values():
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)
