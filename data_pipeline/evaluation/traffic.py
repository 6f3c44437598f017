"""How much of the traffic each utterance stands for: test sets are rarely made up as traffic is. Knows no scores."""

import csv
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from data_pipeline.errors import InvalidTraffic
from data_pipeline.manifest import Row


@dataclass(frozen=True, slots=True)
class Traffic:
    """Where the weights come from."""

    field: str
    shares: Mapping[str, float] | None = None
    """Traffic of each value of the field; None where the field itself is a number, the weight of its row."""


def read_traffic(text: str) -> Traffic:
    """From the name of a numeric field, or a CSV file with the columns FIELD and weight. Raises InvalidTraffic.

    The file's first column is named after the field whose values stand in it.
    """
    path = Path(text)
    if not path.is_file():
        if path.suffix.lower() == ".csv":
            raise InvalidTraffic(f"{text}: no such file")
        return Traffic(text)
    shares: dict[str, float] = {}
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        lines = csv.reader(file)
        field, *_ = next(lines, None) or [""]
        for line in filter(None, lines):
            if len(line) != 2 or line[0] in shares:
                raise InvalidTraffic(f"{path}, line {lines.line_num}: not a new value of {field!r} and its weight")
            shares[line[0]] = _weight(line[1], f"{path}, line {lines.line_num}")
    if not shares:
        raise InvalidTraffic(f"{path}: holds no weights")
    return Traffic(field, shares)


def row_weights(rows: Sequence[Row], traffic: Traffic | None) -> list[float]:
    """The weight of each row; all alike without traffic, and 0 where nobody speaks.

    Raises InvalidTraffic for a row with speech that has none.
    """
    if traffic is None:
        return [1.0] * len(rows)
    if traffic.shares is None:
        if all(row.field(traffic.field) is None for row in rows):
            raise InvalidTraffic(f"{traffic.field}: no such file, and no row has a field of that name")
        return [_own_weight(row, traffic.field) if row.text else 0.0 for row in rows]
    counts = Counter(row.field(traffic.field) for row in rows if row.text)
    if missing := sorted(str(value) for value in counts if value not in traffic.shares):
        raise InvalidTraffic(f"no weight for {traffic.field}={missing[0]}")
    shares = {value: traffic.shares[value] / count for value, count in counts.items() if value is not None}
    return [shares[row.field(traffic.field) or ""] if row.text else 0.0 for row in rows]


def _own_weight(row: Row, field: str) -> float:
    text = row.field(field)
    if text is None:
        raise InvalidTraffic(f"line {row.line} lacks the field {field!r}, which others have as their weight")
    return _weight(text, f"line {row.line}, {field}")


def _weight(text: str, where: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not math.isfinite(weight) or weight < 0:
        raise InvalidTraffic(f"{where}: {text!r} is no weight")
    return weight
