"""`voicesearch rollout simulate`: a table or JSON, and one clear line for what cannot be."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from serving.commands.rollout_simulate import simulate

QUICK = ["--scenario", "worse", "--runs", "5", "--queries", "500"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(simulate, [*QUICK, *arguments])


def test_it_prints_a_table() -> None:
    result = run()
    assert result.exit_code == 0
    assert "rolled" in result.stdout
    assert result.stdout.splitlines()[-1].split()[0] == "worse"


def test_names_are_whole_in_80_columns() -> None:
    result = run("--scenario", "better-climbs", "--scenario", "one-device")
    assert [line.split()[0] for line in result.stdout.splitlines()[-3:]] == ["worse", "better-climbs", "one-device"]


def test_json_has_every_figure() -> None:
    (figures,) = json.loads(run("--json").stdout)
    assert (figures["scenario"], figures["runs"]) == ("worse", 5)
    assert figures["peeked"] is not None


def test_a_policy_of_ones_own_decides(tmp_path: Path) -> None:
    patient = tmp_path / "policy.toml"
    patient.write_text("alpha = 1e-9\n")
    (figures,) = json.loads(run("--json", "--policy", str(patient)).stdout)
    assert figures["rolled_back"] == 0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("alpha = 0", "alpha: Input should be greater than 0"), ("alpha =", "Invalid value"), ("\xff", "utf-8")],
)
def test_an_impossible_policy_is_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_bytes(text.encode("latin-1"))
    result = run("--policy", str(policy))
    assert isinstance(result.exception, ValueError)
    assert str(policy) in str(result.exception)
    assert complaint in str(result.exception)


def test_an_unknown_scenario_is_named() -> None:
    result = run("--scenario", "nonsense")
    assert result.exit_code == 2
    assert "'nonsense' is none of: worse, equal" in result.stderr
