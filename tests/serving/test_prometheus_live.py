"""A real Prometheus scrapes a real server with the files of `deploy`: rules and dashboard give numbers."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.bench.server_process import free_port
from tests.conftest import Recording
from tests.serving.conftest import LiveServer
from tests.serving.processes import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.prometheus]

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "voicesearch.json").read_text())
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
RECORDED = re.findall(r"^ +- record: (\S+)$", (DEPLOY / "prometheus" / "recording.yml").read_text(), re.MULTILINE)
METRIC = re.compile(r"\b(?:job|job_stage|instance):[\w:]+|\b(?:voicesearch|asr|process)_\w+|\bup\b")


@dataclass(frozen=True)
class Series:
    """One series and its value now."""

    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus that scrapes and evaluates every second."""

    url: str

    def get(self, path: str, key: str, **parameters: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"][key])

    def series(self, query: str) -> list[Series]:
        return [Series(one["metric"], float(one["value"][1])) for one in self.get("query", "result", query=query)]


@pytest.fixture(scope="module")
def prometheus(server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    command = shutil.which("prometheus")
    if command is None:
        pytest.skip("Prometheus is not installed")
    folder = tmp_path_factory.mktemp("prometheus")
    shutil.copytree(DEPLOY / "prometheus", folder, dirs_exist_ok=True)
    config = folder / "prometheus.yml"
    config.write_text(
        config.read_text().replace("127.0.0.1:8000", server.base_url.removeprefix("http://")).replace("15s", "1s")
    )
    address = f"127.0.0.1:{free_port()}"
    options = {"config.file": config, "storage.tsdb.path": folder / "data", "web.listen-address": address}
    arguments = [f"--{name}={value}" for name, value in options.items()]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([command, *arguments], stdout=log, stderr=log)
    try:
        wait_until(lambda: process.poll() is not None or is_ready(address))
        assert process.poll() is None, (folder / "log").read_text()
        yield Prometheus(f"http://{address}")
    finally:
        process.terminate()
        process.wait(30)


def is_ready(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/-/ready").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def scraped(prometheus: Prometheus, server: LiveServer, query_clip: Path, noise: list[Recording]) -> Prometheus:
    """After queries of every kind, and as many scrapes as a rate needs."""
    sounds = [query_clip.read_bytes(), noise[0].path.read_bytes(), b"no sound"]

    def everything_is_there() -> bool:
        for sound in sounds:
            httpx.post(server.base_url + "/v1/search", files={"file": sound}, timeout=60)
        return all(prometheus.series(name) for name in RECORDED)

    wait_until(everything_is_there)
    return prometheus


def test_the_server_is_found_and_scraped(scraped: Prometheus) -> None:
    (target,) = scraped.get("targets", "activeTargets")
    assert (target["health"], target["lastError"]) == ("up", "")


def test_every_rule_evaluates_and_nothing_is_wrong_with_a_good_server(scraped: Prometheus) -> None:
    rules = [rule for group in scraped.get("rules", "groups") for rule in group["rules"]]
    assert len(rules) > 20
    assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] != "ok"} == {}
    assert [rule["name"] for rule in rules if rule["type"] == "alerting" and rule["state"] == "firing"] == []


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_series_has_numbers(scraped: Prometheus, name: str) -> None:
    assert scraped.series(name)


def test_the_figures_are_those_of_the_traffic(scraped: Prometheus) -> None:
    (share,) = scraped.series("job:voicesearch_no_speech:ratio_rate5m")
    assert 0 < share.value < 1
    codes = {one.labels["code"] for one in scraped.series("job:voicesearch_errors:rate5m")}
    assert "undecodable_audio" in codes


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_of_the_dashboard_has_an_answer(scraped: Prometheus, query: str) -> None:
    assert scraped.series(query.replace("$job", "voicesearch").replace("$__rate_interval", "1m"))


def test_the_dashboard_asks_for_nothing_that_is_not_there(scraped: Prometheus, server: LiveServer) -> None:
    exposed = set(re.findall(r"^([a-z_]+)", httpx.get(server.base_url + "/metrics").text, re.MULTILINE))
    asked = {name for query in QUERIES for name in METRIC.findall(query)}
    assert asked - exposed - set(RECORDED) == {"up"}
    variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert variables == {"datasource", "job"}


def test_the_panels_have_a_place_and_a_meaning() -> None:
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in DASHBOARD["panels"]]
    assert len(set(places)) == len(places) == len({panel["id"] for panel in DASHBOARD["panels"]})
    assert all(panel["title"] and panel["description"] and panel["targets"] for panel in DASHBOARD["panels"])
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in DASHBOARD["panels"])
