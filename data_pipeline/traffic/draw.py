"""Draws, for requests of given users and times, what the device sends and how it is heard: one position each.

Knows prototypes and drifts; does not know what users do with the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from data_pipeline.traffic.drifts import Failing, More, Noisier, Planted, RolledOut, Silent, Treated
from data_pipeline.traffic.fleet import LOCALES, TENANTS, Fleet
from data_pipeline.traffic.prototypes import PLAIN, Positions, Prototypes, Treatment
from monitoring.findings import Slice

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Requests as columns, all of shape (n,)."""

    at: Floats
    user: Rows
    clip: Rows
    session: Rows

    def __getitem__(self, which: Mask | Rows) -> "Asked":
        return Asked(self.at[which], self.user[which], self.clip[which], self.session[which])

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """What became of them, all of shape (n,)."""

    position: Positions
    """Of the prototype; -1 where the device sent nothing."""
    release: Rows
    candidate: Mask
    """Served by the candidate of a rollout."""


def natural_nulls(fleet: Fleet, prototypes: Prototypes) -> float:
    """Share of requests in which no speech is found although somebody spoke, by night."""
    return float(sum(one.share * (prototypes.unheard(one.kind) @ one.noise_shares) for one in fleet.devices))


class Dice:
    """A fleet, its prototypes and the drifts in it, made ready to draw from."""

    def __init__(self, fleet: Fleet, prototypes: Prototypes, drifts: Sequence[Planted]) -> None:
        self.fleet, self.prototypes, self.drifts = fleet, prototypes, tuple(drifts)
        self._noise = np.array([one.noise_shares for one in fleet.devices])

    def weights(self, at_s: float) -> Floats:
        """How active each user is at a time, summing to 1; shape (users,)."""
        users = self.fleet.users
        weights = np.ones(len(users))
        for drift in self.drifts:
            if isinstance(drift.effect, More):
                at = np.full(len(users), at_s)
                release = self.fleet.versions_at(at, users.lateness)
                touched = self._touched(drift.slice, np.arange(len(users)), release, np.zeros(len(users), bool))
                weights[touched] *= 1 + (drift.effect.factor - 1) * drift.progress(at[:1])
        return np.asarray(weights / weights.sum(), np.float64)

    def serve(self, asked: Asked, noisiness: Floats, rng: np.random.Generator) -> Served:
        """Draw the answers; `noisiness` is the log odds that the time of day adds for each step of noise."""
        users = self.fleet.users
        device = users.device[asked.user]
        release = self.fleet.versions_at(asked.at, users.lateness[asked.user])
        candidate = self._candidates(asked)
        touched = [
            one.progress(asked.at) * self._touched(one.slice, asked.user, release, candidate) for one in self.drifts
        ]
        noise = self._noises(device, noisiness, touched, rng)
        treatment, treatments = self._treatments(candidate, touched, rng)
        null = rng.random(len(asked)) < self._accidental
        position = self._plain[device, noise, asked.clip]
        for drift, progress in zip(self.drifts, touched, strict=True):
            if isinstance(drift.effect, Silent):
                null |= rng.random(len(asked)) < drift.effect.share * progress
        for number, one in enumerate(treatments):
            self._place(position, one, (treatment == number) & ~null, device, noise, asked.clip)
            self._place_nulls(position, one, (treatment == number) & null, device, rng)
        for drift, progress in zip(self.drifts, touched, strict=True):
            if isinstance(drift.effect, Failing):
                position[rng.random(len(asked)) < drift.effect.share * progress] = self.prototypes.failed
        return Served(position, release, candidate)

    @cached_property
    def _plain(self) -> Positions:
        return np.stack([self.prototypes.spoken(one) for one in self.fleet.devices])

    @cached_property
    def _accidental(self) -> float:
        """Share of requests that noise made, such that the fleet's null share comes out."""
        natural = natural_nulls(self.fleet, self.prototypes)
        return max(0.0, (self.fleet.null_share - natural) / (1 - natural))

    def _candidates(self, asked: Asked) -> Mask:
        found = np.zeros(len(asked), bool)
        for drift in self.drifts:
            if isinstance(drift.effect, RolledOut):
                # Another order of the users than that of app updates.
                lot = (asked.user * 0.6180339887498949) % 1.0
                found |= lot < drift.effect.share * drift.progress(asked.at)
        return found

    def _noises(self, device: Rows, noisiness: Floats, touched: Sequence[Floats], rng: np.random.Generator) -> Rows:
        odds = noisiness.copy()
        for drift, progress in zip(self.drifts, touched, strict=True):
            if isinstance(drift.effect, Noisier):
                odds += drift.effect.log_odds * progress
        steps = np.arange(self._noise.shape[1])
        weights = np.cumsum(self._noise[device] * np.exp(odds[:, None] * steps), axis=1)
        return np.asarray((rng.random(len(device))[:, None] * weights[:, -1:] >= weights[:, :-1]).sum(axis=1), np.int64)

    def _treatments(
        self, candidate: Mask, touched: Sequence[Floats], rng: np.random.Generator
    ) -> tuple[Rows, list[Treatment]]:
        """The number of each request's treatment, 0 being none; the last drift that touches it decides."""
        number, treatments = np.zeros(len(candidate), np.int64), [PLAIN]
        for drift, progress in zip(self.drifts, touched, strict=True):
            if isinstance(drift.effect, Treated | RolledOut):
                rolled_out = isinstance(drift.effect, RolledOut)
                number[candidate if rolled_out else rng.random(len(number)) < progress] = len(treatments)
                treatments.append(drift.effect.treatment)
        return number, treatments

    def _place(
        self, position: Positions, treatment: Treatment, rows: Mask, device: Rows, noise: Rows, clip: Rows
    ) -> None:
        if treatment == PLAIN:
            return
        for one in np.unique(device[rows]):
            of_it = rows & (device == one)
            spoken = self.prototypes.spoken(self.fleet.devices[one], treatment)
            position[of_it] = spoken[noise[of_it], clip[of_it]]

    def _place_nulls(
        self, position: Positions, treatment: Treatment, rows: Mask, device: Rows, rng: np.random.Generator
    ) -> None:
        plain = replace(treatment, profile=None)
        for one in np.unique(device[rows]):
            of_it = rows & (device == one)
            position[of_it] = rng.choice(self.prototypes.nulls(self.fleet.devices[one], plain), size=int(of_it.sum()))

    def _touched(self, which: Slice, user: Rows, release: Rows, candidate: Mask) -> Mask:
        """Which requests are of the slice. Raises LookupError for a field or value that the fleet does not have."""
        found = np.ones(len(user), bool)
        for field, value in which:
            found &= self._having(field, value, user, release, candidate)
        return found

    def _having(self, field: str, value: str, user: Rows, release: Rows, candidate: Mask) -> Mask:
        users, devices = self.fleet.users, self.fleet.devices
        match field:
            case "device_model" | "os":
                having = {"device_model": [one.name for one in devices], "os": [one.os for one in devices]}[field]
                return np.array([one == value for one in having])[users.device[user]]
            case "app_version":
                return np.array([one.version == value for one in self.fleet.releases])[release]
            case "tenant":
                return np.equal(users.tenant[user], list(TENANTS).index(value))
            case "locale":
                return np.equal(users.locale[user], list(LOCALES).index(value))
            case "variant":
                return candidate if value == "candidate" else ~candidate
        raise LookupError(f"traffic has no field {field!r}")
