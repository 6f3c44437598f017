"""Do the errors change what a search finds first? Most do not, and those that do are the ones that users see.

Knows no search: it is given as a function from a text to the first result.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from asr.metrics import group_totals, ratio_interval
from data_pipeline.evaluation.scores import Utterance, speaker

Top = Callable[[str], str | None]
"""The first result for a text, by its id; None where nothing is found."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What was found with the words that were said, and with those that were heard."""

    utterance: Utterance
    wanted: str | None
    found: str | None

    @property
    def is_changed(self) -> bool:
        """Is another result the first, or one where there was none, or none where there was one?"""
        return self.wanted != self.found

    @property
    def is_right(self) -> bool:
        """Is there no word error?"""
        return not self.utterance.errors.words.errors


@dataclass(frozen=True, slots=True)
class SearchDamage:
    """Of the utterances with speech."""

    searched: tuple[Searched, ...]
    changed_ci95: tuple[float, float] | None
    """Of `changed_ratio`, by bootstrap over speakers."""

    @property
    def findable(self) -> int:
        """Utterances that find something when they are heard rightly."""
        return sum(one.wanted is not None for one in self.searched)

    @property
    def changed(self) -> int:
        """Of the findable ones: another result, or none, comes first."""
        return sum(one.is_changed for one in self.searched if one.wanted is not None)

    @property
    def changed_ratio(self) -> float | None:
        """Changed ones of the findable ones."""
        return self.changed / self.findable if self.findable else None

    @property
    def lost(self) -> int:
        """Of the findable ones: nothing is found."""
        return sum(one.found is None for one in self.searched if one.wanted is not None)

    @property
    def with_errors(self) -> int:
        """Findable ones with a word error."""
        return sum(not one.is_right for one in self.searched if one.wanted is not None)

    @property
    def kept(self) -> int:
        """Of those with a word error: the first result is still the right one."""
        return sum(not one.is_right and not one.is_changed for one in self.searched if one.wanted is not None)

    @property
    def invented(self) -> int:
        """Utterances that should find nothing and do."""
        return sum(one.wanted is None and one.found is not None for one in self.searched)


def search_damage(utterances: Sequence[Utterance], top: Top) -> SearchDamage:
    """Search for what was said and for what was heard, as they were written before scoring."""
    searched = tuple(
        Searched(one, top(one.row.text or ""), top(one.answer.text)) for one in utterances if one.is_speech
    )
    findable = [one for one in searched if one.wanted is not None]
    totals = group_totals([(one.is_changed, 1) for one in findable], [speaker(one.utterance.row) for one in findable])
    interval = ratio_interval(totals)
    return SearchDamage(searched, (interval.low, interval.high) if interval else None)
