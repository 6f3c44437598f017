"""How far labelers agree on the same recordings: word errors between them, and agreement beyond chance.

Krippendorff's alpha, 1 - D_observed / D_expected (Krippendorff, "Computing Krippendorff's alpha-reliability", 2011),
takes any distance, any number of labelers, and gaps. Over the share of differing words it is the alpha for texts of
Braylan, Alonso and Lease (WWW 2022); 1 is full agreement, 0 what labels dealt out at random would have. Pure functions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations, product
from typing import Final, TypeVar

from rapidfuzz.distance import Levenshtein

from data_pipeline.audit.entries import Entry, groups, in_search_convention
from data_pipeline.audit.findings import Finding, Severity
from data_pipeline.audit.thresholds import Thresholds

T = TypeVar("T")
Words = tuple[str, ...]

CHECK: Final = "labeler_disagreement"
MAX_EXPECTED: Final = 500
"""Values whose distances make up the expected disagreement; of more, every n-th."""
MAX_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of labelers who wrote labels for the same recordings, all in the search convention."""

    labelers: tuple[str, ...]
    recordings: int
    exact_ratio: float
    """Share of pairs of labels with the same words."""
    wer: float | None
    """Word edits between two labels over the mean of their lengths; None without a word."""
    alpha: float | None
    """Krippendorff's, over the share of differing words; None where no two labels of the corpus differ."""
    differing: tuple[Entry, ...]
    """Those whose recording has several labels with other words."""


def check_agreement(entries: Sequence[Entry], thresholds: Thresholds) -> list[Finding]:
    """The labelers who agree too little with the others.

    One careless labeler makes all look worse who share recordings with him. So of those below the bound the one who
    differs most often is told and left out, and the rest is looked at again.
    """
    found: list[Finding] = []
    left = list(entries)
    while low := [one for one in agreement_with_others(left) if _too_little(one, thresholds)]:
        worst = max(low, key=lambda one: len(one.differing))
        found.append(_finding(worst))
        left = [entry for entry in left if entry.labeler != worst.labelers[0]]
    return found


def agreement_with_others(entries: Sequence[Entry]) -> list[Agreement]:
    """Each labeler, named first, against all others on the recordings that they share."""
    shared: dict[str, list[tuple[Entry, Entry]]] = {}
    for group in groups(entries).values():
        for one, other in permutations(_one_each(group), 2):
            shared.setdefault(one.labeler, []).append((one, other))
    return [
        _agreement((labeler, *sorted({other.labeler for _, other in pairs})), pairs)
        for labeler, pairs in sorted(shared.items())
    ]


def pairwise_agreement(entries: Sequence[Entry]) -> list[Agreement]:
    """Each two labelers who share a recording."""
    shared: dict[tuple[str, str], list[tuple[Entry, Entry]]] = {}
    for group in groups(entries).values():
        for first, second in combinations(_one_each(group), 2):
            a, b = sorted((first, second), key=lambda entry: entry.labeler)
            shared.setdefault((a.labeler, b.labeler), []).append((a, b))
    return [_agreement(labelers, pairs) for labelers, pairs in sorted(shared.items())]


def overall_agreement(entries: Sequence[Entry]) -> Agreement | None:
    """All labelers together; None where no two of them share a recording."""
    units = [group for group in map(_one_each, groups(entries).values()) if len(group) > 1]
    return _agreement(tuple(sorted({entry.labeler for unit in units for entry in unit})), units) if units else None


def krippendorff_alpha(units: Sequence[Sequence[T]], distance: Callable[[T, T], float]) -> float | None:
    """Agreement beyond chance; each unit holds the values that it was given, those with fewer than two do not count.

    `distance` is symmetric, 0 for equal values; for numbers it is the squared difference. None where all values are
    equal, since chance would agree too.
    """
    paired = [unit for unit in units if len(unit) > 1]
    values = [value for unit in paired for value in unit]
    if not values:
        return None
    observed = sum(sum(distance(a, b) for a, b in permutations(unit, 2)) / (len(unit) - 1) for unit in paired)
    drawn = values[:: -(-len(values) // MAX_EXPECTED)]
    expected = sum(distance(a, b) for a, b in product(drawn, drawn)) / (len(drawn) * (len(drawn) - 1))
    return 1 - (observed / len(values)) / expected if expected else None


def word_distance(a: Words, b: Words) -> float:
    """Word edits over the longer text, in [0, 1]."""
    return Levenshtein.normalized_distance(a, b)


def _too_little(one: Agreement, thresholds: Thresholds) -> bool:
    return one.recordings >= thresholds.min_rows and one.alpha is not None and one.alpha < thresholds.alpha


def _finding(one: Agreement) -> Finding:
    labeler, *others = one.labelers
    figures = f"alpha {one.alpha or 0:.2f}, WER {one.wer or 0:.1%}"
    message = f"{labeler} agrees too little with {', '.join(others)}: {figures}"
    evidence = {
        "labeler": labeler,
        "others": others,
        "recordings": one.recordings,
        "rows_in_all": len(one.differing),
        "exact_ratio": one.exact_ratio,
        "wer": one.wer,
        "alpha": one.alpha,
    }
    return Finding(CHECK, Severity.WARNING, min(1.0, 1 - (one.alpha or 0)), message, one.differing[:MAX_ROWS], evidence)


def _agreement(labelers: tuple[str, ...], units: Sequence[Sequence[Entry]]) -> Agreement:
    words = [[tuple(in_search_convention(entry.text).split()) for entry in unit] for unit in units]
    pairs = [pair for unit in words for pair in combinations(unit, 2)]
    edits = sum(Levenshtein.distance(a, b) for a, b in pairs)
    length = sum(len(a) + len(b) for a, b in pairs) / 2
    differing = [entry for unit, texts in zip(units, words, strict=True) if len(set(texts)) > 1 for entry in unit]
    return Agreement(
        labelers,
        len(units),
        sum(a == b for a, b in pairs) / len(pairs),
        edits / length if length else None,
        krippendorff_alpha(words, word_distance),
        tuple(differing),
    )


def _one_each(group: Sequence[Entry]) -> list[Entry]:
    """The first label of each labeler who is named."""
    firsts: dict[str, Entry] = {}
    for entry in group:
        if entry.row.field("labeler") and entry.row.text is not None:
            firsts.setdefault(entry.labeler, entry)
    return list(firsts.values())
