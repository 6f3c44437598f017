"""`bench engine`: engines on the same clips, each in a fresh process on the same one core.

The engines take turns, round by round, so that a machine that slows down slows all of them. Knows no server.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import IO

from serving.bench.engine_worker import Loading, Task, Timing
from serving.bench.engines import BATCHED, OURS
from serving.bench.machine import Machine
from serving.bench.measures import Percentiles, percentiles


@dataclass(frozen=True, slots=True)
class Latency:
    """One clip at a time."""

    duration_s: float
    times: Percentiles


@dataclass(frozen=True, slots=True)
class Throughput:
    """Clips of one length in batches."""

    batch: int
    rtfx: float
    """Seconds of audio transcribed in a second, median of the rounds."""


@dataclass(frozen=True, slots=True)
class EngineResult:
    """One engine's figures."""

    engine: str
    loading: Loading
    latencies: tuple[Latency, ...]
    throughputs: tuple[Throughput, ...]


@dataclass(frozen=True, slots=True)
class EngineReport:
    """All engines, ours first."""

    machine: Machine
    cpu: int
    rounds: int
    batch_duration_s: float
    """Length of the clips of the throughput rows."""
    engines: tuple[EngineResult, ...]

    def times_ours(self, engine: str, duration_s: float) -> float:
        """How many times our p50 that engine's p50 is, for clips of that length."""
        return _p50(self.engines, engine, duration_s) / _p50(self.engines, OURS, duration_s)


@dataclass(frozen=True, slots=True)
class EnginePlan:
    """What to measure."""

    engines: tuple[str, ...]
    clips: Path
    cpu: int
    rounds: int = 5
    durations_s: tuple[float, ...] = (1.0, 2.5, 5.0, 10.0)
    batches: tuple[int, ...] = (1, 4, 8, 16)
    batch_duration_s: float = 2.5

    def latency_task(self, duration_s: float) -> Task:
        """Eight clips of that length, one at a time."""
        return Task(duration_s=duration_s, count=8)

    def batch_task(self, batch: int) -> Task:
        """Sixteen clips of one length in batches."""
        return Task(batch, self.batch_duration_s)

    def batches_of(self, engine: str) -> tuple[int, ...]:
        """Batch sizes that this engine can do."""
        return self.batches if engine in BATCHED else (1,)

    def tasks_for(self, engine: str) -> list[Task]:
        """All tasks of one round."""
        latency = map(self.latency_task, self.durations_s)
        return [*latency, *map(self.batch_task, self.batches_of(engine))]

    @property
    def steps(self) -> int:
        """How many tasks are run in all."""
        return self.rounds * sum(len(self.tasks_for(engine)) for engine in self.engines)


class EngineWorker:
    """A running `engine_worker` process."""

    def __init__(self, engine: str, process: "subprocess.Popen[str]", log: IO[str]) -> None:
        self._engine = engine
        self._process = process
        self._log = log
        self.loading = Loading(**json.loads(self._line()))

    def ask(self, task: Task) -> None:
        """Send a task; `answer` gives its timing."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(task)) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Timing:
        """Wait for the timing of the task that was asked first; OSError where the engine failed."""
        return Timing(**json.loads(self._line()))

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            reason = self._log.read().strip().splitlines() or ["no message"]
            raise OSError(f"engine {self._engine!r} ended: {reason[-1]}")
        return line


@contextmanager
def engine_worker(engine: str, clips: Path, *, cpu: int) -> Iterator[EngineWorker]:
    """A worker process for one engine, pinned to one core, until the block ends."""
    program = [sys.executable, "-m", "serving.bench.engine_worker"]
    command = [*program, engine, "--cpu", str(cpu), "--clips", str(clips)]
    pipe, environment = subprocess.PIPE, os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=log, text=True, env=environment) as process,
    ):
        try:
            yield EngineWorker(engine, process, log)
        finally:
            process.kill()


def bench_engines(plan: EnginePlan, machine: Machine, on_step: Callable[[str], None]) -> EngineReport:
    """Measure all engines of the plan, in turns; `on_step` hears which engine did a task."""
    if plan.cpu not in machine.cores:
        raise ValueError(f"core {plan.cpu}: this machine has {machine.cores}")
    with ExitStack() as stack:
        workers = {
            engine: stack.enter_context(engine_worker(engine, plan.clips, cpu=plan.cpu)) for engine in plan.engines
        }
        timings: dict[str, dict[Task, list[Timing]]] = {engine: {} for engine in plan.engines}
        for engine, task in _turns(plan):
            workers[engine].ask(task)
            timings[engine].setdefault(task, []).append(workers[engine].answer())
            on_step(engine)
    results = [_result(plan, name, worker.loading, timings[name]) for name, worker in workers.items()]
    return EngineReport(machine, plan.cpu, plan.rounds, plan.batch_duration_s, tuple(results))


def _turns(plan: EnginePlan) -> Iterator[tuple[str, Task]]:
    most = max(len(plan.tasks_for(engine)) for engine in plan.engines)
    for _ in range(plan.rounds):
        for index in range(most):
            for engine in plan.engines:
                yield from ((engine, task) for task in plan.tasks_for(engine)[index : index + 1])


def _result(plan: EnginePlan, engine: str, loading: Loading, timings: Mapping[Task, Sequence[Timing]]) -> EngineResult:
    latencies = [
        Latency(duration_s, times)
        for duration_s in plan.durations_s
        if (times := percentiles([ms for t in timings[plan.latency_task(duration_s)] for ms in t.calls_ms]))
    ]
    throughputs = [
        Throughput(batch, median(timing.rtfx for timing in timings[plan.batch_task(batch)]))
        for batch in plan.batches_of(engine)
    ]
    return EngineResult(engine, loading, tuple(latencies), tuple(throughputs))


def _p50(engines: Sequence[EngineResult], engine: str, duration_s: float) -> float:
    return next(
        latency.times.p50_ms
        for result in engines
        if result.engine == engine
        for latency in result.latencies
        if latency.duration_s == duration_s
    )
