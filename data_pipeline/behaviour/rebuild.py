"""Makes the weights of the retry detector anew, and every figure that is told of it.

    python -m data_pipeline.behaviour.rebuild ../shared/data --out DIR

DATA holds `speech/manifest.jsonl` and `queries.tsv`. DIR gets `retry.toml`, which belongs into `monitoring/behaviour`,
and `figures.json`. Recognitions are kept in DIR, so that a run that was cut off goes on. Needs the extra `fit`.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from data_pipeline.behaviour.confusion import Confusion, estimate
from data_pipeline.behaviour.fit import Accuracy, edit_distance_judge, fit, judge
from data_pipeline.behaviour.halves import halves, is_for_test, read_queries
from data_pipeline.behaviour.pairs import Pair, Query, spoken_pairs, typed_pairs
from data_pipeline.behaviour.takes import Asked, devices, listen, spoken_queries
from data_pipeline.behaviour.users import UserModel
from data_pipeline.behaviour.watch import watch
from data_pipeline.evaluation.answer_journal import open_journal
from data_pipeline.evaluation.systems import own_systems
from data_pipeline.evaluation.variants import DEFAULT, read_variant
from data_pipeline.simulation.profiles import DeviceProfile
from monitoring.behaviour.retry import FEATURES, RetryDetector

USUAL: Final = frozenset({"phone", "headset", "telephone-line", "phone-snr-20", "phone-clipped-end"})
"""Devices whose errors stand for those of texts."""
ASK_AGAIN: Final = (0.3, 0.6, 0.9)
"""Nobody knows how many users do."""


def rebuild(data: Path, out: Path, profiles: Sequence[DeviceProfile]) -> None:
    """Fit, judge, and write both files; at least one of the profiles must be in `USUAL`.

    Raises InvalidManifest, InvalidCorpus, OSError.
    """
    rows = spoken_queries(data / "speech" / "manifest.jsonl")
    [system] = own_systems([""], [read_variant(DEFAULT)])
    with open_journal(out) as journal:
        asked = listen(rows, system, profiles, journal)
    test_keys = {row.key for row, is_test in zip(rows, is_for_test(rows), strict=True) if is_test}
    own, others = [[one for one in asked if (one.row.key in test_keys) is part] for part in (False, True)]
    queries = read_queries(data / "queries.tsv")
    to_fit, to_judge = halves(queries)
    takes = [take for one in own if one.device in USUAL for take in (one.first, one.again)]
    confusion = estimate(takes, {word for one in queries for word in one.text.split()})
    fitted_to = _pairs(own, to_fit, confusion, seed=0)
    pairs = _pairs(others, to_judge, confusion, seed=1)
    detector = fit(fitted_to)
    simple, threshold = edit_distance_judge(fitted_to)
    judged, beside = judge(pairs, detector.is_retry), judge(pairs, simple)
    (out / "retry.toml").write_text(_as_toml(detector, judged.overall, len(fitted_to), system.name), "utf-8")
    spoken = judge([one for one in pairs if one.kind.startswith("spoken")], detector.is_retry)
    figures = {
        "detector": asdict(judged),
        "detector, spoken pairs": asdict(spoken),
        f"edit distance, threshold {threshold:.2f}": asdict(beside),
        **{
            f"users, {share:.0%} ask again": asdict(watch(others, detector.is_retry, UserModel(asks_again=share)))
            for share in ASK_AGAIN
        },
    }
    (out / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def _pairs(asked: Sequence[Asked], queries: Sequence[Query], confusion: Confusion, *, seed: int) -> list[Pair]:
    rng = np.random.default_rng(seed)
    return [*spoken_pairs(asked, rng), *typed_pairs(queries, confusion, rng)]


def _as_toml(detector: RetryDetector, judged: Accuracy, pairs: int, system: str) -> str:
    weights = "\n".join(f"{name} = {weight}" for name, weight in zip(FEATURES, detector.weights, strict=True))
    return f"""\
# Made by `python -m data_pipeline.behaviour.rebuild`; see docs/behaviour.md.
threshold = {detector.threshold}

[weights]
{weights}

[card]
made = {datetime.now(UTC):%Y-%m-%d}
fitted_to = "{pairs} pairs: two takes of real recordings on simulated devices, heard by {system}, and texts of \
queries with errors drawn as real ones are"
judged_on = "{judged.pairs} pairs of other speakers and other queries"
accuracy = {judged.accuracy:.4f}
accuracy_ci95 = [{judged.low:.4f}, {judged.high:.4f}]
languages = ["en"]
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="data_pipeline.behaviour.rebuild", description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    rebuild(given.data, given.out, devices())


if __name__ == "__main__":
    main()
