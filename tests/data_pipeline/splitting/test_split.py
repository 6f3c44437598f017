"""Nothing stands on two sides, nothing moves when rows are added, and dates hold."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.errors import InvalidSplit
from data_pipeline.manifest import InvalidLine, Row
from data_pipeline.splitting.columns import group, read_columns
from data_pipeline.splitting.split import Splitting
from tests.data_pipeline.made_rows import made, source

BY = ("speaker", "session")
NAMES = st.none() | st.sampled_from("abcdefgh")
TABLES = st.lists(st.tuples(NAMES, NAMES), max_size=30)


def rows_of(table: list[tuple[str | None, str | None]]) -> list[Row]:
    return [made(line, speaker=speaker, session=session) for line, (speaker, session) in enumerate(table, 1)]


def split(rows: list[Row], step: Splitting) -> list[str | None]:
    placed = list(step.change(source(rows)))
    assert all(isinstance(row, Row) for row in placed)
    return [row.field("split") for row in placed if isinstance(row, Row)]


HALF = Splitting(train=0.4, dev=0.3, test=0.3, by=BY)
"""Many groups on each side."""


@given(TABLES)
def test_no_speaker_and_no_session_stands_on_two_sides(table: list[tuple[str | None, str | None]]) -> None:
    places = split(rows_of(table), HALF)
    assert None not in places
    for at in (0, 1):
        for name in {one[at] for one in table} - {None}:
            assert len({place for one, place in zip(table, places, strict=True) if one[at] == name}) == 1


@given(TABLES, st.randoms())
def test_the_order_of_rows_does_not_matter(table: list[tuple[str | None, str | None]], random: Random) -> None:
    rows = rows_of(table)
    places = {row.key: place for row, place in zip(rows, split(rows, HALF), strict=True)}
    random.shuffle(rows)
    assert {row.key: place for row, place in zip(rows, split(rows, HALF), strict=True)} == places


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 2))), st.integers(0, 30))
def test_rows_that_come_later_move_none(table: list[tuple[str, int]], first: int) -> None:
    """Sessions are a speaker's own here: no two groups become one."""
    rows = rows_of([(speaker, f"{speaker}{session}") for speaker, session in table])
    assert split(rows, HALF)[:first] == split(rows[:first], HALF)


def speakers_by_row(rows: list[Row]) -> list[set[str]]:
    """All speakers of the group that each row is in."""
    numbers = group(len(rows), read_columns(rows, BY).values()).tolist()
    together: dict[int, set[str]] = {}
    for number, row in zip(numbers, rows, strict=True):
        together.setdefault(number, set()).update({row.field("speaker") or ""} - {""})
    return [together[number] for number in numbers]


@given(TABLES, TABLES)
def test_a_group_moves_only_where_a_speaker_joins_it(
    before: list[tuple[str | None, str | None]], later: list[tuple[str | None, str | None]]
) -> None:
    rows = rows_of(before + later)
    old = zip(speakers_by_row(rows[: len(before)]), split(rows[: len(before)], HALF), strict=True)
    new = zip(speakers_by_row(rows), split(rows, HALF), strict=True)
    for (speakers, place), (speakers_now, place_now) in zip(old, new, strict=False):
        assert place == place_now or speakers_now != speakers or not speakers


@given(TABLES, TABLES)
def test_what_was_placed_is_kept_where_asked(
    before: list[tuple[str | None, str | None]], later: list[tuple[str | None, str | None]]
) -> None:
    """A group that comes to be of two goes to the last of their sides; else nothing moves."""
    rows = rows_of(before + later)
    placed = [row for row in HALF.change(source(rows[: len(before)])) if isinstance(row, Row)]
    again = split([*placed, *rows[len(before) :]], replace(HALF, keep=True, salt="another"))
    order = ["train", "dev", "test"]
    for row, place in zip(placed, again, strict=False):
        assert order.index(str(place)) >= order.index(str(row.field("split")))
    if not later:
        assert again == [row.field("split") for row in placed]


