"""`bench serve`: what one server does under load, and what others do in the same run with the same client.

Knows servers by their URL or their command only; what is asked of each stands in a `ServePlan`.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Final

from serving.bench.capacity import find_highest_rate
from serving.bench.clips import Clip
from serving.bench.engine import engine_worker
from serving.bench.engine_worker import Task
from serving.bench.engines import OURS
from serving.bench.http_client import build_upload, parse_address
from serving.bench.load import Target, probe, run_closed_loop, run_open_loop
from serving.bench.machine import Machine
from serving.bench.measures import LoadRun, Sample
from serving.bench.server_process import RunningServer, running_server

ROUTES: Final = {"search": "/v1/search", "transcriptions": "/v1/audio/transcriptions"}
WARM_UP_S: Final = 2.0
OVERLOAD: Final = 2.0

OnDone = Callable[[Sample], None]
Watch = Callable[[str, float], OnDone]
"""Told the name of a run and how many replies to expect; hears each reply through what it returns."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is sent to every server."""

    clips: tuple[Clip, ...]
    route: str = "transcriptions"
    """A key of ROUTES."""
    model: str | None = None
    api_key: str | None = None


@dataclass(frozen=True, slots=True)
class ServePlan:
    """Which runs are made against every server."""

    rates_per_s: tuple[float, ...] = ()
    find_p99_ms: float | None = None
    """Find the highest rate that holds this p99."""
    overload: bool = False
    """Then offer twice that rate."""
    connections: int | None = None
    """Keep so many requests in flight: the greatest throughput."""
    seconds: float = 20.0
    """Length of each run."""
    seed: int = 0
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class System:
    """A server to measure: one that runs already, or one to be started."""

    name: str
    url: str | None = None
    command: Callable[[int], Sequence[str]] | None = None
    """Command line for a port."""
    ready_path: str = "/readyz"


@dataclass(frozen=True, slots=True)
class SystemResult:
    """One server's figures; None for what was not asked, or could not be seen from outside."""

    name: str
    ready_after_s: float | None
    memory_idle_mb: float | None
    memory_loaded_mb: float | None
    runs: tuple[LoadRun, ...]
    """At the rates that were named."""
    search: tuple[LoadRun, ...]
    """The runs that looked for the highest rate."""
    highest_per_s: float | None
    overload: LoadRun | None
    saturated: LoadRun | None

    @property
    def peak_per_s(self) -> float | None:
        """Good answers a second in the run at the highest rate."""
        held = (run.answers_per_s for run in self.search if run.offered_per_s == self.highest_per_s)
        return next(held, None)


@dataclass(frozen=True, slots=True)
class ServeReport:
    """All servers, the first one being what the others are compared with."""

    machine: Machine
    plan: ServePlan
    route: str
    clips: int
    mean_clip_s: float
    systems: tuple[SystemResult, ...]
    bare_engine_per_s: float | None = None
    """Clips a second that the engine alone transcribes, one process on each core, in batches of 8."""


def bench_servers(
    systems: Sequence[System], traffic: Traffic, plan: ServePlan, machine: Machine, watch: Watch
) -> ServeReport:
    """Measure the servers one after the other, each alone on the machine."""
    results = tuple(bench_system(system, traffic, plan, watch) for system in systems)
    mean_s = mean(clip.duration_s for clip in traffic.clips)
    return ServeReport(machine, plan, traffic.route, len(traffic.clips), mean_s, results)


def bench_system(system: System, traffic: Traffic, plan: ServePlan, watch: Watch) -> SystemResult:
    """Start the server if it does not run yet, warm it up, and make the runs of the plan."""
    with ExitStack() as stack:
        server = None
        if system.command is not None:
            server = stack.enter_context(running_server(system.command, ready_path=system.ready_path))
        url = server.url if server else system.url
        if url is None:
            raise ValueError(f"{system.name}: neither a URL nor a command")
        target = build_target(url, traffic, timeout_s=plan.timeout_s)
        return _Bench(system.name, target, plan, watch, server).run()


