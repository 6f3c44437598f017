"""`voicesearch monitor export`, as it is called: what it writes is what was stored, and `check` reads it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from monitoring.events import decode
from monitoring.store import EventStore
from serving.cli import main
from tests.serving.planted import queries

START_S = 1_767_225_600.0
"""2026-01-01."""
Run = Callable[..., tuple[int, bytes, bytes]]


@pytest.fixture
def export(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, bytes, bytes]:
        with pytest.raises(SystemExit) as ended:
            main(["monitor", *arguments])
        out, err = capfdbinary.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def test_every_event_comes_out_as_it_was_stored(export: Run, tmp_path: Path) -> None:
    events = list(queries(START_S, START_S + 7200, 4000))
    store = EventStore.open(f"sqlite:///{tmp_path}/voicesearch.db")
    store.insert(events[::-1])
    store.close()
    code, out, err = export("export")
    assert (code, err) == (0, b"")
    assert [decode(line) for line in out.splitlines()] == events
    (tmp_path / "events.jsonl").write_bytes(out)
    code, told, _ = export("check", "events.jsonl")
    assert (code, b"0 alarms; 4000 events" in told) == (0, True)
    code, out, _ = export("export", "--since", "2026-01-01 01:00:00", "--until", "2026-01-01 01:30:00")
    assert [decode(line) for line in out.splitlines()] == events[2000:3000]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((), b"no event store at voicesearch.db"), (("--store", "nonsense"), b"not a database URL")],
)
def test_what_is_wrong_is_said_in_one_line(export: Run, arguments: tuple[str, ...], words: bytes) -> None:
    code, out, err = export("export", *arguments)
    assert (code, out, err.count(b"\n")) == (2, b"", 1)
    assert words in err
