"""Collections of real recordings, laid out as their publishers do."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

import soundfile

from data_pipeline.dataset import Dataset
from data_pipeline.ingest.ingest import Ingestion, ingest, survey
from data_pipeline.ingest.layouts import Place, find_layout
from data_pipeline.ingest.terms import Source, Terms
from data_pipeline.manifest import InvalidLine, Row, read_manifest
from tests.conftest import CLIPS

TERMS = Terms(corpus="bought", source=Source.PURCHASED, license="CC BY 4.0", consent="speakers' agreement")
CARRIED = list(read_manifest(CLIPS / "manifest.jsonl"))


def carried(source: str) -> list[Row]:
    """Carried clips of one collection."""
    return [row for row in CARRIED if row.field("source") == source]


@dataclass(frozen=True)
class Taken:
    """What became of a collection."""

    dataset: Dataset
    rows: list[Row]
    failures: list[InvalidLine]

    @property
    def reasons(self) -> list[str]:
        return [failure.reason for failure in self.failures]

    @property
    def texts(self) -> list[str | None]:
        return [row.text for row in self.rows]


def take_in(
    place: Path | Place, out: Path, *, layout: str = "auto", terms: Terms = TERMS, copy: bool = False, workers: int = 1
) -> Taken:
    found = find_layout(place if isinstance(place, Place) else Place(address=str(place)), layout)
    surveyed = survey(found, terms, workers=workers)
    failures: list[InvalidLine] = []
    settings = Ingestion(terms=terms, copy=copy)
    dataset = ingest(found, settings, surveyed, out, workers=workers, on_failure=failures.append)
    return Taken(dataset, list(read_manifest(dataset.manifest)), failures)


def folder(at: Path) -> list[Row]:
    """Sound files with texts beside them, two levels deep."""
    rows = sorted(carried("speech_commands")[:3], key=lambda row: Path(row.audio_filepath).name)
    for row, suffix in zip(rows, (".txt", ".lab", ".txt"), strict=True):
        file = at / "day" / Path(row.audio_filepath).name
        file.parent.mkdir(parents=True, exist_ok=True)
        copyfile(row.path, file)
        file.with_suffix(suffix).write_text(f"{row.text}\n")
    return rows


def csv_table(at: Path) -> list[Row]:
    """`list.csv` with columns of its own names, as a spreadsheet saves it: with a mark, CRLF and quotes."""
    rows = carried("speechbrain")
    (at / "sound").mkdir(parents=True)
    with (at / "list.csv").open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "what was said", "who"])
        for row in rows:
            copyfile(row.path, at / "sound" / row.path.name)
            table.writerow([f"sound/{row.path.name}", row.text, row.field("speaker")])
    return rows


def json_lines(at: Path) -> list[Row]:
    """A manifest of another tool, one row a part of a longer recording."""
    rows = carried("pocketsphinx")
    at.mkdir()
    with (at / "list.jsonl").open("w") as file:
        for row in rows:
            copyfile(row.path, at / row.path.name)
            own = {"audio_filepath": row.path.name, "text": row.text, "duration": row.duration_s}
            file.write(json.dumps(own | {"nested": {"a": [1, 2.5, None]}}) + "\n")
        part = {"audio_filepath": rows[0].path.name, "text": "a part", "offset": 0.5, "duration": 1.25}
        file.write(json.dumps(part) + "\n")
    return [*rows, rows[0]]


def common_voice(at: Path) -> list[Row]:
    """`validated.tsv` of a release 6.1, beside it `clips`."""
    rows = carried("common_voice")
    (at / "clips").mkdir(parents=True)
    header = ["client_id", "path", "sentence", "up_votes", "down_votes", "age", "gender", "accent", "locale", "segment"]
    lines = ["\t".join(header)]
    for row in rows:
        name = row.path.name.removeprefix("common_voice__")
        copyfile(row.path, at / "clips" / name)
        cells = [row.field("speaker"), name, row.text, "2", "0", "twenties", "", "us", "en", ""]
        lines.append("\t".join(map(str, cells)))
    (at / "validated.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    return rows


def librispeech(at: Path) -> list[Row]:
    """`LibriSpeech/dev-clean/SPEAKER/CHAPTER`, with the list of speakers above."""
    rows = carried("librispeech")
    chapter = at / "dev-clean" / "251" / "136532"
    chapter.mkdir(parents=True)
    lines = []
    for number, row in enumerate(rows):
        name = f"251-136532-{number:04}"
        copyfile(row.path, chapter / f"{name}.flac")
        lines.append(f"{name} {str(row.text).upper()}\n")
    (chapter / "251-136532.trans.txt").write_text("".join(lines))
    (at / "SPEAKERS.TXT").write_text(";ID |SEX| SUBSET |MINUTES| NAME\n251  | M | dev-clean | 8.09 | Mark Nelson\n")
    return rows


def ljspeech(at: Path) -> list[Row]:
    """`metadata.csv` beside `wavs`."""
    rows = sorted(carried("ljspeech"), key=lambda row: row.audio_filepath)
    (at / "wavs").mkdir(parents=True)
    lines = []
    for row in rows:
        name = row.path.stem.removeprefix("ljspeech__")
        samples, rate_hz = soundfile.read(row.path, dtype="int16")
        soundfile.write(at / "wavs" / f"{name}.wav", samples, rate_hz)
        lines.append(f'{name}|He said "{row.text}"|{row.text}\n')
    (at / "metadata.csv").write_text("".join(lines))
    return rows
