from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from monitoring.histogram import Histogram
from monitoring.paces import LONGEST_S, MOST, PANE_S, SHORTEST_S, Paces, less_rhythm
from monitoring.reference import Expected, Reference
from monitoring.slices import SliceTable
from monitoring.state import restore, written
from tests.monitoring.watching import FAILED, SIZE, tally_of

Level = Callable[[int], float]
"""Mean at a pane, by its number."""
USUAL_S, DAY = 7 * 86_400.0, 8
CALM = np.ones((64, 2), np.bool_)


def still(_: int) -> float:
    return 0.0


def walking(step: float, seed: int) -> Level:
    path = np.cumsum(default_rng(seed).normal(0.0, step, 400))
    return lambda pane: float(path[pane])


def jumping(*days: int) -> Level:
    """To and fro between two levels, overnight."""
    return lambda pane: float(sum(pane >= day * DAY for day in days) % 2)


def rhythmic(level: Level) -> Level:
    return lambda pane: level(pane) + 0.5 * float(np.sin(pane * 2 * np.pi / DAY))


class Tenants:
    """Tenants whose share of failures is 20 %, and whose size moves as it is told."""

    def __init__(self, levels: Mapping[str, Level], *, field: str | None = "tenant", seed: int = 1) -> None:
        self.levels, self.rng = dict(levels), default_rng(seed)
        self.table = SliceTable([(), ("tenant",)], limit=64)
        self.table.codes([{"tenant": name} for name in levels])
        self.histogram = Histogram([FAILED, SIZE])
        self.histogram.bin_numbers(_values(self.rng, 0.0, 4_000, spread=1.5))
        self.reference = Reference(self.table, self.histogram, pane_s=PANE_S)
        self.paces = Paces(self.table, [0, 1], field=field, half_life_s=USUAL_S)
        self.expected: Expected | None = None
        self.pane = 0

    def run(self, days: int, *, n: int = 500) -> None:
        self.expected = None
        for pane in range(self.pane, self.pane + days * DAY):
            self.pane = pane
            names = np.repeat(np.array(list(self.levels)), n)
            codes, _ = self.table.codes([{"tenant": name} for name in names.tolist()])
            values = np.concatenate([_values(self.rng, level(self.pane), n) for level in self.levels.values()])
            part = replace(tally_of(self.histogram, values, codes), at=self.pane * PANE_S)
            if self.expected is None:
                self.reference.add(self.pane, part)
                self.reference.learn(CALM)
                self.expected = self.reference.expected(0.0)
            self.paces.update(part, self.expected)
        self.pane += 1

    def code(self, name: str) -> int:
        return self.table.code_of((("tenant", name),))

    def half_life_h(self, name: str) -> float:
        return float(self.paces.half_life_s[self.code(name)]) / 3_600


def _values(rng: Generator, level: float, n: int, *, spread: float = 1.0) -> np.ndarray:
    return np.stack([(rng.random(n) < 0.2).astype(float), rng.normal(level, spread, n)], axis=1)


def test_the_faster_a_tenant_changes_the_sooner_its_reference_forgets() -> None:
    tenants = Tenants(
        {
            "still": still,
            "consumer": walking(0.005, 2),
            "retailer": walking(0.02, 3),
            "restless": walking(0.25, 4),
            "business": jumping(3, 6, 10),
        }
    )
    tenants.run(15, n=100)
    still_h, consumer, retailer, restless, business = map(
        tenants.half_life_h, ("still", "consumer", "retailer", "restless", "business")
    )
    assert still_h == LONGEST_S / 3_600
    assert still_h >= consumer > retailer > restless >= SHORTEST_S / 3_600
    assert business < consumer
    assert business < 4 * 24


