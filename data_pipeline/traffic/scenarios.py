"""What a backtest plants, by name, and the fleets that it plants it in. Knows no detector."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Final

from data_pipeline.traffic.courses import Plant, course
from data_pipeline.traffic.draw import natural_nulls
from data_pipeline.traffic.drifts import (
    bad_rollout,
    clipped_onset,
    failing,
    louder,
    more_of,
    noisier,
    silent,
    slower,
)
from data_pipeline.traffic.fleet import Fleet, Release, make_fleet
from data_pipeline.traffic.prototypes import Prototypes
from data_pipeline.traffic.stream import DAY_S, HOUR_S, Traffic
from data_pipeline.traffic.views import ColumnView
from monitoring.backtest.runner import Course

NULL_SHARE: Final = 0.02
"""Of all requests, when nothing is wrong."""
FLEETS_TRIED: Final = 100
UPDATE: Final = "5.2"
"""The app version that is spreading, and may be faulty."""
_TENANT: Final = (("tenant", "acme"),)


def plants(fleet: Fleet) -> dict[str, Plant]:
    """The drifts by name; what concerns one device concerns the flagged one, a phone with 2 % of the users."""
    phone = fleet.devices[0].name
    biggest = max(fleet.devices, key=lambda one: one.share).name
    return {
        "onset-50ms": partial(clipped_onset, phone, lost_ms=50),
        "onset-100ms": partial(clipped_onset, phone, lost_ms=100),
        "onset-200ms": partial(clipped_onset, phone, lost_ms=200),
        "null-rate": partial(silent, UPDATE),
        "loudness": partial(louder, phone, gain_db=-6.0),
        "noise-rise": lambda at_s: noisier((("device_model", phone),), at_s, over_s=2 * HOUR_S, name="noise-rise"),
        "tenant-jump": lambda at_s: noisier(_TENANT, at_s, over_s=0.0, log_odds=1.0, name="tenant-jump"),
        "rollout": bad_rollout,
        "latency": partial(slower, factor=1.5),
        "errors": partial(failing, share=0.02),
        "traffic-mix": lambda at_s: more_of((("device_model", biggest),), at_s, factor=3.0),
    }


SCENARIOS: Final = (
    "onset-50ms",
    "onset-100ms",
    "onset-200ms",
    "null-rate",
    "loudness",
    "noise-rise",
    "tenant-jump",
    "rollout",
    "latency",
    "errors",
    "traffic-mix",
)


def traffic_of(
    number: int, prototypes: Prototypes, *, per_day: float, steady: bool, independent: bool = False
) -> Traffic:
    """The traffic of one of many fleets, which differ in all that is drawn but have the same share of nulls.

    Steady traffic knows no time of day; in independent traffic nobody speaks a second time.
    """
    start_s = Traffic.start_s
    releases = (
        Release(version="5.1", at_s=0.0),
        Release(version=UPDATE, at_s=start_s - 10 * DAY_S, over_s=50 * DAY_S),
    )
    fleet = _with_few_nulls(number, prototypes, releases)
    traffic = Traffic(fleet=fleet, prototypes=prototypes, per_day=per_day, seed=number + 1)
    if independent:
        once = replace(traffic.users, max_attempts=1)  # so no null leads to another: as many as elsewhere with them
        traffic = replace(traffic, users=once, fleet=replace(fleet, null_share=NULL_SHARE))
    return replace(traffic, rate_swing=0.0, noise_swing=0.0) if steady else traffic


def _with_few_nulls(number: int, prototypes: Prototypes, releases: Sequence[Release]) -> Fleet:
    """Of the fleets whose own nulls leave room for `NULL_SHARE`, that number; the others begin with up to 5 %."""
    made = (make_fleet(seed=seed, releases=releases) for seed in range(FLEETS_TRIED))
    fitting = (one for one in made if natural_nulls(one, prototypes) <= NULL_SHARE)
    return next(islice(fitting, number, None), None) or make_fleet(seed=number, releases=releases)


def backtest_course(
    traffic: Traffic,
    view: ColumnView,
    names: Sequence[str],
    *,
    draws: int,
    hours: int,
    calm_hours: int,
    reference_hours: int,
) -> Course:
    """Each named drift in as many streams as there are draws, and one stream in which nothing is planted.

    Raises LookupError for an unknown name.
    """
    made = plants(traffic.fleet)
    if unknown := [name for name in names if name not in made]:
        raise LookupError(f"no scenario {unknown[0]!r}: there are {', '.join(made)}")
    faults: list[tuple[Plant | None, int]] = [(made[name], hours) for name in names for _ in range(draws)]
    calm: list[tuple[Plant | None, int]] = [(None, calm_hours)] if calm_hours else []
    return course(traffic, view, [*faults, *calm], reference_hours=reference_hours)
