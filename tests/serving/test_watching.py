"""Commands that look into a store leave what is none as it is; a file that a setting names is missed by that name."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from monitoring.store import EventStore
from serving.cli import main
from serving.logs import configure

COMMANDS = ("check", "replay", "report")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_of_something_else_is_refused_and_stays_as_it_is(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "shop ?.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER)")
    before = path.read_bytes()
    with pytest.raises(SystemExit) as ended:
        main(["monitor", command, "--store", f"sqlite:///{tmp_path}/shop %3F.db"])
    err = capsys.readouterr().err
    assert (ended.value.code, err.count("\n")) == (2, 1)
    assert "no event store" in err
    path = path.rename(tmp_path / "shop.db")
    with pytest.raises(SystemExit) as ended:
        main(["monitor", command, "--store", f"sqlite:///{path}"])
    err = capsys.readouterr().err
    assert (ended.value.code, err.count("\n")) == (2, 1)
    assert "a database with other tables, such as orders" in err
    assert path.read_bytes() == before


@pytest.mark.parametrize("command", ["check", "replay"])
def test_policies_that_are_not_there(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events.jsonl").touch()
    (tmp_path / "voicesearch.toml").write_text('[monitoring]\npolicies = "nope.toml"\n')
    with pytest.raises(SystemExit):
        main(["monitor", command, "events.jsonl", "--config", "voicesearch.toml"])
    assert "monitoring.policies: no such file: nope.toml" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["monitor", command, "events.jsonl", "--config", "absent.toml"])
    assert "'absent.toml' does not exist" in capsys.readouterr().err


def test_opening_a_store_is_no_news(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        configure("info")
        store = EventStore.open(f"sqlite:///{tmp_path}/voicesearch.db")
        store.prepare()
        store.close()
    finally:
        root.handlers[:], root.level = before, level
    assert "alembic" not in capsys.readouterr().err
