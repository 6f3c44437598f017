"""The load client against real servers of known behaviour, in real time but with wide margins."""

import numpy as np
import pytest

from serving.bench.http_client import Address, build_upload, parse_address
from serving.bench.load import Target, poisson_arrivals, probe, run_closed_loop, run_open_loop
from serving.bench.measures import Outcome
from tests.serving.fake_server import FakeServer, serving


def target_of(url: str, *, timeout_s: float = 10.0, requests: int = 1) -> Target:
    address = parse_address(url)
    uploads = [
        build_upload(address, "/v1/audio/transcriptions", f"{n}.wav", b"sound", fields={"model": "m"})
        for n in range(requests)
    ]
    return Target(address, tuple(uploads), timeout_s)


def test_arrivals_are_poisson() -> None:
    gaps = np.diff(poisson_arrivals(50, 400, np.random.default_rng(1)), prepend=0)
    assert gaps.min() >= 0
    # Exponential gaps: mean and standard deviation are both 1/rate.
    assert gaps.mean() == pytest.approx(0.02, rel=0.03)
    assert gaps.std() == pytest.approx(0.02, rel=0.05)


def test_the_same_seed_gives_the_same_arrivals() -> None:
    first, again, other = (poisson_arrivals(20, 5, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first.tolist() == again.tolist() != other.tolist()


@pytest.mark.parametrize(("rate", "seconds"), [(0, 1), (-1, 1), (1, 0)])
def test_an_impossible_load_is_refused(rate: float, seconds: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        poisson_arrivals(rate, seconds, np.random.default_rng(0))


def test_an_idle_server_shows_its_service_time() -> None:
    with serving(FakeServer(service_s=0.05, workers=64)) as server:
        run = run_open_loop(target_of(server.url), rate_per_s=40, seconds=1.5, seed=1, limit_ms=1000)
    assert run.outcomes[Outcome.OK] == run.sent == len(server.bodies) > 30
    assert run.accepted is not None
    assert 50 <= run.accepted.p50_ms < 90
    assert run.late_share == 0
    assert run.holds


def test_latency_counts_from_the_intended_time_when_the_server_stalls() -> None:
    # 20/s served, 40/s offered: the backlog after 2 s is about 2 s of work, whatever single requests take.
    with serving(FakeServer(service_s=0.05)) as server:
        run = run_open_loop(target_of(server.url), rate_per_s=40, seconds=2, seed=2, limit_ms=200)
    assert run.outcomes[Outcome.OK] == run.sent
    assert run.accepted is not None
    backlog_ms = (run.sent * 0.05 - 2) * 1000
    assert run.accepted.max_ms > 0.8 * backlog_ms
    assert 0.3 * backlog_ms < run.accepted.p50_ms < run.accepted.p99_ms <= run.accepted.max_ms
    assert run.answers_per_s < 20
    assert not run.holds


def test_refusals_are_counted_and_timed_apart() -> None:
    with serving(FakeServer(service_s=0.05, queue_limit=2)) as server:
        run = run_open_loop(target_of(server.url), rate_per_s=100, seconds=1.5, seed=3, limit_ms=500)
    assert run.outcomes[Outcome.OK] + run.outcomes[Outcome.SHED] == run.sent
    assert run.outcomes[Outcome.SHED] > run.outcomes[Outcome.OK] > 0
    assert run.refusals is not None
    assert run.accepted is not None
    assert run.refusals.p50_ms < run.accepted.p50_ms
    assert run.late_share == pytest.approx(run.outcomes[Outcome.SHED] / run.sent, abs=0.1)
    assert not run.holds


@pytest.mark.parametrize(("status", "outcome"), [(429, Outcome.RATE_LIMITED), (500, Outcome.ERROR)])
def test_statuses_have_their_outcome(status: int, outcome: Outcome) -> None:
    with serving(FakeServer(status=status)) as server:
        run = run_open_loop(target_of(server.url), rate_per_s=50, seconds=0.4)
    assert run.outcomes[outcome] == run.sent > 0
    assert run.accepted is None
    assert run.answers_per_s == 0
    assert run.failures == (('500: {"text": "hello"}',) if status == 500 else ())


def test_dropped_connections_are_errors() -> None:
    with serving(FakeServer(drops=True)) as server:
        run = run_open_loop(target_of(server.url), rate_per_s=50, seconds=0.4)
    assert run.outcomes[Outcome.ERROR] == run.sent == len(server.bodies)
    assert "closed" in run.failures[0] or "reset" in run.failures[0].lower()


def test_nobody_listening_is_an_error() -> None:
    with serving(FakeServer()) as server:
        gone = target_of(server.url)
    run = run_open_loop(gone, rate_per_s=50, seconds=0.2)
    assert run.outcomes[Outcome.ERROR] == run.sent > 0


def test_a_silent_server_times_out() -> None:
    with serving(FakeServer(service_s=30)) as server:
        run = run_open_loop(target_of(server.url, timeout_s=0.2), rate_per_s=30, seconds=0.3)
    assert run.outcomes[Outcome.TIMEOUT] == run.sent > 0


def test_connections_are_kept_alive_and_used_again() -> None:
    with serving(FakeServer()) as server:
        run = run_closed_loop(target_of(server.url, requests=3), connections=4, seconds=0.4)
    assert server.connections == 4 < run.sent
    assert {b'filename="%d.wav"' % n in b"".join(server.bodies) for n in range(3)} == {True}


def test_a_closed_loop_finds_the_greatest_throughput() -> None:
    with serving(FakeServer(service_s=0.02, workers=2)) as server:
        run = run_closed_loop(target_of(server.url), connections=8, seconds=1.0)
    assert run.connections == 8
    assert 50 < run.answers_per_s <= 101


def test_the_upload_is_a_multipart_post() -> None:
    with serving(FakeServer()) as server:
        address = parse_address(server.url + "/v1/")
        request = build_upload(address, "/v1/x", "a.flac", b"\x00\r\nraw", fields={"model": "m"}, api_key="k")
        assert probe(Target(address, (request,))).status == 200
    assert server.heads[0].startswith("POST /v1/x HTTP/1.1\r\n")
    assert "Authorization: Bearer k" in server.heads[0]
    assert b'name="model"\r\n\r\nm\r\n' in server.bodies[0]
    assert b'filename="a.flac"\r\nContent-Type: application/octet-stream\r\n\r\n\x00\r\nraw\r\n--' in server.bodies[0]


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://host", "http://"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="not an http"):
        parse_address(url)


def test_addresses() -> None:
    assert parse_address("https://host/v1") == Address("host", 443, tls=True)
    assert parse_address("http://host:81/eu/v1/") == Address("host", 81, prefix="/eu")
