"""A stream of events, hour by hour: who asks when, what comes of it, and what the users do then.

The same seed gives the same stream. Rate and noise follow the time of day. Hours come as arrays of positions among
prototypes (`Block`), so that ten million events are a matter of a minute; `events` and `columns` are views on them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import count
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from data_pipeline.traffic.consequences import consequences_of
from data_pipeline.traffic.draw import Asked, Dice, Floats, Mask, Rows
from data_pipeline.traffic.drifts import Planted
from data_pipeline.traffic.fleet import Fleet
from data_pipeline.traffic.prototypes import Positions, Prototypes
from data_pipeline.traffic.users import DEFAULT_USERS, Reaction, UserModel, delays_s, react

HOUR_S: Final = 3600.0
DAY_S: Final = 24 * HOUR_S
BUSIEST_HOUR: Final = 15
PER_HOUR: Final = 10_000_000
"""Numbers of requests that an hour may take."""
SECOND_VAD_AFTER_S: Final = 1.0
CONCLUDED_AFTER_S: Final = 60.0
"""After so long it is known what a user did."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Events as columns, by time, all of shape (n,)."""

    at: Floats
    position: Positions
    """Of the prototype."""
    number: Rows
    """Of the request that it belongs to."""
    user: Rows
    session: Rows
    release: Rows
    candidate: Mask

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, which: Mask | Rows | slice) -> "Block":
        return Block(*(getattr(self, one.name)[which] for one in fields(self)))

    @classmethod
    def joined(cls, blocks: list[Self]) -> "Block":
        """Blocks as one, by time."""
        columns = (np.concatenate([getattr(block, one.name) for block in blocks]) for one in fields(cls))
        whole = Block(*columns)
        return whole[np.argsort(whole.at, kind="stable")]


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """All that decides a stream."""

    fleet: Fleet
    prototypes: Prototypes
    drifts: tuple[Planted, ...] = ()
    users: UserModel = DEFAULT_USERS
    start_s: float = 1_767_225_600.0
    """A midnight, seconds since 1970 UTC."""
    per_day: float = 200_000.0
    """Spoken wishes; each may take several requests."""
    rate_swing: float = 0.6
    """How far the rate goes up by day and down by night, as a share of its mean."""
    noise_swing: float = 0.5
    """Log odds that the busiest hour adds for each step from quiet to noise."""
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.rate_swing < 1 or not 0 < self.per_day < 24 * PER_HOUR / 20:
            raise ValueError(f"{self.per_day} requests a day with a swing of {self.rate_swing} make no traffic")

    def hours(self, first: int = 0) -> Iterator[Block]:
        """The events of each hour from the first on, without end; what follows from requests before it is left out."""
        waiting: list[Block] = []
        for hour in count(first):
            end_s = self.start_s + (hour + 1) * HOUR_S
            block = Block.joined([*waiting, self._asked_in(hour)])
            now = int(np.searchsorted(block.at, end_s))
            waiting = [block[now:]]
            yield block[:now]

    def noisiness(self, at: Floats) -> Floats:
        """Log odds by the time of day; shape as `at`."""
        return self.noise_swing * (0.5 + 0.5 * _daytime(at - self.start_s))

    @cached_property
    def dice(self) -> Dice:
        """What draws the answers."""
        return Dice(self.fleet, self.prototypes, self.drifts)

    def _asked_in(self, hour: int) -> Block:
        rng = np.random.default_rng([self.seed, hour])
        first_s = self.start_s + hour * HOUR_S
        rate = self.per_day / 24 * (1 + self.rate_swing * float(_daytime(np.array(hour * HOUR_S))))
        wishes = int(rng.poisson(rate))
        users = np.searchsorted(np.cumsum(self.dice.weights(first_s)), rng.random(wishes)).clip(
            0, len(self.fleet.users) - 1
        )
        clips = rng.integers(len(self.prototypes.typed), size=wishes)
        asked = Asked(np.sort(first_s + HOUR_S * rng.random(wishes)), users, clips, hour * PER_HOUR + np.arange(wishes))
        blocks, number = [], hour * PER_HOUR
        for attempt in range(self.users.max_attempts):
            block, asked = self._attempt(asked, number, rng, last=attempt + 1 == self.users.max_attempts)
            blocks.append(block)
            number += 2 * wishes
        return Block.joined(blocks)

    def _attempt(self, asked: Asked, number: int, rng: np.random.Generator, *, last: bool) -> tuple[Block, Asked]:
        """The events of speaking once, and who speaks again."""
        served = self.dice.serve(asked, self.noisiness(asked.at), rng)
        sent = served.position >= 0
        asked, position = asked[sent], served.position[sent]
        reactions = react(np.array(self.prototypes.heard, np.int8)[position], self.users, rng)
        if last:
            reactions[reactions == Reaction.REDO] = Reaction.ABANDON
        after_s = delays_s(reactions, self.users, rng)
        numbers = number + np.arange(len(asked))
        spoken = Block(
            asked.at, position, numbers, asked.user, asked.session, served.release[sent], served.candidate[sent]
        )
        again = reactions == Reaction.REDO
        following = Asked(asked.at + after_s, asked.user, asked.clip, asked.session)[again]
        return Block.joined([spoken, *self._followed(spoken, asked.clip, reactions, after_s)]), following

    def _followed(self, spoken: Block, clip: Rows, reactions: NDArray[np.int8], after_s: Floats) -> list[Block]:
        """What comes after each spoken request: the second detector, the user's action, and what it says of it."""
        made = consequences_of(self.prototypes)
        second = np.array(self.prototypes.second)[spoken.position]
        typed, clicked, abandoned = (reactions == one for one in (Reaction.TYPE, Reaction.CLICK, Reaction.ABANDON))
        typing = _later(spoken, after_s, self.prototypes.typed[clip])[typed]
        typing = replace(typing, number=typing.number + len(spoken))
        return [
            _later(spoken, SECOND_VAD_AFTER_S, second)[second >= 0],
            typing,
            _later(spoken, after_s, made.click)[clicked],
            _later(spoken, after_s, made.abandon)[abandoned],
            _later(spoken, CONCLUDED_AFTER_S, made.behaviours(reactions, after_s)),
        ]


def _later(block: Block, after_s: Floats | float, position: Positions | int) -> Block:
    return replace(block, at=block.at + after_s, position=np.broadcast_to(position, block.at.shape))


def _daytime(since_midnight_s: Floats) -> Floats:
    """From -1 in the middle of the night to 1 in the busiest hour."""
    return np.cos(2 * np.pi * (since_midnight_s / HOUR_S - BUSIEST_HOUR) / 24)
