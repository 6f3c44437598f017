"""`voicesearch bench`: reads options, shows progress on standard error, writes the report."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from rich.table import Table

    from serving.bench.report import Report
    from serving.bench.serve import OnDone, System

Command = TypeVar("Command", bound=Callable[..., None])
R = TypeVar("R", bound="Report")

FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
PEERS = {
    "litserve": (),
    "litserve+front-end": ("--front-end",),
    "litserve+published-graphs": ("--published-graphs",),
}
"""LitServe around our engine, bare or with our front end too, which is like for like; or around the model's graphs as
they were published."""
MANIFEST = click.Path(exists=True, dir_okay=False, path_type=Path)


def report_options(command: Command) -> Command:
    """Options of every benchmark."""
    command = click.option("--plot", type=FILE, metavar="FILE.png", help="Draw the report.")(command)
    return click.option("--json", "json_file", type=FILE, metavar="FILE", help="Write the whole report.")(command)


def output_options(command: Command) -> Command:
    """Those of benchmarks with recordings."""
    clips_help = "Recordings to send: a JSON-lines manifest. [default: tests/clips/manifest.jsonl]"
    return click.option("--clips", type=MANIFEST, metavar="MANIFEST", help=clips_help)(report_options(command))


def numbers(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[float, ...]:
    """Positive numbers of a comma-separated option."""
    try:
        found = tuple(float(part) for part in (value or "").split(",") if part.strip())
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a list of numbers such as 5,10,20") from None
    if any(not 0 < each < float("inf") for each in found):
        raise click.BadParameter("every number must be positive")
    return found


def core_list(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, ...]:
    """Core numbers of a comma-separated option."""
    try:
        return tuple(int(part) for part in (value or "").split(",") if part.strip())
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a list of cores such as 0,1") from None


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on standard error, redrawn once a second: it runs on the cores that are measured."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=1) as progress:
        yield progress


@click.group()
def bench() -> None:
    """Measure speed: the bare engine, the front end, the monitor, or a whole server under load.

    Example: voicesearch bench serve --rate 5,10,20 --seconds 20 --json serve.json --plot serve.png
    """


@bench.command()
@click.option("--peer", "peers", multiple=True, type=click.Choice(["faster-whisper", "moonshine-voice"]))
@click.option("--cpu", type=int, help="The core that all engines use in turns. [default: the last usable]")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Turns of each engine.")
@output_options
def engine(
    peers: tuple[str, ...],
    cpu: int | None,
    rounds: int,
    clips: Path | None,
    json_file: Path | None,
    plot: Path | None,
) -> None:
    """Time engines on one core: one clip at a time, and in batches; each in a process of its own.

    Example: voicesearch bench engine --peer moonshine-voice --peer faster-whisper --json engine.json
    """
    from serving.bench.clips import DEFAULT_MANIFEST, read_clips
    from serving.bench.engine import EnginePlan, bench_engines
    from serving.bench.engine_view import engine_tables, save_engine_plot
    from serving.bench.engines import OURS, PEERS
    from serving.bench.machine import this_machine

    read_clips(clips)
    machine = this_machine()
    names = (OURS, *(name for peer in dict.fromkeys(peers) for name in PEERS[peer]))
    core = machine.cores[-1] if cpu is None else cpu
    plan = EnginePlan(names, (clips or DEFAULT_MANIFEST).resolve(), core, rounds)
    with progress_bar() as progress:
        task = progress.add_task("loading", total=plan.steps)
        report = bench_engines(plan, machine, lambda name: progress.update(task, advance=1, description=name))
    _publish(report, engine_tables(report), save_engine_plot, json_file, plot)


@bench.command()
@click.option("--duration", "duration_s", type=click.FloatRange(0.2, 30), default=2.5, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=200, show_default=True, help="Repeats of a stage.")
@output_options
def frontend(duration_s: float, rounds: int, clips: Path | None, json_file: Path | None, plot: Path | None) -> None:
    """Time what stands before the engine, stage by stage, for the formats that clients send.

    Example: voicesearch bench frontend --duration 2.5 --json frontend.json
    """
    from serving.bench.clips import pieces_of, read_clips
    from serving.bench.frontend import FORMATS, bench_frontend
    from serving.bench.frontend_view import frontend_tables, save_frontend_plot
    from serving.bench.machine import this_machine

    piece = pieces_of(read_clips(clips), duration_s, count=1)[0]
    with progress_bar() as progress:
        task = progress.add_task("encoding", total=len(FORMATS))

        def on_step(name: str) -> None:
            progress.update(task, advance=1, description=name)

        report = bench_frontend(piece, this_machine(), rounds=rounds, on_step=on_step)
    _publish(report, frontend_tables(report), save_frontend_plot, json_file, plot)


@bench.command()
@click.option("--events", type=click.IntRange(5_000), default=100_000, show_default=True)
@report_options
def monitor(events: int, json_file: Path | None, plot: Path | None) -> None:
    """Time the monitor over 1,000 slices: sketches, all of it, a check, a snapshot.

    Example: voicesearch bench monitor --events 500000 --json monitor.json
    """
    from serving.bench.machine import this_machine
    from serving.bench.monitor import bench_monitor
    from serving.bench.monitor_view import monitor_tables, save_monitor_plot

    report = bench_monitor(this_machine(), events=events)
    _publish(report, monitor_tables(report), save_monitor_plot, json_file, plot)


@bench.command()
@click.option("--url", help="A running voicesearch server. [default: start our own]")
@click.option("--config", type=MANIFEST, help="Configuration of our own server.")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Each clip so often.")
@click.option("--max-duration", type=click.FloatRange(0.1), help="Leave out longer clips, in seconds.")
@click.option("--cpus", callback=core_list, metavar="N,N", help="Keep server and client to these cores.")
@output_options
def query(
    url: str | None,
    config: Path | None,
    rounds: int,
    max_duration: float | None,
    cpus: tuple[int, ...],
    clips: Path | None,
    json_file: Path | None,
    plot: Path | None,
) -> None:
    """Send spoken queries one after the other and say where their time goes.

    Example: voicesearch bench query --max-duration 4 --cpus 0,1
    """
    from serving.bench.clips import read_clips
    from serving.bench.machine import pin_to, this_machine
    from serving.bench.query import bench_query
    from serving.bench.query_view import query_tables, save_query_plot
    from serving.bench.serve import Traffic, build_target
    from serving.bench.server_process import own_server, running_server

    if cpus:
        pin_to(cpus)
    traffic = Traffic(tuple(read_clips(clips, max_duration_s=max_duration)), route="search")
    mean_s = sum(clip.duration_s for clip in traffic.clips) / len(traffic.clips)
    with ExitStack() as stack, progress_bar() as progress:
        task = progress.add_task("queries", total=rounds * len(traffic.clips))
        address = url or stack.enter_context(running_server(own_server(config), ready_path="/readyz")).url
        report = bench_query(
            build_target(address, traffic, timeout_s=10.0),
            this_machine(),
            rounds=rounds,
            mean_clip_s=mean_s,
            on_done=lambda: progress.advance(task),
        )
    _publish(report, query_tables(report), save_query_plot, json_file, plot)


@bench.command()
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
    _publish(report, serve_tables(report), save_serve_plot, json_file, plot)


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


def _publish(
    report: R,
    tables: "list[Table]",
    save_plot: Callable[[R, Path], None],
    json_file: Path | None,
    plot: Path | None,
) -> None:
    from serving.bench.report import print_tables, write_json

    print_tables(report.machine, *tables)
    if json_file:
        write_json(report, json_file)
    if plot:
        save_plot(report, plot)
