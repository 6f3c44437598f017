"""Behaviour as pandas frames, for notebooks; the extra `notebook` brings pandas."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

from data_pipeline.behaviour.fit import Judged
from data_pipeline.behaviour.watch import Watched
from monitoring.events import Event

if TYPE_CHECKING:
    import pandas as pd


def events_frame(events: Iterable[Event]) -> "pd.DataFrame":
    """One row for each event, by time: what is told of it, its slices, signals and details."""
    import pandas as pd

    told = [
        {"at": one.at, "request": one.request_id, "kind": one.kind, **one.slices, **one.signals, **one.details}
        for one in events
    ]
    return pd.DataFrame.from_records(told).sort_values("at", kind="stable").convert_dtypes()


def devices_frame(watched: Watched) -> "pd.DataFrame":
    """One row for each device."""
    import pandas as pd

    return pd.DataFrame.from_records([asdict(one) for one in watched.devices]).set_index("device")


def accuracy_frame(judged: Judged) -> "pd.DataFrame":
    """One row for each kind of pair, and one for all."""
    import pandas as pd

    rows = {"all": judged.overall, **judged.kinds}
    return pd.DataFrame.from_records([{"kind": kind, **asdict(one)} for kind, one in rows.items()]).set_index("kind")
