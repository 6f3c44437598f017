"""The lines of text files that somebody else wrote: UTF-8 with or without a mark, bounded, each judged by itself."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

from data_pipeline.errors import InvalidCorpus
from data_pipeline.manifest import MAX_LINE_BYTES, SHOWN_BYTES, bounded_lines

UTF8_MARK: Final = b"\xef\xbb\xbf"


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number, from 1, and text of each line; a `.gz` is read as what it holds.

    Raises InvalidCorpus where compressed data are broken, and OSError.

    Bytes that are no UTF-8 become lone surrogates, and of a line that is too long one byte too many is given, so
    that `fault` finds either.
    """
    number = 0
    try:
        with _opened(path) as file:
            for number, line in enumerate(bounded_lines(file), 1):
                text = line.removeprefix(UTF8_MARK) if number == 1 else line
                yield number, text.decode("utf-8", "surrogateescape")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InvalidCorpus(f"{path}: the compressed file is broken after line {number}: {error}") from None


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def fault(text: str) -> str | None:
    """Why such a text cannot be used; None where it can.

    >>> fault("caf\\udce9"), fault("café")
    ('not UTF-8', None)
    """
    try:
        length = len(text.encode())
    except UnicodeEncodeError:
        return "not UTF-8"
    if length > MAX_LINE_BYTES:
        return f"longer than {MAX_LINE_BYTES} bytes"
    return "holds a NUL character" if "\0" in text else None


def shown(text: str) -> str:
    """What of a text that may be anything can be told."""
    return text[:SHOWN_BYTES].encode("utf-8", "replace").decode().strip()
