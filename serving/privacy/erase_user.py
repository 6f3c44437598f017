"""One pass of a user's deletion through every place. Doing it again changes nothing more; the events go last.

While the events are there, a pass that was cut off finds the requests again; so do later ones, from the record.
"""

import json
import logging
import time
from collections.abc import Iterable
from pathlib import Path

from data_pipeline.dataset import MANIFEST
from data_pipeline.erasure import Erased, Person, datasets_in, erase, without_card_in
from data_pipeline.errors import DataError
from monitoring.erasure import delete_events, requests_of
from serving.privacy.deletion import Deletion, Pass
from serving.privacy.deletions import Deletions
from serving.privacy.holdings import Holdings, delete_recording
from serving.privacy.trained import trained_on

logger = logging.getLogger("voicesearch.privacy")


def delete_user(holdings: Holdings, user_id: str, *, by: str) -> Deletion:
    """Ask for the deletion of a user, and do a first pass. Raises BadField, StoreUnavailable or StoreUnusable."""
    asked = Deletions(holdings.state).ask(user_id, by=by, now=time.time())
    return run_pass(holdings, user_id, asked.deletion_id, now=time.time())


def run_pass(holdings: Holdings, user_id: str, deletion_id: str, *, now: float) -> Deletion:
    """Go through all places once. Raises StoreUnavailable or StoreUnusable; what was done till then stays done."""
    deletions = Deletions(holdings.state)
    until = deletions.get(deletion_id).until
    found = requests_of(holdings.events, user_id, until=until)
    requests = deletions.know(deletion_id, list(found)).requests
    removed, problems = dict[str, int](), list[str]()
    queue = holdings.reviews.delete_user(user_id)
    removed |= {"review_items": queue.items, "reviews": queue.reviews}
    media = (path for path in (*found.values(), *queue.media) if path)
    removed["audio_files"] = _delete_audio(holdings.settings.audio_folder, requests, media, problems)
    erased = _erase_datasets(holdings.settings.datasets, Person(user_id, frozenset(requests)), problems)
    removed["dataset_rows"] = sum(one.rows for one in erased)
    removed["dataset_recordings"] = sum(one.recordings for one in erased)
    removed["bad_lines"] = _erase_bad_lines(holdings.journal, [user_id, *requests], problems)
    removed["events"] = delete_events(holdings.events, user_id, requests, until=until)
    hashes = {digest for one in erased for digest in one.hashes}
    done = Pass(
        at=now,
        removed=removed,
        datasets=tuple(str(one.folder) for one in erased if one.rows),
        models=tuple(trained_on(hashes, holdings.settings.models)) if hashes else (),
        problems=tuple(problems),
    )
    logger.info(
        "a pass of a deletion", extra={"deletion_id": deletion_id, "removed": removed, "problems": len(problems)}
    )
    return deletions.note(deletion_id, done)


def _delete_audio(folder: Path, requests: Iterable[str], named: Iterable[str], problems: list[str]) -> int:
    """Files that bear the name of a request, in the folder of kept audio or where an event says."""
    names = {name for name in requests if Path(name).name == name}
    places = {folder / name for name in names} | {Path(path) for path in named if Path(path).name in names}
    deleted = 0
    for path in sorted(places):
        try:
            deleted += delete_recording(path)
        except OSError as error:
            problems.append(f"{path}: {error.strerror}")
    return deleted


def _erase_datasets(folders: Iterable[Path], person: Person, problems: list[str]) -> list[Erased]:
    erased = []
    for folder in folders:
        if not folder.is_dir():
            problems.append(f"{folder}: no such folder")
        for dataset in datasets_in(folder):
            try:
                erased.append(erase(dataset, person))
            except (DataError, OSError) as error:
                problems.append(f"{dataset / MANIFEST}: {error}")
        problems += [
            f"{unknown}: rows without a card, which are not gone through" for unknown in without_card_in(folder)
        ]
    return erased


def _erase_bad_lines(journal: Path, names: Iterable[str], problems: list[str]) -> int:
    """Lines that were no events, or were refused, lie beside the journal as they came."""
    marks = [json.dumps(name, ensure_ascii=False).encode() for name in names]
    gone = 0
    for path in sorted(journal.glob("*.bad")):
        try:
            lines = path.read_bytes().splitlines(keepends=True)
            left = [line for line in lines if not any(mark in line for mark in marks)]
            if len(left) < len(lines):
                path.write_bytes(b"".join(left))
            gone += len(lines) - len(left)
        except OSError as error:
            problems.append(f"{path}: {error}")
    return gone
