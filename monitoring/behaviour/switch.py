"""Switch to typing: after a spoken query, the same person types the same wish; and what was typed."""

from monitoring.behaviour.episode import Episode, any_of
from monitoring.behaviour.query import CORRECT, Query
from monitoring.behaviour.redo import SameWish, asks_again


def switched_to_typing(episode: Episode, same_wish: SameWish) -> bool | None:
    """Did a typed query with the same wish follow a spoken one? None for typed queries, where it does not apply.

    The action `correct` says that something was typed next, not that it was a correction: it is judged as a typed
    query is. It names its query, so it tells even where nobody knows who asked; its absence then does not.
    """
    if not episode.query.is_spoken:
        return None
    reported = [asks_again(episode.query, one, same_wish) for one in _corrections(episode)]
    if episode.followers is None:
        return any_of([*reported, None])
    return any_of([*reported, *(one.asks_again for one in episode.followers if not one.query.is_spoken)])


def typed_instead(episode: Episode, same_wish: SameWish) -> str | None:
    """What was typed, as a weak label of what had been said; None if there is none that may be learnt from.

    Only with consent; only where both texts are known, alike enough to be the same wish, and not the same.
    The last one counts: people correct their typing, too.
    """
    query = episode.query
    if not (query.is_spoken and query.consent and query.text):
        return None
    followers = [one.query for one in episode.followers or () if not one.query.is_spoken and one.query.consent]
    typed = sorted([*followers, *_corrections(episode)], key=lambda one: one.at)
    labels = [one.text for one in typed if one.text and same_wish(query.text, one.text)]
    return labels[-1] if labels and labels[-1].casefold() != query.text.casefold() else None


def _corrections(episode: Episode) -> list[Query]:
    query = episode.query
    return [
        query._replace(at=action.at, is_spoken=False, text=action.text, is_lost=False)
        for action in episode.actions
        if action.kind == CORRECT
    ]
