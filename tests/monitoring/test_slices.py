import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from monitoring.findings import FLEET
from monitoring.slices import NONE, SliceTable

PAIR = (("device",), ("os", "device"))
values = st.sampled_from(["a", "b", "c=d, e", "é", "\ud800", " "])
fields = st.dictionaries(st.sampled_from(["device", "os", "other"]), values)


def test_a_slice_is_made_on_first_sight_and_keeps_its_number() -> None:
    table = SliceTable([(), ("device",)])
    first, _ = table.codes([{"device": "p"}, {"device": "q"}])
    second, _ = table.codes([{"device": "q"}, {"device": "r"}, {"device": "p"}])
    assert first.tolist() == [[0, 1], [0, 2]]
    assert second.tolist() == [[0, 2], [0, 3], [0, 1]]
    assert [table[code] for code in range(4)] == [FLEET, *((("device", name),) for name in "pqr")]
    assert table.seen().tolist() == [5, 2, 2, 1]
    assert table.of(("device",)) == [1, 2, 3]


def test_an_event_without_a_field_is_in_no_slice_of_it() -> None:
    table = SliceTable([(), *PAIR])
    codes, _ = table.codes([{}, {"os": "i"}, {"device": "p"}, {"os": "i", "device": "p"}])
    assert (codes == NONE).tolist() == [
        [False, True, True],
        [False, True, True],
        [False, False, True],
        [False, False, False],
    ]


def test_fields_of_a_slice_are_in_the_order_of_their_names_and_found_in_any() -> None:
    table = SliceTable([(), *PAIR])
    codes, _ = table.codes([{"os": "i", "device": "p"}])
    both = (("device", "p"), ("os", "i"))
    assert table[int(codes[0, 2])] == both
    assert table.code_of(both) == table.code_of(both[::-1]) == codes[0, 2]
    assert table.combination_of(int(codes[0, 2])) == ("os", "device")
    assert table.code_of(FLEET) == 0
    assert table.code_of((("device", "z"),)) == table.code_of((("city", "x"),)) == NONE


@settings(max_examples=60)
@given(batches=st.lists(st.lists(fields, max_size=8), max_size=8), limit=st.integers(4, 8))
def test_a_number_means_one_slice_within_a_batch_and_until_it_is_said_to_be_reused(
    batches: list[list[dict[str, str]]], limit: int
) -> None:
    table, meaning = SliceTable([(), *PAIR], limit=limit), {0: FLEET}
    for batch in batches:
        codes, reused = table.codes(batch)
        for code in reused:
            del meaning[code]
        for row, event in zip(codes.tolist(), batch, strict=True):
            for code, combination in zip(row, table.combinations, strict=True):
                if code != NONE:
                    which = tuple((field, event[field]) for field in sorted(combination))
                    assert meaning.setdefault(code, which) == which == table[code]
                    assert table.code_of(which) == code
        assert len(table) <= limit


def test_what_has_no_place_is_counted() -> None:
    table = SliceTable([(), ("device",)], limit=3)
    codes, _ = table.codes([{"device": name} for name in "ppqqrs"])
    assert codes[:, 1].tolist() == [1, 1, 2, 2, NONE, NONE]
    assert table.outside == 2


def test_a_busy_newcomer_takes_the_place_of_the_least_seen() -> None:
    table = SliceTable([(), ("device",)], limit=3)
    table.codes([{"device": "p"}] * 50 + [{"device": "q"}] * 3)
    reused: list[int] = []
    for batch in range(20):
        _, now = table.codes([{"device": "new"}])
        reused += now
        assert bool(now) == (batch == 7)  # after more than twice as many as the least seen had
    assert reused == [2]
    assert table.code_of((("device", "new"),)) == 2
    assert table.code_of((("device", "q"),)) == NONE
    assert table[1] == (("device", "p"),)


def test_a_million_made_up_names_push_out_nobody_with_traffic_and_take_little_memory() -> None:
    rng, table = default_rng(1), SliceTable([(), ("device",)], limit=200)
    genuine = [f"phone {i}" for i in range(50)]
    made_up = iter(range(1_000_000))
    table.codes([{"device": name} for name in genuine * 40])
    places = {name: table.code_of((("device", name),)) for name in genuine}
    for batch in range(100):
        names = [f"made up {next(made_up)}" for _ in range(10_000)]
        names += [*rng.choice(genuine, 500).tolist(), *["late comer"] * (100 if batch >= 50 else 0)]
        table.codes([{"device": name} for name in names])
    assert {name: table.code_of((("device", name),)) for name in genuine} == places
    assert table.code_of((("device", "late comer"),)) != NONE
    assert table.outside > 990_000
    assert len(table) == 200
    assert len(table._waiting.serialize()) < 500_000
    assert not len(table._promising) > 10_000


def test_everything_is_never_pushed_out() -> None:
    table = SliceTable([(), ("device",), ("os",)], limit=4)
    for i in range(100):
        table.codes([{"device": str(i % 5), "os": str(i % 7)}] * (i % 11))
    assert table[0] == FLEET
    assert table.seen()[0] == sum(i % 11 for i in range(100))


def test_no_events_are_no_slices() -> None:
    codes, reused = SliceTable([(), ("device",)]).codes([])
    assert codes.shape == (0, 2)
    assert reused == []


def test_a_limit_that_holds_not_even_one_slice_of_each_combination_is_refused() -> None:
    with pytest.raises(ValueError, match="3 slices are too few for 3 combinations"):
        SliceTable([(), *PAIR], limit=3)


def test_seen_counts_every_event_of_a_slice() -> None:
    table, rng = SliceTable([(), ("device",)]), default_rng(2)
    names = rng.choice(list("abcdef"), 5_000).tolist()
    for start in range(0, 5_000, 700):
        table.codes([{"device": name} for name in names[start : start + 700]])
    counts = {table[code]: count for code, count in enumerate(table.seen().tolist())}
    assert counts.pop(FLEET) == 5_000
    assert counts == {(("device", name),): names.count(name) for name in "abcdef"}


def test_a_slice_knows_what_it_is_part_of() -> None:
    table = SliceTable([(), ("device",), ("version",), ("version", "device"), ("os",)])
    codes, _ = table.codes([{"device": "d", "version": "5", "os": "o"}, {"device": "e", "version": "5"}])
    assert codes.shape[0] == 2
    both = table.code_of((("device", "d"), ("version", "5")))
    assert {table[code] for code in table.wholes(both)} == {(), (("device", "d"),), (("version", "5"),)}
    assert table.wholes(table.code_of((("device", "d"),))) == [0]
    assert table.wholes(0) == []
