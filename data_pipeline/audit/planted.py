"""Faults planted into good recordings, so that it is known what an audit should find.

Rows go in with their texts in the search convention and with labelers dealt out at random; each gets at most one fault.
Some labelers have a habit of writing unlike the others, and one who labels what others labelled too is careless. A
recording that is labelled again is one more row of it, as in any manifest; rows are told apart by their lines. All is
drawn from one seed; no recording is opened here, `data_pipeline.audit.sound_edit` changes the sound.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np

from data_pipeline.audit.entries import in_search_convention, letters_of
from data_pipeline.audit.sound_edit import AS_CLIPPED, SoundEdit
from data_pipeline.audit.speaking_rate import spoken_letters
from data_pipeline.manifest import Row

LABELERS: Final = ("ana", "ben", "cleo", "dora", "emil", "fay")
CARELESS: Final = "gus"
"""Labels again what others labelled, half of it with wrong words."""
CONSCIENTIOUS: Final = "hal"
"""Does so, too, without a mistake."""
AGAIN_SHARE: Final = 0.1
"""Of the rows that each of them labels again."""
HABIT_SHARE: Final = 0.8
"""Nobody keeps to a habit always."""
_DIGITS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class Fault(StrEnum):
    """What can be wrong with a row."""

    WRONG_WORDS = "wrong words"
    SWAPPED = "label of another recording"
    OTHER_LENGTH = "label of a much longer or shorter recording"
    EMPTIED = "label emptied"
    SILENCED = "speech removed"
    CUT_ONSET = "beginning cut"
    CUT_END = "end cut"
    LONG_SILENCE = "silence added"
    SHORT_SILENCE = "silence removed"
    LEVEL = "level shifted"
    OTHER_TEXT = "again with another text"
    REPEATED = "again with the same text"
    CARELESS = "again with wrong words, by another labeler"
    OTHER_WRITING = "again in another writing, by another labeler"
    NO_FIELD = "field removed"


EACH: Final = tuple(fault for fault in Fault if fault not in (Fault.CARELESS, Fault.OTHER_WRITING))
"""Faults that rows get one by one; the others come with second labels and habits."""
MAX_SHARE: Final = 0.05


@dataclass(frozen=True, slots=True)
class PlantedRow:
    """A row of the corpus, how its sound is to be changed, and what is wrong with it."""

    row: Row
    edit: SoundEdit = AS_CLIPPED
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class PlantedCorpus:
    """Rows with known faults."""

    rows: tuple[PlantedRow, ...]
    habits: Mapping[str, str]
    """The rule that a labeler's writing departs from, by labeler."""


def plant(rows: Sequence[Row], *, share: float = 0.05, seed: int = 0) -> PlantedCorpus:
    """A corpus with each fault in about that share of its rows, and a fifth of the rows labelled by two.

    Raises ValueError for a share that leaves hardly a row without a fault.
    """
    if not 0 < share <= MAX_SHARE:
        raise ValueError(f"a share of {share} is not in (0, {MAX_SHARE}]")
    generator = np.random.default_rng(seed)
    named = [_named(row, generator) for row in rows]
    order = [int(index) for index in generator.permutation(len(named))]
    count = max(1, round(share * len(named)))
    planted = {index: PlantedRow(row) for index, row in enumerate(named)}
    added: list[PlantedRow] = []
    for fault in EACH:
        chosen, order = order[:count], order[count:]
        for index in chosen:
            added += _faulty(fault, planted, index, generator)
    again = _second_labels([planted[index].row for index in order], round(AGAIN_SHARE * len(named)), generator)
    habits = _habits(generator)
    written = [_in_habit(one, habits, generator) for one in (*planted.values(), *added, *again)]
    numbered = [replace(one, row=replace(one.row, line=line)) for line, one in enumerate(written, 1)]
    return PlantedCorpus(tuple(_with_other_writing(numbered)), {labeler: rule for labeler, (rule, _) in habits.items()})


def _named(row: Row, generator: np.random.Generator) -> Row:
    labeler = str(generator.choice(LABELERS))
    text = in_search_convention(row.text or "")
    return replace(row.with_fields(id=None, labeler=labeler, locale="en"), text=text)


def _faulty(
    fault: Fault, planted: dict[int, PlantedRow], index: int, generator: np.random.Generator
) -> Iterator[PlantedRow]:
    """Plant one fault, if the row can have it; yields the rows that it adds."""
    row = planted[index].row
    texts = [one.row.text or "" for one in planted.values()]
    if fault in EDITS:
        planted[index] = PlantedRow(row, EDITS[fault](generator), fault)
    elif fault in _LABELS:
        if (text := _LABELS[fault](row.text or "", texts, generator)) is not None:
            planted[index] = PlantedRow(replace(row, text=text), fault=fault)
    elif fault is Fault.NO_FIELD:
        planted[index] = PlantedRow(row.with_fields(locale=None), fault=fault)
    elif fault is Fault.REPEATED:
        yield _labelled_again(row, row.field("labeler") or "", fault)
    elif fault is Fault.OTHER_TEXT:
        text = _swapped(row.text or "", texts, generator) or "unlike"
        yield _labelled_again(replace(row, text=text), row.field("labeler") or "", fault)


