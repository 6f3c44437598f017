"""The page on monitoring is true: its commands run, its services are watched, and every command is on it."""

import json
import re
import shlex
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from monitoring.events import Event, decode, encode
from monitoring.store import EventStore
from serving.cli import main
from serving.commands.monitor import COMMANDS
from serving.settings import read_settings
from serving.watching import watched_of
from tests.serving.planted import queries

PAGE = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text()
START_S = 1_767_225_600.0


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def write(path: Path, events: list[Event]) -> None:
    path.write_bytes(b"".join(encode(event) + b"\n" for event in events))


def test_its_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    events = list(queries(START_S, START_S + 3600, 500))
    write(tmp_path / "events.jsonl", events)
    store = EventStore.open("sqlite:///voicesearch.db")
    store.insert(events)
    store.close()
    [block] = blocks("bash")
    for line in block.splitlines():
        assert run(*shlex.split(line)[1:]) == 0, line


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_on_the_page(command: str) -> None:
    assert f"\n| `{command}` |" in PAGE


def test_the_event_on_the_page_is_one() -> None:
    [line] = blocks("json")
    event = decode(line.encode())
    assert (event.kind, event.signals["null_transcript"]) == ("voice", True)


def test_a_signal_without_code(tmp_path: Path) -> None:
    config = tmp_path / "voicesearch.toml"
    config.write_text(blocks("toml")[0])
    watched = watched_of(read_settings(config).monitoring)
    assert watched.signals[-1].name == "basket_eur"
    event = Event(event_id="1", request_id="1", at=0.0, kind="voice", signals={"basket_eur": 9.5})
    assert watched.signals[-1].read(event) == 9.5


def service_events(*, after: bool, count: int = 6000) -> list[Event]:
    """Of both services; in the last part one camera gets dark and one market loses its profiles."""
    rng = np.random.default_rng(int(after))
    begin = START_S + 4 * 3600 * after
    made = []
    for number, at in enumerate(np.linspace(begin, begin + 3 * 3600, count).tolist()):
        where = "abcd"[int(rng.integers(4))]
        bad = after and where == "b"
        profile = {} if rng.random() < (0.5 if bad else 0.05) else {"age_group": "30"}
        made.append(
            Event(
                event_id=f"{after}-{number}",
                request_id=f"{after}-{number}",
                at=at,
                kind="answer",
                slices={"camera": where, "market": where, **profile},
                signals={"brightness": float(rng.normal(0.3 if bad else 0.6, 0.1))},
            )
        )
    return made


@pytest.mark.parametrize(
    ("block", "watched", "signal", "field"),
    [
        (0, "image_service:IMAGES", "brightness", "camera"),
        (1, "recommender:RECOMMENDER", "unknown_user", "market"),
    ],
)
def test_other_services_are_watched_in_ten_lines(
    block: int,
    watched: str,
    signal: str,
    field: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = blocks("python")[block]
    assert len([line for line in code.splitlines() if line and not line.startswith("#")]) <= 10
    module = watched.split(":")[0]
    (tmp_path / f"{module}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "voicesearch.toml").write_text(f'[monitoring]\nwatched = "{watched}"\n')
    write(tmp_path / "events.jsonl", [*service_events(after=False), *service_events(after=True, count=1000)])
    arguments = ("monitor", "check", str(tmp_path / "events.jsonl"), "--config", str(tmp_path / "voicesearch.toml"))
    assert run(*arguments, "--json") == 1
    [diagnosis] = json.loads(capsys.readouterr().out)["diagnoses"]
    assert diagnosis["slice"] == {field: "b"}
    assert diagnosis["findings"][0]["signal"] == signal
    del sys.modules[module]


def test_the_setting_on_the_page_is_one() -> None:
    assert tomllib.loads(blocks("toml")[1]) == {"monitoring": {"watched": "image_service:IMAGES"}}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('watched = "no_such_module:X"', "no_such_module cannot be imported"),
        ('watched = "json:dumps"', "json has no Watched named dumps"),
        ('watched = "json"', "monitoring.watched"),
        ('[[monitoring.signals]]\nname = "snr_db"\nabout = "again"', "two signals 'snr_db'"),
        ('[[monitoring.signals]]\nname = "x y"\nabout = "?"', "monitoring.signals.0.name"),
        ('reference = "lunar"', "monitoring.reference"),
    ],
)
def test_a_bad_name_is_one_clear_line(
    setting: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "voicesearch.toml").write_text(f"[monitoring]\n{setting}\n")
    (tmp_path / "events.jsonl").touch()
    arguments = ("monitor", "check", str(tmp_path / "events.jsonl"), "--config", str(tmp_path / "voicesearch.toml"))
    assert run(*arguments) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1
