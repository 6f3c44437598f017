"""`voicesearch evaluate`: reads options, shows progress on standard error, prints the table of the results."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from data_pipeline.evaluation.evaluate import Evaluation
    from data_pipeline.evaluation.scores import Scores
    from data_pipeline.evaluation.systems import OwnSystem, System

NOISE_PIECE_S = 2.5

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
@click.option("--slice", "slice_fields", multiple=True, metavar="FIELD", help="Scores by a manifest field.")
@click.option("--min-slice", type=click.IntRange(1), default=1, show_default=True, help="Pool smaller slices.")
@click.option("--where", "filters", multiple=True, metavar="FIELD=VALUE[,VALUE]", help="Only these rows.")
@click.option("--noise", type=_PATH, metavar="PATH", help="Recordings without speech, scored in pieces of 2.5 s.")
@click.option("--fit-calibration", is_flag=True, help="Fit the confidence of each model, for its registry entry.")
@click.option("--batch", "batch_size", type=click.IntRange(1, 256), default=1, show_default=True, help="Clips at once.")
def evaluate(
    manifest: Path,
    out: Path,
    models: tuple[str, ...],
    variants: tuple[str, ...],
    recorded: tuple[str, ...],
    peers: tuple[str, ...],
    slice_fields: tuple[str, ...],
    min_slice: int,
    filters: tuple[str, ...],
    noise: Path | None,
    fit_calibration: bool,
    batch_size: int,
) -> None:
    """Score models on recordings whose words are known: errors, speed, confidence, words heard in noise.

    Writes summary.json, utterances.jsonl, failures.jsonl and report.html into DIR. Each --frontend is one more
    system: `clipping.lead_padding_s=0.2,loudness=off,detector=webrtc`, or `default`.

    Example: voicesearch evaluate test.jsonl --out results --slice source --where source=vctk,ljspeech
    """
    from rich.console import Console

    from data_pipeline.evaluation.evaluate import evaluate as evaluate_systems
    from data_pipeline.evaluation.results import write_results
    from data_pipeline.evaluation.systems import own_systems
    from data_pipeline.evaluation.variants import read_variant
    from data_pipeline.inputs import noise_pieces
    from data_pipeline.manifest import matching, read_manifest

    rows = list(matching(read_manifest(manifest), _filters(filters)))
    if noise:
        rows += noise_pieces(noise, piece_s=NOISE_PIECE_S)
    own = own_systems(models or ("",), [read_variant(text) for text in variants])
    systems = [*own, *_peers(peers), *map(_recorded, recorded)]
    with _progress(systems, len(rows)) as on_done:
        evaluation = evaluate_systems(
            rows, systems, slice_fields=slice_fields, min_slice=min_slice, batch_size=batch_size, on_done=on_done
        )
    write_results(evaluation, out)
    Console(width=None if sys.stdout.isatty() else 200).print(_table(evaluation))
    if fit_calibration:
        _fit(evaluation, own, out)
    if evaluation.failures:
        click.echo(f"{len(evaluation.failures)} recordings could not be used: {out / 'failures.jsonl'}", err=True)


def _filters(texts: Sequence[str]) -> dict[str, set[str]]:
    wanted: dict[str, set[str]] = {}
    for text in texts:
        field, equals, values = text.partition("=")
        if not equals:
            raise click.BadParameter(f"{text!r} is not FIELD=VALUE[,VALUE]", param_hint="--where")
        wanted[field] = set(values.split(","))
    return wanted


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


@contextmanager
def _progress(systems: "Sequence[System]", clips: int) -> Iterator[Callable[[str, int], None]]:
    """One bar a system on standard error; redrawn once a second, since it runs on the cores that are measured."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, refresh_per_second=1, disable=not console.is_terminal) as bars:
        tasks = {system.name: bars.add_task(system.name, total=clips) for system in systems}
        yield lambda name, count: bars.advance(tasks[name], count)


def _fit(evaluation: "Evaluation", systems: "Sequence[OwnSystem]", out: Path) -> None:
    """Print and write what the registry takes, with its cross-validated quality as comments."""
    from data_pipeline.evaluation.calibration import fit

    phantoms = {system.name: system.pipeline.calibration.phantoms for system in systems}
    fitted = [(one.name, fit(one.utterances, phantoms[one.name])) for one in evaluation.systems if one.name in phantoms]
    text = "\n\n".join(f"# {name}\n{found.as_toml()}" for name, found in fitted) + "\n"
    (out / "calibration.toml").write_text(text, "utf-8")
    click.echo(text)


def _table(evaluation: "Evaluation") -> "Table":
    from rich.table import Table

    from data_pipeline.evaluation.report import number, percent

    columns = ("WER %", "95 %", "CER %", "exact %", "missed", "invented", "ECE %", "p50 ms", "speed ×")
    table = Table("system", *columns, box=None, pad_edge=False)
    table.columns[0].overflow = "fold"
    for column in table.columns[1:]:
        column.no_wrap, column.justify = True, "right"
    for name, scores in _rows(evaluation):
        silence = scores.no_speech
        table.add_row(
            name,
            percent(scores.wer),
            "-".join(map(percent, scores.wer_ci95)) if scores.wer_ci95 else percent(None),
            percent(scores.cer),
            percent(scores.exact_ratio),
            f"{silence.false}/{silence.speech_clips}",
            f"{silence.missed}/{silence.noise_clips}",
            percent(scores.confidence.ece if scores.confidence else None),
            number(scores.latency_ms.p50 if scores.latency_ms else None),
            number(scores.rtfx),
        )
    return table


def _rows(evaluation: "Evaluation") -> "Iterator[tuple[str, Scores]]":
    """Every system, and below it its slices."""
    for result in evaluation.systems:
        yield result.name, result.scores
        for field, by_value in result.slices.items():
            for value, scores in by_value.items():
                yield f"  {field}={value}", scores
