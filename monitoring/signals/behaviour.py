"""What users do with an answer, as `monitoring.behaviour` concludes it from a session and writes it down."""

from typing import Final

from monitoring.signals.signal import Group, Signal, Worse, field

BEHAVIOUR_EVENT: Final = "behaviour"
_KINDS: Final = frozenset({BEHAVIOUR_EVENT})


def _share(name: str, about: str, worse: Worse) -> Signal:
    return Signal(
        name=name,
        about=about,
        group=Group.BEHAVIOUR,
        read=field(name),
        kinds=_KINDS,
        is_rate=True,
        worse=worse,
    )


BEHAVIOUR: Final = (
    _share("redo", "Queries that the same user soon asked again in similar words.", Worse.HIGHER),
    _share("switched_to_typing", "Spoken queries after which the user typed the same wish.", Worse.HIGHER),
    _share("clicked", "Queries with a result that the user opened.", Worse.LOWER),
    _share("abandoned", "Queries after which the user did nothing more.", Worse.HIGHER),
    Signal(
        name="time_to_first_click_s",
        about="Time from an answer to the first result that the user opened.",
        group=Group.BEHAVIOUR,
        read=field("time_to_first_click_s"),
        kinds=_KINDS,
        worse=Worse.HIGHER,
    ),
)
