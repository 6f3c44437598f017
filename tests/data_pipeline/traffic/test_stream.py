from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from data_pipeline.traffic.courses import Ticks, course
from data_pipeline.traffic.drifts import (
    Planted,
    bad_rollout,
    clipped_onset,
    failing,
    louder,
    more_of,
    noisier,
    silent,
    slower,
)
from data_pipeline.traffic.stream import HOUR_S, Traffic
from data_pipeline.traffic.views import ColumnView, SliceNames, events, events_of, write_events
from monitoring.events import Event, checked, decode
from monitoring.findings import FLEET, Slice
from monitoring.signals.voice import VOICE_SIGNALS


def voice(traffic: Traffic, *drifts: Planted, hours: int = 3) -> list[Event]:
    """Spoken queries of the first hours."""
    changed, names = replace(traffic, drifts=drifts), SliceNames(traffic)
    blocks = islice(changed.hours(), hours)
    return [one for block in blocks for one in events_of(block, changed, names) if one.kind == "voice"]


def mean(found: list[Event], signal: str, which: Slice = FLEET, *, since: float = 0.0) -> float:
    values = [
        float(value)
        for one in found
        if one.at >= since and all(one.slices[field] == wanted for field, wanted in which)
        if (value := one.signals.get(signal)) is not None
    ]
    return sum(values) / len(values)


def test_events_are_those_of_a_service(traffic: Traffic) -> None:
    found = list(islice(events(traffic), 3_000))
    assert {"voice", "text", "click", "abandon", "behaviour", "second_vad"} == {one.kind for one in found}
    assert all(checked(one)[1] == 0 for one in found)
    assert len({one.event_id for one in found}) == len(found)
    assert [one.at for one in found] == sorted(one.at for one in found)
    asked = {one.request_id for one in found if one.kind in ("voice", "text")}
    assert {one.request_id for one in found} <= asked
    assert all(one.event_id == one.request_id for one in found if one.kind in ("voice", "text"))


def test_the_same_seed_gives_the_same_stream(traffic: Traffic) -> None:
    first, again = (list(islice(events(traffic), 500)) for _ in range(2))
    assert first == again
    assert list(islice(events(replace(traffic, seed=9)), 500)) != first


def test_who_was_not_understood_speaks_again_in_the_same_session(traffic: Traffic) -> None:
    spoken: dict[str | None, list[Event]] = {}
    for one in voice(traffic, hours=1):
        spoken.setdefault(one.session_id, []).append(one)
    again = [one for one in spoken.values() if len(one) > 1]
    assert again
    assert all(len({event.user_id for event in one}) == 1 for one in again)
    assert max(len(one) for one in spoken.values()) <= traffic.users.max_attempts


