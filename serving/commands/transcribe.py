"""`voicesearch transcribe`: files, folders or a manifest to text, JSON lines or subtitles on standard output."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from asr.errors import AudioError

if TYPE_CHECKING:
    from asr.pipeline import Pipeline, Transcription
    from data_pipeline.manifest import Row

_PATHS = click.Path(path_type=Path)


@click.command()
@click.argument("paths", type=_PATHS, nargs=-1, required=True, metavar="PATH...")
@click.option("--model", "model_id", metavar="ID", help="[default: the registry's default]")
@click.option("--convention", default="verbatim", show_default=True, metavar="NAME", help="How the text is written.")
@click.option("--format", "form", type=click.Choice(["text", "json", "srt", "vtt"]), default="text", show_default=True)
def transcribe(paths: tuple[Path, ...], model_id: str | None, convention: str, form: str) -> None:
    """Write what recordings say: sound files, folders of them, or manifests (.jsonl).

    A recording that cannot be used gives one line on standard error and, when all others are done, exit code 2.

    Example: voicesearch transcribe question.wav recordings/ --format json
    """
    from asr.loading import load_pipeline

    inputs = [one for path in paths for one in _inputs(path)]
    if form in ("srt", "vtt") and len(inputs) > 1:
        raise click.UsageError(f"--format {form} makes one file of subtitles: give one recording, not {len(inputs)}")
    pipeline = load_pipeline(model_id, convention_name=convention)
    failures = 0
    for name, result in _results(inputs, pipeline):
        if isinstance(result, str):
            failures += 1
            click.echo(f"voicesearch: error: {name}: {result}", err=True)
        else:
            click.echo(_WRITERS[form](name, result), nl=form in ("text", "json"))
            _warn_of_loss(name, result)
    if failures:
        click.get_current_context().exit(2)


def _warn_of_loss(name: str, result: "Transcription") -> None:
    """Say on standard error where speech may be missing from the text; silence and noise are no loss."""
    from asr.front_end import LeftOut

    for one in result.untranscribed:
        if one.reason in (LeftOut.TRUNCATED_FILE, LeftOut.REPETITION):
            click.echo(f"voicesearch: warning: {name}: {one.reason} at {one.span.start_s:.1f} s", err=True)


def _inputs(path: Path) -> "Iterator[Row | Path]":
    """What a path stands for. Raises InvalidManifest, or FileNotFoundError for a folder without sound."""
    from data_pipeline.inputs import is_manifest, sound_files
    from data_pipeline.manifest import read_manifest

    if not path.exists():
        yield path  # one absent file does not keep the others from being done
    else:
        yield from read_manifest(path) if is_manifest(path) else sound_files(path)


def _results(inputs: "list[Row | Path]", pipeline: "Pipeline") -> "Iterator[tuple[str, Transcription | str]]":
    """Each recording's name and its transcription, or why there is none."""
    for one in _watched(inputs):
        name = str(one) if isinstance(one, Path) else one.audio_filepath
        try:
            yield name, _transcribed(one, pipeline)
        except OSError as error:
            yield name, error.strerror or str(error)
        except AudioError as error:
            yield name, str(error)


def _transcribed(one: "Row | Path", pipeline: "Pipeline") -> "Transcription":
    from asr.pipeline import transcribe as transcribe_recordings
    from data_pipeline.recordings import read_recording

    if isinstance(one, Path):
        return transcribe_recordings([one.read_bytes()], pipeline)[0]
    recording = read_recording(one)
    return transcribe_recordings([recording.data], pipeline, pcm=recording.pcm)[0]


def _watched(inputs: "list[Row | Path]") -> "Iterator[Row | Path]":
    """The inputs, with a bar on standard error where that is looked at and the text goes elsewhere."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    hidden = not console.is_terminal or sys.stdout.isatty() or len(inputs) < 2
    return iter(track(inputs, "transcribing", console=console, disable=hidden))


def _as_json(name: str, result: "Transcription") -> str:
    return json.dumps(
        {
            "audio_filepath": name,
            "text": result.text,
            "duration": round(result.statistics.duration_s, 3),
            "confidence": round(result.confidence, 4),
            "words": [{"word": word.text, "confidence": round(word.confidence, 4)} for word in result.words],
            "no_speech": result.no_speech,
            "model": result.model,
            "untranscribed": [
                {"start": one.span.start_s, "end": one.span.end_s, "reason": one.reason} for one in result.untranscribed
            ],
        },
        ensure_ascii=False,
    )


def _as_srt(name: str, result: "Transcription") -> str:
    from asr.subtitles import srt

    return srt(result.segments)


def _as_vtt(name: str, result: "Transcription") -> str:
    from asr.subtitles import vtt

    return vtt(result.segments)


_WRITERS: "Final[Mapping[str, Callable[[str, Transcription], str]]]" = {
    "text": lambda name, result: result.text,
    "json": _as_json,
    "srt": _as_srt,
    "vtt": _as_vtt,
}
