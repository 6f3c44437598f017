"""Load on one server: open-loop Poisson arrivals, or a closed loop of clients that never pause.

An open loop sends on its own schedule, whatever the server does, and counts latency from the intended send
time: users do not wait for each other (Schroeder et al., "Open versus closed: a cautionary tale", NSDI 2006).
Retries nothing. Knows HTTP only through its client, and no audio: requests are bytes.
"""

import asyncio
import importlib
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from serving.bench.http_client import Address, HttpClient, Reply
from serving.bench.measures import LoadRun, Outcome, Sample, outcome_of, summarize

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Target:
    """What is sent, and where to."""

    address: Address
    requests: tuple[bytes, ...]
    """Whole HTTP requests; each arrival draws one."""
    timeout_s: float = 10.0
    """Counted from the intended send time."""


def poisson_arrivals(rate_per_s: float, seconds: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Arrival times in [0, seconds) of a Poisson process of that rate, ascending."""
    if rate_per_s <= 0 or seconds <= 0:
        raise ValueError(f"rate and length must be positive, not {rate_per_s}/s for {seconds} s")
    return np.sort(rng.uniform(0, seconds, rng.poisson(rate_per_s * seconds)))


def run_open_loop(
    target: Target,
    *,
    rate_per_s: float,
    seconds: float,
    seed: int = 0,
    limit_ms: float | None = None,
    on_done: Callable[[Sample], None] | None = None,
) -> LoadRun:
    """Offer `rate_per_s` for `seconds` and wait for the last reply; `on_done` hears of each request's end."""
    rng = np.random.default_rng(seed)
    arrivals = poisson_arrivals(rate_per_s, seconds, rng)
    choices = rng.integers(len(target.requests), size=len(arrivals))
    cpu_s = time.process_time()
    samples = run_async(_open_loop(target, arrivals.tolist(), choices.tolist(), on_done or _ignore))
    cpu_s = time.process_time() - cpu_s
    return summarize(samples, seconds=seconds, offered_per_s=rate_per_s, limit_ms=limit_ms, client_cpu_s=cpu_s)


def run_closed_loop(
    target: Target,
    *,
    connections: int,
    seconds: float,
    seed: int = 0,
    on_done: Callable[[Sample], None] | None = None,
) -> LoadRun:
    """Keep `connections` requests in flight for `seconds`: the greatest throughput, not users' latency."""
    cpu_s = time.process_time()
    samples = run_async(_closed_loop(target, connections, seconds, seed, on_done or _ignore))
    cpu_s = time.process_time() - cpu_s
    return summarize(samples, seconds=seconds, connections=connections, client_cpu_s=cpu_s)


def probe(target: Target) -> Reply:
    """Reply to the first request alone; OSError or TimeoutError where there is none."""

    async def once() -> Reply:
        async with HttpClient(target.address) as client:
            return await asyncio.wait_for(client.send(target.requests[0]), target.timeout_s)

    return run_async(once())


def run_async(work: Coroutine[None, None, T]) -> T:
    """Run on uvloop where it is installed: less CPU for each request."""
    try:
        new_loop = importlib.import_module("uvloop").new_event_loop
    except ImportError:
        new_loop = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(work)


async def _open_loop(
    target: Target, arrivals_s: Sequence[float], choices: Sequence[int], on_done: Callable[[Sample], None]
) -> list[Sample]:
    samples: list[Sample] = []
    start_s = time.perf_counter()

    async def one(client: HttpClient, intended_s: float, request: bytes) -> None:
        sample = await _exchange(client, request, start_s, intended_s, target.timeout_s)
        samples.append(sample)
        on_done(sample)

    async with HttpClient(target.address) as client, asyncio.TaskGroup() as group:
        for intended_s, choice in zip(arrivals_s, choices, strict=True):
            ahead_s = start_s + intended_s - time.perf_counter()
            if ahead_s > 0:
                await asyncio.sleep(ahead_s)
            group.create_task(one(client, intended_s, target.requests[choice]))
    return samples


async def _closed_loop(
    target: Target, connections: int, seconds: float, seed: int, on_done: Callable[[Sample], None]
) -> list[Sample]:
    samples: list[Sample] = []
    start_s = time.perf_counter()

    async def one_user(client: HttpClient, number: int) -> None:
        rng = np.random.default_rng([seed, number])
        while (now_s := time.perf_counter() - start_s) < seconds:
            request = target.requests[rng.integers(len(target.requests))]
            sample = await _exchange(client, request, start_s, now_s, target.timeout_s)
            samples.append(sample)
            on_done(sample)
            if sample.outcome is not Outcome.OK:
                await asyncio.sleep(0.05)

    async with HttpClient(target.address) as client, asyncio.TaskGroup() as group:
        for number in range(connections):
            group.create_task(one_user(client, number))
    return samples


async def _exchange(client: HttpClient, request: bytes, start_s: float, intended_s: float, timeout_s: float) -> Sample:
    sent_s = time.perf_counter() - start_s
    detail = ""
    try:
        async with asyncio.timeout(intended_s + timeout_s - sent_s):
            reply = await client.send(request)
        outcome = outcome_of(reply.status)
        if outcome is Outcome.ERROR:
            detail = f"{reply.status}: {reply.body[:200].decode(errors='replace')}"
    except TimeoutError:
        outcome = Outcome.TIMEOUT
    except OSError as error:
        outcome, detail = Outcome.ERROR, f"{type(error).__name__}: {error}"
    return Sample(intended_s, sent_s, time.perf_counter() - start_s, outcome, detail)


def _ignore(sample: Sample) -> None:
    pass
