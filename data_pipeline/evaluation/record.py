"""What an evaluation found: one record, of which summary, report, table and frames are views.

`conclude` computes it from utterances that are answered and aligned, whether they were just recognized or read from
an earlier evaluation. Knows no sound, no model and no file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from data_pipeline.evaluation.confusions import ErrorTables, error_tables
from data_pipeline.evaluation.human import HUMAN, human_utterances, labelers
from data_pipeline.evaluation.inventions import Invention, inventions
from data_pipeline.evaluation.paired import Difference, adjusted, difference
from data_pipeline.evaluation.priorities import Priority, priorities
from data_pipeline.evaluation.scores import Scores, Utterance, score, speaker
from data_pipeline.evaluation.search_damage import SearchDamage, Top, search_damage
from data_pipeline.evaluation.slicing import Partition, Slicing, partition
from data_pipeline.manifest import InvalidLine, Row


@dataclass(frozen=True, slots=True)
class Failure:
    """A row that was not evaluated, or a line that is none."""

    row: Row | InvalidLine
    reason: str


@dataclass(frozen=True, slots=True)
class Run:
    """One system's utterances, before anything is said of them."""

    name: str
    utterances: tuple[Utterance, ...]
    device: str | None = None
    """The simulated device that the recordings went through."""
    baseline: str | None = None
    """The system that it is compared with; None takes the first."""


@dataclass(frozen=True, slots=True)
class SystemResult:
    """How one system did."""

    name: str
    utterances: tuple[Utterance, ...]
    scores: Scores
    slices: Mapping[str, Mapping[str, Scores]]
    """By manifest field, then by its value."""
    errors: ErrorTables
    inventions: tuple[Invention, ...]
    search: SearchDamage | None
    """None where nothing was searched."""
    device: str | None = None
    """The simulated device that the recordings went through."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A system beside its baseline on the same utterances with speech."""

    system: str
    baseline: str
    overall: Difference
    slices: Mapping[str, Mapping[str, Difference]]
    """As those of a result; the p-values of all slices of a comparison are adjusted together."""


@dataclass(frozen=True, slots=True)
class HumanLevel:
    """The labelers, scored against each other, where recordings have several."""

    labelers: int
    result: SystemResult
    """Its utterances are only those with several labelers."""
    comparisons: tuple[Comparison, ...]
    """Every system beside the humans, on these utterances."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The whole result."""

    systems: tuple[SystemResult, ...]
    comparisons: tuple[Comparison, ...]
    """Every later system beside the first, and every simulated device beside the recordings as they are."""
    human: HumanLevel | None
    priorities: tuple[Priority, ...]
    """What to work on next; none without humans or a second system."""
    failures: tuple[Failure, ...]
    convention: str
    """Name and version of what both sides were written in."""
    made_at: datetime
    slicings: tuple[Slicing, ...]
    min_slice: int
    weights: tuple[float, ...]
    """Of the utterances in the traffic."""


def conclude(
    runs: Sequence[Run],
    *,
    failures: Sequence[Failure],
    convention: str,
    made_at: datetime,
    slicings: Sequence[Slicing] = (),
    min_slice: int = 1,
    weights: Sequence[float] | None = None,
    top: Top | None = None,
) -> Evaluation:
    """Sum up what the systems answered; all of them have the same rows, in the same order.

    At least one is without a device, and so is every baseline.
    """
    clean = {run.name: run.utterances for run in runs if run.device is None}
    first, utterances = next(iter(clean.items()))
    weighted = weights if weights is not None else [1.0] * len(utterances)
    answered = [run.utterances for run in runs]
    partitions = {one.name: partition(one, answered, min_count=min_slice) for one in slicings}
    search = None if top is None else cache(top)
    by_name = {run.name: run for run in runs}
    labeled = human_utterances(utterances)
    later = [run for run in runs if run.name != first]
    comparisons = [_comparison(run, by_name[run.baseline or first], partitions) for run in later]
    return Evaluation(
        systems=tuple(_result(run, partitions, search) for run in runs),
        comparisons=tuple(comparisons),
        human=_human_level(labeled, clean, partitions) if labeled else None,
        priorities=priorities(clean, labeled, partitions, weighted),
        failures=tuple(failures),
        convention=convention,
        made_at=made_at,
        slicings=tuple(slicings),
        min_slice=min_slice,
        weights=tuple(weighted),
    )


def _result(run: Run, partitions: Mapping[str, Partition], top: Top | None) -> SystemResult:
    return SystemResult(
        run.name,
        run.utterances,
        score(run.utterances),
        {
            field: {value: score([run.utterances[index] for index in some]) for value, some in parts.items()}
            for field, parts in partitions.items()
        },
        error_tables(run.utterances),
        inventions(run.utterances),
        search_damage(run.utterances, top) if top else None,
        run.device,
    )


def _comparison(run: Run, baseline: Run, partitions: Mapping[str, Partition]) -> Comparison:
    def between(indices: Sequence[int]) -> Difference:
        spoken = [index for index in indices if run.utterances[index].is_speech]
        edits, others = ([one.utterances[index].errors.words for index in spoken] for one in (run, baseline))
        return difference(edits, others, [speaker(run.utterances[index].row) for index in spoken])

    at = [(field, value) for field, parts in partitions.items() for value in parts]
    parted = adjusted([between(partitions[field][value]) for field, value in at])
    slices: dict[str, dict[str, Difference]] = {field: {} for field in partitions}
    for (field, value), one in zip(at, parted, strict=True):
        slices[field][value] = one
    return Comparison(run.name, baseline.name, between(range(len(run.utterances))), slices)


def _human_level(
    labeled: Mapping[int, Utterance], runs: Mapping[str, Sequence[Utterance]], partitions: Mapping[str, Partition]
) -> HumanLevel:
    """The humans as a system of their own, on the utterances that have several labelers."""
    place = {index: at for at, index in enumerate(labeled)}
    inside = {
        field: {
            value: kept for value, some in parts.items() if (kept := [place[index] for index in some if index in place])
        }
        for field, parts in partitions.items()
    }
    human = Run(HUMAN, tuple(labeled.values()))
    same = [Run(name, tuple(utterances[index] for index in labeled)) for name, utterances in runs.items()]
    return HumanLevel(
        labelers(labeled),
        _result(human, inside, None),
        tuple(_comparison(run, human, inside) for run in same),
    )
