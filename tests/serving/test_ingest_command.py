"""`voicesearch data ingest` as a user calls it."""

import json
from pathlib import Path

import httpx
import pytest

from data_pipeline.ingest.layouts import AUTO, LAYOUTS
from serving.commands.data.ingest import LAYOUTS as OFFERED
from tests.conftest import CLIPS
from tests.serving.in_process import Command, data_command
from tests.serving.processes import PATIENT, serving, wait_until

TERMS = ("--source", "purchased", "--license", "CC0-1.0", "--consent", "asked", "--workers", "1")


@pytest.fixture
def ingest(capsys: pytest.CaptureFixture[str]) -> Command:
    return data_command("ingest", capsys)


def rows_of(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]


def test_every_layout_is_offered() -> None:
    assert set(OFFERED) == {AUTO, *LAYOUTS}


def test_a_manifest_of_another_tool_with_columns_mapped(ingest: Command, tmp_path: Path) -> None:
    told = ("--source", "purchased", "--consent", "asked", "--workers", "1")
    arguments = (CLIPS / "manifest.jsonl", "--out", tmp_path / "out", *told)
    done = ingest(*arguments, "--map", "corpus=source", "--field", "locale=en", "--copy")
    assert done.returncode == 0, done.stderr
    assert "66 rows, 3.9 min" in done.stderr
    rows = rows_of(tmp_path / "out")
    assert {row["locale"] for row in rows} == {"en"}
    assert {"common_voice", "ljspeech"} <= {row["corpus"] for row in rows}
    assert (tmp_path / "out" / str(rows[0]["audio_filepath"])).is_file()
    again = ingest(*arguments, "--map", "corpus=source", "--field", "locale=en", "--copy")
    assert "was there already" in again.stderr
    other = ingest(*arguments, "--map", "corpus=source")
    assert (other.returncode, len(other.stderr.splitlines())) == (2, 1)
    assert ingest(*arguments, "--map", "corpus=source", "--replace").returncode == 0
    assert not (tmp_path / "out" / "audio").exists()


