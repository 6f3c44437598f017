"""Whether an Ogg file has its end (RFC 3533). Knows nothing of the codecs inside."""

from typing import Final

PAGE_HEADER: Final = 27
END_OF_STREAM: Final = 4


def is_cut(data: bytes) -> bool:
    """The last page is not marked as the last of its stream, or is not whole."""
    at = data.rfind(b"OggS")
    if at < 0 or len(data) < at + PAGE_HEADER:
        return True
    segments = data[at + 26]
    table = data[at + PAGE_HEADER : at + PAGE_HEADER + segments]
    whole = len(data) >= at + PAGE_HEADER + segments + sum(table)
    return not (whole and data[at + 5] & END_OF_STREAM)
