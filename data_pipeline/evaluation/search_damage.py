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


@dataclass(frozen=True, slots=True)
class SearchDamage:
    """What errors did to the search; an utterance without a word error finds what it should."""

    utterances: int
    """With speech."""
    searched: tuple[Searched, ...]
    """Those with a word error."""
    changed_ci95: tuple[float, float] | None
    """Of `changed_ratio`, by bootstrap over speakers."""

    @property
    def changed(self) -> int:
        """Another result comes first."""
        return sum(one.is_changed for one in self.searched)

    @property
    def changed_ratio(self) -> float | None:
        """Changed ones of all utterances."""
        return self.changed / self.utterances if self.utterances else None

    @property
    def lost(self) -> int:
        """Of the changed ones: nothing is found any more."""
        return sum(one.is_changed and one.found is None for one in self.searched)

    @property
    def kept(self) -> int:
        """Utterances with a word error whose first result is still the right one."""
        return sum(not one.is_changed and one.wanted is not None for one in self.searched)

    @property
    def unfindable(self) -> int:
        """Utterances with a word error that find nothing, as said and as heard."""
        return sum(one.wanted is None and one.found is None for one in self.searched)


def search_damage(utterances: Sequence[Utterance], top: Top) -> SearchDamage:
    """Search for what was said and for what was heard, as they were written before scoring."""
    speech = [one for one in utterances if one.is_speech]
    wrong = [one for one in speech if one.errors.words.errors]
    searched = tuple(Searched(one, top(one.row.text or ""), top(one.answer.text)) for one in wrong)
    changed = {id(one.utterance) for one in searched if one.is_changed}
    totals = group_totals([(id(one) in changed, 1) for one in speech], [speaker(one.row) for one in speech])
    interval = ratio_interval(totals)
    return SearchDamage(len(speech), searched, (interval.low, interval.high) if interval else None)
