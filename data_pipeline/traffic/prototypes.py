"""The event that each device of a fleet leaves for each measured row: streams are drawn from these.

A device differs from its profile by gain and buffer, a treatment is what a planted drift does to it. Knows no time, no
user and no probability.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data_pipeline.errors import NothingToEvaluate
from data_pipeline.evaluation.variants import DEFAULT
from data_pipeline.traffic.fleet import DeviceModel
from data_pipeline.traffic.hearing import Measurement, Value
from data_pipeline.traffic.plan import SNRS_DB
from data_pipeline.traffic.users import Heard
from monitoring.events import Event
from monitoring.voice_events import Client, QueryKind, SearchEvent

SEARCH_MS: Final = 1.0
SPREAD_DB: Final = 10.0
"""People differ in loudness by no more than this, either way: what is beyond is another recording studio."""
SECOND_VAD_EVENT: Final = "second_vad"

Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """How a device's rows differ from its usual ones."""

    profile: str | None = None
    """Measured as that profile; None is the device's own kind."""
    front_end: str = DEFAULT
    gain_db: float = 0.0
    slowdown: float = 1.0
    """Of every stage of the service."""


PLAIN: Final = Treatment()


@dataclass(eq=False)
class Prototypes:
    """Events by position; those of a treatment are made when they are first asked for."""

    table: Iterable[Measurement]
    events: list[Event] = field(default_factory=list)
    heard: list[int] = field(default_factory=list)
    """For each event, the code of `Heard`."""
    second: list[int] = field(default_factory=list)
    """For each event, the position of what the second detector says of the same sound; -1 for none."""

    def __post_init__(self) -> None:
        self._rows: dict[tuple[str, str], dict[tuple[float | None, str], Measurement]] = {}
        for one in self.table:
            self._rows.setdefault((one.profile, one.front_end), {})[one.snr_db, one.clip] = one
        spoken = {one.clip: one.reference for rows in self._rows.values() for one in rows.values() if one.words}
        if not spoken:
            raise NothingToEvaluate("no recording with speech was measured")
        self._names = list(spoken)
        levels = [
            one.recorded_lufs for rows in self._rows.values() for one in rows.values() if one.recorded_lufs is not None
        ]
        self._level_lufs = float(np.median(levels)) if levels else 0.0
        self._spoken: dict[tuple[str, Treatment], Positions] = {}
        self._nulls: dict[tuple[str, Treatment], Positions] = {}
        self.failed = self.add(
            SearchEvent(request_id="_", at=0.0, kind=QueryKind.VOICE, error="internal_error").as_event(), Heard.FAILED
        )
        typed = (SearchEvent(request_id="_", at=0.0, kind=QueryKind.TEXT, query=text) for text in spoken.values())
        self.typed = np.array([self.add(one.as_event()) for one in typed])
        """Queries that are typed in place of each clip; shape (clips,)."""

    def spoken(self, device: DeviceModel, treatment: Treatment = PLAIN) -> Positions:
        """Shape (noises, clips); -1 where the device sends nothing. Raises LookupError where it was not measured."""
        if (device.name, treatment) not in self._spoken:
            rows = self._measured(device, treatment)
            found = [
                [self._place(rows.get((snr_db, clip)), device, treatment) for clip in self._names] for snr_db in SNRS_DB
            ]
            self._spoken[device.name, treatment] = np.array(found)
        return self._spoken[device.name, treatment]

    def nulls(self, device: DeviceModel, treatment: Treatment = PLAIN) -> Positions:
        """What the device sends when noise woke it and no speech is found; shape (n,). Raises LookupError."""
        plain = replace(treatment, profile=None)
        if (device.name, plain) not in self._nulls:
            rows = [one for one in self._measured(device, plain).values() if not one.words and one.no_speech]
            if not rows:
                raise LookupError(f"no recording without speech was measured on {device.kind}")
            self._nulls[device.name, plain] = np.array([self._place(one, device, plain) for one in rows])
        return self._nulls[device.name, plain]

    def unheard(self, kind: str) -> NDArray[np.float64]:
        """Share of what is said to such devices in which no speech is found, shape (noises,); 0 if never measured."""
        rows = self._rows.get((kind, DEFAULT), {})
        silent = [[one.no_speech for name in self._names if (one := rows.get((snr, name)))] for snr in SNRS_DB]
        return np.array([sum(one) / max(len(one), 1) for one in silent])

    def _louder_db(self, one: Measurement) -> float:
        """How much louder than others this person is: simulated devices bring all to one level."""
        if one.recorded_lufs is None or not one.words:
            return 0.0
        return float(np.clip(one.recorded_lufs - self._level_lufs, -SPREAD_DB, SPREAD_DB))

    def add(self, event: Event, heard: Heard = Heard.RIGHT) -> int:
        """One more event; its position."""
        self.events.append(event)
        self.heard.append(heard)
        self.second.append(-1)
        return len(self.events) - 1

    def _measured(self, device: DeviceModel, treatment: Treatment) -> dict[tuple[float | None, str], Measurement]:
        wanted = (treatment.profile or device.kind, treatment.front_end)
        if wanted not in self._rows:
            raise LookupError(f"nothing was measured on {wanted[0]} with the front end {wanted[1]!r}")
        return self._rows[wanted]

    def _place(self, one: Measurement | None, device: DeviceModel, treatment: Treatment) -> int:
        if one is None:
            return -1
        heard = Heard.NOTHING if one.no_speech else Heard.RIGHT if one.is_right else Heard.WRONG
        louder_db = device.gain_db + treatment.gain_db + self._louder_db(one)
        more_s = device.lead_s if treatment.profile is None else 0.0
        query = _query(one, device, _shifted(one.statistics, louder_db, more_s), slowdown=treatment.slowdown)
        position = self.add(query.as_event(), heard)
        self.second[position] = self.add(_second(one, device, more_s))
        return position


