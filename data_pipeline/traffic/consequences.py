"""Prototypes of what users do with an answer: their clients' reports, and the behaviour that is concluded from them."""

from functools import lru_cache
from typing import Final

import numpy as np

from data_pipeline.traffic.draw import Floats
from data_pipeline.traffic.prototypes import Positions, Prototypes
from data_pipeline.traffic.users import Codes, Reaction
from monitoring.events import Event
from monitoring.signals.behaviour import BEHAVIOUR_EVENT
from monitoring.voice_events import Action

CLICK_STEPS_S: Final = np.geomspace(0.5, 60.0, 64)
"""Times to a click are told on this grid, so that few prototypes say all."""


class Consequences:
    """Positions of the prototypes."""

    def __init__(self, prototypes: Prototypes) -> None:
        self.click = prototypes.add(_event(Action.CLICK))
        self.abandon = prototypes.add(_event(Action.ABANDON))
        self._quiet = np.array([prototypes.add(_behaviour(one, None)) for one in Reaction])
        self._clicked = np.array([prototypes.add(_behaviour(Reaction.CLICK, float(s))) for s in CLICK_STEPS_S])

    def behaviours(self, reactions: Codes, after_s: Floats) -> Positions:
        """What is concluded of each request; all of shape (n,)."""
        step = np.searchsorted(CLICK_STEPS_S, after_s).clip(0, len(CLICK_STEPS_S) - 1)
        return np.where(reactions == Reaction.CLICK, self._clicked[step], self._quiet[reactions])


@lru_cache(maxsize=8)
def consequences_of(prototypes: Prototypes) -> Consequences:
    """Made once for all streams that are drawn from the same prototypes."""
    return Consequences(prototypes)


def _event(action: Action) -> Event:
    return Event(event_id=f"_/{action.value}", request_id="_", at=0.0, kind=action.value)


def _behaviour(reaction: Reaction, click_s: float | None) -> Event:
    return Event(
        event_id=f"_/{BEHAVIOUR_EVENT}",
        request_id="_",
        at=0.0,
        kind=BEHAVIOUR_EVENT,
        slices={"device_model": "_", "os": "_", "app_version": "_", "locale": "_"},
        signals={
            "redo": reaction is Reaction.REDO,
            "switched_to_typing": reaction is Reaction.TYPE,
            "clicked": reaction is Reaction.CLICK,
            "abandoned": reaction is Reaction.ABANDON,
            "time_to_first_click_s": click_s,
        },
    )
