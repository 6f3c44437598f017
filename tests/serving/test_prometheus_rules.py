"""The rules and alerts for Prometheus, held by its own `promtool`; each alert has its place in the runbook."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus"
ALERTS = re.findall(r"^ +- alert: (\w+)$", (RULES / "alerts.yml").read_text(), re.MULTILINE)


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed")
    return found


@pytest.mark.parametrize(
    "arguments",
    [("check", "config", "prometheus.yml"), ("check", "rules", "recording.yml", "alerts.yml")],
    ids=lambda arguments: arguments[1],
)
def test_promtool_finds_no_fault(promtool: str, arguments: tuple[str, ...]) -> None:
    done = subprocess.run([promtool, *arguments], cwd=RULES, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout


def test_alerts_fire_when_they_should_and_not_before(promtool: str) -> None:
    done = subprocess.run(
        [promtool, "test", "rules", "tests.yml"], cwd=RULES, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_threshold_would_be_noticed(promtool: str, tmp_path: Path) -> None:
    for path in RULES.glob("*.yml"):
        shutil.copy(path, tmp_path)
    alerts = tmp_path / "alerts.yml"
    alerts.write_text(alerts.read_text().replace("faults:ratio_rate5m > 0.01", "faults:ratio_rate5m > 0.03"))
    done = subprocess.run([promtool, "test", "rules", "tests.yml"], cwd=tmp_path, capture_output=True, timeout=60)
    assert done.returncode != 0


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_is_tested_and_stands_in_the_runbook(alert: str) -> None:
    text = (RULES / "alerts.yml").read_text().split(f"alert: {alert}\n")[1].split("- alert:")[0]
    assert f"runbook_url: docs/runbook.md#{alert.lower()}\n" in text
    assert f"\n### {alert}\n" in (ROOT / "docs" / "runbook.md").read_text()
    fired = (RULES / "tests.yml").read_text().split(f"alertname: {alert}\n")
    assert any("exp_labels" in after.split("alertname")[0] for after in fired[1:])
