import numpy as np
import pytest

from monitoring.columns import Columns
from monitoring.recent import Recent
from monitoring.scores import Direction

PHONE, TABLET = 1, 2


def batch(*rows: tuple[str, float, float, int]) -> tuple[Columns, np.ndarray]:
    """Rows of a request's id, a time, a value and a device."""
    ids, at, values, codes = zip(*rows, strict=True)
    columns = Columns(
        at=np.array(at, float),
        values=np.array(values, float)[:, None],
        request_ids=ids,
        slices=tuple({} for _ in rows),
    )
    return columns, np.array([[0, code] for code in codes], np.int32)


def recent_of(*rows: tuple[str, float, float, int], size: int = 100) -> Recent:
    recent = Recent(1, 2, size=size)
    recent.add(*batch(*rows))
    return recent


ROWS = (
    ("a", 10.0, 5.0, PHONE),
    ("b", 11.0, 9.0, TABLET),
    ("c", 12.0, 1.0, PHONE),
    ("d", 13.0, np.nan, PHONE),
    ("e", 14.0, 7.0, PHONE),
)


@pytest.mark.parametrize(
    ("direction", "examples"),
    [
        (Direction.UP, ("e", "a", "c")),
        (Direction.HIGH, ("e", "a", "c")),
        (Direction.DOWN, ("c", "a", "e")),
        (Direction.LOW, ("c", "a", "e")),
    ],
)
def test_examples_are_those_of_the_slice_that_show_best_how_it_moved(
    direction: Direction, examples: tuple[str, ...]
) -> None:
    assert recent_of(*ROWS).examples(PHONE, 0, direction, since=0.0) == examples


def test_examples_are_not_older_than_the_change() -> None:
    recent = recent_of(*ROWS)
    assert recent.examples(PHONE, 0, Direction.UP, since=12.0) == ("e", "c")
    assert recent.examples(0, 0, Direction.UP, since=11.0) == ("b", "e", "c")
    assert recent.examples(PHONE, 0, Direction.UP, since=99.0) == ()
    assert recent.examples(77, 0, Direction.UP, since=0.0) == ()


def test_there_are_so_many_as_are_asked_for() -> None:
    assert recent_of(*ROWS).examples(0, 0, Direction.UP, since=0.0, count=2) == ("b", "e")


def test_a_request_with_several_events_is_named_once() -> None:
    rows = [(f"r{i // 3}", float(i), float(-(i // 3)), PHONE) for i in range(30)]
    assert recent_of(*rows).examples(PHONE, 0, Direction.UP, since=0.0, count=4) == ("r0", "r1", "r2", "r3")


@pytest.mark.parametrize("each", [1, 3, 7, 10, 25, 64])
def test_the_oldest_make_room_whatever_the_sizes_of_batches(each: int) -> None:
    recent = Recent(1, 2, size=10)
    rows = [(str(i), float(i), float(i), PHONE) for i in range(64)]
    for start in range(0, 64, each):
        recent.add(*batch(*rows[start : start + each]))
    kept = recent.examples(PHONE, 0, Direction.DOWN, since=-1.0, count=50)
    assert kept == tuple(str(i) for i in range(54, 64))


def test_a_forgotten_slice_has_no_examples_and_the_others_keep_theirs() -> None:
    recent = recent_of(*ROWS)
    recent.forget(PHONE)
    assert recent.examples(PHONE, 0, Direction.UP, since=0.0) == ()
    assert recent.examples(TABLET, 0, Direction.UP, since=0.0) == ("b",)
    assert len(recent.examples(0, 0, Direction.UP, since=0.0)) == 4


def test_a_yes_or_no_shows_those_that_did() -> None:
    rows = [(str(i), float(i), float(i % 10 == 0), PHONE) for i in range(100)]
    assert recent_of(*rows).examples(PHONE, 0, Direction.UP, since=0.0) == ("0", "10", "20", "30", "40")
