import numpy as np
import pytest

from data_pipeline.traffic.fleet import Release, make_fleet


def test_one_model_has_two_percent_and_the_others_fall_off() -> None:
    fleet = make_fleet(seed=3)
    shares = np.bincount(fleet.users.device, minlength=50) / len(fleet.users)
    assert shares[0] == pytest.approx(0.02, abs=0.003)
    assert shares[1] > 4 * shares[49] > 0
    assert fleet.devices[0].kind == "phone"


def test_models_differ_in_sound() -> None:
    devices = make_fleet().devices
    assert len({one.gain_db for one in devices}) > 40
    assert len({one.lead_s for one in devices}) > 40
    assert all(sum(one.noise_shares) == pytest.approx(1) for one in devices)


def test_the_seed_decides() -> None:
    one, same, other = make_fleet(seed=1), make_fleet(seed=1), make_fleet(seed=2)
    assert one.devices == same.devices != other.devices
    assert (one.users.device == same.users.device).all()


def test_an_app_version_spreads_and_nobody_goes_back() -> None:
    releases = (Release(version="5.1", at_s=0.0), Release(version="5.2", at_s=100.0, over_s=100.0))
    fleet = make_fleet(devices=2, users=1000, releases=releases)
    lateness = fleet.users.lateness
    shares = [fleet.versions_at(np.full(1000, at), lateness) for at in (0.0, 150.0, 200.0)]
    assert shares[0].mean() == 0
    assert shares[1].mean() == pytest.approx(0.5, abs=0.05)
    assert shares[2].mean() == 1
    assert (shares[2] >= shares[1]).all()


def test_what_makes_no_fleet_is_refused() -> None:
    for settings in ({"devices": 0}, {"users": 3}, {"flagged_share": 0.0}):
        with pytest.raises(ValueError, match="make no fleet"):
            make_fleet(**settings)
    with pytest.raises(ValueError, match="spreads over 0"):
        Release(version="1", at_s=0.0, over_s=0.0)
    with pytest.raises(LookupError, match="no device model 'x'"):
        make_fleet(devices=2).device("x")
