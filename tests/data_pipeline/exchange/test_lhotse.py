"""Our sets in Lhotse's own hands, and Lhotse's in ours."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from lhotse import CutSet, Recording, RecordingSet, SupervisionSegment, SupervisionSet, validate

from asr.decode import decode
from data_pipeline.errors import InvalidCorpus, OtherDataset
from data_pipeline.exchange.convert import convert, find_foreign_set
from data_pipeline.exchange.lhotse_reader import lhotse_set, read_lhotse
from data_pipeline.exchange.lhotse_writer import write_lhotse
from data_pipeline.manifest import InvalidLine, Row, write_manifest
from data_pipeline.recordings import read_audio
from tests.data_pipeline.exchange.conftest import rows_of


def cuts_of(folder: Path) -> CutSet:
    return CutSet.from_file(folder / "cuts.jsonl.gz")


def test_lhotse_reads_every_field(manifest: Path, tmp_path: Path) -> None:
    rows = rows_of(manifest)
    assert write_lhotse(manifest, tmp_path / "out") == len(rows)
    for row, cut in zip(rows, cuts_of(tmp_path / "out"), strict=True):
        validate(cut)
        (supervision,) = cut.supervisions
        fields = dict(row.fields or {})
        assert (cut.id, supervision.id) == (fields.pop("id"), row.key)
        assert (cut.start, cut.duration) == (row.offset_s or 0, pytest.approx(row.duration_s, abs=1e-3))
        assert (supervision.start, supervision.duration) == (0, cut.duration)
        assert supervision.text == row.text
        standard = (supervision.speaker, supervision.language, supervision.gender)
        assert standard == tuple(fields.pop(name, None) for name in ("speaker", "locale", "gender"))
        assert (supervision.custom or {}) == fields
        assert Path(cut.recording.sources[0].source) == row.path


def test_lhotse_loads_the_same_samples(manifest: Path, tmp_path: Path) -> None:
    write_lhotse(manifest, tmp_path / "out")
    for row, cut in zip(rows_of(manifest), cuts_of(tmp_path / "out"), strict=True):
        loaded = cut.load_audio()
        assert cut.sampling_rate == 16_000
        ours = read_audio(row).samples
        assert np.array_equal(loaded[0], ours), row.key


def test_the_sets_of_recordings_and_supervisions_fit_together(manifest: Path, tmp_path: Path) -> None:
    rows = rows_of(manifest)
    write_lhotse(manifest, tmp_path / "out")
    recordings = RecordingSet.from_file(tmp_path / "out" / "recordings.jsonl.gz")
    supervisions = SupervisionSet.from_file(tmp_path / "out" / "supervisions.jsonl.gz")
    assert [supervision.id for supervision in supervisions] == [row.key for row in rows]
    assert {one.id for one in recordings} == {one.recording_id for one in supervisions}
    assert len(recordings) == len({row.audio_filepath for row in rows})
    for one in recordings:
        validate(one, read_data=True)


def test_there_and_back(manifest: Path, tmp_path: Path) -> None:
    rows = rows_of(manifest)
    write_lhotse(manifest, tmp_path / "out")
    for path in (tmp_path / "out", tmp_path / "out" / "supervisions.jsonl.gz"):
        back = [row for row in read_lhotse(lhotse_set(path) or path) if isinstance(row, Row)]
        for before, after in zip(rows, back, strict=True):
            moved = after.moved_to(manifest)
            assert moved.duration_s == pytest.approx(before.duration_s, abs=1e-3)
            assert moved.as_json() | {"duration": 0} == before.as_json() | {"duration": 0}


def test_what_lhotse_wrote_comes_back_equal(query_clip: Path, tmp_path: Path) -> None:
    recording = Recording.from_file(query_clip, recording_id="rec")
    segments = [
        SupervisionSegment("a", "rec", 0.0, 1.0, text="what", speaker="dora", custom={"clip": {"lead": 0.5}}),
        SupervisionSegment("b", "rec", 1.0, 0.75, text="time", language="en", gender="female"),
    ]
    supervisions = SupervisionSet.from_segments(segments)
    cuts = CutSet.from_manifests(RecordingSet.from_recordings([recording]), supervisions)
    (tmp_path / "in").mkdir()
    cuts.trim_to_supervisions(keep_overlapping=False).to_file(tmp_path / "in" / "my_cuts.jsonl")
    failures: list[InvalidLine] = []
    dataset = convert(find_foreign_set(tmp_path / "in"), tmp_path / "out", on_failure=failures.append)
    assert failures == []
    write_lhotse(dataset.manifest, tmp_path / "again")
    again = [cut.supervisions[0] for cut in cuts_of(tmp_path / "again")]
    for before, cut, after in zip(segments, cuts_of(tmp_path / "again"), again, strict=True):
        assert (cut.start, cut.duration) == (before.start, before.duration)
        for field in ("id", "duration", "text", "speaker", "language", "gender", "custom", "channel"):
            assert getattr(after, field) == getattr(before, field)
        expected = recording.load_audio(offset=before.start, duration=before.duration)
        assert np.array_equal(cut.load_audio(), expected)


def test_a_cut_without_words_and_a_long_one_with_several(query_clip: Path, tmp_path: Path) -> None:
    recording = Recording.from_file(query_clip, recording_id="rec")
    bare = recording.to_cut().with_id("bare")
    several = bare.with_id("several").truncate(offset=0.5)
    several.supervisions = [
        SupervisionSegment("a", "rec", 0.0, 0.5, text="what"),
        SupervisionSegment("b", "rec", 0.5, 0.5, text="time"),
    ]
    CutSet.from_cuts([bare, several]).to_file(tmp_path / "cuts.jsonl.gz")
    rows = [row for row in read_lhotse(tmp_path / "cuts.jsonl.gz") if isinstance(row, Row)]
    assert [(row.key, row.text, row.offset_s) for row in rows] == [
        ("bare", None, None),
        ("a", "what", 0.5),
        ("b", "time", 1.0),
    ]


def test_channels_are_averaged_by_us_and_all_kept_for_lhotse(tmp_path: Path, query_clip: Path) -> None:
    mono = decode(query_clip.read_bytes()).samples
    soundfile.write(tmp_path / "stereo.wav", np.stack([mono, mono / 2], axis=1), 16_000, subtype="FLOAT")
    manifest = tmp_path / "manifest.jsonl"
    write_manifest([Row(manifest, 1, "stereo.wav", len(mono) / 16_000, "what time is it")], manifest)
    write_lhotse(manifest, tmp_path / "out")
    (cut,) = cuts_of(tmp_path / "out")
    assert cut.load_audio().shape == (2, len(mono))
    (row,) = read_lhotse(tmp_path / "out" / "cuts.jsonl.gz")
    assert isinstance(row, Row)
    first = json.loads(gzip.decompress((tmp_path / "out" / "cuts.jsonl.gz").read_bytes()))
    first |= {"channel": 0, "type": "MonoCut"}
    first["supervisions"][0]["channel"] = 0
    (tmp_path / "one.jsonl").write_text(json.dumps(first))
    (refused,) = read_lhotse(tmp_path / "one.jsonl")
    assert isinstance(refused, InvalidLine)
    assert refused.reason == "one channel of several"


CUT = {
    "id": "c",
    "start": 0,
    "duration": 1.0,
    "channel": 0,
    "supervisions": [],
    "type": "MonoCut",
    "recording": {
        "id": "r",
        "sources": [{"type": "file", "channels": [0], "source": "a.wav"}],
        "sampling_rate": 16000,
        "num_samples": 16000,
        "duration": 1.0,
        "channel_ids": [0],
    },
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"type": "MixedCut"}, "a MixedCut is no stretch"),
        ({"type": "PaddingCut"}, "a PaddingCut is no stretch"),
        ({"duration": "long"}, "duration is not a number"),
        ({"duration": -1}, "no part of a recording"),
        ({"start": -3}, "no part of a recording"),
        ({"recording": None}, ""),
        ({"supervisions": 5}, ""),
        ({"supervisions": [{"id": "s", "start": 0}]}, "no 'duration'"),
        ({"recording": CUT["recording"] | {"transforms": [{"name": "Speed"}]}}, "transforms"),  # type: ignore[operator]
        ({"recording": CUT["recording"] | {"sources": [{"type": "command", "source": "rm x"}]}}, "command"),  # type: ignore[operator]
        ({"recording": CUT["recording"] | {"sources": [{"type": "url", "source": "http://x"}]}}, "url"),  # type: ignore[operator]
    ],
)
def test_a_cut_that_is_no_row_is_named_and_the_others_go_on(
    change: dict[str, object], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "cuts.jsonl"
    path.write_text("\n".join(json.dumps(cut) for cut in (CUT, CUT | change, CUT)) + "\n{\n")
    first, refused, last, broken = read_lhotse(path)
    assert isinstance(first, Row)
    assert isinstance(last, Row)
    assert isinstance(refused, InvalidLine)
    assert message in refused.reason
    assert refused.line == 2
    assert isinstance(broken, InvalidLine)


def test_compressed_data_that_end_early(manifest: Path, tmp_path: Path) -> None:
    write_lhotse(manifest, tmp_path / "out")
    path = tmp_path / "out" / "cuts.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InvalidCorpus, match="broken after line"):
        list(read_lhotse(path))


def test_supervisions_without_their_recordings(manifest: Path, tmp_path: Path) -> None:
    write_lhotse(manifest, tmp_path / "out")
    (tmp_path / "out" / "recordings.jsonl.gz").unlink()
    with pytest.raises(InvalidCorpus, match="no recordings beside"):
        list(read_lhotse(tmp_path / "out" / "supervisions.jsonl.gz"))


def test_bad_rows_are_told_and_two_runs_write_the_same_bytes(manifest: Path, tmp_path: Path) -> None:
    with manifest.open("a") as file:
        file.write('{"audio_filepath": "absent.wav", "duration": 1, "text": "x"}\n')
        file.write('{"audio_filepath": "manifest.jsonl", "duration": 1, "text": "x"}\n{\n')
    failures: list[InvalidLine] = []
    for name in ("one", "two"):
        failures.clear()
        assert write_lhotse(manifest, tmp_path / name, on_failure=failures.append) == 9
    assert [failure.line for failure in failures] == [10, 11, 12]
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    with pytest.raises(OtherDataset):
        write_lhotse(manifest, tmp_path / "one")


def test_a_manifest_without_a_row_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "manifest.jsonl").write_text("{\n")
    with pytest.raises(InvalidCorpus, match="no row"):
        write_lhotse(tmp_path / "manifest.jsonl", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.jsonl"]
