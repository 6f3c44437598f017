"""Which recordings under which conditions traffic is made of: short queries, and noise that woke a device.

Knows no fleet; a fleet picks its devices from these.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from importlib.resources import files
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Final

from data_pipeline.evaluation.variants import DEFAULT
from data_pipeline.inputs import noise_pieces
from data_pipeline.manifest import Row
from data_pipeline.simulation.profiles import chosen, shipped_profiles
from data_pipeline.traffic.hearing import Condition, Measurement
from data_pipeline.traffic.measured import WORKERS, Bench, measured

KINDS: Final = ("phone", "headset", "old-phone", "car-hands-free", "smart-speaker", "quiet-laptop")
"""Profiles that devices of a fleet are of."""
SNRS_DB: Final = (30.0, 15.0, 5.0)
"""Of speech to the noise around the user: a quiet room, a street, a train."""
CLIPPED: Final = "phone-clipped-onset-{}ms"
UPDATES: Final = tuple(CLIPPED.format(lost_ms) for lost_ms in (50, 100, 200))
"""Profiles that a phone may have after an update."""
BAD_FRONT_END: Final = "clipping.lead_padding_s=0,clipping.trail_padding_s=0,lead_silence_s=0,trail_silence_s=0"
"""A release of the service that lost its padding."""
MAX_QUERY_S: Final = 5.0
NOISE_PIECE_S: Final = 2.5


def queries(rows: Iterable[Row], *, limit: int, max_duration_s: float = MAX_QUERY_S) -> list[Row]:
    """At most `limit` short recordings with a reference, in turns from each collection."""
    by_source: dict[str | None, list[Row]] = defaultdict(list)
    for row in rows:
        if row.text and row.duration_s <= max_duration_s:
            by_source[row.field("source")].append(row)
    turns = chain.from_iterable(zip_longest(*by_source.values()))
    return list(islice((row for row in turns if row is not None), limit))


def query_conditions(kinds: Sequence[str] = KINDS, updates: Sequence[str] = UPDATES) -> tuple[Condition, ...]:
    """Each device in each noise, and each again behind the bad front end. Raises InvalidProfile for an unknown name."""
    profiles = chosen([*kinds, *updates], shipped_profiles())
    plain = [Condition(profile=one, snr_db=snr_db) for one in profiles for snr_db in SNRS_DB]
    worse = [
        Condition(profile=one, snr_db=snr_db, front_end=BAD_FRONT_END)
        for one in profiles[: len(set(kinds))]
        for snr_db in SNRS_DB
    ]
    return (*plain, *worse)


def noise_conditions(kinds: Sequence[str] = KINDS) -> tuple[Condition, ...]:
    """Each device when noise woke it."""
    profiles = chosen(kinds, shipped_profiles())
    return tuple(
        Condition(profile=one, front_end=front_end) for one in profiles for front_end in (DEFAULT, BAD_FRONT_END)
    )


def measure_all(
    spoken: Sequence[Row],
    noises: Sequence[Row],
    *,
    kinds: Sequence[str] = KINDS,
    updates: Sequence[str] = UPDATES,
    cache_file: Path | None = None,
    workers: int = WORKERS,
    on_done: Callable[[], None] = lambda: None,
) -> list[Measurement]:
    """The whole table. Raises what `measured` raises."""
    of_queries = Bench(query_conditions(kinds, updates))
    of_noise = Bench(noise_conditions(kinds))
    return [
        *measured(spoken, of_queries, cache_file=cache_file, workers=workers, on_done=on_done),
        *measured(noises, of_noise, cache_file=cache_file, workers=workers, on_done=on_done),
    ]


def noise_rows(path: Path) -> list[Row]:
    """Pieces of the recordings of a manifest or folder in which nobody speaks. Raises what `noise_pieces` raises."""
    return list(noise_pieces(path, piece_s=NOISE_PIECE_S))


def carried_noise() -> list[Row]:
    """The pieces of the noises that come with the package."""
    return noise_rows(Path(str(files("data_pipeline.simulation") / "sounds" / "noise.jsonl")))
