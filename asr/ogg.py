"""Whether an Ogg file has its end, and how long it says it is. Decodes nothing.

Sources: RFC 3533 (Ogg), Vorbis I section 4.2.2, RFC 7845 (Opus).
"""

from typing import Final

PAGE_HEADER: Final = 27
OPUS_RATE_HZ: Final = 48_000
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


def duration_s(data: bytes) -> float | None:
    """Seconds by the last page's position, one stream from its start supposed; None for other codecs."""
    last = data.rfind(b"OggS")
    if last < 0 or len(data) < last + PAGE_HEADER:
        return None
    position = int.from_bytes(data[last + 6 : last + 14], "little", signed=True)
    if (at := data.find(b"OpusHead", 0, 256)) >= 0:
        return (position - int.from_bytes(data[at + 10 : at + 12], "little")) / OPUS_RATE_HZ
    if (at := data.find(b"\x01vorbis", 0, 256)) >= 0:
        rate_hz = int.from_bytes(data[at + 12 : at + 16], "little")
        return position / rate_hz if rate_hz else None
    return None