def test_a_clipped_onset_touches_one_device_only_and_costs(traffic: Traffic, first_phone: str) -> None:
    at = traffic.start_s + HOUR_S
    found = voice(traffic, clipped_onset(first_phone, at))
    whom, other = (("device_model", first_phone),), (("device_model", traffic.fleet.devices[1].name),)
    before, after = (
        mean(found[: len(found) // 3], "lead_silence_s", whom),
        mean(found, "lead_silence_s", whom, since=at),
    )
    assert after < 0.1 < before
    assert mean(found, "onset_clipped", whom, since=at) > 0.5
    plain = voice(traffic)
    assert mean(found, "lead_silence_s", other, since=at) == pytest.approx(
        mean(plain, "lead_silence_s", other, since=at), abs=0.02
    )
    assert mean(found, "confidence", whom, since=at) < mean(plain, "confidence", whom, since=at)


def test_the_null_rate_is_what_was_planted(traffic: Traffic) -> None:
    at = traffic.start_s
    assert mean(voice(traffic), "no_speech") == pytest.approx(0.02, abs=0.01)
    assert mean(voice(traffic, silent("5.1", at)), "no_speech") == pytest.approx(0.06, abs=0.015)


def test_drifts_move_what_they_name(traffic: Traffic, first_phone: str) -> None:
    at, plain = traffic.start_s, voice(traffic)
    phone = (("device_model", first_phone),)
    louder_by = mean(voice(traffic, louder(first_phone, at, gain_db=-8.0)), "loudness_lufs", phone)
    assert louder_by == pytest.approx(mean(plain, "loudness_lufs", phone) - 8, abs=1.0)
    slow = voice(traffic, slower(at, factor=2.0))
    assert mean(slow, "recognize_ms") == pytest.approx(2 * mean(plain, "recognize_ms"), rel=0.1)
    tenant = (("tenant", "acme"),)
    noisy = voice(traffic, noisier(tenant, at, over_s=0.0))
    assert mean(noisy, "snr_db", tenant) < mean(plain, "snr_db", tenant) - 2
    failed = [one.outcome for one in voice(traffic, failing(at, share=0.1))]
    assert failed.count("internal_error") / len(failed) == pytest.approx(0.1, abs=0.02)


def test_a_gradual_drift_comes_gradually(traffic: Traffic) -> None:
    at = traffic.start_s
    found = voice(traffic, noisier(FLEET, at, over_s=3 * HOUR_S, log_odds=3.0))
    levels = [
        mean([one for one in found if at + h * HOUR_S <= one.at < at + (h + 1) * HOUR_S], "snr_db") for h in range(3)
    ]
    assert levels == sorted(levels, reverse=True)


def test_other_traffic_changes_no_slice(traffic: Traffic, first_phone: str) -> None:
    phone = (("device_model", first_phone),)
    plain, found = voice(traffic), voice(traffic, more_of(phone, traffic.start_s, factor=3.0))
    share = [sum(one.slices["device_model"] == first_phone for one in these) / len(these) for these in (plain, found)]
    assert share[1] > 2 * share[0]
    assert mean(found, "lead_silence_s", phone) == pytest.approx(mean(plain, "lead_silence_s", phone), abs=0.02)


def test_a_bad_rollout_serves_some_users_worse(traffic: Traffic) -> None:
    drift = bad_rollout(traffic.start_s, share=0.3)
    found = voice(traffic, drift)
    candidate = [one for one in found if one.slices["variant"] == "candidate"]
    assert len(candidate) / len(found) == pytest.approx(0.3, abs=0.05)
    assert mean(candidate, "confidence") < mean([one for one in found if one not in candidate], "confidence")
    assert drift.truth.slice == (("variant", "candidate"),)


def test_more_is_asked_and_in_more_noise_by_day(traffic: Traffic) -> None:
    daily = replace(traffic, rate_swing=0.8, noise_swing=2.0)
    night, day = (next(daily.hours(hour)) for hour in (3, 15))
    assert len(day) > 4 * len(night)
    levels = [
        mean([one for one in events_of(block, daily, SliceNames(daily)) if one.kind == "voice"], "snr_db")
        for block in (night, day)
    ]
    assert levels[1] < levels[0]


def test_columns_say_what_the_events_say(traffic: Traffic) -> None:
    block, names = next(traffic.hours()), SliceNames(traffic)
    tick = ColumnView(traffic.prototypes, VOICE_SIGNALS).tick(block, traffic, names)
    told = {one.event_id: one for one in events_of(block, traffic, names)}
    lead = [signal.name for signal in VOICE_SIGNALS].index("lead_silence_s")
    known = ~np.isnan(tick.columns.values[:, lead])
    assert known.sum() == sum(one.kind == "voice" for one in told.values())
    for row in np.flatnonzero(known)[:200]:
        event = told[tick.columns.request_ids[row]]
        assert event.signals["lead_silence_s"] == tick.columns.values[row, lead]
        assert event.slices == tick.columns.slices[row]
        assert event.at == tick.columns.at[row]
    assert tick.is_request.sum() == sum(one.kind in ("voice", "text") for one in told.values())


def test_ticks_hold_all_of_the_stream_in_order(traffic: Traffic, first_phone: str) -> None:
    view = ColumnView(traffic.prototypes, VOICE_SIGNALS)
    ticks = list(Ticks(traffic, view, 0, 2)())
    assert max(int(one.is_request.sum()) for one in ticks) <= 501
    ends = [float(one.columns.at.max()) for one in ticks]
    assert ends == sorted(ends)
    made = course(traffic, view, [(lambda at: clipped_onset(first_phone, at), 1), (None, 1)], reference_hours=1)
    assert [one.truth is None for one in made.streams] == [False, True]
    first = next(made.streams[0].ticks())
    assert made.streams[0].truth is not None
    assert first.columns.at.min() < made.streams[0].truth.at_s


def test_a_stream_is_written_as_lines(traffic: Traffic, tmp_path: Path) -> None:
    assert write_events(events(traffic), tmp_path / "e.jsonl", limit=50) == 50
    lines = (tmp_path / "e.jsonl").read_bytes().splitlines()
    assert [decode(line) for line in lines] == list(islice(events(traffic), 50))


def test_what_makes_no_traffic_is_refused(traffic: Traffic) -> None:
    with pytest.raises(ValueError, match="make no traffic"):
        replace(traffic, rate_swing=1.0)
    with pytest.raises(LookupError, match="no field 'planet'"):
        voice(traffic, slower(traffic.start_s, factor=2.0, which=(("planet", "mars"),)), hours=1)
