"""Halves of the material, one to fit to and one to judge by: no speaker and no query is in both."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from asr.convention import get
from data_pipeline.behaviour.pairs import Query
from data_pipeline.errors import InvalidCorpus
from data_pipeline.hashing import hash64
from data_pipeline.manifest import Row
from data_pipeline.splitting.columns import TEXT, group, read_columns

COLUMNS: Final = ("text", "intent")


def is_for_test(rows: Sequence[Row]) -> list[bool]:
    """Whether each row is in the half to judge by; rows that share a speaker or a text are in the same one."""
    columns = read_columns(rows, [TEXT, "speaker"])
    groups = group(len(rows), columns.values())
    sizes = np.bincount(groups)
    filled = {True: 0, False: 0}
    places: dict[int, bool] = {}
    for number in sorted(range(len(sizes)), key=lambda number: (-sizes[number], number)):
        places[number] = filled[True] < filled[False]
        filled[places[number]] += int(sizes[number])
    return [places[int(number)] for number in groups]


def read_queries(path: Path) -> list[Query]:
    """Queries with their intents, of a table with tabs and a header, each text once, as the search gets them.

    Raises InvalidCorpus where there is no column `text` or `intent`, OSError.
    """
    header, *lines = path.read_text("utf-8").splitlines() or [""]
    names = header.split("\t")
    if not set(COLUMNS) <= set(names):
        raise InvalidCorpus(f"{path}: no column {' or '.join(COLUMNS)}")
    at_text, at_intent = (names.index(name) for name in COLUMNS)
    fields = (line.split("\t") for line in lines)
    write = get("search").apply
    found = {write(row[at_text]): row[at_intent] for row in fields if len(row) == len(names)}
    return [Query(text, intent) for text, intent in found.items() if text]


def halves(queries: Iterable[Query]) -> tuple[list[Query], list[Query]]:
    """To fit to, and to judge by; by the text alone, so other queries move none."""
    parts: tuple[list[Query], list[Query]] = [], []
    for one in queries:
        parts[hash64(one.text) % 2].append(one)
    return parts
