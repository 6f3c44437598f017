"""`bench rollout`: what a candidate costs the champion's users, and how quickly and quietly users are switched.

The same arrivals twice a round, without a rollout and with a candidate in the shadow of every query, in turns, so that
a machine that slows down slows both; then a switch to the candidate and back under the same load. The candidate is the
embedded model behind another front end: it costs as much as the champion.
"""

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from serving.bench.load import Target, run_closed_loop, run_open_loop
from serving.bench.machine import Machine
from serving.bench.measures import Outcome, Percentiles, Sample, percentiles
from serving.bench.serve import Traffic, build_target
from serving.bench.server_process import own_server, running_server

CONFIG: Final = """
[[rollout.variants]]
name = "candidate"
frontend = { level_lufs = -23.0 }

[rollout.policy.shadow]
share = 1.0

[limits]
deadline_s = 10.0
"""
ROLLOUTS: Final = "/admin/rollouts"
WARM_UP_S: Final = 2.0
SETTLE_S: Final = 1.0
BY: Final = "bench"

OnStep = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SwitchReport:
    """Users are given to another variant and back again while they ask."""

    promote_ms: float
    """From the command to its answer: from then on every query goes to the new variant."""
    rollback_ms: float
    """The same, back to the old one."""
    sent: int
    failed: int
    """Queries meanwhile without a good answer."""


@dataclass(frozen=True, slots=True)
class RolloutReport:
    """All of it."""

    machine: Machine
    rate_per_s: float
    seconds: float
    """Of each run."""
    rounds: int
    alone: Percentiles
    """Latency of the champion's answers without a rollout, over all rounds."""
    shadowed: Percentiles
    """The same while a candidate hears every query."""
    failed_alone: int
    failed_shadowed: int
    outcomes: dict[str, int]
    """Queries for the candidate, by what became of them."""
    switch: SwitchReport


def bench_rollout(
    traffic: Traffic, machine: Machine, folder: Path, *, rate_per_s: float, seconds: float, rounds: int, on_step: OnStep
) -> RolloutReport:
    """Measure on a server of its own, whose configuration goes into `folder`. Raises OSError and ValueError."""
    config = folder / "bench.toml"
    config.write_text(CONFIG)
    with running_server(own_server(config), ready_path="/readyz") as server:
        target = build_target(server.url, traffic, timeout_s=10.0)
        run_closed_loop(target, connections=4, seconds=WARM_UP_S)
        with httpx.Client(base_url=server.url, timeout=120) as operator:
            samples: dict[bool, list[Sample]] = {False: [], True: []}
            for number in range(rounds):
                for in_shadow in (False, True) if number % 2 == 0 else (True, False):
                    on_step("with a shadow" if in_shadow else "alone")
                    taken = _run(operator, target, rate_per_s, seconds, seed=number, in_shadow=in_shadow)
                    samples[in_shadow] += taken
            on_step("switching")
            switch = _switch(operator, target, rate_per_s, seconds)
            outcomes = _outcomes(operator.get("/metrics").text)
    alone, shadowed = (_latencies(samples[in_shadow]) for in_shadow in (False, True))
    failed = [_failed(samples[in_shadow]) for in_shadow in (False, True)]
    return RolloutReport(machine, rate_per_s, seconds, rounds, alone, shadowed, failed[0], failed[1], outcomes, switch)


def _run(
    operator: httpx.Client, target: Target, rate_per_s: float, seconds: float, *, seed: int, in_shadow: bool
) -> list[Sample]:
    rollout_id = _start(operator, "shadow") if in_shadow else None
    time.sleep(SETTLE_S)
    samples: list[Sample] = []
    run_open_loop(target, rate_per_s=rate_per_s, seconds=seconds, seed=seed, on_done=samples.append)
    if rollout_id:
        _act(operator, rollout_id, "rollback")
        time.sleep(SETTLE_S)
    return samples


def _switch(operator: httpx.Client, target: Target, rate_per_s: float, seconds: float) -> SwitchReport:
    rollout_id = _start(operator, "blue_green")
    samples: list[Sample] = []

    def ask() -> None:
        run_open_loop(target, rate_per_s=rate_per_s, seconds=seconds, seed=99, on_done=samples.append)

    users = threading.Thread(target=ask)
    users.start()
    time.sleep(seconds / 3)
    promote_ms = _act(operator, rollout_id, "promote")
    time.sleep(seconds / 3)
    rollback_ms = _act(operator, rollout_id, "rollback")
    users.join()
    return SwitchReport(promote_ms, rollback_ms, len(samples), _failed(samples))


def _start(operator: httpx.Client, strategy: str) -> str:
    reply = operator.post(ROLLOUTS, json={"by": BY, "variant": "candidate", "strategy": strategy})
    if reply.status_code != 201:
        raise ValueError(f"the rollout did not begin: {reply.text[:300]}")
    return str(reply.json()["id"])


def _act(operator: httpx.Client, rollout_id: str, action: str) -> float:
    """Milliseconds until the command is answered."""
    started = time.perf_counter()
    reply = operator.post(f"{ROLLOUTS}/{rollout_id}/{action}", json={"by": BY})
    took_ms = (time.perf_counter() - started) * 1e3
    if reply.status_code != 200:
        raise ValueError(f"{action}: {reply.text[:300]}")
    return took_ms


def _latencies(samples: Sequence[Sample]) -> Percentiles:
    found = percentiles([sample.latency_ms for sample in samples if sample.outcome is Outcome.OK])
    if found is None:
        raise ValueError("not one query was answered")
    return found


def _failed(samples: Sequence[Sample]) -> int:
    return sum(sample.outcome is not Outcome.OK for sample in samples)


def _outcomes(metrics: str) -> dict[str, int]:
    found = re.findall(r'^voicesearch_shadow_total\{outcome="(\w+)"\} (\S+)$', metrics, re.MULTILINE)
    return {outcome: int(float(count)) for outcome, count in found}
