"""Traces: spans in memory, and real bytes to a real receiver; without the setting, not even the import."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from serving.settings import read_settings
from serving.tracing import Traces
from tests.serving.processes import PATIENT, serving

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT_ID = "00f067aa0ba902b7"
SAMPLED = f"00-{TRACE_ID}-{PARENT_ID}-01"
STAGES_MS = {"decode": 2.0, "vad": 3.0, "loudness": 1.0, "queue": 10.0, "recognize": 40.0, "search": 4.0}
TIMINGS_MS = STAGES_MS | {"total": 62.0}


@dataclass(frozen=True)
class Route:
    """What the framework puts into the scope."""

    path: str


SEARCH = Route("/v1/search")


def finished(
    method: str = "POST",
    status: int = 200,
    seconds: float = 0.1,
    headers: dict[str, str] | None = None,
    route: Route | None = SEARCH,
    **state: object,
) -> dict[str, ReadableSpan]:
    """The spans of a request by their names."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": "/v1/search",
        "query_string": b"token=secret",
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
        "route": route,
        "state": {"request_id": "req_1", **state},
    }
    Traces(provider).finished(scope, status, seconds)
    return {span.name: span for span in exporter.get_finished_spans()}


def length_ms(span: ReadableSpan) -> float:
    return ((span.end_time or 0) - (span.start_time or 0)) / 1e6


def test_a_request_has_a_span_and_each_stage_one_below_it() -> None:
    spans = finished(timings_ms=TIMINGS_MS)
    request = spans.pop("POST /v1/search")
    assert request.kind is SpanKind.SERVER
    assert length_ms(request) == pytest.approx(100)
    assert request.parent is None
    assert {name: length_ms(span) for name, span in spans.items()} == pytest.approx(STAGES_MS)
    assert all(span.parent == request.context for span in spans.values())


def test_the_stages_stand_one_after_the_other_up_to_the_end() -> None:
    spans = finished(timings_ms=TIMINGS_MS)
    ends = [spans[stage].end_time for stage in STAGES_MS]
    starts = [spans[stage].start_time for stage in STAGES_MS]
    assert ends[:-1] == starts[1:]
    assert ends[-1] == spans["POST /v1/search"].end_time


def test_stages_that_ran_side_by_side_stay_inside_their_request() -> None:
    spans = finished(timings_ms={"decode": 5.0, "queue": 300.0, "recognize": 70.0}, seconds=0.1)
    assert min(span.start_time or 0 for span in spans.values()) == spans["POST /v1/search"].start_time
    assert all(length_ms(span) >= 0 for span in spans.values())


def test_the_attributes_are_those_of_the_conventions_and_tell_no_secrets() -> None:
    (request,) = finished(status=422, error_code="invalid_field").values()
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/search",
        "http.response.status_code": 422,
        "url.scheme": "http",
        "url.path": "/v1/search",
        "error.type": "invalid_field",
        "voicesearch.request_id": "req_1",
    }
    assert request.status.status_code is StatusCode.UNSET


def test_only_a_fault_of_the_server_is_an_error() -> None:
    (request,) = finished(status=500, error_code="internal_error").values()
    assert request.status.status_code is StatusCode.ERROR


def test_neither_methods_nor_unknown_routes_make_new_names() -> None:
    (request,) = finished(method="BREW", status=404, route=None).values()
    assert (request.name, (request.attributes or {})["http.request.method"]) == ("HTTP", "_OTHER")


def test_the_clients_trace_is_continued() -> None:
    spans = finished(headers={"traceparent": SAMPLED}, timings_ms=TIMINGS_MS)
    parent = spans["POST /v1/search"].parent
    assert parent is not None
    assert (f"{parent.trace_id:032x}", f"{parent.span_id:016x}") == (TRACE_ID, PARENT_ID)
    assert {span.context.trace_id for span in spans.values() if span.context} == {int(TRACE_ID, 16)}


def test_what_the_client_does_not_sample_is_not_traced() -> None:
    assert finished(headers={"traceparent": SAMPLED[:-2] + "00"}, timings_ms=TIMINGS_MS) == {}


@pytest.mark.parametrize("header", ["", "nonsense", "00-0-0-01", f"ff-{TRACE_ID}-{PARENT_ID}-01", "é" * 500])
def test_a_broken_traceparent_begins_a_trace_of_its_own(header: str) -> None:
    (request,) = finished(headers={"traceparent": header}).values()
    assert request.parent is None


@dataclass
class Receiver:
    """An OTLP endpoint over HTTP that keeps what it gets."""

    url: str
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["content-length"]))
            assert self.headers["content-type"] == "application/x-protobuf"
            receiver.requests.append(ExportTraceServiceRequest.FromString(data))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        receiver = Receiver(f"http://127.0.0.1:{http.server_port}/v1/traces")
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            http.shutdown()
            thread.join()


@pytest.mark.slow
def test_a_server_hands_its_spans_to_a_receiver(tmp_path: Path, query_clip: Path) -> None:
    with receiving() as receiver:
        settings = {"monitoring.otlp_endpoint": receiver.url, "monitoring.replica": "one", **PATIENT}
        with serving(tmp_path, settings) as server:
            files = {"file": query_clip.read_bytes()}
            answer = httpx.post(server.url + "/v1/search", files=files, headers={"traceparent": SAMPLED})
            assert answer.status_code == 200
            assert server.terminate() == 0
    (resource,) = receiver.requests[0].resource_spans
    about = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert (about["service.name"], about["service.instance.id"]) == ("voicesearch", "one")
    spans = {span.name: span for scope in resource.scope_spans for span in scope.spans}
    assert spans.keys() == {"POST /v1/search", "decode", "vad", "loudness", "queue", "recognize", "search"}
    request = spans["POST /v1/search"]
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE_ID, PARENT_ID)
    told = {one.key: one.value for one in request.attributes}
    assert told["http.response.status_code"].int_value == 200
    assert told["voicesearch.request_id"].string_value == answer.headers["x-request-id"]
    assert b"what time" not in receiver.requests[0].SerializeToString()


@pytest.mark.slow
def test_a_receiver_that_is_away_holds_up_neither_answers_nor_the_end(tmp_path: Path) -> None:
    with serving(tmp_path, {"monitoring.otlp_endpoint": "http://127.0.0.1:9/v1/traces"}) as server:
        for _ in range(3):
            assert httpx.post(server.url + "/v1/search/text", json={"query": "zebra"}, timeout=5).status_code == 200
        assert server.terminate() == 0


def test_nothing_of_it_is_loaded_where_it_is_not_asked_for() -> None:
    """FastAPI imports OpenTelemetry's interface by itself where it is installed, but none of what does the work."""
    program = "import serving.app, serving.commands.serve, sys; sys.exit('opentelemetry.sdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0


def test_without_the_extra_the_server_says_so_before_it_says_that_it_serves(tmp_path: Path) -> None:
    program = """
import sys
sys.modules["opentelemetry.exporter"] = None
from serving.cli import main
main(["serve", "--port", "0"])
"""
    environment = os.environ | {"VOICESEARCH_MONITORING__OTLP_ENDPOINT": "http://127.0.0.1:9/v1/traces"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done.stderr
    assert done.stderr == "voicesearch: error: this needs opentelemetry: pip install 'voicesearch[tracing]'\n"


def test_an_endpoint_that_is_none_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "voicesearch.toml"
    config.write_text('[monitoring]\notlp_endpoint = "collector:4318"\n')
    with pytest.raises(ValueError, match=r"monitoring\.otlp_endpoint"):
        read_settings(config)
