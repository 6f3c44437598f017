"""A data set of real recordings with fields of every kind."""

import json
from pathlib import Path
from shutil import copyfile

import pytest

from data_pipeline.manifest import Row, read_manifest
from tests.conftest import CLIPS


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Real rows; one is a part of another's recording, one is silence, one is not transcribed."""
    folder = tmp_path / "in"
    (folder / "audio").mkdir(parents=True)
    sources = ("ljspeech", "speech_commands", "voice_queries")
    rows = [row for row in read_manifest(CLIPS / "manifest.jsonl") if row.field("source") in sources][:8]
    lines: list[dict[str, object]] = []
    for number, row in enumerate(rows):
        copyfile(row.path, folder / "audio" / row.path.name)
        fields = {"id": f"u{number}", "speaker": row.field("speaker") or "nobody", "locale": "en-GB", "n": number}
        name = f"audio/{row.path.name}"
        lines.append({"audio_filepath": name, "duration": row.duration_s, "text": row.text, **fields})
    lines[0] |= {"nested": {"kept": [[0.5, 1.25]], "gain": None}, "mixed": 1, "score": 0.5, "reviewed": True}
    lines[1] |= {"mixed": "one", "gender": "female", "score": -1.5}
    lines[2]["text"] = ""
    lines[3]["text"] = None
    part = {"offset": 0.25, "duration": 0.5, "text": "a part", "id": "part"}
    lines.append({"audio_filepath": lines[0]["audio_filepath"], **part})
    (folder / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder / "manifest.jsonl"


def rows_of(manifest: Path) -> list[Row]:
    return list(read_manifest(manifest))
