import pytest

from data_pipeline.traffic.draw import natural_nulls
from data_pipeline.traffic.prototypes import Prototypes
from data_pipeline.traffic.scenarios import NULL_SHARE, SCENARIOS, UPDATE, backtest_course, plants, traffic_of
from data_pipeline.traffic.stream import Traffic
from data_pipeline.traffic.views import ColumnView
from monitoring.signals.voice import VOICE_SIGNALS


def test_each_scenario_is_planted_under_its_name(traffic: Traffic) -> None:
    made = plants(traffic.fleet)
    assert tuple(made) == SCENARIOS
    assert [plant(0.0).name for plant in made.values()] == list(SCENARIOS)


def test_fleets_differ_and_the_update_is_on_its_way(prototypes: Prototypes) -> None:
    one, other = (traffic_of(number, prototypes, per_day=1000.0, steady=True) for number in (0, 1))
    assert one.fleet.devices != other.fleet.devices
    assert one.rate_swing == one.noise_swing == 0
    assert [release.version for release in one.fleet.releases] == ["5.1", UPDATE]


def test_fleets_begin_with_the_share_of_nulls_that_is_said(prototypes: Prototypes) -> None:
    for number in range(3):
        traffic = traffic_of(number, prototypes, per_day=1000.0, steady=True)
        assert natural_nulls(traffic.fleet, prototypes) <= NULL_SHARE


def test_streams_of_all_draws_and_a_calm_one(traffic: Traffic) -> None:
    view = ColumnView(traffic.prototypes, VOICE_SIGNALS)
    names = ("onset-100ms", "traffic-mix")
    made = backtest_course(traffic, view, names, draws=2, hours=1, calm_hours=1, reference_hours=1)
    truths = [one.truth for one in made.streams]
    assert [one and one.name for one in truths] == ["onset-100ms", "onset-100ms", "traffic-mix", "traffic-mix", None]
    with pytest.raises(LookupError, match="no scenario 'flood'"):
        backtest_course(traffic, view, ["flood"], draws=1, hours=1, calm_hours=0, reference_hours=1)
