"""`voicesearch monitor backtest`: reads options, shows progress on standard error; `backtest_view` prints results."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from data_pipeline.traffic.hearing import Measurement
    from data_pipeline.traffic.stream import Traffic
    from monitoring.backtest.runner import Course, System, Tick
    from monitoring.backtest.scoring import Trial

DEFAULT_SCENARIOS: Final = ("onset-100ms", "null-rate")
DEFAULT_SYSTEMS: Final = ("monitor", "cusum", "page-hinkley", "fixed-threshold", "river-page-hinkley", "river-adwin")
REFERENCE_HOURS: Final = 168
WISHES_A_DAY: Final = 60_000.0
REPEATED: Final = "Repeatable. "

_MANIFEST = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is asked for."""

    systems: tuple[str, ...]
    scenarios: tuple[str, ...]
    draws: int
    requests: int
    fleets: int
    hours: int
    steady: bool
    independent: bool
    tune: bool


@click.command()
@click.option(
    "--system", "systems", multiple=True, metavar="NAME", help=f"{REPEATED}[default: {', '.join(DEFAULT_SYSTEMS)}]"
)
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="NAME",
    help=f"{REPEATED}`all` for every one. [default: {', '.join(DEFAULT_SCENARIOS)}]",
)
@click.option(
    "--draws", type=click.IntRange(1, 10_000), default=10, show_default=True, help="Streams of each scenario."
)
@click.option(
    "--requests", type=click.IntRange(0), default=100_000, show_default=True, help="Calm ones, for false alarms."
)
@click.option("--fleets", type=click.IntRange(1, 100), default=2, show_default=True, help="That draws are spread over.")
@click.option(
    "--hours", type=click.IntRange(1, 168), default=12, show_default=True, help="Until a drift counts as missed."
)
@click.option("--steady", is_flag=True, help="No time of day: neither in how much is asked nor in noise.")
@click.option("--independent", is_flag=True, help="Nobody speaks a second time, whatever the answer.")
@click.option("--tune", is_flag=True, help="Each peer also at the least strict setting without a false alarm.")
@click.option("--manifest", type=_MANIFEST, help="Recordings with text. [default: VOICESEARCH_DATA or the checkout's]")
@click.option("--clips", type=click.IntRange(1), default=100, show_default=True, help="Recordings to draw from.")
@click.option(
    "--measured",
    "kept_in",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where measurements are kept. [default: in the cache of models]",
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="For summary.json and a plot."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def backtest(
    systems: tuple[str, ...],
    scenarios: tuple[str, ...],
    draws: int,
    requests: int,
    fleets: int,
    hours: int,
    steady: bool,
    independent: bool,
    tune: bool,
    manifest: Path | None,
    clips: int,
    kept_in: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Judge detectors on streams with planted drifts: delay, misses, false alarms per million requests.

    The streams are drawn from real recordings that go through simulated devices and the pipeline that serves. The first
    run measures them, which takes about 2 s a recording; later ones read that again. Delays are counted at ticks of
    200 requests.

    Example: voicesearch monitor backtest --draws 100 --requests 1000000 --system monitor --out results
    """
    from data_pipeline.traffic.scenarios import SCENARIOS
    from serving.commands.data.shell import interruptible
    from serving.commands.monitor import backtest_view

    settings = Settings(
        systems=_known(systems or DEFAULT_SYSTEMS, ["monitor", *_peers()], "--system"),
        scenarios=SCENARIOS if "all" in scenarios else _known(scenarios or DEFAULT_SCENARIOS, SCENARIOS, "--scenario"),
        draws=draws,
        requests=requests,
        fleets=min(fleets, draws),
        hours=hours,
        steady=steady,
        independent=independent,
        tune=tune,
    )
    with interruptible(lambda: "what was measured is kept"):
        table = _table(manifest, clips, kept_in)
        trials = _trials(table, settings)
    summary = backtest_view.summary(trials, settings)
    if out:
        backtest_view.write(summary, out)
    if as_json:
        click.echo(json.dumps(summary, indent=1))
    else:
        backtest_view.show(trials)


def _known(names: Sequence[str], known: Sequence[str], option: str) -> tuple[str, ...]:
    for name in names:
        if name not in known:
            raise click.BadParameter(f"{name!r} is none of: {', '.join(known)}", param_hint=option)
    return tuple(dict.fromkeys(names))


def _peers() -> list[str]:
    from monitoring.backtest.systems import KINDS

    return list(KINDS)


def _table(manifest: Path | None, clips: int, kept_in: Path | None) -> "list[Measurement]":
    """What is measured, with what the shipped catalogue has for each transcript."""
    from asr.cache import models_folder
    from data_pipeline.inputs import speech_at_hand
    from data_pipeline.manifest import read_manifest
    from data_pipeline.traffic.measured import with_results
    from data_pipeline.traffic.plan import carried_noise, measure_all, queries

    spoken, noises = queries(read_manifest(manifest or speech_at_hand()), limit=clips), carried_noise()
    cache_file = kept_in or models_folder().parent / "traffic" / "measured.jsonl"
    with _bar("measuring", len(spoken) + len(noises)) as on_done:
        table = measure_all(spoken, noises, cache_file=cache_file, on_done=on_done)
    return with_results(table, _search())


def _search() -> Callable[[str], tuple[int, str | None]]:
    from asr import convention
    from serving.catalog import shipped_catalog
    from serving.embedded_search import EmbeddedSearch

    backend = EmbeddedSearch.build(shipped_catalog(), write=convention.get("search").apply)

    def found(query: str) -> tuple[int, str | None]:
        hits = backend.search(query, limit=10)
        return len(hits), hits[0].item.id if hits else None

    return found


def _trials(table: "list[Measurement]", settings: Settings) -> "dict[str, list[Trial]]":
    """The trials of each system, over all fleets."""
    from data_pipeline.traffic.prototypes import Prototypes
    from data_pipeline.traffic.scenarios import backtest_course, traffic_of
    from data_pipeline.traffic.views import ColumnView
    from monitoring.backtest.runner import run
    from monitoring.signals.voice import VOICE_SIGNALS

    trials: dict[str, list[Trial]] = {}
    systems: list[System] = []
    for number in range(settings.fleets):
        prototypes = Prototypes(table)
        traffic = traffic_of(
            number, prototypes, per_day=WISHES_A_DAY, steady=settings.steady, independent=settings.independent
        )
        made = backtest_course(
            traffic,
            ColumnView(prototypes, VOICE_SIGNALS),
            settings.scenarios,
            draws=_share(settings.draws, number, settings.fleets),
            hours=settings.hours,
            calm_hours=_calm_hours(traffic, _share(settings.requests, number, settings.fleets)),
            reference_hours=REFERENCE_HOURS,
        )
        systems = systems or _systems(settings, made)
        fleet = f"fleet {number + 1} of {settings.fleets}"
        with _bar(fleet, len(systems) * len(made.streams)) as on_trial:
            for system in systems:
                told = _told(made, partial(on_trial.stage, f"{fleet}, {system.name}"))
                trials.setdefault(system.name, []).extend(run(system, [told], on_trial=on_trial))
    return trials


def _told(course: "Course", stage: Callable[[str], None]) -> "Course":
    """The same, which says while it is gone through how far the reference is; that takes longer than most streams."""
    from monitoring.backtest.runner import Course

    def reference() -> "Iterator[Tick]":
        learnt = 0
        for tick in course.reference():
            stage(f"learns what is normal: {learnt} requests")
            yield tick
            learnt += int(tick.is_request.sum())
        stage("judged on streams")

    return Course(reference, course.streams)


def _share(whole: int, number: int, parts: int) -> int:
    """Of a number of things, as many as fall to one of some parts.

    >>> [_share(5, part, 2) for part in range(2)]
    [3, 2]
    """
    return whole // parts + (number < whole % parts)


def _calm_hours(traffic: "Traffic", requests: int) -> int:
    return -(-requests * 24 // int(traffic.per_day))


def _systems(settings: Settings, course: "Course") -> "list[System]":
    from monitoring.backtest.production import Production
    from monitoring.backtest.systems import grid
    from monitoring.monitor import Monitor
    from monitoring.signals.voice import VOICE, VOICE_SIGNALS

    made: list[System] = []
    for name in settings.systems:
        if name == "monitor":
            made.append(Production(Monitor(VOICE)))
            continue
        made.append(grid(name, VOICE_SIGNALS))
        if settings.tune and (tuned := _tuned(name, course)):
            made.append(tuned)
    return made


def _tuned(name: str, course: "Course") -> "System | None":
    """The peer at the least strict setting that is calm on the last stream, in which nothing is planted."""
    from monitoring.backtest.grid import Grid
    from monitoring.backtest.runner import Course as Calm
    from monitoring.backtest.runner import run
    from monitoring.backtest.systems import grid, tuned
    from monitoring.signals.voice import VOICE_SIGNALS

    calm = Calm(course.reference, course.streams[-1:])

    def false_alarms(candidate: Grid) -> int:
        return sum(len(one.false_alarms) for one in run(candidate, [calm]))

    found = tuned(lambda strictness: grid(name, VOICE_SIGNALS, strictness=strictness), false_alarms)
    if found is None:
        click.echo(f"{name}: no setting is without a false alarm", err=True)
    return found


@contextmanager
def _bar(what: str, total: int) -> "Iterator[_Bar]":
    """A bar on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, refresh_per_second=2, disable=not console.is_terminal) as progress:
        yield _Bar(progress, progress.add_task(what, total=total))


@dataclass(frozen=True, slots=True)
class _Bar:
    """One bar; called, it advances by a step."""

    progress: "Progress"
    task: "TaskID"

    def __call__(self) -> None:
        self.progress.advance(self.task)

    def stage(self, what: str, which: str) -> None:
        """Say what is being done."""
        self.progress.update(self.task, description=f"{what} {which}")
