"""Who asks, on what: device models with their own sound, app versions that roll out over time, users, tenants, locales.

What is measured of a device is in the table; a fleet says which device is of which kind, how its gain and its buffer
differ from the profile's, and in how much noise its users stand. Those differences are assumptions, drawn once by the
seed: shifts in loudness change nothing else, since the front end brings all speech to one level, and a longer buffer
adds silence only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data_pipeline.traffic.plan import KINDS, SNRS_DB

GAIN_DB: Final = 4.0
"""Device models differ by at most this from their profile, either way."""
LEAD_S: Final = 0.15
"""The same of the sound that they send from before speech."""
KIND_SHARES: Final = (0.56, 0.12, 0.12, 0.08, 0.06, 0.06)
"""Of device models by kind, in the order of `KINDS`."""
SYSTEMS: Final = {"phone": ("android-14", "android-15", "ios-18"), "headset": ("android-15", "ios-18")}
LOCALES: Final = {"en-US": 0.6, "en-GB": 0.2, "en-IN": 0.15, "en-AU": 0.05}
TENANTS: Final = {"consumer": 0.7, "acme": 0.15, "globex": 0.1, "initech": 0.05}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceModel:
    """One model of device."""

    name: str
    kind: str
    """The profile that it was measured as."""
    os: str
    share: float
    """Of the users."""
    gain_db: float
    """Louder than its profile by this."""
    lead_s: float
    """More sound from before speech than its profile by this."""
    noise_shares: tuple[float, ...]
    """Of requests in each noise of `SNRS_DB`, by night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A version of the app and how it spreads."""

    version: str
    at_s: float
    """When the first users get it, seconds since 1970 UTC."""
    over_s: float = 1.0
    """Until all have it."""

    def __post_init__(self) -> None:
        if self.over_s <= 0:
            raise ValueError(f"release {self.version} spreads over {self.over_s} s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """All devices and users."""

    devices: tuple[DeviceModel, ...]
    releases: tuple[Release, ...]
    """By time; the first is there from the beginning."""
    users: "Users"
    null_share: float = 0.016
    """First requests in which no speech is found. Who is not heard speaks again, not seldom in vain: of all requests it
    is then about 2 %."""

    def device(self, name: str) -> DeviceModel:
        """The model of that name. Raises LookupError."""
        for one in self.devices:
            if one.name == name:
                return one
        raise LookupError(f"no device model {name!r} in the fleet")

    def versions_at(self, at_s: NDArray[np.float64], eagerness: NDArray[np.float64]) -> NDArray[np.int64]:
        """Which release each request comes from, given how late each user updates, in [0, 1); shape (n,) all."""
        found = np.zeros(len(at_s), np.int64)
        for number, release in enumerate(self.releases[1:], 1):
            found[np.clip((at_s - release.at_s) / release.over_s, 0.0, 1.0) > eagerness] = number
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Users:
    """The users as columns, all of shape (users,)."""

    device: NDArray[np.int64]
    """Number of the model in the fleet."""
    lateness: NDArray[np.float64]
    """Updates when this share of users has, in [0, 1)."""
    locale: NDArray[np.int64]
    tenant: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.device)


def make_fleet(
    *,
    devices: int = 50,
    users: int = 50_000,
    seed: int = 0,
    kinds: Sequence[str] = KINDS,
    flagged_share: float = 0.02,
    releases: Sequence[Release] = (Release(version="5.1", at_s=0.0),),
) -> Fleet:
    """A fleet with shares of models that fall as 1/rank, but for the flagged one, a phone: `devices[0]`.

    Raises ValueError for a number or share that makes no fleet.
    """
    if devices < 1 or users < devices or not 0 < flagged_share <= 1:
        raise ValueError(f"{devices} devices, {users} users and a share of {flagged_share} make no fleet")
    rng = np.random.default_rng([seed, devices])
    weights = 1 / np.arange(4, devices + 3)
    shares = [flagged_share, *(weights / weights.sum() * (1 - flagged_share))] if devices > 1 else [1.0]
    kind_shares = np.array(KIND_SHARES[: len(kinds)])
    drawn = rng.choice(len(kinds), size=devices, p=kind_shares / kind_shares.sum())
    drawn[0] = 0
    models = tuple(
        _device(n, kinds[kind], float(share), rng) for n, (kind, share) in enumerate(zip(drawn, shares, strict=True))
    )
    people = Users(
        rng.choice(devices, size=users, p=shares),
        rng.random(users),
        rng.choice(len(LOCALES), size=users, p=list(LOCALES.values())),
        rng.choice(len(TENANTS), size=users, p=list(TENANTS.values())),
    )
    return Fleet(devices=models, releases=tuple(releases), users=people)


def _device(number: int, kind: str, share: float, rng: np.random.Generator) -> DeviceModel:
    systems = SYSTEMS.get(kind, (f"{kind}-os",))
    noise = rng.dirichlet([12.0, 5.0, 2.0][: len(SNRS_DB)])
    return DeviceModel(
        name=f"{kind}-{number:02}",
        kind=kind,
        os=systems[int(rng.integers(len(systems)))],
        share=share,
        gain_db=round(float(rng.uniform(-GAIN_DB, GAIN_DB)), 2),
        lead_s=round(float(rng.uniform(-LEAD_S, LEAD_S)), 3),
        noise_shares=tuple(float(one) for one in noise),
    )