def test_a_jump_overnight_is_told_from_walking() -> None:
    tenants = Tenants({"consumer": walking(0.06, 2), "business": jumping(8), "still": still})
    tenants.run(15)
    consumer, business, quiet = (tenants.paces.of(tenants.code(name)) for name in tenants.levels)
    assert (consumer.drifts, consumer.jumps, consumer.is_own) == (True, (), True)
    assert not business.drifts
    assert [round(at / 86_400, 1) for at in business.jumps] == [8.0]
    assert (quiet.drifts, quiet.jumps, quiet.is_own) == (False, (), True)
    said = [tenants.paces.remarks(tenants.code(name)) for name in tenants.levels]
    assert ["drift all the time" in said[0][0], "jumped once" in said[1][0], said[2]] == [True, True, ()]


def test_a_daily_rhythm_is_neither_walking_nor_jumping() -> None:
    tenants = Tenants({"still": rhythmic(still), "business": rhythmic(jumping(8))})
    tenants.run(15)
    assert tenants.paces.of(tenants.code("still")).jumps == ()
    assert tenants.half_life_h("still") > 7 * 24
    assert [round(at / 86_400) for at in tenants.paces.of(tenants.code("business")).jumps] == [8]


def test_a_tenant_with_too_little_data_has_what_the_others_have() -> None:
    tenants = Tenants({"one": walking(0.25, 4), "two": walking(0.25, 5)})
    tenants.run(10)
    tenants.levels["new"] = still
    tenants.run(1, n=5)
    assert not tenants.paces.of(tenants.code("new")).is_own
    assert tenants.half_life_h("new") == pytest.approx(np.median([tenants.half_life_h(one) for one in ("one", "two")]))


def test_what_nobody_knows_yet_is_as_usual() -> None:
    tenants = Tenants({"one": walking(0.25, 4)})
    tenants.run(1)
    assert tenants.paces.of(tenants.code("one")).half_life_s == USUAL_S
    assert set(tenants.paces.half_life_s.tolist()) == {USUAL_S}


@pytest.mark.parametrize("field", [None, "device"])
def test_without_a_watched_field_nothing_is_measured(field: str | None) -> None:
    tenants = Tenants({"one": walking(0.25, 4)}, field=field)
    tenants.run(4)
    tenants.paces.forget(1)
    assert set(tenants.paces.half_life_s.tolist()) == {USUAL_S}


def test_a_forgotten_slice_is_as_usual_and_restored_ones_are_as_they_were() -> None:
    tenants = Tenants({"one": walking(0.25, 4), "two": jumping(4)})
    tenants.run(10)
    other = Tenants(tenants.levels)
    restore(other.paces, written(tenants.paces))
    assert [other.paces.of(code) for code in range(4)] == [tenants.paces.of(code) for code in range(4)]
    assert other.paces.half_life_s.tolist() == tenants.paces.half_life_s.tolist()
    tenants.paces.forget(1)
    assert tenants.paces.of(1).half_life_s == USUAL_S
    assert tenants.paces.of(2) == other.paces.of(2)


def test_a_gap_of_a_month_and_a_clock_that_goes_back_leave_finite_half_lives() -> None:
    tenants = Tenants({"one": walking(0.25, 4), "two": still})
    tenants.run(5)
    tenants.pane += 8 * 28
    tenants.levels = {"one": still, "two": still}
    tenants.run(1)
    tenants.pane -= 8 * 28
    tenants.run(3)
    assert np.isfinite(tenants.paces.half_life_s).all()
    assert (tenants.paces.half_life_s >= SHORTEST_S).all()


def test_only_the_busiest_are_measured_themselves() -> None:
    tenants = Tenants({f"t{i}": still for i in range(MOST + 8)})
    tenants.run(3, n=30)
    own = [code for code in range(1, 1 + len(tenants.levels)) if tenants.paces.of(code).is_own]
    assert 0 < len(own) <= MOST + 8


def test_of_less_than_two_days_no_rhythm_is_taken_away() -> None:
    panes, means = np.arange(12.0), np.arange(12.0)
    assert less_rhythm(panes, means).tolist() == means.tolist()
    assert less_rhythm(panes[:0], means[:0]).tolist() == []
