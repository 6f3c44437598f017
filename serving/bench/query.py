"""`bench query`: where the time of one query goes, on a server that has nothing else to do.

Spoken queries one after the other over one connection; the server's own stage timings beside the time that the
client waits. Knows our server's answer, and no other server's.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson

from serving.bench.http_client import HttpClient
from serving.bench.load import Target, run_async
from serving.bench.machine import Machine
from serving.bench.measures import Percentiles, percentiles

COMPUTED: Final = ("decode", "vad", "loudness", "recognize")
"""Stages that any system has to do; the rest of the wait is what the server adds."""
WARM_UP: Final = 5


@dataclass(frozen=True, slots=True)
class StageTime:
    """One stage over all queries, or `added`, or the whole `wait`."""

    stage: str
    times: Percentiles


@dataclass(frozen=True, slots=True)
class QueryReport:
    """Where the time goes."""

    machine: Machine
    queries: int
    mean_clip_s: float
    stages: tuple[StageTime, ...]


def bench_query(
    target: Target, machine: Machine, *, rounds: int, mean_clip_s: float, on_done: Callable[[], None]
) -> QueryReport:
    """Send every request of the target `rounds` times. Raises ValueError for an answer that is none."""
    answers = run_async(_one_by_one(target, rounds, on_done))
    names = [*answers[0]]
    ranks = [percentiles([answer[name] for answer in answers]) for name in names]
    stages = tuple(StageTime(name, times) for name, times in zip(names, ranks, strict=True) if times)
    return QueryReport(machine, len(answers), mean_clip_s, stages)


async def _one_by_one(target: Target, rounds: int, on_done: Callable[[], None]) -> list[dict[str, float]]:
    answers = []
    async with HttpClient(target.address) as client:
        for request in target.requests[:WARM_UP]:
            await client.send(request)
        for request in target.requests * rounds:
            started = time.perf_counter()
            reply = await client.send(request)
            wait_ms = (time.perf_counter() - started) * 1e3
            if reply.status != 200:
                raise ValueError(f"a query was answered {reply.status}: {reply.body[:200].decode(errors='replace')}")
            answers.append(stage_times(orjson.loads(reply.body)["timings_ms"], wait_ms))
            on_done()
    return answers


def stage_times(timings_ms: dict[str, float], wait_ms: float) -> dict[str, float]:
    """The server's stages, the client's wait, and what of it no computing stage explains, in milliseconds."""
    computed_ms = sum(timings_ms.get(stage, 0.0) for stage in COMPUTED)
    stages = {stage: timings_ms.get(stage, 0.0) for stage in (*COMPUTED, "queue", "search")}
    return {**stages, "added": wait_ms - computed_ms, "wait": wait_ms}
