"""Reviews from a file of JSON lines, and the curve over them: what an evaluation says before anything is served."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson
from pydantic import JsonValue

from serving.automation.evidence import one_look
from serving.automation.reviewed import Reviewed, Reviews
from serving.automation.threshold import Rule, candidates
from serving.automation.views import TARGETS, View, curve_view


def read_reviews(path: Path) -> list[Reviewed]:
    """A review for each line: `confidence`, `loss` and `probability`, or `words` as in utterances.jsonl.

    Lines without a confidence, as of a model that was not asked, are left out. Raises ValueError that names the line,
    OSError where the file cannot be read.
    """
    found = []
    for number, line in enumerate(_content(path).splitlines(), 1):
        try:
            row = orjson.loads(line)
            if row["confidence"] is not None:
                found.append(_reviewed(row))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: line {number} is no review: {error!r}") from error
    return found


def curve_of_file(path: Path, targets: Sequence[float] = ()) -> View:
    """Coverage against risk, with thresholds for one look at these reviews and for a look after each.

    Raises ValueError in one line, OSError where the file cannot be read.
    """
    rows = read_reviews(path)
    if not rows:
        raise ValueError(f"{path}: there are no reviews in it")
    reviews = Reviews.of(rows)
    among = candidates(reviews.confidence, reviews.weight)
    wanted = sorted(set(targets) or TARGETS)
    every_look = curve_view(reviews, among, [Rule(target_risk=target) for target in wanted])
    once = curve_view(reviews.thinned(), among, [Rule(target_risk=target, test=one_look) for target in wanted])
    return every_look | {"thresholds_of_one_look": once["thresholds"]}


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OSError(f"{path}: {error.strerror}") from error


def _reviewed(row: Mapping[str, JsonValue]) -> Reviewed:
    words = row.get("words")
    if isinstance(words, dict):
        loss = float(any(words[kind] for kind in ("substitutions", "deletions", "insertions")))
    else:
        loss = _number(row["loss"])
    return Reviewed(confidence=_number(row["confidence"]), loss=loss, probability=_number(row.get("probability", 1.0)))


def _number(value: JsonValue) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)
