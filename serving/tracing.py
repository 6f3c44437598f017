"""OpenTelemetry traces: a span for each request, and below it one for each stage that its answer names.

Spans are made when the answer has been sent, from times that the server takes anyway; the stages stand one after the
other up to the request's end, since their lengths are known and the moments between them are not. A client's
`traceparent` (W3C Trace Context) is continued. Imported only where `monitoring.otlp_endpoint` is set; needs the extra
`tracing`.
"""

import time
from importlib.metadata import version
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue
from starlette.datastructures import Headers
from starlette.types import Scope

from serving.telemetry import STAGES

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"})
"""What the semantic conventions take for a method; any other is `_OTHER`."""
SEND_TIMEOUT_S: Final = 3.0
"""For one attempt to hand spans over, and so for the last one at the end."""


class Traces:
    """Makes the spans of finished requests."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("voicesearch", version("voicesearch"))
        self._propagator = TraceContextTextMapPropagator()

    def finished(self, scope: Scope, status: int, seconds: float) -> None:
        """Make the spans of a request that has just ended; its `state` may hold `error_code` and `timings_ms`."""
        end_ns = time.time_ns()
        start_ns = end_ns - round(seconds * 1e9)
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        route = getattr(scope.get("route"), "path", "")
        span = self._tracer.start_span(
            f"{'HTTP' if method == '_OTHER' else method} {route}".rstrip(),
            context=self._propagator.extract(Headers(scope=scope)),
            kind=SpanKind.SERVER,
            attributes=_attributes(scope, method, route, status),
            start_time=start_ns,
        )
        if span.is_recording():
            self._stages(span, scope["state"].get("timings_ms", {}), start_ns, end_ns)
        if status >= 500:
            span.set_status(StatusCode.ERROR)
        span.end(end_ns)

    def close(self) -> None:
        """Hand over what is left."""
        self._provider.shutdown()

    def _stages(self, request: Span, timings_ms: dict[str, float], start_ns: int, end_ns: int) -> None:
        """From the last to the first; pieces that ran side by side may take longer together than the request."""
        within = set_span_in_context(request)
        for stage in reversed(STAGES):
            if stage in timings_ms and stage != "total":
                begin_ns = max(start_ns, end_ns - round(timings_ms[stage] * 1e6))
                self._tracer.start_span(stage, context=within, start_time=begin_ns).end(end_ns)
                end_ns = begin_ns


def open_traces(endpoint: str, *, replica: str) -> Traces:
    """Traces that go to an OTLP endpoint over HTTP, in batches from a thread of their own.

    The variables of OpenTelemetry hold: `OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_HEADERS` and so on.
    """
    about = {"service.name": "voicesearch", "service.version": version("voicesearch"), "service.instance.id": replica}
    provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=SEND_TIMEOUT_S)))
    return Traces(provider)


def _attributes(scope: Scope, method: str, route: str, status: int) -> dict[str, AttributeValue]:
    """By the semantic conventions for HTTP servers, and the request's id; nothing of what was said."""
    state = scope["state"]
    found: dict[str, AttributeValue] = {
        "http.request.method": method,
        "url.scheme": scope["scheme"],
        "url.path": scope["path"],
        "http.response.status_code": status,
        "voicesearch.request_id": state["request_id"],
    }
    if route:
        found["http.route"] = route
    if error := state.get("error_code"):
        found["error.type"] = error
    return found
