"""The text of a query as it may be kept. Knows no event."""

from collections.abc import Callable

from monitoring.redaction import Kind, found_in, redact


def kept_text(said: str, transcript: str, write: Callable[[str], str]) -> str:
    """The transcript without addresses and numbers.

    They are looked for in what was said or typed, before the convention: "John@example.com" is an address,
    "john example com" is none. `write` is the convention that made the transcript of it.

    >>> kept_text("Mail John@example.com!", "mail john example com", lambda text: text.lower().strip(" !"))
    'mail [email]'
    """
    return redact(redact(said, write) if found_in(said) else transcript)


def is_redacted(text: str) -> bool:
    """Does a placeholder stand in it? Then it is not what was said.

    >>> is_redacted("mail [email]"), is_redacted("mail john")
    (True, False)
    """
    return any(kind.placeholder in text for kind in Kind)
