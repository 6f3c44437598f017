"""`voicesearch monitor report`, as it is called."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from monitoring.alarms.actions import Action
from monitoring.alarms.alarms import Alarms
from monitoring.alarms.policy import read_policies
from monitoring.alarms.store import AlarmStore
from serving.cli import main
from tests.monitoring.alarms.making import NOON, diagnosis, finding

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "40")

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["monitor", "report", *arguments])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def address(tmp_path: Path) -> str:
    """Three confirmed alarms, two dismissed ones of less evidence, a day apart from the last, which is open."""
    address = f"sqlite:///{tmp_path}/alarms.db"
    store = AlarmStore.open(address)
    alarms = Alarms(store, read_policies())
    for number, (action, evidence) in enumerate(
        [(Action.CONFIRM, 4.0)] * 3 + [(Action.DISMISS, 1.25)] * 2 + [(None, 2.0)]
    ):
        at = NOON + 86_400.0 * number
        found = finding(which=(("device_model", f"d[{number}]"),), at=at, since=at - 600, evidence=evidence)
        [alarm] = [one for one in alarms.take([diagnosis(found)], at).alarms if one.is_open]
        if action:
            alarms.act(alarm.alarm_id, action, by="ann", now=at + 60)
            alarms.take([], at + 3_600)
    store.close()
    return address


def test_json(report: Run, address: str) -> None:
    code, out, err = report("--store", address, "--json")
    assert (code, err) == (1, ""), "one alarm is open"
    body = json.loads(out)
    assert body["alarms"] | {"precision_ci95": None} == {
        "fired": 6,
        "confirmed": 3,
        "dismissed": 2,
        "precision": 0.6,
        "precision_ci95": None,
        "open": 1,
        "merged": 0,
    }
    rows = {row["signal"]: row for row in body["signals"]}
    assert (rows["lead_silence_s"]["fired"], rows["lead_silence_s"]["alone"]) == (6, 3)
    assert rows["redo"]["droppable"] == "never fired"
    [threshold] = body["thresholds"]
    assert (threshold["measure"], threshold["separates"]) == ("min_evidence", True)
    assert 1.25 < threshold["threshold"] <= 4


def test_tables(report: Run, address: str) -> None:
    code, out, err = report("--store", address)
    assert (code, err) == (1, "")
    assert "lead_silence_s" in out
    assert "0.60 (0.23 to 0.88)" in out
    assert "\n6 alarms, 1 of them open; 0 more were part of another\n" in out
    headings, row = out.splitlines()[:2]
    assert headings.rstrip().endswith("Could be dropped")
    assert row.split()[:4] == ["lead_silence_s", "6", "3", "2"]
    assert "Could be dropped" not in out.partition("Policy")[2], "what there is for signals only"
    [silent] = [line for line in out.splitlines() if line.startswith("never fired: ")]
    assert "second_offset_clipped" in silent
    assert "keeps all confirmed and loses all dismissed alarms" in out


def test_since(report: Run, address: str) -> None:
    code, out, _ = report("--store", address, "--json", "--since", "2023-11-17")
    assert (code, json.loads(out)["alarms"]["fired"]) == (1, 3)
    code, out, _ = report("--store", address, "--since", "2030-01-01")
    assert (code, out) == (0, "no alarms\n")


def test_the_store_of_the_settings(report: Run, address: str, tmp_path: Path) -> None:
    (tmp_path / "voicesearch.toml").write_text(f'[store]\nurl = "{address}"\n')
    code, out, _ = report("--config", "voicesearch.toml", "--json")
    assert (code, json.loads(out)["alarms"]["fired"]) == (1, 6)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--store", "mysql://x/y"], "sqlite or postgresql"),
        (["--store", "nonsense"], "no database URL|not a database URL"),
        (["--since", "yesterday"], "yesterday"),
        (["--config", "absent.toml"], "absent.toml"),
        (["--store", "sqlite:///text.db"], "cannot be used"),
        (["--store", "sqlite:///typo.db"], "no event store at typo.db"),
        (["--colour"], "No such option"),
    ],
)
def test_failure_is_one_line_and_exit_code_2(report: Run, tmp_path: Path, arguments: list[str], complaint: str) -> None:
    (tmp_path / "text.db").write_text("this is no database " * 100)
    code, out, err = report(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert any(one in err for one in complaint.split("|"))
    assert not (tmp_path / "typo.db").exists()


def test_help_has_an_example(report: Run) -> None:
    code, out, _ = report("--help")
    assert code == 0
    assert "Example: voicesearch monitor report" in " ".join(out.split())
