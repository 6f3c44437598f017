"""`voicesearch data simulate` as a user calls it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from asr.cache import pull
from data_pipeline.manifest import matching, read_manifest, write_manifest
from tests.conftest import CLIPS
from tests.serving.in_process import data_command


@pytest.fixture(scope="module", autouse=True)
def _model() -> None:
    pull("silero-vad-16k")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("input") / "manifest.jsonl"
    write_manifest(matching(read_manifest(CLIPS / "manifest.jsonl"), {"source": {"speech_commands"}}), path)
    return path


def simulate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = "from serving.cli import main; main()"
    command = [sys.executable, "-c", program, "data", "simulate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_one_row_for_each_device_the_same_twice_and_for_any_number_of_processes(manifest: Path, tmp_path: Path) -> None:
    devices = ("--device", "phone", "--device", "phone-clipped-onset-100ms", "--device", "smart-speaker")
    for name, workers in (("one", 1), ("two", 2)):
        done = simulate(manifest, "--out", tmp_path / name, *devices, "--workers", str(workers), "--seed", "3")
        assert done.returncode == 0, done.stderr
    rows = list(read_manifest(tmp_path / "one" / "manifest.jsonl"))
    assert [row.field("device_model") for row in rows] == ["phone", "phone", "smart-speaker"] * 10
    assert {row.field("app_version") for row in rows} == {"5.1", "5.2", None}
    assert [row.text for row in rows] == [r.text for r in read_manifest(manifest) for _ in range(3)]
    for name in ("manifest.jsonl", "card.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_recording_of_which_a_device_sends_nothing_is_a_failure_with_its_reason(tmp_path: Path) -> None:
    done = simulate(CLIPS / "noise.jsonl", "--out", tmp_path / "out", "--device", "phone", "--workers", "1")
    assert done.returncode == 2
    failures = [json.loads(line) for line in (tmp_path / "out" / "failures.jsonl").read_text().splitlines()]
    assert len(failures) >= 10
    assert {failure["reason"] for failure in failures} == {"phone@1 sends nothing: its detector hears no speech"}


def test_devices_noises_and_rooms_of_ones_own(manifest: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        '[mine]\nversion = 7\nabout = "m"\ndevice_model = "m"\nnoise = { snr_db = 3 }\n'
        "room = { direct_to_reverberant_db = 3 }\n"
    )
    rooms = CLIPS.parents[1] / "data_pipeline" / "simulation" / "sounds" / "rooms.jsonl"
    done = simulate(
        *(manifest, "--out", tmp_path / "out", "--device", "mine", "--profiles", tmp_path / "mine.toml"),
        *("--noise", CLIPS / "noise.jsonl", "--rir", rooms, "--workers", "1"),
    )
    assert done.returncode == 0, done.stderr
    told = [json.loads(line)["simulated"] for line in (tmp_path / "out" / "manifest.jsonl").read_text().splitlines()]
    assert {(one["profile"], one["snr_db"]) for one in told} == {("mine@7", 3.0)}
    assert {one["noise"].split("/")[0] for one in told} == {"noise"}
    settings = json.loads((tmp_path / "out" / "card.json").read_text())["steps"][-1]["settings"]
    assert not Path(settings["noise"]["manifest"]).is_absolute()
    assert settings["noise"]["sha256"] != settings["rooms"]["sha256"]


@pytest.fixture
def noisy(manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """A command whose noise lies in the working folder."""
    monkeypatch.chdir(tmp_path)
    rows = read_manifest(CLIPS / "noise.jsonl")
    row = next(rows)
    (tmp_path / "own.flac").write_bytes(row.path.read_bytes())
    (tmp_path / "other.flac").write_bytes(next(rows).path.read_bytes())
    (tmp_path / "noise.jsonl").write_text(json.dumps({**row.as_json(), "audio_filepath": "own.flac"}))
    moved = next(read_manifest(manifest)).moved_to(tmp_path / "one.jsonl")
    (tmp_path / "one.jsonl").write_text(json.dumps(moved.as_json()))
    return ("one.jsonl", "--out", "out", "--device", "phone-noisy", "--noise", "noise.jsonl", "--workers", "1")


def test_other_noise_in_the_same_file_is_another_step(
    noisy: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = data_command("simulate", capsys)
    assert run(*noisy).returncode == 0
    assert "was there already" in run(*noisy).stderr
    (tmp_path / "other.flac").replace("own.flac")
    refused = run(*noisy)
    assert (refused.returncode, "another data set" in refused.stderr) == (2, True)


def test_a_rebuild_names_the_noise_that_is_not_what_it_was(
    noisy: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert data_command("simulate", capsys)(*noisy).returncode == 0
    rebuild = data_command("rebuild", capsys)
    again = (tmp_path / "out" / "card.json", "--manifest", tmp_path / "one.jsonl", "--workers", "1", "--out")
    assert rebuild(*again, tmp_path / "again").returncode == 0
    (tmp_path / "other.flac").replace("own.flac")
    assert "noise.jsonl: not the sounds that were heard" in rebuild(*again, tmp_path / "changed").stderr
    (tmp_path / "own.flac").unlink()
    assert "own.flac, which is to be heard: No such file" in rebuild(*again, tmp_path / "gone").stderr
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert "noise.jsonl, which is to be heard: No such file" in rebuild(*again, tmp_path / "far").stderr


def test_the_list_names_every_device(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[mine]\nversion = 7\nabout = "m"\ndevice_model = "m"\n')
    done = simulate("--list", "--profiles", tmp_path / "mine.toml")
    assert done.returncode == 0, done.stderr
    names = [line.split()[0] for line in done.stdout.splitlines()[1:]]
    assert {"phone@1", "telephone-line@1", "mine@7"} <= set(names)
    assert "100 ms at the onset" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--list shows the names"),
        (["{manifest}", "--out", "{out}"], "--device NAME"),
        (["{manifest}", "--device", "phone"], "--out DIR"),
        (["{manifest}", "--out", "{out}", "--device", "fone"], "did you mean phone"),
        (["absent.jsonl", "--out", "{out}", "--device", "phone"], "absent.jsonl"),
        (["{manifest}", "--out", "{out}", "--device", "phone", "--profiles", "absent.toml"], "absent.toml"),
        (["--list", "--profiles", "{manifest}"], "manifest.jsonl"),
        (["{manifest}", "--out", "{out}", "--device", "phone-noisy", "--noise", "{licenses}"], "line 1"),
        (["{manifest}", "--out", "{out}", "--device", "phone", "--seed", "x"], "--seed"),
    ],
)
def test_a_bad_option_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, manifest: Path, tmp_path: Path
) -> None:
    places = {"manifest": manifest, "out": tmp_path / "out", "licenses": CLIPS / "LICENSES.md"}
    failed = simulate(*(argument.format(**places) for argument in arguments))
    assert failed.returncode == 2
    assert len(failed.stderr.splitlines()) == 1, failed.stderr
    assert message in failed.stderr
    assert not (tmp_path / "out").exists()