def _query(one: Measurement, device: DeviceModel, statistics: Mapping[str, Value], *, slowdown: float) -> SearchEvent:
    timings_ms = {name: ms * slowdown for name, ms in one.timings_ms.items()}
    timings_ms |= {"search": SEARCH_MS, "total": sum(timings_ms.values()) + SEARCH_MS}
    return SearchEvent(
        request_id="_",
        at=0.0,
        kind=QueryKind.VOICE,
        client=Client(device_model=device.name, os=device.os, app_version="_", locale="_"),
        query=one.transcript,
        raw_text=one.raw_text,
        confidence=one.confidence,
        no_speech=one.no_speech,
        result_count=one.result_count,
        top_item_id=one.top_item_id,
        timings_ms=timings_ms,
        audio=statistics,
    )


def _second(one: Measurement, device: DeviceModel, more_s: float) -> Event:
    found = dict(one.second)
    if (lead_s := found.get("second_lead_silence_s")) and one.statistics["lead_silence_s"]:
        found["second_lead_silence_s"] = max(lead_s + more_s, 0.0)
        found["second_onset_clipped"] = lead_s + more_s <= 0
    return Event(
        event_id=f"_/{SECOND_VAD_EVENT}",
        request_id="_",
        at=0.0,
        kind=SECOND_VAD_EVENT,
        slices={"device_model": device.name, "os": device.os, "app_version": "_", "locale": "_"},
        signals=found,
    )


def _shifted(statistics: Mapping[str, Value], louder_db: float, more_s: float) -> dict[str, Value]:
    """A recording's statistics with a gain and a longer buffer; of a buffer that is lost nothing is left to shorten."""
    found = dict(statistics)
    loudness_lufs, lead_s = found["loudness_lufs"], found["lead_silence_s"]
    if loudness_lufs is not None:
        found["loudness_lufs"] = loudness_lufs + louder_db
    if lead_s and found["speech_s"]:
        kept_s = max(lead_s + more_s, 0.0)
        found["lead_silence_s"] = kept_s
        found["duration_s"] = (found["duration_s"] or 0.0) + kept_s - lead_s
        found["onset_clipped"] = kept_s == 0.0
    return found