def test_recordings_that_cannot_be_used_are_told_and_listed(ingest: Command, tmp_path: Path, query_clip: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "good.flac").write_bytes(query_clip.read_bytes())
    (tmp_path / "in" / "bad.flac").write_bytes(query_clip.read_bytes()[: query_clip.stat().st_size // 2])
    done = ingest(tmp_path / "in", "--out", tmp_path / "out", *TERMS)
    assert done.returncode == 2
    assert "bad.flac: the file is cut or damaged" in done.stderr
    assert "1 rows could not be used" in done.stderr
    assert [row["id"] for row in rows_of(tmp_path / "out")] == ["good"]
    (failure,) = (tmp_path / "out" / "failures.jsonl").read_text().splitlines()
    assert "bad.flac" in json.loads(failure)["reason"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent", *TERMS], "absent"),
        ([CLIPS, "--source", "purchased"], "no license, no consent is known for clips"),
        ([CLIPS, "--source", "stolen"], "stolen"),
        ([CLIPS / "LICENSES.md", *TERMS], "LICENSES.md has not the layout"),
        ([CLIPS / "manifest.jsonl", *TERMS, "--map", "text"], "NAME=VALUE"),
        ([CLIPS / "manifest.jsonl", *TERMS, "--map", "text=a,text=b"], "NAME=VALUE"),
        ([CLIPS, *TERMS, "--map", "text=sentence"], "only a table"),
        ([CLIPS, *TERMS, "--layout", "ljspeech"], "ljspeech"),
        (["postgresql://user:secret@127.0.0.1:1/events", *TERMS, "--layout", "folder"], "folder"),
        (["postgresql://user:secret@127.0.0.1:1/events", *TERMS], "away"),
    ],
)
def test_a_bad_option_is_one_line_and_exit_code_2(
    ingest: Command, arguments: list[str | Path], message: str, tmp_path: Path
) -> None:
    failed = ingest(*arguments, "--out", tmp_path / "out", "--workers", "1")
    assert failed.returncode == 2
    assert len(failed.stderr.splitlines()) == 1, failed.stderr
    assert message in failed.stderr
    assert "secret" not in failed.stderr
    assert not (tmp_path / "out").exists()


def test_a_data_set_within_what_is_taken_in_would_take_in_itself(
    ingest: Command, tmp_path: Path, query_clip: Path
) -> None:
    (tmp_path / "good.flac").write_bytes(query_clip.read_bytes())
    failed = ingest(tmp_path, "--out", tmp_path / "out", *TERMS)
    assert (failed.returncode, len(failed.stderr.splitlines())) == (2, 1)


@pytest.fixture
def bought(tmp_path: Path, query_clip: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str | Path, ...]:
    """A command that takes in a table with its own columns and recordings elsewhere, from its own working folder."""
    (tmp_path / "calls").mkdir()
    (tmp_path / "sound").mkdir()
    (tmp_path / "sound" / "one.flac").write_bytes(query_clip.read_bytes())
    (tmp_path / "calls" / "list.csv").write_text("path,said\none.flac,\n")
    monkeypatch.chdir(tmp_path)
    columns = ("--map", "audio_filepath=path,text=said", "--field", "locale=en", "--empty-is-silence")
    return ("calls/list.csv", "--out", "raw", *TERMS, *columns, "--audio", tmp_path / "sound")


def test_the_card_holds_all_that_the_result_depends_on(
    ingest: Command, bought: tuple[str | Path, ...], tmp_path: Path
) -> None:
    assert ingest(*bought).returncode == 0
    (step,) = json.loads((tmp_path / "raw" / "card.json").read_text())["steps"]
    settings = step["settings"]
    assert settings.pop("terms")["fields"] == {"locale": "en"}
    columns = {"audio_filepath": "path", "text": "said"}
    rest = {"layout": "table", "columns": columns, "audio": "sound", "copy": False, "empty_is_silence": True}
    assert settings == rest
    assert "another data set" in ingest(*bought, "--map", "locale=said").stderr


def test_a_data_set_is_made_again_from_its_collection(
    ingest: Command, bought: tuple[str | Path, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ingest(*bought).returncode == 0
    assert data_command("clean", capsys)("raw/manifest.jsonl", "--out", "clean").returncode == 0
    (tmp_path / "calls").rename("moved")
    rebuild = data_command("rebuild", capsys)
    again = ("clean/card.json", "--workers", "1", "--source", "moved/list.csv", "--out")
    done = rebuild(*again, "again")
    assert (done.returncode, done.stderr.splitlines()[:2]) == (0, ["ingest", "clean"])
    assert rows_of(tmp_path / "again" / "2-clean")[0]["locale"] == "en"
    (tmp_path / "sound").rename("elsewhere")
    assert "no folder sound" in rebuild(*again, "far").stderr
    assert rebuild(*again, "far", "--audio", "elsewhere").returncode == 0
    (tmp_path / "moved" / "list.csv").write_text("path,said\none.flac,hello\n")
    changed = rebuild(*again, "changed", "--audio", "elsewhere")
    assert (changed.returncode, "not what step 1 (ingest) has read" in changed.stderr) == (2, True)


@pytest.mark.slow
def test_what_users_of_a_real_server_allowed_and_corrected(ingest: Command, tmp_path: Path, query_clip: Path) -> None:
    (tmp_path / "server").mkdir()
    keeping = {"privacy.keep_audio": "true", "privacy.audio_folder": "kept"}
    with serving(tmp_path / "server", keeping | PATIENT) as server:

        def ask(**fields: str) -> str:
            files = {"file": query_clip.read_bytes()}
            answer = httpx.post(server.url + "/v1/search", files=files, data=fields).json()
            correction = {"request_id": answer["request_id"], "type": "correct", "text": "what time is it now"}
            httpx.post(server.url + "/v1/events", json=correction).raise_for_status()
            return str(answer["request_id"])

        allowed = ask(consent="true", user_id="dora", session_id="s1", device_model="kettle", locale="en-GB")
        ask(user_id="rick")
        wait_until(lambda: server.metric("voicesearch_pending_events") == 0)
    done = ingest(
        tmp_path / "server" / "voicesearch.db",
        "--out",
        tmp_path / "out",
        "--license",
        "users' agreement",
        "--workers",
        "1",
    )
    assert done.returncode == 0, done.stderr
    assert "1 left out: no consent" in done.stderr
    (row,) = rows_of(tmp_path / "out")
    expected = {"id": allowed, "speaker": "dora", "device_model": "kettle", "source": "historical", "session": "s1"}
    assert row.items() >= expected.items()
    assert (row["text"], row["heard"], row["label"]) == ("what time is it now", "What time is it?", "typed_correction")
    assert (tmp_path / "out" / str(row["audio_filepath"])).read_bytes() == query_clip.read_bytes()
