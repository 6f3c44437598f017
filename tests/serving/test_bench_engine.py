"""What `bench engine` plans and derives, and what it says when an engine does not start."""

from pathlib import Path

import pytest

from serving.bench.engine import EnginePlan, EngineReport, EngineResult, Latency, Throughput, engine_worker
from serving.bench.engine_view import engine_tables
from serving.bench.engine_worker import Loading, Timing
from serving.bench.engines import LOADERS, OURS, PEERS
from serving.bench.machine import this_machine, usable_cores
from serving.bench.measures import Percentiles


def result(engine: str, p50_ms: float, batches: tuple[int, ...]) -> EngineResult:
    latency = Latency(2.5, Percentiles(p50_ms, p50_ms, p50_ms, p50_ms))
    return EngineResult(engine, Loading(0.1, None), (latency,), tuple(Throughput(n, 2.0 * n) for n in batches))


def test_ratios_are_against_ours() -> None:
    report = EngineReport(this_machine(), 0, 1, 2.5, (result(OURS, 20, (1, 8)), result("peer", 130, (1,))))
    assert report.times_ours("peer", 2.5) == 6.5
    assert report.times_ours(OURS, 2.5) == 1
    latency, throughput = engine_tables(report)
    assert [list(column.cells) for column in latency.columns][1] == ["20.0 / 20.0 (1.0x)", "130.0 / 130.0 (6.5x)"]
    assert list(throughput.columns[2].cells) == ["16.0", "-"], "a peer without batches has no figure for them"


def test_speed_is_audio_over_time() -> None:
    timing = Timing([100.0, 300.0], clips=2, audio_s=5.0)
    assert (timing.seconds, timing.rtfx) == (0.4, 12.5)


def test_only_ours_is_asked_for_batches() -> None:
    plan = EnginePlan((OURS, "moonshine-voice"), Path("m.jsonl"), 0, rounds=2)
    assert [task.batch for task in plan.tasks_for("moonshine-voice")] == [1] * 5
    assert [task.batch for task in plan.tasks_for(OURS)] == [1] * 5 + [4, 8, 16]
    assert plan.steps == 2 * (8 + 5)


def test_every_peer_can_be_loaded() -> None:
    assert {name for names in PEERS.values() for name in names} | {OURS} == set(LOADERS)


def test_an_engine_that_does_not_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match=rf"{OURS}.* ended: .*gone\.jsonl"),
        engine_worker(OURS, tmp_path / "gone.jsonl", cpu=usable_cores()[0]),
    ):
        pytest.fail("it did not start")
