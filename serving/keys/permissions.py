"""Which path needs which scope. What is not named here needs a key: a new route is closed until it is opened."""

from typing import Final

from serving.keys.key import Scope

PUBLIC: Final = frozenset({"/", "/healthz", "/livez", "/health", "/readyz", "/console", "/review"})
"""Health, and the pages, which are the same for everybody and have to say that a key is wanted."""
PUBLIC_FOLDER: Final = "/pages/"
ANY_KEY: Final = frozenset({"/metrics", "/openapi.json"})
"""Without a word about users, for programs that watch: their key needs no more than a client's."""


def is_public(path: str) -> bool:
    """May anybody have it?"""
    return path in PUBLIC or path.startswith(PUBLIC_FOLDER)


def needed(path: str) -> Scope | None:
    """The scope of a path that is not public; None where any key will do.

    >>> needed("/v1/search").value, needed("/admin/review/items").value, needed("/admin/keys").value
    ('client', 'reviewer', 'operator')
    """
    if path in ANY_KEY:
        return None
    if path == "/admin/review" or path.startswith("/admin/review/"):
        return Scope.REVIEWER
    return Scope.OPERATOR if path.startswith("/admin") else Scope.CLIENT
