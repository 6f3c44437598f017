"""The server's own numbers in Prometheus' format: how much, how fast, how full. Knows no route.

Buckets cover 1 ms to 10 s. Labels take values from fixed sets only, so that no client can make new series.
"""

from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.samples import Sample

from serving.errors import CODES
from serving.second_vad import Outcome
from serving.shadow import Outcome as ShadowOutcome

STAGES: Final = ("decode", "vad", "loudness", "queue", "recognize", "search", "total")
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Telemetry:
    """All metrics of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        build = Info("voicesearch_build", "Version of the server", registry=self.registry)
        build.info({"version": version("voicesearch")})
        counter, histogram = partial(Counter, registry=self.registry), partial(Histogram, registry=self.registry)
        self.in_flight = 0
        """Requests that are not answered yet; counted by the event loop's thread alone."""
        self.watch("voicesearch_requests_in_flight", "Requests not answered yet", lambda: self.in_flight)
        self._requests = counter("voicesearch_requests", "Answered requests", ["route", "status"])
        self._errors = counter("voicesearch_errors", "Errors that were answered", ["code"])
        about = "From the first byte of a request to the end of its answer"
        self._request_seconds = histogram("voicesearch_request_seconds", about, ["route"], buckets=SECONDS)
        stages = histogram("voicesearch_stage_seconds", "Time of a stage of a voice query", ["stage"], buckets=SECONDS)
        self._stages = {stage: stages.labels(stage) for stage in STAGES}
        self._audio_seconds = counter("asr_audio_seconds", "Seconds of audio that were answered")
        self._no_speech = counter("voicesearch_no_speech", "Voice queries without speech")
        self._batch_size = histogram(
            "voicesearch_batch_size", "Clips recognized together", buckets=(1, 2, 4, 8, 16, 32)
        )
        second_vad = counter("voicesearch_second_vad", "Queries for the second voice detector", ["outcome"])
        self._second_vad = {outcome: second_vad.labels(outcome) for outcome in Outcome}
        shadow = counter("voicesearch_shadow", "Queries for a candidate in the shadow", ["outcome"])
        self._shadow = {outcome: shadow.labels(outcome) for outcome in ShadowOutcome}
        self._alarms = Gauge("voicesearch_alarms", "Alarms that are open", ["severity"], registry=self.registry)

    def samples(self) -> list[Sample]:
        """All series with their values, as a scrape would see them."""
        return [sample for family in self.registry.collect() for sample in family.samples]

    def watch(self, name: str, help_text: str, value: Callable[[], float]) -> None:
        """A gauge that is read when it is scraped."""
        Gauge(name, help_text, registry=self.registry).set_function(value)

    def request(self, route: str, status: int, seconds: float, *, error: str | None = None) -> None:
        """One answered request; `route` is the route's pattern, `error` the code of the error that was answered."""
        if error:
            self._errors.labels(error if error in CODES else "other").inc()
        self._requests.labels(route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def query(self, timings_ms: Mapping[str, float], *, audio_s: float, no_speech: bool) -> None:
        """One answered voice query."""
        for stage, milliseconds in timings_ms.items():
            if stage in self._stages:
                self._stages[stage].observe(milliseconds / 1e3)
        self._audio_seconds.inc(audio_s)
        if no_speech:
            self._no_speech.inc()

    def batch(self, size: int) -> None:
        """One batch that a worker took."""
        self._batch_size.observe(size)

    def second_vad(self, outcome: Outcome) -> None:
        """One query that was offered to the second voice detector."""
        self._second_vad[outcome].inc()

    def shadow(self, outcome: ShadowOutcome) -> None:
        """One query that was offered to a candidate."""
        self._shadow[outcome].inc()

    def alarms(self, open_by_severity: Mapping[str, int]) -> None:
        """How many alarms are open now, by each severity that there is."""
        for severity, count in open_by_severity.items():
            self._alarms.labels(severity).set(count)
