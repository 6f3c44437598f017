"""Texts of unknown origin for a terminal."""


def printable(text: str) -> str:
    """The text without what a terminal would act on.

    >>> printable("one\\x1b[2Jtwo")
    'one�[2Jtwo'
    """
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
