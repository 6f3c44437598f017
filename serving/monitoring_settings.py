"""The table `[monitoring]`: what the server tells of itself, and how events are watched. Knows no monitor."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from serving.section import NotNegative, Positive, Section, Share

Name = Annotated[str, Field(min_length=1, max_length=200)]


class FieldSignal(Section):
    """A signal that events carry under its name, so that no code is needed to watch it."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z]\w*$", max_length=100)]
    about: Name
    """One sentence for people."""
    group: Literal["software", "input", "output", "behaviour"] = "input"
    """What it tells of."""
    kinds: tuple[Name, ...] = ()
    """Kinds of events that have it; none named means all."""
    worse: Literal["higher", "lower", "either"] = "either"
    """Which way of moving is bad news."""
    is_rate: bool = False
    """Yes or no in each event, so that its mean is a share."""


class MonitoringSettings(Section):
    """What the server tells of itself, and how it watches its events ([monitoring.md](monitoring.md))."""

    watch: bool = True
    """The server watches its own events, in a process of low priority."""
    check_every_s: Positive = 30.0
    """How often it asks what is wrong, and hands that to the alarms."""
    watched: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")] = "monitoring.signals.voice:VOICE"
    """What is watched: a module and the name of its `Watched`."""
    signals: tuple[FieldSignal, ...] = ()
    """Further signals that are fields of events: tables `[[monitoring.signals]]`."""
    max_slices: Annotated[int, Field(ge=20, le=100_000)] = 1_000
    """Most slices that have a place; memory is about 0.25 MB for each."""
    requests_per_false_alarm: Annotated[float, Field(ge=1_000, allow_inf_nan=False)] = 1e6
    """Of all slices and signals together, so many requests on average from one false alarm to the next."""
    reference: Literal["seasonal", "rolling", "pinned"] = "seasonal"
    """What is normal: of late, at this hour of the week; `rolling`: of late; `pinned`: once learnt, then kept."""
    half_life_days: Positive = 7.0
    """After which time what was learnt counts half, unless it is pinned."""
    policies: Path | None = None
    """Policies of alarms, a TOML file over the packaged one."""
    heartbeat_s: NotNegative = 10.0
    """How often the server leaves an event about itself; 0: never."""
    replica: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Name of this server among others; absent: the machine's name."""
    second_vad_share: Share = 1.0
    """Share of spoken queries that a second voice detector hears too, after the answer and in idle time."""
    otlp_endpoint: Annotated[str, Field(pattern=r"^https?://[^/\s]+")] | None = None
    """Where traces go (extra `tracing`), such as `http://127.0.0.1:4318/v1/traces`; absent: there are none."""
