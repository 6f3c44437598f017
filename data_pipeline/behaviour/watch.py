"""Does the rate of redo tell the word error rate? Simulated users, followed by the tracker that serves.

Knows no detector but the one that it is given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data_pipeline.behaviour.takes import Asked
from data_pipeline.behaviour.users import UserModel, sessions
from monitoring.behaviour import BehaviourTracker
from monitoring.behaviour.redo import SameWish

RESAMPLES: Final = 2_000

Table = NDArray[np.float64]
"""Shape (devices, speakers)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnOneDevice:
    """What is seen of one device."""

    device: str
    wer: float
    redo_rate: float
    """As the tracker says."""
    put_again_rate: float
    """As the users really did."""
    queries: int


@dataclass(frozen=True, slots=True)
class Correlation:
    """Over the devices, with a 95 % interval: a bootstrap over speakers, the same ones on all devices."""

    coefficient: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Watched:
    """Redo and errors by device."""

    devices: tuple[OnOneDevice, ...]
    pearson: Correlation | None
    """Of redo with the word error rate; None where one of them never varies."""
    spearman: Correlation | None
    """The same."""


@dataclass(frozen=True, slots=True, eq=False)
class _Totals:
    redone: Table
    put_again: Table
    queries: Table
    errors: Table
    words: Table


def watch(asked: Sequence[Asked], same_wish: SameWish, model: UserModel, *, seed: int = 0) -> Watched:
    """Let users ask on every device, and follow them."""
    devices = list(dict.fromkeys(one.device for one in asked))
    totals = _totals(asked, devices, same_wish, model, seed)
    wer, redo = _rates(totals)
    put_again = totals.put_again.sum(axis=1) / totals.queries.sum(axis=1)
    seen = tuple(
        OnOneDevice(
            device=device,
            wer=float(wer[i]),
            redo_rate=float(redo[i]),
            put_again_rate=float(put_again[i]),
            queries=int(totals.queries[i].sum()),
        )
        for i, device in enumerate(devices)
    )
    return Watched(seen, *_correlations(totals, np.random.default_rng(seed)))


def _totals(
    asked: Sequence[Asked], devices: Sequence[str], same_wish: SameWish, model: UserModel, seed: int
) -> _Totals:
    people = {one.row.field("speaker") or one.row.key: None for one in asked}
    rows, columns = ({name: at for at, name in enumerate(names)} for names in (devices, people))
    totals = _Totals(*np.zeros((5, len(rows), len(columns))))
    for one in asked:
        place = rows[one.device], columns[one.row.field("speaker") or one.row.key]
        totals.errors[place] += one.first.errors.errors
        totals.words[place] += one.first.errors.reference_length
    lived = sessions(asked, model, seed=seed)
    for event in BehaviourTracker(same_wish=same_wish).update(lived.events):
        place = rows[event.slices["device_model"]], columns[event.user_id or ""]
        totals.redone[place] += event.signals["redo"] is True
        totals.put_again[place] += event.request_id in lived.put_again
        totals.queries[place] += 1
    return totals


def _rates(totals: _Totals, speakers: NDArray[np.intp] | slice = slice(None)) -> tuple[Table, Table]:
    """Word error rate and rate of redo of each device, over these speakers."""
    errors, words, redone, queries = (
        part[:, speakers].sum(axis=1) for part in (totals.errors, totals.words, totals.redone, totals.queries)
    )
    return errors / words, redone / queries


def _correlations(totals: _Totals, rng: np.random.Generator) -> tuple[Correlation | None, Correlation | None]:
    count = totals.words.shape[1]
    whole = _coefficients(*_rates(totals))
    if np.isnan(whole).any():
        return None, None
    drawn = rng.integers(count, size=(RESAMPLES, count))
    found = np.array([_coefficients(*_rates(totals, some)) for some in drawn])
    low, high = np.nanpercentile(found, [2.5, 97.5], axis=0)
    pearson, spearman = (Correlation(*map(float, (whole[i], low[i], high[i]))) for i in range(2))
    return pearson, spearman


def _coefficients(wer: Table, redo: Table) -> tuple[float, float]:
    """Pearson's and Spearman's; NaN where one side never varies."""
    from scipy.stats import pearsonr, spearmanr

    if np.ptp(wer) == 0 or np.ptp(redo) == 0:
        return np.nan, np.nan
    return float(pearsonr(wer, redo).statistic), float(spearmanr(wer, redo).statistic)
