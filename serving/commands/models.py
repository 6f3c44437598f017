"""`voicesearch models`: what is registered, what is in the cache, and getting it there."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.table import Table

from asr import cache
from asr.errors import CorruptModel, ModelUnavailable
from asr.fetch import Progress as Listener
from asr.registry import Model, Registry, read_registry

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
_OWN_REGISTRY = click.option(
    "--registry",
    "own",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your registry file, over the packaged one (default: VOICESEARCH_MODELS).",
)


@click.group()
def models() -> None:
    """List, fetch and check the registered models."""


@models.command("list")
@_AS_JSON
@_OWN_REGISTRY
def list_models(as_json: bool, own: Path | None) -> None:
    """Show every registered model and whether it is in the cache.

    Example: voicesearch models list --json
    """
    registry = read_registry(own)
    rows = [_describe(model, registry) for model in registry.models.values()]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    table = Table("id", "task", "engine", "license", "lang", "size", "cached", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    for model in registry.models.values():
        default = " *" if model.id in registry.defaults.values() else ""
        table.add_row(
            model.id + default,
            model.task,
            model.engine,
            model.license,
            ", ".join(model.languages) or "any",
            f"{model.size_bytes / 1e6:.1f} MB",
            "yes" if _is_cached(model, registry) else "no",
        )
    table.caption = "* default"
    Console().print(table)


@models.command("pull")
@click.argument("model_id", metavar="[ID]", required=False)
@click.option("--all", "everything", is_flag=True, help="Every registered model.")
@_AS_JSON
@_OWN_REGISTRY
def pull_models(model_id: str | None, everything: bool, as_json: bool, own: Path | None) -> None:
    """Fetch a model into the cache; without ID the default recognizer and voice activity detector.

    What is there and undamaged is not fetched again. Example: voicesearch models pull moonshine-tiny-en
    """
    if model_id and everything:
        raise click.UsageError("give an ID or --all, not both")
    registry = read_registry(own)
    ids = list(registry.models) if everything else [model_id] if model_id else list(registry.defaults.values())
    with _progress_bars() as progress:
        pulled = [cache.pull(name, progress=progress, registry=registry) for name in ids]
    if as_json:
        rows = [_describe(files.model, registry) | {"folder": str(files.folder)} for files in pulled]
        click.echo(json.dumps(rows, indent=1))
        return
    for files in pulled:
        click.echo(f"{files.model.id}  {files.folder}")


@models.command("verify")
@click.argument("model_id", metavar="[ID]", required=False)
@_AS_JSON
@_OWN_REGISTRY
def verify_models(model_id: str | None, as_json: bool, own: Path | None) -> None:
    """Check the hashes of a cached model; without ID of all that are in the cache.

    Exits with 2 if a file is damaged or the named model absent. Example: voicesearch models verify
    """
    registry = read_registry(own)
    cached = [model.id for model in registry.models.values() if _is_cached(model, registry)]
    faults = {name: _fault(name, registry) for name in ([model_id] if model_id else cached)}
    if as_json:
        click.echo(json.dumps([{"id": name, "fault": fault} for name, fault in faults.items()], indent=1))
    else:
        for name, fault in faults.items():
            click.echo(f"{name}  {'damaged' if fault else 'intact'}")
    if damaged := [fault for fault in faults.values() if fault]:
        raise click.ClickException("; ".join(damaged))


def _describe(model: Model, registry: Registry) -> dict[str, object]:
    return {
        "id": model.id,
        "task": model.task,
        "engine": model.engine,
        "license": model.license,
        "languages": list(model.languages),
        "description": model.description,
        "size_bytes": model.size_bytes,
        "default": model.id in registry.defaults.values(),
        "cached": _is_cached(model, registry),
        "files": {file.name: {"source": str(file.source), "sha256": file.sha256} for file in model.files},
    }


def _is_cached(model: Model, registry: Registry) -> bool:
    try:
        cache.locate(model.id, registry)
    except ModelUnavailable:
        return False
    return True


def _fault(model_id: str, registry: Registry) -> str | None:
    try:
        cache.verify(model_id, registry)
    except CorruptModel as error:
        return str(error)
    return None


@contextmanager
def _progress_bars() -> Iterator[Listener]:
    """One bar a download, on stderr, where somebody looks."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def listen(name: str, *, done_bytes: int, total_bytes: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name)
            bars.update(tasks[name], completed=done_bytes, total=total_bytes)

        yield listen
