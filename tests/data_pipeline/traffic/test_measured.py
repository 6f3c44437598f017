from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest

from asr.cache import pull
from data_pipeline.errors import InvalidProfile
from data_pipeline.manifest import Row
from data_pipeline.simulation.profiles import shipped_profiles
from data_pipeline.traffic import measured as module
from data_pipeline.traffic.hearing import Condition, Measurement
from data_pipeline.traffic.measured import Bench, measured, with_results
from data_pipeline.traffic.plan import BAD_FRONT_END, SNRS_DB, queries, query_conditions


def of(table: list[Measurement], profile: str) -> list[Measurement]:
    return [one for one in table if one.profile == profile and one.words and one.front_end == "default"]


def test_every_clip_is_there_in_every_condition(table: list[Measurement], spoken: list[Row]) -> None:
    assert {(one.snr_db, one.clip) for one in of(table, "phone")} == {(s, r.recording) for s in SNRS_DB for r in spoken}


def test_a_clipped_onset_is_seen_by_the_detector_and_costs_words(table: list[Measurement]) -> None:
    plain, clipped = of(table, "phone"), of(table, "phone-clipped-onset-100ms")
    assert fmean(one.statistics["lead_silence_s"] or 0 for one in clipped) < 0.1
    assert fmean(one.statistics["lead_silence_s"] or 0 for one in plain) > 0.15
    assert fmean(one.words_wrong / one.words for one in clipped) > fmean(one.words_wrong / one.words for one in plain)


def test_noise_lowers_the_measured_snr(table: list[Measurement]) -> None:
    levels = [
        fmean(one.statistics["snr_db"] or 0 for one in of(table, "phone") if one.snr_db == snr_db) for snr_db in SNRS_DB
    ]
    assert levels == sorted(levels, reverse=True)


def test_noise_that_woke_a_device_is_mostly_no_speech(table: list[Measurement]) -> None:
    woken = [one for one in table if not one.reference]
    assert sum(one.no_speech for one in woken) > len(woken) / 2
    assert not any(one.is_right for one in woken)


def test_what_was_measured_is_read_again(spoken: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench, file = Bench((Condition(profile=shipped_profiles()["phone"], snr_db=30.0),)), tmp_path / "kept" / "m.jsonl"
    first = measured(spoken[:2], bench, cache_file=file, workers=1)
    with file.open("ab") as broken:
        broken.write(b'{"key": "cut off in the mid')
    more = measured(spoken[:3], bench, cache_file=file, workers=1)
    assert more[:2] == first
    monkeypatch.setattr(module, "read_audio", lambda row: pytest.fail("measured again"))
    assert measured(spoken[:3], bench, cache_file=file, workers=1) == more


def test_another_condition_has_another_key(spoken: list[Row]) -> None:
    profiles = shipped_profiles()
    conditions = (
        Condition(profile=profiles["phone"]),
        Condition(profile=profiles["phone"], snr_db=30.0),
        Condition(profile=profiles["headset"]),
        Condition(profile=profiles["phone"], front_end=BAD_FRONT_END),
    )
    assert len(set(Bench(conditions).keys(spoken[0]))) == len(conditions)
    assert Bench(conditions).keys(spoken[0])[0] != Bench(conditions).keys(replace(spoken[0], text="other"))[0]


def test_a_broken_recording_is_left_out(spoken: list[Row], tmp_path: Path) -> None:
    pull("moonshine-tiny-en")
    (tmp_path / "bad.flac").write_bytes(b"fLaC and nothing")
    bad = Row(tmp_path / "m.jsonl", 1, "bad.flac", 1.0, "hello")
    heard: list[int] = []
    bench = Bench((Condition(profile=shipped_profiles()["phone"]),))
    found = measured([bad, spoken[0]], bench, workers=1, on_done=lambda: heard.append(1))
    assert [one.clip for one in found] == [spoken[0].recording]
    assert len(heard) == 2


def test_results_are_asked_once_for_each_transcript(table: list[Measurement]) -> None:
    asked: list[str] = []

    def search(text: str) -> tuple[int, str | None]:
        asked.append(text)
        return len(text), text[:3]

    found = with_results(table, search)
    assert len(asked) == len(set(asked))
    assert "" not in asked
    assert all(one.result_count == len(one.transcript) for one in found)


def test_queries_take_turns_between_collections_and_leave_long_ones_out(spoken: list[Row]) -> None:
    long = replace(spoken[0], duration_s=60.0)
    other = replace(spoken[0], fields={"source": "other"})
    assert queries([long, *spoken, other], limit=2) == [spoken[0], other]


def test_an_unknown_device_is_told() -> None:
    with pytest.raises(InvalidProfile, match="no device 'fone'"):
        query_conditions(["fone"])
