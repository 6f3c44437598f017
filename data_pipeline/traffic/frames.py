"""Measurements, events and diagnoses as pandas frames, for notebooks; the extra `notebook` brings pandas."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from data_pipeline.traffic.hearing import Measurement
from data_pipeline.traffic.stream import HOUR_S
from monitoring.events import Event
from monitoring.findings import Diagnosis, Slice, slice_name

if TYPE_CHECKING:
    import pandas as pd


def measured_frame(table: Iterable[Measurement]) -> "pd.DataFrame":
    """One row for each measurement of speech, the statistics among its columns."""
    import pandas as pd

    rows = (asdict(one) for one in table if one.words)
    return pd.DataFrame([{**row, **row.pop("statistics"), **row.pop("second")} for row in rows])


def hourly_frame(
    events: Sequence[Event], signal: str, slices: Mapping[str, Slice], *, start_s: float
) -> "pd.DataFrame":
    """Mean of a signal in each hour since a start; a column for each slice, under its name."""
    import pandas as pd

    return pd.DataFrame({name: _hourly(events, signal, which, start_s) for name, which in slices.items()}).rename_axis(
        "hour"
    )


def findings_frame(diagnosis: Diagnosis) -> "pd.DataFrame":
    """What moved, where, and by how much; most evidence first."""
    import pandas as pd

    fields = ("signal", "before", "after", "requests", "evidence")
    rows = [
        {"slice": slice_name(one.slice), **{name: getattr(one, name) for name in fields}} for one in diagnosis.findings
    ]
    return pd.DataFrame(rows)


def costs_frame(diagnosis: Diagnosis) -> "pd.DataFrame":
    """What outcomes are in the slice, and elsewhere at the same time."""
    import pandas as pd

    return pd.DataFrame([asdict(one) for one in diagnosis.costs])


def _hourly(events: Iterable[Event], signal: str, which: Slice, start_s: float) -> "pd.Series":
    import pandas as pd

    known = [
        (int((event.at - start_s) // HOUR_S), float(value))
        for event in events
        if (value := event.signals.get(signal)) is not None
        and all(event.slices.get(field) == wanted for field, wanted in which)
    ]
    hours, values = zip(*known, strict=True) if known else ((), ())
    return pd.Series(values, index=hours, dtype=float).groupby(level=0).mean()
