"""Abandonment: the person does nothing with the answer and asks nothing more."""

from monitoring.behaviour.clicks import clicked
from monitoring.behaviour.episode import Episode
from monitoring.behaviour.query import ABANDON


def abandoned(episode: Episode) -> bool | None:
    """Did the person leave without opening anything?

    The client's `abandon` says so, unless a result was opened. Without it: no action and no further query within the
    horizon; None where nobody knows who asked. An answer that is read and needs no click counts, too
    (good abandonment: Li, Huffman and Tokuda, SIGIR 2009), so only its changes tell something.
    """
    if clicked(episode):
        return False
    if any(action.kind == ABANDON for action in episode.actions):
        return True
    if episode.actions or episode.followers:
        return False
    return None if episode.followers is None else True
