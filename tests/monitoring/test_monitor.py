import numpy as np
import pytest

from monitoring.findings import FLEET, Diagnosis, Drift, Pace, Slice
from monitoring.monitor import GONE_S
from tests.monitoring.scenario import Service, clips, fails, noisier

PHONE: Slice = (("device", "d3"),)
VERSION: Slice = (("version", "v2"),)
CALM = 60_000


@pytest.fixture
def service() -> Service:
    calm = Service()
    assert calm.run(CALM) == []
    return calm


def main(found: list[Diagnosis]) -> Diagnosis:
    """The only one."""
    assert [one.slice for one in found] == [found[0].slice]
    return found[0]


def test_a_device_whose_recordings_are_cut_is_one_diagnosis(service: Service) -> None:
    began = service.now
    found = main(service.run(6_000, clips(PHONE)))
    assert found.slice == PHONE
    assert found.drift is Drift.DATA
    assert found.since == pytest.approx(began, abs=120)
    assert found.findings[0].signal == "cut"
    assert found.findings[0].pace is Pace.SHOCK
    assert found.findings[0].after == pytest.approx(0.8, abs=0.1)
    assert found.causes[0].explained > 0.8
    costs = {cost.signal: cost for cost in found.costs}
    assert costs["empty"].here > 2 * costs["empty"].elsewhere
    assert costs["clicked"].here < costs["clicked"].elsewhere


def test_examples_are_requests_of_the_slice_that_show_it(service: Service) -> None:
    found = main(service.run(6_000, clips(PHONE)))
    assert len(found.examples) >= 3
    assert all(int(example) >= CALM for example in found.findings[0].examples)


def test_a_version_that_exists_on_one_device_only_is_named_with_it() -> None:
    service = Service(only_on={9: 3})
    assert service.run(CALM) == []
    pair: Slice = (("device", "d3"), ("version", "v9"))
    assert main(service.run(10_000, clips(pair))).slice == pair


def test_a_version_that_fails_on_all_devices_is_the_version(service: Service) -> None:
    found = main(service.run(12_000, fails(VERSION, share=0.15)))
    assert found.slice == VERSION
    assert found.drift is Drift.CONCEPT


def test_a_model_that_is_worse_at_equal_inputs_is_concept_drift(service: Service) -> None:
    found = main(service.run(12_000, fails((("model", "m1"),), share=0.12)))
    assert found.slice == (("model", "m1"),)
    assert found.drift is Drift.CONCEPT
    assert {one.signal for one in found.findings} >= {"empty", "empty_at_equal_input"}


def test_noise_is_data_drift_and_outcomes_follow_from_it(service: Service) -> None:
    found = main(service.run(12_000, noisier(PHONE, by_db=9)))
    assert found.slice == PHONE
    assert found.drift is Drift.DATA
    assert {one.signal for one in found.findings} >= {"snr_db"}
    assert not any(one.signal.endswith("at_equal_input") for one in found.findings)


def test_more_requests_from_a_noisy_device_are_traffic_and_blame_nobody() -> None:
    service = Service()
    service.levels_db[5] = 14.0
    assert service.run(CALM) == []
    service.devices[5] = 8.0
    found = main(service.run(15_000))
    assert found.drift is Drift.MIX
    assert found.slice == (("device", "d5"),)
    assert (("device", "d5"),) not in [one.slice for one in found.findings if one.signal == "snr_db"]


def test_two_faults_at_once_are_two_diagnoses(service: Service) -> None:
    found = service.run(12_000, clips((("device", "d7"),)), fails(VERSION, share=0.2))
    assert {one.slice for one in found} == {(("device", "d7"),), VERSION}


def test_after_recovery_nothing_is_left_and_the_fault_was_not_learnt(service: Service) -> None:
    assert service.run(20_000, clips(PHONE))
    assert service.run(40_000) == []
    normal = service.monitor.shifts.expected
    assert normal is not None
    code = service.monitor.table.code_of(PHONE)
    assert normal.pooled.shares[code, 1] < 0.06


def test_what_was_accepted_is_normal(service: Service) -> None:
    assert service.run(10_000, clips(PHONE))
    for one in service.monitor.check(service.now):
        for finding in one.findings:
            service.monitor.accept(finding.slice)
    service.monitor.accept((("device", "unheard of"),))
    assert PHONE not in [one.slice for one in service.run(80_000, clips(PHONE))]


def test_a_quiet_day_is_quiet() -> None:
    service = Service(seed=2, per_s=2.0)
    assert [one for _ in range(10) for one in service.run(20_000)] == []


def test_a_restored_monitor_goes_on_exactly(service: Service) -> None:
    service.run(3_000, clips(PHONE))
    other = Service(seed=5)
    other.monitor.restore(service.monitor.state())
    assert other.monitor.check(service.now) == service.monitor.check(service.now)
    for _ in range(8):
        batch = service.batch(1_000, clips(PHONE))
        service.monitor.take(batch)
        other.monitor.take(batch)
    assert other.monitor.check(service.now) == service.monitor.check(service.now) != []
    assert other.monitor.events == service.monitor.events


def test_nan_infinite_and_equal_values_and_nothing_at_all_change_nothing(service: Service) -> None:
    service.monitor.update([])
    batch = service.batch(1_000)
    batch.values[:] = np.nan
    service.monitor.take(batch)
    assert service.monitor.check(service.now) == []
    assert service.monitor.evidence(service.now)(0.0).place(FLEET) == 0


def test_clocks_that_jump_break_nothing(service: Service) -> None:
    for jump in (-86_400.0, 3 * 86_400.0, 0.0, 40 * 86_400.0):
        batch = service.batch(1_000)
        batch.at[:] += jump
        service.monitor.take(batch)
        service.monitor.check(float(batch.at[-1]))
    service.monitor.restore(service.monitor.state())


def test_a_slice_that_is_no_longer_asked_from_has_no_fault(service: Service) -> None:
    found = main(service.run(6_000, clips(PHONE)))
    assert found.slice == PHONE
    assert service.monitor.check(service.now + 3_600) != []
    assert service.monitor.check(service.now + GONE_S + 3_600) == []
