"""What `voicesearch evaluate` prints: a few tables of the result; everything else stands in the report."""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from data_pipeline.pages.page import number, percent

if TYPE_CHECKING:
    from data_pipeline.evaluation.paired import Difference
    from data_pipeline.evaluation.record import Comparison, Evaluation
    from data_pipeline.evaluation.scores import Scores

PRIORITIES: Final = 10
"""Slices to work on next that are shown."""
WIDTH: Final = 200
"""Columns where the output is no terminal."""


def show(evaluation: "Evaluation") -> None:
    """Print the tables that have something to say."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    tables = [scores_table(evaluation), comparisons_table(evaluation), search_table(evaluation)]
    for index, table in enumerate(one for one in (*tables, priorities_table(evaluation)) if one.row_count):
        if index:
            console.print()
        console.print(table)


def scores_table(evaluation: "Evaluation") -> Table:
    """Every system, and below it its slices, but on simulated devices; the humans last."""
    columns = ("WER %", "95 %", "CER %", "exact %", "missed", "invented", "ECE %", "p50 ms", "p95", "p99", "speed ×")
    table = _table("system", columns)
    for name, scores in _scores(evaluation):
        silence, latency = scores.no_speech, scores.latency_ms
        table.add_row(
            name,
            percent(scores.wer),
            _interval(scores.wer_ci95),
            percent(scores.cer),
            percent(scores.exact_ratio),
            f"{silence.false}/{silence.speech_clips}",
            f"{silence.missed}/{silence.noise_clips}",
            percent(scores.confidence.ece if scores.confidence else None),
            *(number(getattr(latency, name, None)) for name in ("p50", "p95", "p99")),
            number(scores.rtfx),
        )
    return table


def comparisons_table(evaluation: "Evaluation") -> Table:
    """Every system beside its baseline, and the slices in which they differ."""
    table = _table("beside", ("WER points", "95 %", "p", "improved", "worsened", "verdict"))
    human = evaluation.human.comparisons if evaluation.human else ()
    for one in (*evaluation.comparisons, *human):
        for name, difference in _differences(one):
            table.add_row(
                name,
                percent(difference.wer),
                _interval(difference.ci95),
                number(difference.p_adjusted, 4),
                str(difference.improved),
                str(difference.worsened),
                difference.verdict.value,
            )
    return table


def search_table(evaluation: "Evaluation") -> Table:
    """How often errors change what a search finds first."""
    columns = ("clips", "with errors", "changed", "changed %", "95 %", "nothing found", "unharmed")
    table = _table("search", columns)
    for result in evaluation.systems:
        if (damage := result.search) is not None and damage.utterances:
            counts = map(str, (damage.utterances, len(damage.searched), damage.changed))
            share = (percent(damage.changed_ratio), _interval(damage.changed_ci95))
            table.add_row(result.name, *counts, *share, str(damage.lost), str(damage.kept))
    return table


def priorities_table(evaluation: "Evaluation") -> Table:
    """Where the most word errors could be saved."""
    table = _table("work on next", ("traffic %", "WER %", "possible %", "by", "errors saved in 1000"))
    for one in evaluation.priorities[:PRIORITIES]:
        rates = map(percent, (one.share, one.wer, one.floor))
        table.add_row(f"{one.field}={one.value}", *rates, one.floor_of, number(one.saved_per_1000, 1))
    return table


def _table(first: str, columns: Sequence[str]) -> Table:
    table = Table(first, *columns, box=None, pad_edge=False)
    table.columns[0].overflow, table.columns[0].max_width = "fold", 60
    for column in table.columns[1:]:
        column.no_wrap, column.justify = True, "right"
    return table


def _scores(evaluation: "Evaluation") -> "Iterator[tuple[str, Scores]]":
    human = [evaluation.human.result] if evaluation.human else []
    for result in (*evaluation.systems, *human):
        yield result.name, result.scores
        for field, by_value in result.slices.items() if result.device is None else ():
            for value, scores in by_value.items():
                yield f"  {field}={value}", scores


def _differences(comparison: "Comparison") -> "Iterator[tuple[str, Difference]]":
    """Overall, and in the slices where there is a verdict."""
    from data_pipeline.evaluation.paired import Verdict

    yield f"{comparison.system} beside {comparison.baseline}", comparison.overall
    for field, by_value in comparison.slices.items():
        for value, difference in by_value.items():
            if difference.verdict is not Verdict.UNDECIDED:
                yield f"  {field}={value}", difference


def _interval(bounds: tuple[float, float] | None) -> str:
    return " to ".join(map(percent, bounds)) if bounds else percent(None)