def _second_labels(rows: Sequence[Row], count: int, generator: np.random.Generator) -> list[PlantedRow]:
    """Rows that two more labelers label again."""
    texts = [row.text or "" for row in rows]
    added = [_labelled_again(row, CONSCIENTIOUS, None) for row in rows[:count]]
    for number, row in enumerate(rows[count : 2 * count]):
        text = _wrong_words(row.text or "", texts, generator) if number % 2 else None
        added.append(_labelled_again(replace(row, text=text or row.text), CARELESS, Fault.CARELESS if text else None))
    return added


def _labelled_again(row: Row, labeler: str, fault: Fault | None) -> PlantedRow:
    return PlantedRow(row.with_fields(labeler=labeler), fault=fault)


def _wrong_words(text: str, texts: Sequence[str], generator: np.random.Generator) -> str | None:
    """A third of the words, and at least one, replaced by words of other labels."""
    words = text.split()
    others = sorted({word for other in texts for word in other.split()})
    if len(others) < 2:
        return None
    for at in generator.choice(len(words), -(-len(words) // 3), replace=False):
        words[at] = str(generator.choice([word for word in others if word != words[at]]))
    return " ".join(words)


def _swapped(text: str, texts: Sequence[str], generator: np.random.Generator) -> str | None:
    """A label of about the same length that has other words."""
    length = spoken_letters(text)
    alike = [other for other in texts if length / 2 <= spoken_letters(other) <= 2 * length]
    return _drawn([other for other in alike if letters_of(other) != letters_of(text)], generator)


def _of_other_length(text: str, texts: Sequence[str], generator: np.random.Generator) -> str | None:
    """A label four times as long, or a quarter as long."""
    length = spoken_letters(text)
    far = [other for other in texts if other and not length / 4 < spoken_letters(other) < 4 * length]
    return _drawn(far, generator)


def _drawn(texts: Sequence[str], generator: np.random.Generator) -> str | None:
    return str(generator.choice(texts)) if texts else None


_LABELS: Final[Mapping[Fault, Callable[[str, Sequence[str], np.random.Generator], str | None]]] = {
    Fault.WRONG_WORDS: _wrong_words,
    Fault.SWAPPED: _swapped,
    Fault.OTHER_LENGTH: _of_other_length,
    Fault.EMPTIED: lambda text, texts, generator: "",
}

EDITS: Final[Mapping[Fault, Callable[[np.random.Generator], SoundEdit]]] = {
    Fault.SILENCED: lambda generator: SoundEdit(silenced=True),
    Fault.CUT_ONSET: lambda generator: SoundEdit(lead_s=-generator.uniform(0.08, 0.25)),
    Fault.CUT_END: lambda generator: SoundEdit(trail_s=-generator.uniform(0.08, 0.25)),
    Fault.LONG_SILENCE: lambda generator: _on_one_side(generator, generator.uniform(0.6, 2.0)),
    Fault.SHORT_SILENCE: lambda generator: _on_one_side(generator, generator.uniform(0.05, 0.12)),
    Fault.LEVEL: lambda generator: SoundEdit(gain_db=float(generator.choice([-1, 1])) * generator.uniform(8, 20)),
}


def _on_one_side(generator: np.random.Generator, silence_s: float) -> SoundEdit:
    return SoundEdit(lead_s=silence_s) if generator.random() < 0.5 else SoundEdit(trail_s=silence_s)


def _habits(generator: np.random.Generator) -> dict[str, tuple[str, Callable[[str], str]]]:
    """One habit each for as many labelers as there are habits."""
    habits: list[tuple[str, Callable[[str], str]]] = [
        ("case", str.upper),
        ("numbers", _spelled_out),
        ("fillers", lambda text: f"um, {text}"),
        ("punctuation", lambda text: f"{text}."),
    ]
    labelers = generator.permutation(LABELERS)[: len(habits)]
    return {str(labeler): habit for labeler, habit in zip(labelers, habits, strict=True)}


def _spelled_out(text: str) -> str:
    """Digits as words, one by one."""
    spelled = (f" {_DIGITS[int(letter)]} " if letter in "0123456789" else letter for letter in text)
    return " ".join("".join(spelled).split())


def _in_habit(
    one: PlantedRow, habits: Mapping[str, tuple[str, Callable[[str], str]]], generator: np.random.Generator
) -> PlantedRow:
    habit = habits.get(one.row.field("labeler") or "")
    if habit is None or not one.row.text or generator.random() > HABIT_SHARE:
        return one
    return replace(one, row=replace(one.row, text=habit[1](one.row.text)))


def _with_other_writing(rows: Sequence[PlantedRow]) -> Iterator[PlantedRow]:
    """Rows labelled again in the same words, but not in the same writing, have that as their fault."""
    first: dict[tuple[str, float | None], str | None] = {}
    for one in rows:
        text = first.setdefault((one.row.audio_filepath, one.row.offset_s), one.row.text)
        alike = one.fault in (None, Fault.REPEATED) and letters_of(text or "") == letters_of(one.row.text or "")
        yield replace(one, fault=Fault.OTHER_WRITING) if alike and text != one.row.text else one
