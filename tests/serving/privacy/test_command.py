"""`voicesearch privacy` over a database of its own, without a server."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from monitoring.events import Event
from monitoring.store import EventStore
from serving.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in a folder with a store of three events: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    store = EventStore.open("sqlite:///voicesearch.db")
    now = time.time()
    for name, user, at in (("1", "ann", now), ("2", "bob", now), ("3", "carl", now - 400 * 86_400)):
        store.insert([Event(event_id=name, request_id=name, at=at, kind="text", user_id=user, details={"query": "x"})])
    store.close()

    def command(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["privacy", *arguments])
        return int(ended.value.code or 0), *capsys.readouterr()

    return command


def test_a_user_is_deleted_and_that_is_told(run: Run) -> None:
    code, told, _ = run("delete", "--user", "ann")
    assert (code, "1 events" in told) == (0, True)
    code, told, _ = run("delete", "--user", "nobody", "--json")
    assert json.loads(told)["removed"]["events"] == 0
    code, told, _ = run("status")
    assert "looked after, 1 passes, 0 audio files" in told
    assert "audio: 30 days, never purged" in told
    code, told, _ = run("log", "--json")
    assert [one["action"] for one in json.loads(told)] == ["privacy delete"] * 2
    assert '"ann"' not in told


def test_the_log_of_a_database_that_is_named(
    run: Run, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("purge")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    code, told, _ = run("log", "--store", f"sqlite:///{tmp_path}/voicesearch.db")
    assert (code, "privacy purge" in told) == (0, True)
    assert run("log")[0] == 2


def test_a_purge(run: Run) -> None:
    code, told, _ = run("purge", "--json")
    assert (code, json.loads(told)["removed"]["events"]) == (0, 1)
    assert "events: 395 days, 1 removed by the last purge" in run("status")[1]
    assert json.loads(run("status", "--json")[1])["retention"]["events"]["last"]["removed"] == 1
    assert "privacy purge" in run("log")[1]


def test_what_could_not_be_done_is_exit_code_1(run: Run, tmp_path: Path) -> None:
    (tmp_path / "voicesearch.toml").write_text('[privacy]\ndatasets = ["sets"]\n')
    code, _, told = run("delete", "--user", "ann", "--config", "voicesearch.toml")
    assert (code, "sets: no such folder" in told) == (1, True)


def test_rows_without_a_card_are_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "voicesearch.toml").write_text('[privacy]\ndatasets = ["sets"]\n')
    (tmp_path / "sets/old").mkdir(parents=True)
    (tmp_path / "sets/old/manifest.jsonl").write_text("")
    code, _, told = run("delete", "--user", "ann", "--config", "voicesearch.toml")
    assert (code, "not done: sets/old: rows without a card" in told) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("delete",), "--user"),
        (("delete", "--user", ""), "user_id"),
        (("delete", "--user", "x" * 201), "user_id"),
        (("purge", "--config", "nothing.toml"), "nothing.toml"),
        (("log", "--since", "yesterday"), "--since"),
    ],
)
def test_what_is_wrong_is_one_line(run: Run, arguments: tuple[str, ...], words: str) -> None:
    code, _, told = run(*arguments)
    assert (code, told.strip().count("\n")) == (2, 0)
    assert words in told


def test_looking_makes_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["privacy", "purge"])
    assert ended.value.code == 2
    assert list(tmp_path.iterdir()) == []
