"""Moonshine's token table: token ids to text and words. Knows the table's file format, and no model."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from asr.errors import CorruptModel

START: Final = 1
END: Final = 2

_SPACE: Final = "\u2581".encode()
_BYTE: Final = re.compile(rb"<0x([0-9A-F]{2})>")


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """Token ids to text."""

    pieces: tuple[bytes, ...]
    """UTF-8 of each token, with a plain space where a word begins; empty for the control tokens."""

    @classmethod
    def read(cls, path: Path) -> "Tokenizer":
        """Read a table: for each token its length (one byte, or two from 128 on) and its bytes.

        Raises CorruptModel.
        """
        table, pieces, at = path.read_bytes(), [], 0
        try:
            while at < len(table):
                length, at = table[at], at + 1
                if length >= 128:
                    length, at = length - 128 + 128 * table[at], at + 1
                pieces.append(table[at : at + length])
                at += length
        except IndexError:
            raise CorruptModel(f"{path.name} ends in the middle of a token") from None
        if at != len(table) or len(pieces) <= END:
            raise CorruptModel(f"{path.name} is not a token table")
        return cls((b"", b"", b"", *(_plain(piece) for piece in pieces[END + 1 :])))

    def text(self, tokens: Sequence[int]) -> str:
        """What the tokens say; bytes that are no UTF-8 become U+FFFD."""
        return b"".join(self.pieces[token] for token in tokens).decode("utf-8", "replace").strip()

    def words(self, tokens: Sequence[int]) -> list[slice]:
        """Where in `tokens` each word stands; control tokens belong to none."""
        starts: list[int] = []
        end = 0
        for i, token in enumerate(tokens):
            if piece := self.pieces[token]:
                if not starts or piece.startswith(b" "):
                    starts.append(i)
                end = i + 1
        return [slice(a, b) for a, b in zip(starts, [*starts[1:], end], strict=True)] if starts else []


def _plain(piece: bytes) -> bytes:
    if byte := _BYTE.fullmatch(piece):
        return bytes([int(byte[1], 16)])
    return piece.replace(_SPACE, b" ")
