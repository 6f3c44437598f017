"""Options of the form NAME=VALUE. Knows none of the names."""

from collections.abc import Iterable

import click


def pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    """What the texts say, by name. Raises click.BadParameter where one is no such pair, or a name stands there twice.

    >>> pairs(["text=sentence", "speaker=client_id"], "--map")
    {'text': 'sentence', 'speaker': 'client_id'}
    """
    named: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value) or name in named:
            raise click.BadParameter(f"{text!r} is not NAME=VALUE, or its name stands there twice", param_hint=option)
        named[name] = value
    return named


def listed_pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    """The same of texts that hold several, between commas."""
    return pairs((pair for text in texts for pair in text.split(",")), option)
