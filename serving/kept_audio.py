"""Audio that its speaker allowed to be kept, one file a request. Knows no request."""

from pathlib import Path


def keep_audio(data: bytes, folder: Path, request_id: str) -> Path:
    """Write the recording as it came, readable by this user only; the file is there whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / request_id
    draft = path.with_suffix(".part")
    draft.touch(mode=0o600)
    draft.write_bytes(data)
    return draft.replace(path)