def build_target(url: str, traffic: Traffic, *, timeout_s: float) -> Target:
    """All requests, built once."""
    address, route = parse_address(url), ROUTES[traffic.route]
    fields = {"model": traffic.model} if traffic.model else {}
    if traffic.route == "search":
        fields |= {"user_id": "bench", "session_id": "bench"}
    requests = [
        build_upload(address, route, clip.path.name, clip.content, fields=fields, api_key=traffic.api_key)
        for clip in traffic.clips
    ]
    return Target(address, tuple(requests), timeout_s)


def bare_engine_per_s(manifest: Path, cores: Sequence[int], *, max_duration_s: float | None) -> float:
    """Clips a second of our engine without a server: one single-threaded process on each core, batches of 8.

    All clips once in each process, neighbours in length together, all processes at the same time: the most
    that a server on these cores can hope for. A first pass warms up and is not counted.
    """
    task = Task(batch=8, max_duration_s=max_duration_s, prepared=True)
    with ExitStack() as stack:
        workers = [stack.enter_context(engine_worker(OURS, manifest, cpu=core)) for core in cores]
        for _ in range(2):
            for worker in workers:
                worker.ask(task)
            timings = [worker.answer() for worker in workers]
    return sum(timing.clips / timing.seconds for timing in timings)


class _Bench:
    """The runs against one server that answers."""

    def __init__(self, name: str, target: Target, plan: ServePlan, watch: Watch, server: RunningServer | None) -> None:
        self._name = name
        self._target = target
        self._plan = plan
        self._watch = watch
        self._server = server

    def run(self) -> SystemResult:
        plan, idle_mb = self._plan, self._memory_mb()
        self._warm_up()
        runs = tuple(self._offer(rate) for rate in plan.rates_per_s)
        saturated = self._saturate(plan.connections, plan.seconds) if plan.connections else None
        search, highest = self._search(saturated)
        overload = self._offer(OVERLOAD * highest) if plan.overload and highest else None
        return SystemResult(
            name=self._name,
            ready_after_s=self._server.ready_after_s if self._server else None,
            memory_idle_mb=idle_mb,
            memory_loaded_mb=self._memory_mb(),
            runs=runs,
            search=search,
            highest_per_s=highest,
            overload=overload,
            saturated=saturated,
        )

    def _warm_up(self) -> None:
        try:
            reply = probe(self._target)
        except OSError as error:
            reason = str(error) or type(error).__name__
            raise OSError(f"{self._name}: no answer to the first request: {reason}") from None
        if reply.status != 200:
            body = reply.body[:300].decode(errors="replace")
            raise ValueError(f"{self._name}: the first request was answered {reply.status}: {body}")
        run_closed_loop(self._target, connections=4, seconds=WARM_UP_S)

    def _offer(self, rate_per_s: float) -> LoadRun:
        plan = self._plan
        return run_open_loop(
            self._target,
            rate_per_s=rate_per_s,
            seconds=plan.seconds,
            seed=plan.seed,
            limit_ms=plan.find_p99_ms,
            on_done=self._watch(f"{self._name}, {rate_per_s:.1f}/s", rate_per_s * plan.seconds),
        )

    def _saturate(self, connections: int, seconds: float) -> LoadRun:
        return run_closed_loop(
            self._target,
            connections=connections,
            seconds=seconds,
            seed=self._plan.seed,
            on_done=self._watch(f"{self._name}, {connections} at once", 0),
        )

    def _search(self, saturated: LoadRun | None) -> tuple[tuple[LoadRun, ...], float | None]:
        if self._plan.find_p99_ms is None:
            return (), None
        greatest = saturated or self._saturate(8, min(5.0, self._plan.seconds))
        found = find_highest_rate(self._offer, start_per_s=max(0.5, greatest.answers_per_s / 2))
        return found.runs, found.highest_per_s

    def _memory_mb(self) -> float | None:
        return self._server.resident_mb() if self._server else None
