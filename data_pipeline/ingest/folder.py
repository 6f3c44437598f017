"""A folder of sound files, each with its text in a `.txt` or `.lab` of the same name, where there is one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from data_pipeline.errors import InvalidCorpus
from data_pipeline.ingest.found import Found, Item
from data_pipeline.ingest.lines import UTF8_MARK, fault
from data_pipeline.ingest.recordings import inside
from data_pipeline.inputs import sound_files
from data_pipeline.manifest import MAX_LINE_BYTES, InvalidLine

TEXT_SUFFIXES: Final = (".txt", ".lab")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Sound files at any depth; one sound file by itself is such a folder too."""

    path: Path
    name: str = "folder"

    @property
    def corpus(self) -> str:
        """The folder's name."""
        return self.path.resolve().stem if self.path.is_file() else self.path.resolve().name

    def read(self) -> Iterator[Item]:
        """A recording for each file, in order of the names; `line` counts them."""
        folder = self.path.parent if self.path.is_file() else self.path
        try:
            files = sound_files(self.path)
        except FileNotFoundError as error:
            raise InvalidCorpus(str(error)) from None
        for number, file in enumerate(files, 1):
            audio = file.relative_to(folder)
            try:
                text = _text(file, folder)
            except (OSError, ValueError) as error:
                yield InvalidLine(self.path, number, f"{audio.as_posix()}: {error}", "")
                continue
            yield Found(
                named_in=self.path,
                line=number,
                folder=folder,
                audio=audio.as_posix(),
                text=text,
                fields={"id": audio.with_suffix("").as_posix()},
            )


def _text(file: Path, folder: Path) -> str | None:
    """The words beside a file, their lines joined. Raises OSError, and ValueError where they cannot be used."""
    beside = next((path for path in map(file.with_suffix, TEXT_SUFFIXES) if path.is_file()), None)
    if beside is None:
        return None
    inside(folder, beside)
    with beside.open("rb") as stream:
        text = stream.read(MAX_LINE_BYTES + 1).removeprefix(UTF8_MARK).decode("utf-8", "surrogateescape")
    if reason := fault(text):
        raise ValueError(f"{beside.name}: {reason}")
    return " ".join(text.split())
