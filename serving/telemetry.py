"""The server's own numbers in Prometheus' format: how much, how fast, how full. Knows no route.

Buckets cover 1 ms to 10 s. Labels take values from fixed sets only, so that no client can make new series.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector

STAGES: Final = ("decode", "vad", "loudness", "queue", "recognize", "search", "total")
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Telemetry:
    """All metrics of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        build = Info("voicesearch_build", "Version of the server", registry=self.registry)
        build.info({"version": version("voicesearch")})
        self._requests = Counter(
            "voicesearch_requests", "Answered requests", ["route", "status"], registry=self.registry
        )
        self._request_seconds = Histogram(
            "voicesearch_request_seconds",
            "From the first byte of a request to the end of its answer",
            ["route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        stages = Histogram(
            "voicesearch_stage_seconds",
            "Time of one stage of a voice query",
            ["stage"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._stages = {stage: stages.labels(stage) for stage in STAGES}
        self._audio_seconds = Counter(
            "asr_audio_seconds", "Seconds of audio that were answered", registry=self.registry
        )
        self._no_speech = Counter("voicesearch_no_speech", "Voice queries without speech", registry=self.registry)
        self._batch_size = Histogram(
            "voicesearch_batch_size",
            "Clips recognized together",
            buckets=(1, 2, 4, 8, 16, 32),
            registry=self.registry,
        )

    def watch(self, name: str, help_text: str, value: Callable[[], float]) -> None:
        """A gauge that is read when it is scraped."""
        Gauge(name, help_text, registry=self.registry).set_function(value)

    def request(self, route: str, status: int, seconds: float) -> None:
        """One answered request; `route` is the route's pattern."""
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
