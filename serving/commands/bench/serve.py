"""`voicesearch bench serve`: whole servers under load."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.progress import Progress

from serving.commands.bench.shell import MANIFEST, core_list, numbers, output_options, progress_bar, publish

if TYPE_CHECKING:
    from serving.bench.serve import OnDone, System

PEERS = {
    "litserve": (),
    "litserve+front-end": ("--front-end",),
    "litserve+published-graphs": ("--published-graphs",),
}
"""LitServe around our engine, bare or with our front end too, which is like for like; or around the model's graphs as
they were published."""


@click.command()
@click.option("--url", help="A running OpenAI-compatible server. [default: start our own]")
@click.option("--config", type=MANIFEST, help="Configuration of our own server.")
@click.option("--peer", "peers", multiple=True, type=click.Choice(list(PEERS)), help="Measured after ours.")
@click.option("--route", type=click.Choice(["transcriptions", "search"]), default="transcriptions")
@click.option("--model", help="Field `model` of the requests.")
@click.option("--api-key", envvar="VOICESEARCH_API_KEY", help="Bearer token. [env: VOICESEARCH_API_KEY]")
@click.option("--rate", "--rates", "rates", callback=numbers, metavar="R[,R...]", help="Offered queries/s.")
@click.option("--find-p99-ms", type=click.FloatRange(1), help="Find the highest rate that holds this p99.")
@click.option("--overload", is_flag=True, help="With --find-p99-ms: offer twice the rate found.")
@click.option("--saturate", type=click.IntRange(1), metavar="N", help="Keep N requests in flight.")
@click.option("--bare-engine", is_flag=True, help="Also measure the engine alone on the same cores.")
@click.option("--seconds", type=click.FloatRange(0.1), default=20.0, show_default=True, help="Of each run.")
@click.option("--timeout", "timeout_s", type=click.FloatRange(0.1), default=10.0, show_default=True)
@click.option("--max-duration", type=click.FloatRange(0.1), help="Leave out longer clips, in seconds.")
@click.option("--cpus", callback=core_list, metavar="N,N", help="Keep servers and client to these cores.")
@click.option("--seed", type=int, default=0, show_default=True)
@output_options
def serve(
    url: str | None,
    config: Path | None,
    peers: tuple[str, ...],
    route: str,
    model: str | None,
    api_key: str | None,
    rates: tuple[float, ...],
    find_p99_ms: float | None,
    overload: bool,
    saturate: int | None,
    bare_engine: bool,
    seconds: float,
    timeout_s: float,
    max_duration: float | None,
    cpus: tuple[int, ...],
    seed: int,
    clips: Path | None,
    json_file: Path | None,
    plot: Path | None,
) -> None:
    """Drive a server with an open-loop Poisson load; latency counts from the intended send time.

    Example: voicesearch bench serve --find-p99-ms 500 --overload --peer litserve --max-duration 4 --cpus 0,1
    """
    from serving.bench.clips import DEFAULT_MANIFEST, read_clips
    from serving.bench.machine import pin_to, this_machine
    from serving.bench.serve import ServePlan, Traffic, bare_engine_per_s, bench_servers
    from serving.bench.serve_view import save_serve_plot, serve_tables

    if not (rates or find_p99_ms or saturate):
        raise click.UsageError("nothing to measure: give --rate, --find-p99-ms or --saturate")
    if overload and find_p99_ms is None:
        raise click.UsageError("--overload needs --find-p99-ms")
    if cpus:
        pin_to(cpus)
    traffic = Traffic(tuple(read_clips(clips, max_duration_s=max_duration)), route, model, api_key)
    plan = ServePlan(rates, find_p99_ms, overload, saturate, seconds, seed, timeout_s)
    machine = this_machine()
    with progress_bar() as progress:
        report = bench_servers(_systems(url, config, peers), traffic, plan, machine, partial(_watch, progress))
    if bare_engine:
        manifest = (clips or DEFAULT_MANIFEST).resolve()
        alone = bare_engine_per_s(manifest, machine.cores, max_duration_s=max_duration)
        report = replace(report, bare_engine_per_s=alone)
    publish(report, serve_tables(report), save_serve_plot, json_file, plot)


def _systems(url: str | None, config: Path | None, peers: tuple[str, ...]) -> "list[System]":
    from serving.bench.serve import System
    from serving.bench.server_process import own_server

    first = System("server", url=url) if url else System("voicesearch", command=own_server(config))
    return [first, *(_litserve(name) for name in dict.fromkeys(peers))]


def _litserve(name: str) -> "System":
    from serving.bench.serve import System
    from serving.bench.server_process import litserve

    return System(name, command=lambda port: litserve(port, *PEERS[name]), ready_path="/health")


def _watch(progress: Progress, label: str, total: float) -> "OnDone":
    task = progress.add_task(label, total=round(total) or None)
    return lambda sample: progress.advance(task)
