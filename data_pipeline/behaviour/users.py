"""Users of a small stated model on simulated devices: does the rate of redo tell the word error rate?

A user whose query was not understood mostly says it again, and else goes on to another wish. Everything else is real:
what was said, what the devices made of it, what was heard. What redo is, the tracker that serves decides.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data_pipeline.behaviour.takes import Asked, Take
from monitoring.behaviour.redo import SameWish
from monitoring.behaviour.tracker import BehaviourTracker
from monitoring.events import Event
from monitoring.voice_events import Client, QueryKind, SearchEvent

RESAMPLES: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class UserModel:
    """What users do; the figures are assumptions, and are varied when results are reported."""

    says_it_again: float = 0.6
    """Share of the wrong answers after which the query is repeated; the others were good enough, or given up."""
    repeats_anyway: float = 0.03
    """The same for right answers."""
    asks_more: float = 0.5
    """Share of the other cases in which another wish follows within the horizon."""
    again_after_s: float = 8.0
    more_after_s: float = 20.0
    pause_s: float = 600.0


@dataclass(frozen=True, slots=True)
class OnOneDevice:
    """What is seen of one device."""

    device: str
    wer: float
    redo_rate: float
    """As the tracker says."""
    retry_rate: float
    """As the users really did."""
    queries: int


@dataclass(frozen=True, slots=True)
class Correlation:
    """Over the devices, with a 95 % interval: a bootstrap over speakers, the same ones on all devices."""

    coefficient: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """Redo and errors by device and speaker."""

    devices: tuple[OnOneDevice, ...]
    pearson: Correlation | None
    """Of redo with the word error rate; None where one of them never varies."""
    spearman: Correlation | None
    """The same."""


@dataclass(frozen=True, slots=True, eq=False)
class _Totals:
    """Each of shape (devices, speakers)."""

    redone: NDArray[np.float64]
    retried: NDArray[np.float64]
    queries: NDArray[np.float64]
    errors: NDArray[np.float64]
    words: NDArray[np.float64]


def watch(asked: Sequence[Asked], same_wish: SameWish, model: UserModel, *, seed: int = 0) -> Watched:
    """Let the users of every device ask all that was recorded, each speaker's queries in a drawn order."""
    devices = list(dict.fromkeys(one.device for one in asked))
    speakers = list(dict.fromkeys(one.row.field("speaker") for one in asked))
    totals = _Totals(*np.zeros((5, len(devices), len(speakers))))
    rng = np.random.default_rng(seed)
    for at, device in enumerate(devices):
        for person, speaker in enumerate(speakers):
            own = [one for one in asked if one.device == device and one.row.field("speaker") == speaker]
            session = list(_session([own[i] for i in rng.permutation(len(own))], model, rng))
            concluded = _followed([event for event, _ in session], same_wish)
            totals.redone[at, person] = sum(one.signals["redo"] is True for one in concluded)
            totals.queries[at, person] = len(concluded)
            totals.retried[at, person] = sum(is_retried for _, is_retried in session)
            totals.errors[at, person] = sum(one.first.errors.errors for one in own)
            totals.words[at, person] = sum(one.first.errors.reference_length for one in own)
    wer, redo = _rates(totals, np.arange(len(speakers)))
    retried = totals.retried.sum(axis=1) / totals.queries.sum(axis=1)
    seen = tuple(
        OnOneDevice(device, float(wer[i]), float(redo[i]), float(retried[i]), int(totals.queries[i].sum()))
        for i, device in enumerate(devices)
    )
    return Watched(seen, *_correlations(totals, rng))


def _followed(session: Sequence[Event], same_wish: SameWish) -> list[Event]:
    """What the tracker concludes, once long enough nothing has followed."""
    tracker = BehaviourTracker(same_wish=same_wish)
    end = replace(session[-1], event_id="end", request_id="end", at=session[-1].at + 2 * tracker.horizon_s)
    return tracker.update([*session, end])


def _session(own: Sequence[Asked], model: UserModel, rng: np.random.Generator) -> Iterator[tuple[Event, bool]]:
    """The queries of one speaker on one device, and after which ones the same was said again."""
    at = 0.0
    for number, one in enumerate(own):
        says_again = rng.random() < (model.repeats_anyway if one.first.is_right else model.says_it_again)
        yield _event(f"{number}", at, one.first), bool(says_again)
        if says_again:
            at += model.again_after_s
            yield _event(f"{number}-again", at, one.again), False
        at += model.more_after_s if rng.random() < model.asks_more else model.pause_s


def _event(name: str, at: float, take: Take) -> Event:
    client, heard = Client(user_id="speaker"), take.heard
    return SearchEvent(
        request_id=name,
        at=at,
        kind=QueryKind.VOICE,
        client=client,
        query=heard,
        no_speech=not heard,
        confidence=take.confidence,
    ).as_event()


def _rates(totals: _Totals, speakers: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        result: NDArray[np.float64] = values[:, speakers].sum(axis=1)
        return result

    return summed(totals.errors) / summed(totals.words), summed(totals.redone) / summed(totals.queries)


def _correlations(totals: _Totals, rng: np.random.Generator) -> tuple[Correlation | None, Correlation | None]:
    everyone = np.arange(totals.words.shape[1])
    samples = [everyone, *rng.integers(len(everyone), size=(RESAMPLES, len(everyone)))]
    found = np.array([_coefficients(*_rates(totals, some)) for some in samples])
    if np.isnan(found[0]).any():
        return None, None
    low, high = np.nanpercentile(found[1:], [2.5, 97.5], axis=0)
    pearson, spearman = (Correlation(*map(float, (found[0, i], low[i], high[i]))) for i in range(2))
    return pearson, spearman


def _coefficients(wer: NDArray[np.float64], redo: NDArray[np.float64]) -> tuple[float, float]:
    """Pearson's and Spearman's; NaN where one side never varies."""
    from scipy.stats import pearsonr, spearmanr

    if np.ptp(wer) == 0 or np.ptp(redo) == 0:
        return np.nan, np.nan
    return pearsonr(wer, redo).statistic, spearmanr(wer, redo).statistic
