"""`voicesearch evaluate`: reads options, shows progress on standard error; `evaluate_view` prints the results."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from serving.commands.interrupts import interrupts_held

if TYPE_CHECKING:
    from data_pipeline.evaluation.record import Evaluation
    from data_pipeline.evaluation.search_damage import Top
    from data_pipeline.evaluation.systems import OwnSystem, System
    from data_pipeline.manifest import InvalidLine, Row

NOISE_PIECE_S = 2.5
SLICING = "FIELD[:EDGE,...][+FIELD...]"

_PATH = click.Path(exists=True, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("manifest", type=_FILE)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR")
@click.option("--model", "models", multiple=True, metavar="ID", help="Repeatable. [default: the registry's default]")
@click.option(
    "--frontend", "variants", multiple=True, default=("default",), metavar="KEY=VALUE[,...]", help="Repeatable."
)
@click.option("--hypotheses", "recorded", multiple=True, metavar="[NAME=]FILE", help="Another system's transcripts.")
@click.option("--peer", "peers", multiple=True, help="Another engine, as in `bench engine`, on the same clips.")
@click.option("--device", "devices", multiple=True, metavar="NAME", help="Each model on a simulated device too.")
@click.option("--slice", "slices", multiple=True, metavar=SLICING, help="Scores by one or more fields, in bins.")
@click.option("--min-slice", type=click.IntRange(1), default=1, show_default=True, help="Pool smaller slices.")
@click.option("--where", "filters", multiple=True, metavar="FIELD=VALUE[,VALUE]", help="Only these rows.")
@click.option("--noise", type=_PATH, metavar="PATH", help="Recordings without speech, scored in pieces of 2.5 s.")
@click.option("--catalog", type=_FILE, help="What is searched, to see what errors do there. [default: shipped]")
@click.option("--weights", metavar="FIELD|FILE.csv", help="Traffic: a numeric field, or columns FIELD and weight.")
@click.option("--fit-calibration", is_flag=True, help="Fit the confidence of each model, for its registry entry.")
@click.option("--batch", "batch_size", type=click.IntRange(1, 256), default=1, show_default=True, help="Clips at once.")
def evaluate(
    manifest: Path,
    out: Path,
    models: tuple[str, ...],
    variants: tuple[str, ...],
    recorded: tuple[str, ...],
    peers: tuple[str, ...],
    devices: tuple[str, ...],
    slices: tuple[str, ...],
    min_slice: int,
    filters: tuple[str, ...],
    noise: Path | None,
    catalog: Path | None,
    weights: str | None,
    fit_calibration: bool,
    batch_size: int,
) -> None:
    """Score models on recordings whose words are known: errors, speed, confidence, words heard in noise.

    Writes summary.json, utterances.jsonl, failures.jsonl and report.html into DIR. Each --frontend is one more
    system: `clipping.lead_padding_s=0.2,loudness=off,detector=webrtc`, or `default`. Every later system is tested
    against the first. An evaluation that was cut off goes on when it is called again. Recordings and lines that cannot
    be used are told, and when all others are done the exit code is 2.

    Example: voicesearch evaluate test.jsonl --out results --slice source --slice device_model+duration:2,5
    """
    from data_pipeline.evaluation.answer_journal import NAME, open_journal, remove_journal
    from data_pipeline.evaluation.evaluate import evaluate as evaluate_systems
    from data_pipeline.evaluation.results import write_results
    from data_pipeline.evaluation.traffic import read_traffic
    from serving.commands.evaluate_view import show

    rows, invalid = _rows(manifest, filters, noise)
    traffic = read_traffic(weights) if weights else None
    top = _top(catalog)
    own = _own(models, variants)
    systems = _with_devices([*own, *_peers(peers), *map(_recorded, recorded)], devices)
    try:
        with open_journal(out) as journal, _watched(systems, len(rows)) as watch:
            evaluation = evaluate_systems(
                rows,
                systems,
                slices=slices,
                min_slice=min_slice,
                traffic=traffic,
                top=top,
                batch_size=batch_size,
                journal=journal,
                invalid=invalid,
                on_done=watch.on_done,
            )
    except KeyboardInterrupt:
        click.echo(f"interrupted; {out / NAME} keeps what was answered: the same command goes on from there", err=True)
        raise click.Abort from None
    write_results(evaluation, out)
    remove_journal(out)
    click.echo(watch, err=True)
    show(evaluation)
    if fit_calibration:
        _fit(evaluation, own, out)
    if evaluation.failures:
        click.echo(f"{len(evaluation.failures)} recordings could not be used: {out / 'failures.jsonl'}", err=True)
        click.get_current_context().exit(2)


def _rows(manifest: Path, filters: Sequence[str], noise: Path | None) -> "tuple[list[Row], list[InvalidLine]]":
    """The rows that are wanted, and the lines that are none."""
    from data_pipeline.inputs import noise_pieces
    from data_pipeline.manifest import matching
    from serving.commands.manifest_rows import read_rows

    wanted = _filters(filters)
    rows, invalid = read_rows(manifest)
    pieces = noise_pieces(noise, piece_s=NOISE_PIECE_S) if noise else ()
    return [*matching(rows, wanted), *pieces], invalid


def _filters(texts: Sequence[str]) -> dict[str, set[str]]:
    wanted: dict[str, set[str]] = {}
    for text in texts:
        field, equals, values = text.partition("=")
        if not equals:
            raise click.BadParameter(f"{text!r} is not FIELD=VALUE[,VALUE]", param_hint="--where")
        wanted[field] = set(values.split(","))
    return wanted


def _top(catalog: Path | None) -> "Top":
    """The first result of the embedded search."""
    from asr import convention
    from serving.catalog import load_catalog, shipped_catalog
    from serving.embedded_search import EmbeddedSearch
    from serving.search import top_item

    items = load_catalog(catalog) if catalog else shipped_catalog()
    return partial(top_item, EmbeddedSearch.build(items, write=convention.get("search").apply))


def _own(models: Sequence[str], variants: Sequence[str]) -> "list[OwnSystem]":
    from data_pipeline.evaluation.systems import own_systems
    from data_pipeline.evaluation.variants import read_variant

    each_once = dict.fromkeys
    return own_systems(list(each_once(models or ("",))), [read_variant(text) for text in each_once(variants)])


def _with_devices(systems: "Sequence[System]", names: Sequence[str]) -> "list[System]":
    """The systems on the recordings as they are, and then each on each simulated device."""
    from data_pipeline.evaluation.devices import OnDevice, simulated_devices

    devices = simulated_devices(names) if names else []
    return [*systems, *(OnDevice(system, device) for device in devices for system in systems)]


def _peers(names: Sequence[str]) -> "list[System]":
    from data_pipeline.evaluation.systems import BareEngine
    from serving.bench.engines import LOADERS

    for name in names:
        if name not in LOADERS:
            raise click.BadParameter(f"{name!r} is none of: {', '.join(LOADERS)}", param_hint="--peer")
    return [BareEngine(name, LOADERS[name]()) for name in names]


def _recorded(text: str) -> "System":
    from data_pipeline.evaluation.systems import read_hypotheses

    name, named, path = text.rpartition("=")
    return read_hypotheses(Path(path), name if named else Path(path).stem)


@dataclass
class _Watch:
    """Shows how far each system is, and knows when the last answer came."""

    show: Callable[[str, int], None]
    started_s: float = field(default_factory=time.perf_counter)
    answered_s: float = field(default_factory=time.perf_counter)

    def on_done(self, name: str, count: int) -> None:
        self.show(name, count)
        self.answered_s = time.perf_counter()

    def __str__(self) -> str:
        answering_s, scoring_s = self.answered_s - self.started_s, time.perf_counter() - self.answered_s
        return f"answers {answering_s:.1f} s, scores and report {scoring_s:.1f} s ({scoring_s / answering_s:.1%})"


@contextmanager
def _watched(systems: "Sequence[System]", clips: int) -> Iterator[_Watch]:
    """One bar a system on standard error; redrawn once a second, since it runs on the cores that are measured."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    progress = Progress(*columns, console=console, refresh_per_second=1, disable=not console.is_terminal)
    with progress as bars, interrupts_held() as let_in:
        tasks = {system.name: bars.add_task(system.name, total=clips) for system in systems}

        def show(name: str, count: int) -> None:
            bars.advance(tasks[name], count)
            let_in()

        yield _Watch(show)


def _fit(evaluation: "Evaluation", systems: "Sequence[OwnSystem]", out: Path) -> None:
    """Print and write what the registry takes, with its cross-validated quality as comments."""
    from data_pipeline.evaluation.calibration import fit

    phantoms = {system.name: system.pipeline.calibration.phantoms for system in systems}
    fitted = [(one.name, fit(one.utterances, phantoms[one.name])) for one in evaluation.systems if one.name in phantoms]
    text = "\n\n".join(f"# {name}\n{found.as_toml()}" for name, found in fitted) + "\n"
    (out / "calibration.toml").write_text(text, "utf-8")
    click.echo(text)
