"""Texts of a manifest are brought to one convention, the same as the server's; what they were stays in the row.

`raw_text` is the first text that a row had, and `convention` says how `text` is written. A change of convention
starts from the first text again, so that it loses nothing. Which rules had an effect is read off the rows themselves.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Final

from asr.convention import SEARCH, Convention, get
from asr.errors import UnknownConvention
from data_pipeline.corpus.slices import Slices
from data_pipeline.manifest import MAX_LINE_BYTES, InvalidLine, Row

EXAMPLES: Final = 5
"""Of each rule, in all rows; in a slice it has one."""
NAMED: Final = 1000
"""Rows that a report names; more are only counted."""
SLICE_FIELDS: Final = ("labeler", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    """The step."""

    convention: str = SEARCH.id
    """Name and version."""

    @property
    def name(self) -> str:
        """See `TableStep`."""
        return "clean"

    @property
    def version(self) -> int:
        """See `TableStep`."""
        return 1

    @property
    def parts(self) -> None:
        """See `TableStep`."""
        return None

    def change(self, rows: Callable[[], Iterator[Row]]) -> Iterator[Row | InvalidLine]:
        """The rows with their texts in the convention. Raises UnknownConvention."""
        convention = get(self.convention)
        return (_written(row, cleaned(row, convention)) for row in rows())


def _written(row: Row, changed: Row) -> Row | InvalidLine:
    """A long text stands there twice, and might then be more than a line of a manifest may hold."""
    length = len(json.dumps(changed.as_json(), ensure_ascii=False).encode())
    if length < MAX_LINE_BYTES:
        return changed
    return row.refused(f"with its first text beside the new one it would be longer than {MAX_LINE_BYTES} bytes")


def cleaned(row: Row, convention: Convention) -> Row:
    """The row in the convention; one that is in it already, or whose text is not known, is left as it is."""
    if row.text is None or row.field("convention") == convention.id:
        return row
    first = _first_text(row)
    told = row.with_fields(raw_text=row.text if first is None else first, convention=convention.id)
    return replace(told, text=convention.apply(_source(row, row.text, first)))


def _first_text(row: Row) -> str | None:
    value = (row.fields or {}).get("raw_text")
    return value if isinstance(value, str) else None


def _source(row: Row, text: str, first: str | None) -> str:
    """What to write from: the first text, or the present one where it is not what a convention made of the first."""
    try:
        corrected = first is None or get(row.field("convention") or "").apply(first) != text
    except UnknownConvention:
        corrected = True
    return text if first is None or corrected else first


@dataclass(frozen=True, slots=True)
class Example:
    """What the whole convention made of one text."""

    row: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often a rule had an effect."""

    rule: str
    rows: int
    examples: tuple[Example, ...]
    """Those in which the fewest other rules had one too."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What was done to a set of rows."""

    rows: int
    changed: int
    rules: tuple[RuleCount, ...]
    """The most frequent first."""


@dataclass(frozen=True, slots=True)
class CleanReport:
    """What a convention made of a manifest."""

    convention: str
    counts: Counts
    slices: dict[str, dict[str, Counts]]
    """By field, then by its value."""
    unknown: int
    """Rows whose text is not known."""
    corrected: int
    """Rows whose text is not what the convention makes of the first: it was changed since. They count no further."""
    emptied: int
    """Rows in which nothing is left of a text: it was fillers or marks only."""
    emptied_rows: tuple[str, ...]
    """The first of them."""

    def as_json(self) -> dict[str, object]:
        """For a file."""
        return asdict(self)


def clean_report(rows: Iterable[Row], convention: Convention) -> CleanReport:
    """The report on rows that were cleaned; memory does not grow with them."""
    total, by_field = _Tally(EXAMPLES), {field: _SlicedTally(field) for field in SLICE_FIELDS}
    unknown = corrected = emptied = 0
    named: list[str] = []
    for row in rows:
        if row.text is None:
            unknown += 1
            continue
        first = _first_text(row)
        before = row.text if first is None else first
        written = convention.apply_traced(before)
        if written.text != row.text:
            corrected += 1
            continue
        if before.strip() and not written.text:
            emptied += 1
            named += [row.key] * (emptied <= NAMED)
        example = Example(row.key, before, written.text)
        for tally in (total, *(one.of(row) for one in by_field.values())):
            tally.add(example, written.fired)
    slices = {field: tally.counts() for field, tally in by_field.items()}
    return CleanReport(convention.id, total.counts(), slices, unknown, corrected, emptied, tuple(named))


class _Tally:
    """Counts of one set of rows, and the clearest examples of each rule."""

    def __init__(self, examples: int) -> None:
        self.rows = self.changed = 0
        self.most = examples
        self.by_rule: dict[str, int] = {}
        self.examples: dict[str, list[tuple[int, Example]]] = {}

    def add(self, example: Example, fired: tuple[str, ...]) -> None:
        self.rows += 1
        self.changed += example.before != example.after
        for rule in fired:
            self.by_rule[rule] = self.by_rule.get(rule, 0) + 1
            self._keep(self.examples.setdefault(rule, []), len(fired), example)

    def _keep(self, kept: list[tuple[int, Example]], fired: int, example: Example) -> None:
        if len(kept) == self.most and fired >= kept[-1][0]:
            return
        if all(example.before != known.before for _, known in kept):
            kept.append((fired, example))
            kept.sort(key=lambda one: one[0])
            del kept[self.most :]

    def counts(self) -> Counts:
        often = sorted(self.by_rule.items(), key=lambda one: -one[1])
        rules = (RuleCount(rule, rows, tuple(one for _, one in self.examples[rule])) for rule, rows in often)
        return Counts(self.rows, self.changed, tuple(rules))


class _SlicedTally:
    """A tally for each value of a field."""

    def __init__(self, field: str) -> None:
        self.slices = Slices(field)
        self.tallies: dict[str, _Tally] = {}

    def of(self, row: Row) -> _Tally:
        return self.tallies.setdefault(self.slices.of(row), _Tally(1))

    def counts(self) -> dict[str, Counts]:
        return {value: tally.counts() for value, tally in sorted(self.tallies.items())}
