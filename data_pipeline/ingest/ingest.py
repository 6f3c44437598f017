"""The first step: a collection, however it lies, becomes a data set.

What is named is surveyed first, which gives the input's fingerprint; then every recording is opened and measured.
Knows no layout in particular.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Final

from data_pipeline.card import StepRecord
from data_pipeline.dataset import Dataset, finished, write_dataset
from data_pipeline.errors import InvalidCorpus, MissingTerms
from data_pipeline.ingest.found import Found, Item, Layout, LeftOut
from data_pipeline.ingest.recordings import fingerprint, measured
from data_pipeline.ingest.terms import Terms, admitted, missing
from data_pipeline.manifest import InvalidLine, Row
from data_pipeline.parallel import ordered

NAME: Final = "ingest"
VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingestion:
    """Settings of the step, beside the layout."""

    terms: Terms
    columns: Mapping[str, str] = field(default_factory=dict)
    """Field of the manifest -> a table's name for it."""
    audio: str | None = None
    """Folder of the recordings, seen from the working folder; None where they lie with what names them."""
    copy: bool = False
    """Put the recordings into the data set; else they are referred to where they lie."""
    empty_is_silence: bool = False
    """An empty text says that nobody speaks; else it is refused as a label that got lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a layout names, before any recording is opened."""

    recordings: int
    left_out: Mapping[str, int]
    """Recordings that are rightly left out, by reason."""
    sha256: str
    """Of everything that is named and of the files' contents, in order."""


def survey(layout: Layout, terms: Terms, *, workers: int | None = None) -> Survey:
    """Go through the whole collection once, and read the files' bytes.

    Raises InvalidCorpus where it has no recording, MissingTerms where none may be used, and what `layout.read` raises.
    """
    _check_terms(layout, terms)
    left_out: Counter[str] = Counter()
    refused: list[str] = []
    recordings = 0

    def items() -> Iterator[Item]:
        nonlocal recordings
        for item in layout.read():
            if isinstance(item, LeftOut):
                left_out[item.reason] += 1
            elif isinstance(item, InvalidLine) and not refused:
                refused.append(f"; {item.manifest.name}, line {item.line}: {item.reason}")
            recordings += isinstance(item, Found)
            yield item

    digest = sha256()
    for line in ordered(_identity, items(), workers=workers):
        digest.update(line)
    if not recordings:
        reasons = "".join((*(f"; {count} left out: {reason}" for reason, count in left_out.items()), *refused))
        raise InvalidCorpus(f"no recording that can be used in {terms.corpus}{reasons}")
    return Survey(recordings=recordings, left_out=left_out, sha256=digest.hexdigest())


def _check_terms(layout: Layout, terms: Terms) -> None:
    """Raises MissingTerms where no recording says itself what the collection does not say."""
    lacks: list[str] = []
    for item in layout.read():
        if isinstance(item, Found):
            lacks = missing(terms.applied(item))
            if not lacks:
                return
    if lacks:
        raise MissingTerms(f"no {', no '.join(lacks)} is known for {terms.corpus}: nothing of it may be used")


def ingest(
    layout: Layout,
    settings: Ingestion,
    surveyed: Survey,
    out: Path,
    *,
    workers: int | None = None,
    on_done: Callable[[], None] = lambda: None,
    on_failure: Callable[[InvalidLine], None] = lambda failure: None,
) -> Dataset:
    """Make the data set; where it is there already, that is left as it is.

    `on_done` hears of every recording. Raises OtherDataset where the folder holds something else, OSError where it
    cannot be written, WorkerDied, and what `layout.read` raises.
    """
    out = out.resolve()  # paths are written relative to it, and a link is no part of them
    start = _record(layout, settings, surveyed)
    if there := finished(out, start):
        return there

    def items() -> Iterator[Row | InvalidLine]:
        work = partial(_measured, out=out, copy=settings.copy)
        for item in ordered(work, _admitted(layout, settings), workers=workers):
            yield item
            on_done()

    return write_dataset(items(), start, out, on_failure=on_failure)


def _record(layout: Layout, settings: Ingestion, surveyed: Survey) -> StepRecord:
    described = {"layout": layout.name, **asdict(settings)}
    return StepRecord(NAME, VERSION, described, settings.terms.corpus, surveyed.sha256)


def _identity(item: Item) -> bytes:
    """What the fingerprint is made of: no places, so that a collection may be moved."""
    match item:
        case Found():
            named = [item.line, item.audio, item.text, item.offset_s, item.duration_s, item.fields, fingerprint(item)]
        case InvalidLine():
            named = [item.line, item.text]
        case LeftOut():
            named = []
    return json.dumps(named, sort_keys=True).encode() + b"\n"


def _admitted(layout: Layout, settings: Ingestion) -> Iterator[Found | InvalidLine]:
    """What may be used, with the terms applied; of an id that occurs again only the first."""
    seen: set[bytes] = set()
    for item in layout.read():
        if isinstance(item, Found):
            item = admitted(settings.terms.applied(item))
        if isinstance(item, Found):
            item = _with_new_name(item, seen)
        if isinstance(item, Found) and item.text == "" and not settings.empty_is_silence:
            item = item.refused("the text is empty")
        if not isinstance(item, LeftOut):
            yield item


def _with_new_name(item: Found, seen: set[bytes]) -> Found | InvalidLine:
    name = str(item.fields["id"])
    digest = blake2b(name.encode("utf-8", "surrogateescape"), digest_size=12).digest()
    if digest in seen:
        return item.refused(f"the id {name!r:.100} occurs a second time")
    seen.add(digest)
    return replace(item, fields={**item.fields, "id": name})


def _measured(item: Found | InvalidLine, *, out: Path, copy: bool) -> Row | InvalidLine:
    return item if isinstance(item, InvalidLine) else measured(item, out=out, copy=copy)
