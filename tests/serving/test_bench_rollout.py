"""`voicesearch bench rollout` against a real server with a real candidate."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from serving.commands.bench import bench


@pytest.mark.slow
def test_users_are_shadowed_switched_and_switched_back(tmp_path: Path) -> None:
    report = tmp_path / "rollout.json"
    clips = Path(__file__).parents[1] / "clips" / "manifest.jsonl"
    arguments = ["rollout", "--rate", "4", "--seconds", "3", "--rounds", "1", "--clips", str(clips)]
    result = CliRunner().invoke(bench, [*arguments, "--json", str(report), "--plot", str(tmp_path / "plot.png")])
    assert result.exit_code == 0, result.output
    assert "with a shadow" in result.stdout
    assert "Switching all users" in result.stdout
    found = json.loads(report.read_text())
    assert found["outcomes"].keys() == {"compared", "dropped", "failed"}
    assert found["outcomes"]["failed"] == 0
    assert found["switch"]["sent"] > 0
    assert found["switch"]["failed"] == found["failed_alone"] == found["failed_shadowed"] == 0
    assert (tmp_path / "plot.png").stat().st_size > 1000
