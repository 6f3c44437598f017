"""Files that are there whole or not at all, so that existence means complete. Knows no format."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A file to write that takes its name, and the place of an older one, when the block ends without an error.

    A durable one outlives a power cut, at the price of waiting for the disk. Raises OSError with the path that was
    meant, not that of the draft.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with draft.open("wb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        if error.filename not in (None, str(draft)):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        draft.unlink(missing_ok=True)


def write_whole(data: bytes, path: Path, *, durable: bool = True) -> None:
    """Write a file of known content. Raises OSError."""
    with whole_file(path, durable=durable) as file:
        file.write(data)


def write_json(values: object, path: Path) -> None:
    """Write what JSON can hold, to be read by people too. Raises OSError, ValueError for a number that is none."""
    text = json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False)
    # Half a surrogate pair, as in the name of a file, is thereby written as JSON escapes it.
    write_whole(text.encode("utf-8", "backslashreplace") + b"\n", path)
