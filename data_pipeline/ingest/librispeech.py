"""The LibriSpeech layout: `SPEAKER/CHAPTER/SPEAKER-CHAPTER-NNNN.flac` and one `*.trans.txt` for each chapter.

Knows the layout of https://www.openslr.org/12; `SPEAKERS.TXT` adds what it says of the reader, where it is there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from data_pipeline.ingest.found import Found, Item
from data_pipeline.ingest.lines import fault, shown, text_lines
from data_pipeline.inputs import SOUND_SUFFIXES
from data_pipeline.manifest import InvalidLine

_TRANSCRIPTS: Final = "*.trans.txt"
_SPEAKERS: Final = "SPEAKERS.TXT"


@dataclass(frozen=True, slots=True, kw_only=True)
class LibriSpeech:
    """The whole corpus, or any folder within it."""

    folder: Path
    name: str = "librispeech"

    @classmethod
    def at(cls, path: Path) -> Self | None:
        """The corpus in a folder."""
        there = path.is_dir() and next(path.rglob(_TRANSCRIPTS), None)
        return cls(folder=path) if there else None

    @property
    def corpus(self) -> str:
        """The corpus's name."""
        return "librispeech"

    def read(self) -> Iterator[Item]:
        """A recording for each line of the transcripts; those that have none are named too."""
        speakers = self._speakers()
        for transcripts in sorted(self.folder.rglob(_TRANSCRIPTS)):
            named = set()
            for line, text in text_lines(transcripts):
                if text.strip():
                    item = self._item(transcripts, line, text, speakers)
                    named.add(item.audio if isinstance(item, Found) else "")
                    yield item
            for path in sorted(transcripts.parent.iterdir()):
                if path.suffix in SOUND_SUFFIXES and path.relative_to(self.folder).as_posix() not in named:
                    yield InvalidLine(transcripts, 1, f"{path.name}: no transcript", "")

    def _item(self, transcripts: Path, line: int, text: str, speakers: dict[str, dict[str, str]]) -> Item:
        name, _, words = text.strip().partition(" ")
        speaker, dash, _ = name.partition("-")
        reason = fault(text) or (None if dash else "not `SPEAKER-CHAPTER-NUMBER TEXT`")
        if reason:
            return InvalidLine(transcripts, line, reason, shown(text))
        return Found(
            named_in=transcripts,
            line=line,
            folder=self.folder,
            audio=(transcripts.parent / f"{name}.flac").relative_to(self.folder).as_posix(),
            text=words.strip(),
            fields={"id": name, "speaker": speaker, "session": name.rpartition("-")[0], **speakers.get(speaker, {})},
        )

    def _speakers(self) -> dict[str, dict[str, str]]:
        """Gender and subset of each speaker, from the list in this folder or the one above it."""
        lists = [folder / _SPEAKERS for folder in (self.folder, self.folder.parent)]
        path = next((path for path in lists if path.is_file()), None)
        lines = (text for _, text in text_lines(path)) if path else iter(())
        cells = ([cell.strip() for cell in line.split("|")] for line in lines if not fault(line))
        return {row[0]: {"gender": row[1], "subset": row[2]} for row in cells if len(row) >= 3 and row[0].isdigit()}
