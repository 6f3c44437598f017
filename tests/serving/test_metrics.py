"""`/metrics`, read by Prometheus' own parsers."""

import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from serving.telemetry import STAGES, Telemetry
from tests.serving.conftest import LiveServer
from tests.serving.processes import metric

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def used_server(server: LiveServer, query_clip: Path) -> LiveServer:
    assert httpx.post(server.base_url + "/v1/search", files={"file": query_clip.read_bytes()}).status_code == 200
    return server


def test_every_metric_is_documented_and_every_documented_one_exists(used_server: LiveServer) -> None:
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    documented = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    lines = httpx.get(used_server.base_url + "/metrics").text.splitlines()
    exposed = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    own = {name for name in exposed if not name.startswith("process_") and not name.endswith("_created")}
    assert own == documented


def test_the_text_format(used_server: LiveServer) -> None:
    answer = httpx.get(used_server.base_url + "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = {family.name: family for family in parse_text(answer.text)}
    assert {
        "voicesearch_build_info",
        "voicesearch_requests",
        "voicesearch_request_seconds",
        "voicesearch_stage_seconds",
        "voicesearch_batch_size",
        "voicesearch_no_speech",
        "voicesearch_queue_audio_seconds",
        "voicesearch_busy_workers",
        "voicesearch_pending_events",
        "asr_audio_seconds",
        "process_resident_memory_bytes",
    } <= families.keys()
    stages = {sample.labels["stage"] for sample in families["voicesearch_stage_seconds"].samples}
    assert stages == set(STAGES)
    assert all(family.documentation for family in families.values())


def test_openmetrics_for_who_accepts_it(used_server: LiveServer) -> None:
    answer = httpx.get(used_server.base_url + "/metrics", headers={"accept": OPENMETRICS})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    families = {family.name for family in parse_openmetrics(answer.text)}  # type: ignore[no-untyped-call]
    assert "voicesearch_stage_seconds" in families


def test_the_buckets_reach_from_a_millisecond_to_ten_seconds(used_server: LiveServer) -> None:
    families = {family.name: family for family in parse_text(httpx.get(used_server.base_url + "/metrics").text)}
    bounds = [
        float(sample.labels["le"])
        for sample in families["voicesearch_stage_seconds"].samples
        if sample.name.endswith("_bucket") and sample.labels["stage"] == "total"
    ]
    assert (bounds[0], bounds[-2], bounds[-1]) == (0.001, 10.0, float("inf"))


def test_a_query_is_counted_once_in_every_stage(used_server: LiveServer, query_clip: Path) -> None:
    def counts() -> dict[str, float]:
        url = used_server.base_url
        stages = {stage: metric(url, "voicesearch_stage_seconds_count", stage=stage) for stage in STAGES}
        requests = metric(url, "voicesearch_requests_total", route="/v1/search", status="200")
        return stages | {"requests": requests, "clips": metric(url, "voicesearch_batch_size_sum")}

    before, audio_s = counts(), metric(used_server.base_url, "asr_audio_seconds_total")
    httpx.post(used_server.base_url + "/v1/search", files={"file": query_clip.read_bytes()})
    assert counts() == {name: count + 1 for name, count in before.items()}
    assert metric(used_server.base_url, "asr_audio_seconds_total") == pytest.approx(audio_s + 2.219, abs=0.01)


def test_clients_cannot_make_new_series(used_server: LiveServer) -> None:
    def series() -> set[str]:
        text = httpx.get(used_server.base_url + "/metrics").text
        return {line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")}

    for path in ("/v1/models/a", "/one", "/pages/a.css"):
        httpx.get(used_server.base_url + path)
    before = series()
    for path in ("/v1/models/b", "/two", "/pages/b.css"):
        httpx.get(used_server.base_url + path, headers={"x-tenant": path})
    httpx.request("BREW", used_server.base_url + "/three")
    assert series() == before


def test_a_client_of_a_million_names_makes_no_series() -> None:
    """Every label is from a fixed set, and what is not in it is `other`."""
    telemetry = Telemetry()
    for number in range(1_000_000):
        telemetry.request("/v1/search", 422, 0.01, error=f"invalid_field of device {number}")
    assert telemetry.registry.get_sample_value("voicesearch_errors_total", {"code": "other"}) == 1_000_000
    assert len(telemetry.samples()) < 300


def test_no_metric_has_a_label_that_clients_fill(used_server: LiveServer) -> None:
    for number in range(50):
        body = {"query": "zebra", "device_model": f"device {number}", "tenant": f"tenant {number}", "os": str(number)}
        assert httpx.post(used_server.base_url + "/v1/search/text", json=body).status_code == 200
    text = httpx.get(used_server.base_url + "/metrics").text
    labels = {name for family in parse_text(text) for sample in family.samples for name in sample.labels}
    assert labels <= {"code", "le", "outcome", "route", "severity", "stage", "status", "version"}
    assert "device 7" not in text


def test_errors_are_counted_by_their_code(used_server: LiveServer) -> None:
    def count(code: str) -> float:
        return metric(used_server.base_url, "voicesearch_errors_total", code=code)

    codes = ("undecodable_audio", "not_found", "invalid_field", "method_not_allowed")
    before = {code: count(code) for code in codes}
    url = used_server.base_url
    httpx.post(url + "/v1/search", files={"file": b"no sound"})
    httpx.get(url + "/nowhere")
    httpx.post(url + "/v1/search/text", json={"query": ""})
    httpx.get(url + "/v1/search")
    assert {code: count(code) for code in codes} == {code: number + 1 for code, number in before.items()}


def test_every_metric_keeps_the_rules_of_promtool(used_server: LiveServer) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    text = httpx.get(used_server.base_url + "/metrics").content
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_two_servers_in_one_process_count_apart() -> None:
    one, other = Telemetry(), Telemetry()
    one.request("/v1/search", 200, 0.1)
    labels = {"route": "/v1/search", "status": "200"}
    assert one.registry.get_sample_value("voicesearch_requests_total", labels) == 1
    assert other.registry.get_sample_value("voicesearch_requests_total", labels) is None