def test_shares_are_reached_over_many_groups() -> None:
    rows = [made(line, speaker=str(line // 2)) for line in range(20_000)]
    places = Counter(split(rows, Splitting(by=BY)))
    assert {name: round(count / len(rows), 2) for name, count in places.items()} == {
        "train": 0.8,
        "dev": 0.1,
        "test": 0.1,
    }


def test_shares_of_groups_do_not_hang_on_their_size() -> None:
    """A group of many sessions without speakers has many hashes, of which the smallest names it."""
    rows = [made(line, session=f"{line // 20}") for line in range(20_000)]
    places = Counter(split(rows, Splitting(by=("session",))))
    assert 0.07 < places["test"] / len(rows) < 0.13


def test_another_share_of_dev_moves_nothing_into_or_out_of_test() -> None:
    rows = [made(line, speaker=str(line)) for line in range(500)]
    one = split(rows, Splitting(train=0.8, dev=0.1, test=0.1, by=BY))
    other = split(rows, Splitting(train=0.5, dev=0.4, test=0.1, by=BY))
    assert [place == "test" for place in one] == [place == "test" for place in other]


def test_another_salt_is_another_draw() -> None:
    rows = [made(line, speaker=str(line)) for line in range(100)]
    assert split(rows, HALF) != split(rows, replace(HALF, salt="again"))


def test_any_field_keeps_rows_together() -> None:
    rows = [made(line, text=str(line % 7), speaker=str(line)) for line in range(100)]
    places = split(rows, Splitting(by=("text",)))
    assert len({(row.text, place) for row, place in zip(rows, places, strict=True)}) == 7


def days(*dates: str, speaker: str | None = None) -> list[Row]:
    return [made(line, recorded_at=one, speaker=speaker) for line, one in enumerate(dates, 1)]


TIMELY = Splitting(train=0.8, dev=0.2, test=0.0, by=BY, dev_from="2026-08-01", test_from="2026-09-01")


def test_dates_decide() -> None:
    rows = days("2026-07-31T23:59:59", "2026-08-01", "2026-08-31T23:59:59Z", "2026-09-01T01:00:00+02:00", "2026-09-01")
    assert split(rows, TIMELY) == ["train", "dev", "dev", "dev", "test"]


def test_a_speaker_on_both_sides_of_a_border_is_left_out_before_it() -> None:
    rows = days("2026-07-01", "2026-08-15", "2026-09-15", speaker="ann")
    assert split(rows, TIMELY) == [None, None, "test"]
    assert split(rows[:2], TIMELY) == [None, "dev"]


def test_without_what_keeps_rows_together_only_the_date_counts() -> None:
    rows = days("2026-07-01", "2026-08-15", "2026-09-15", speaker="ann")
    by_time = Splitting(by=(), dev_from="2026-08-01", test_from="2026-09-01")
    assert split(rows, by_time) == ["train", "dev", "test"]


def test_dev_is_drawn_from_what_is_before_test_where_it_has_no_date() -> None:
    start = date(2026, 1, 1)
    rows = days(*(str(start + timedelta(days=day)) for day in range(400)))
    places = split(rows, Splitting(train=0.5, dev=0.5, test=0.0, by=BY, test_from="2026-07-01"))
    assert set(places[:181]) == {"train", "dev"}
    assert set(places[181:]) == {"test"}
    assert 60 < places[:181].count("dev") < 120


@given(st.lists(st.tuples(NAMES, st.integers(0, 90)), max_size=30))
def test_by_time_no_speaker_stands_on_two_sides_and_no_row_moves_in_time(table: list[tuple[str | None, int]]) -> None:
    start = date(2026, 7, 1)
    rows = [
        made(line, speaker=name, recorded_at=str(start + timedelta(days=day)))
        for line, (name, day) in enumerate(table, 1)
    ]
    sides: dict[str, set[str]] = {}
    for (name, day), place in zip(table, split(rows, TIMELY), strict=True):
        expected = "train" if day < 31 else "dev" if day < 62 else "test"
        assert place in (expected, None)
        if name and place:
            sides.setdefault(name, set()).add(place)
    assert all(len(one) == 1 for one in sides.values())


def test_a_row_without_a_date_is_refused_by_name_where_dates_decide() -> None:
    rows = [*days("2026-07-01", "yesterday", "2026-13-01"), made(4), made(5, recorded_at=20260701)]
    placed = list(TIMELY.change(source(rows)))
    refused = [one for one in placed if isinstance(one, InvalidLine)]
    assert [one.line for one in refused] == [2, 3, 4]
    assert all("recorded_at" in one.reason for one in refused)
    assert len(placed) == 5


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Splitting(train=0.5), "add up to 1"),
        (Splitting(train=1.5, dev=-0.5, test=0.0), "add up to 1"),
        (Splitting(train=float("nan")), "add up to 1"),
        (Splitting(dev_from="2026-01-01"), "test"),
        (Splitting(test_from="soon"), "soon"),
        (Splitting(test_from="2026-01-01", dev_from="2026-01-01"), "before"),
        (Splitting(test_from="2026-01-01", keep=True), "kept"),
    ],
)
def test_settings_that_do_not_fit_are_refused(step: Splitting, message: str) -> None:
    with pytest.raises(InvalidSplit, match=message):
        list(step.change(source([made(1)])))


def test_no_row_is_no_error() -> None:
    assert split([], HALF) == []
    assert split([], TIMELY) == []
