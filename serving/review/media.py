"""What kind of sound or image a file is, by its first bytes, so that a browser plays or shows it. Knows no item."""

from typing import Final

UNKNOWN: Final = "application/octet-stream"

_BEGINNINGS: Final = (
    (b"RIFF", "audio/wav", ".wav"),
    (b"fLaC", "audio/flac", ".flac"),
    (b"OggS", "audio/ogg", ".ogg"),
    (b"\x1aE\xdf\xa3", "audio/webm", ".webm"),
    (b"ID3", "audio/mpeg", ".mp3"),
    (b"\xff\xfb", "audio/mpeg", ".mp3"),
    (b"\x89PNG", "image/png", ".png"),
    (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
)


def media_type(data: bytes) -> str:
    """The kind, as HTTP names it.

    >>> media_type(b"fLaC...."), media_type(b"?")
    ('audio/flac', 'application/octet-stream')
    """
    return _found(data)[0]


def suffix(data: bytes) -> str:
    """How names of such files end; empty where the kind is unknown.

    >>> suffix(b"OggS....")
    '.ogg'
    """
    return _found(data)[1]


def _found(data: bytes) -> tuple[str, str]:
    if data[4:8] == b"ftyp":
        return "audio/mp4", ".m4a"
    return next(((kind, end) for start, kind, end in _BEGINNINGS if data.startswith(start)), (UNKNOWN, ""))
