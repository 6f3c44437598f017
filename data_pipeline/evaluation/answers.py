"""Lets a system answer recordings: in batches, each recording once, and nothing that was answered before.

A recording that cannot be used gets the reason instead of an answer. Knows no reference and no scores.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from asr.errors import AudioError
from data_pipeline.errors import reason_of
from data_pipeline.evaluation.answer_journal import AnswerJournal, identity
from data_pipeline.evaluation.systems import Answer, System
from data_pipeline.manifest import Row
from data_pipeline.recordings import Recording, read_recording

Outcome = Answer | str
"""An answer, or why there is none."""


def collect(
    system: System,
    rows: Mapping[int, Row],
    journal: AnswerJournal,
    *,
    batch_size: int,
    on_done: Callable[[int], None],
) -> dict[int, Outcome]:
    """The system's answers by the keys of `rows`; rows of one recording, with other labels, share its answer.

    The first recording is answered once before, so that no latency holds what is done only once. `on_done` hears
    how many rows are finished.
    """
    asked = identity(system)
    same = _by_recording(rows)
    found: dict[int, Outcome] = {}
    for first in same:
        if (answer := journal.find(asked, rows[first])) is not None:
            found[first] = answer
    on_done(sum(len(same[first]) for first in found))
    left = {first: rows[first] for first in same if first not in found}
    _warm_up(system, left.values())
    for batch in _batches(left, batch_size):
        new = _answers(system, batch)
        journal.add(asked, [(rows[index], answer) for index, answer in new.items() if isinstance(answer, Answer)])
        found |= new
        on_done(sum(len(same[first]) for first in new))
    return {index: found[first] for first, indices in same.items() for index in indices}


def _by_recording(rows: Mapping[int, Row]) -> dict[int, list[int]]:
    """Rows of the same sound, by the first of them."""
    first: dict[object, int] = {}
    same: dict[int, list[int]] = {}
    for index, row in rows.items():
        sound = (row.path, row.offset_s, row.duration_s)
        same.setdefault(first.setdefault(sound, index), []).append(index)
    return same


def _batches(rows: Mapping[int, Row], size: int) -> Iterator[dict[int, Row]]:
    left = iter(rows.items())
    while batch := dict(islice(left, size)):
        yield batch


def _warm_up(system: System, rows: Iterable[Row]) -> None:
    for row in rows:
        if isinstance(_answers(system, {0: row})[0], Answer):
            return


def _answers(system: System, rows: Mapping[int, Row]) -> dict[int, Outcome]:
    """Outcomes by the keys of `rows`, in their order."""
    found: dict[int, Outcome] = {}
    readable: dict[int, Recording] = {}
    for index, row in rows.items():
        try:
            readable[index] = read_recording(row)
        except (OSError, AudioError) as error:
            found[index] = reason_of(error)
        except UnicodeEncodeError:
            found[index] = "no file can have that name"
    try:
        answers: Sequence[Answer] = system.answer(list(readable.values())) if readable else []
        return found | dict(zip(readable, answers, strict=True))
    except AudioError as error:
        if len(rows) == 1:
            return dict.fromkeys(rows, reason_of(error))
    for index, row in rows.items():
        found |= _answers(system, {index: row})
    return found
