"""Finished reviews as a data set, with recordings and card, which the data pipeline takes from there.

One row an item with what was agreed on, or one for every label, by which the pipeline tells how far labelers agree.
Knows no database.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from asr.decode import decode
from asr.errors import AudioError
from data_pipeline.card import NAME as CARD
from data_pipeline.card import StepRecord, read_card
from data_pipeline.dataset import MANIFEST, write_dataset
from data_pipeline.errors import OtherDataset
from data_pipeline.files import write_whole
from data_pipeline.ingest.event_store import GIVEN_WITH_THE_REQUEST
from data_pipeline.journal import AUDIO
from data_pipeline.manifest import Row, read_manifest
from serving.errors import NotFound
from serving.privacy.kept_text import is_redacted
from serving.review.desk import recording_of
from serving.review.item import Review, ReviewItem, Said
from serving.review.media import suffix
from serving.review.scoring import written

SOURCE: Final = "reviewed"
STEP: Final = "review export"
VERSION: Final = 1
_SLICES: Final = ("device_model", "os", "app_version", "locale", "model", "variant")


@dataclass(slots=True)
class Exported:
    """What came of it."""

    manifest: Path
    rows: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    """Items without a row, by reason."""


def export(
    finished: Iterable[tuple[ReviewItem, Sequence[Review]]],
    out: Path,
    *,
    every_label: bool = False,
    folder: Path = Path(),
    keep: Callable[[str], str] = str,
) -> Exported:
    """Make `out` the data set of the reviews; an earlier export there is replaced, with its recordings.

    `finished` are items that are done, with their reviews in order; `folder` is the server's working folder, which
    recordings are relative to. A text that `keep` takes something out of is no transcript, and no row.

    Raises OtherDataset where `out` holds something else or another run is writing there, InvalidCard, OSError where
    something cannot be written.
    """
    _check_free(out)
    done = Exported(out / MANIFEST)
    start = StepRecord(STEP, VERSION, {"every_label": every_label}, "review queue", "")  # a queue has no hash
    made = write_dataset(_rows(finished, done, every_label=every_label, folder=folder, keep=keep), start, out)
    done.rows = made.card.rows
    _sweep(out)
    return done


def _check_free(out: Path) -> None:
    if (out / CARD).is_file() and not any(step.name == STEP for step in read_card(out / CARD).steps[:1]):
        raise OtherDataset(f"{out} holds another data set: choose another folder")


def _sweep(out: Path) -> None:
    """Recordings of an earlier export that no row names would outlive the deletion of their users."""
    named = {row.path.name for row in read_manifest(out / MANIFEST)}
    for path in (out / AUDIO).glob("*"):
        if path.name not in named and re.fullmatch(r"[0-9a-f]{64}\.\w+", path.name):
            path.unlink()


def _rows(
    finished: Iterable[tuple[ReviewItem, Sequence[Review]]],
    done: Exported,
    *,
    every_label: bool,
    folder: Path,
    keep: Callable[[str], str],
) -> Iterator[Row]:
    for item, reviews in finished:
        told = [one for one in reviews if one.is_opinion] if every_label else [item.verdict] if item.verdict else []
        texts = [one for one in told if one.said is Said.TEXT]
        if not texts:
            done.left_out["nobody understood it"] += 1
            continue
        texts = [one for one in texts if not is_redacted(keep(one.text))]
        if not texts:
            done.left_out["its address or number is not kept"] += 1
            continue
        try:
            data = recording_of(item, folder)
            duration_s = decode(data).duration_s
        except NotFound:
            done.left_out["the recording is gone"] += 1
        except AudioError as error:
            done.left_out[str(error)] += 1
        else:
            digest = sha256(data).hexdigest()
            path = done.manifest.parent / AUDIO / f"{digest}{suffix(data)}"
            write_whole(data, path, durable=False)
            yield from (_row(item, one, path, done.manifest, digest, duration_s) for one in texts)


def _row(item: ReviewItem, review: Review, path: Path, manifest: Path, digest: str, duration_s: float) -> Row:
    text = written(review)
    fields = {
        "id": item.item_id,
        "speaker": item.user_id,
        **{name: item.slices.get(name) for name in _SLICES},
        "recorded_at": _moment(item.at),
        "source": SOURCE,
        "consent": GIVEN_WITH_THE_REQUEST,
        "labeler": review.labeler,
        "labeled_at": _moment(review.at),
        "convention": review.convention,
        "typed": review.text if review.text != text else None,
        "heard": item.answer.text,
        "confidence": item.answer.confidence,
        "inclusion_probability": item.inclusion_probability,
        "reason": item.reason.value,
        "sha256": digest,
    }
    return Row(
        manifest=manifest,
        line=0,
        audio_filepath=path.relative_to(manifest.parent).as_posix(),
        duration_s=round(duration_s, 3),
        text=text,
        fields={name: value for name, value in fields.items() if value is not None},
    )


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
