from itertools import islice

import pytest

from data_pipeline.traffic.frames import costs_frame, findings_frame, hourly_frame, measured_frame
from data_pipeline.traffic.hearing import Measurement
from data_pipeline.traffic.stream import Traffic
from data_pipeline.traffic.views import events
from monitoring.findings import FLEET, Cost, Diagnosis, Finding


def test_a_row_for_each_measurement_of_speech(table: list[Measurement]) -> None:
    frame = measured_frame(table)
    assert len(frame) == sum(one.words > 0 for one in table)
    assert {"profile", "lead_silence_s", "second_onset_clipped", "confidence"} <= set(frame.columns)


def test_means_by_hour_of_slices(traffic: Traffic) -> None:
    phone = traffic.fleet.devices[0].name
    stream = list(islice(events(traffic), 8_000))
    slices = {"phone": (("device_model", phone),), "all": FLEET, "none": (("device_model", "nothing"),)}
    frame = hourly_frame(stream, "lead_silence_s", slices, start_s=traffic.start_s)
    assert list(frame.columns) == ["phone", "all", "none"]
    values = [
        event.signals["lead_silence_s"]
        for event in stream
        if event.at < traffic.start_s + 3600 and event.signals.get("lead_silence_s") is not None
    ]
    assert frame["all"][0] == pytest.approx(sum(value or 0.0 for value in values) / len(values))
    assert frame["none"].isna().all()


def test_a_diagnosis_as_frames() -> None:
    finding = Finding(
        signal="redo", slice=FLEET, detector="x", at=1.0, since=0.0, before=0.1, after=0.2, requests=9, evidence=1.5
    )
    cost = Cost(signal="redo", here=0.2, elsewhere=0.1, requests=9)
    diagnosis = Diagnosis(findings=(finding,), causes=(), costs=(cost,))
    assert findings_frame(diagnosis).to_dict("records") == [
        {"slice": "everything", "signal": "redo", "before": 0.1, "after": 0.2, "requests": 9, "evidence": 1.5}
    ]
    assert costs_frame(diagnosis)["elsewhere"].tolist() == [0.1]
