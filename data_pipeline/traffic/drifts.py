"""Planted drifts: what goes wrong, for whom, and from when. Knows no detector."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data_pipeline.traffic.plan import BAD_FRONT_END, CLIPPED
from data_pipeline.traffic.prototypes import Treatment
from monitoring.backtest.truth import Truth
from monitoring.findings import FLEET, Slice

CANDIDATE: Final = "candidate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Treated:
    """Devices send, or the service hears, otherwise than before."""

    treatment: Treatment


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """More requests in which no speech is found."""

    share: float
    """Of requests that are replaced by such."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noisier:
    """More requests out of noise."""

    log_odds: float
    """Added for each step from one of `SNRS_DB` to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """Requests that are answered by an error."""

    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class More:
    """More requests of the slice, each as they were before."""

    factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledOut:
    """A share of users is served by another version of the service."""

    share: float
    treatment: Treatment


Effect = Treated | Silent | Noisier | Failing | More | RolledOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One drift."""

    name: str
    at_s: float
    """When it begins, seconds since 1970 UTC."""
    effect: Effect
    slice: Slice = FLEET
    """Whose requests it touches."""
    over_s: float = 0.0
    """Until it has reached all requests of the slice, or its whole size; 0 is at once."""
    is_fault: bool = True
    """False for what is normal: no alarm should come."""

    @property
    def truth(self) -> Truth:
        """What a detector should say."""
        whom = (("variant", CANDIDATE),) if isinstance(self.effect, RolledOut) else self.slice
        return Truth(name=self.name, at_s=self.at_s, slice=whom, is_fault=self.is_fault)

    def progress(self, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far it has come at each time, in [0, 1]."""
        if self.over_s <= 0:
            return (at_s >= self.at_s).astype(np.float64)
        return np.clip((at_s - self.at_s) / self.over_s, 0.0, 1.0)


def clipped_onset(device: str, at_s: float, *, lost_ms: int = 100, app_version: str | None = None) -> Planted:
    """A device model begins to send its speech without the first milliseconds, as after an update of its app."""
    version = (("app_version", app_version),) if app_version else ()
    treatment = Treatment(profile=CLIPPED.format(lost_ms))
    return Planted(
        name=f"onset-{lost_ms}ms",
        at_s=at_s,
        effect=Treated(treatment=treatment),
        slice=(*version, ("device_model", device)),
    )


def silent(app_version: str, at_s: float, *, before: float = 0.02, after: float = 0.06) -> Planted:
    """An app version in which more recordings come without speech: its null rate rises from one share to another."""
    share = (after - before) / (1 - before)
    return Planted(name="null-rate", at_s=at_s, effect=Silent(share=share), slice=(("app_version", app_version),))


def noisier(
    which: Slice, at_s: float, *, over_s: float, log_odds: float = 1.5, is_fault: bool = True, name: str = "noise"
) -> Planted:
    """Noise that rises, slowly or, for a tenant that moves house, overnight."""
    return Planted(
        name=name, at_s=at_s, effect=Noisier(log_odds=log_odds), slice=which, over_s=over_s, is_fault=is_fault
    )


def louder(device: str, at_s: float, *, gain_db: float) -> Planted:
    """Another microphone or gain."""
    return Planted(
        name="loudness",
        at_s=at_s,
        effect=Treated(treatment=Treatment(gain_db=gain_db)),
        slice=(("device_model", device),),
    )


def slower(at_s: float, *, factor: float, which: Slice = FLEET) -> Planted:
    """Every stage of the service takes longer."""
    return Planted(name="latency", at_s=at_s, effect=Treated(treatment=Treatment(slowdown=factor)), slice=which)


def failing(at_s: float, *, share: float, which: Slice = FLEET) -> Planted:
    """A burst of errors."""
    return Planted(name="errors", at_s=at_s, effect=Failing(share=share), slice=which)


def more_of(which: Slice, at_s: float, *, factor: float) -> Planted:
    """Other traffic, in which no slice changes: an alarm that names one is false."""
    return Planted(name="traffic-mix", at_s=at_s, effect=More(factor=factor), slice=which, is_fault=False)


def bad_rollout(at_s: float, *, share: float = 0.1) -> Planted:
    """A candidate of the service that lost its padding takes a share of the users."""
    return Planted(
        name="rollout", at_s=at_s, effect=RolledOut(share=share, treatment=Treatment(front_end=BAD_FRONT_END))
    )
