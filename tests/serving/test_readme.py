"""The README is true: its files exist, its stage table names what the code has, its examples run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from monitoring.store import EventStore
from tests.serving.conftest import LiveServer

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def stage_rows() -> list[list[str]]:
    rows = [line.split("|")[1:-1] for line in README.splitlines() if re.match(r"\| \d+ \|", line)]
    return [[cell.strip() for cell in row] for row in rows]


def test_stages_are_numbered_in_order() -> None:
    assert [row[0] for row in stage_rows()] == [str(i) for i in range(1, len(stage_rows()) + 1)]
    assert len(stage_rows()) >= 7


@pytest.mark.parametrize("row", stage_rows(), ids=lambda row: row[1])
def test_stage_stands_where_the_table_says(row: list[str]) -> None:
    paths = re.findall(r"`([^`]+)`", row[2])
    sources = ""
    for path in paths:
        assert (ROOT / path).exists(), path
        sources += "".join(file.read_text() for file in ([ROOT / path] if path.endswith(".py") else []))
    gives = re.findall(r"[A-Z]\w+", row[3].split("->")[1])
    package = ROOT / paths[0].split("/")[0]
    defined = "".join(file.read_text() for file in package.rglob("*.py"))
    for name in gives:
        assert re.search(rf"class {name}\b", defined), f"{package.name} defines no {name}"


def test_named_story_functions_exist() -> None:
    for path, name in re.findall(r"`([\w/]+\.py)::(\w+)`", README):
        assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), (path, name)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("program", blocks("python"), ids=lambda text: text.split()[1])
def test_python_example_runs(program: str, server: LiveServer) -> None:
    run = subprocess.run(
        [sys.executable, "-c", program.replace("http://localhost:8000", server.base_url)],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("program", blocks("bash"), ids=lambda text: text.split()[0])
def test_shell_example_runs(program: str, server: LiveServer, tmp_path: Path) -> None:
    here = {
        "http://localhost:8000": server.base_url,
        "--out results": f"--out {tmp_path / 'results'}",
        "--out audit": f"--out {tmp_path / 'audit'}",
        ".venv/bin/": f"{Path(sys.executable).parent}{os.sep}",
    }
    for words, meant in here.items():
        program = program.replace(words, meant)
    store = EventStore.open(f"sqlite:///{tmp_path / 'events.db'}")  # without alarms, which would be exit code 1
    store.prepare()
    store.close()
    environment = os.environ | {"VOICESEARCH_STORE__URL": f"sqlite:///{tmp_path / 'events.db'}"}
    command = ["bash", "-euo", "pipefail", "-c", program]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()
