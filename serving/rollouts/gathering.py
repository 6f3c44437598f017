"""Adds events to the evidence of a rollout: queries, what users did afterwards, and what the candidate heard in shadow.

An event counts for whom the query was meant (`assigned`), not for who answered: otherwise a candidate that fails would
look better by every query that the champion had to take over.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from monitoring.events import Event, SignalValue
from monitoring.signals.signal import Signal
from monitoring.signals.software import SERVER
from monitoring.signals.transcript import SHADOW_EVENT
from monitoring.signals.voice import VOICE_SIGNALS
from monitoring.voice_events import QueryKind
from serving.rollouts.contest import Contest, Sums
from serving.rollouts.evidence import Evidence, Ignored, StepEvidence
from serving.rollouts.imbalance import met
from serving.rollouts.paired import Pairs
from serving.rollouts.policy import Guardrail, Policy
from serving.rollouts.sequential import HARMS

SLICED_BY: Final = "device_model"
SETTLING_S: Final = 5.0
"""Until all replicas have a new share; what happens before is evidence of no step."""
_SIGNALS: Final[Mapping[str, Signal]] = {signal.name: signal for signal in VOICE_SIGNALS}
_QUERIES: Final = frozenset(QueryKind)
_OF_QUERIES: Final = frozenset({"result_count", "fallback", "degraded"})
"""What queries carry beside the signals of voice search."""


@dataclass(frozen=True, slots=True)
class Names:
    """Of both variants."""

    champion: str
    candidate: str


class _Sum:
    """Queries of one place, by arm: what is not yet part of the evidence."""

    def __init__(self) -> None:
        self.n = [0, 0]
        self.bad = [0.0, 0.0]

    def add(self, is_candidate: bool, bad: float) -> None:
        self.n[is_candidate] += 1
        self.bad[is_candidate] += bad

    @property
    def arms(self) -> tuple[Sums, Sums]:
        return Sums(n=self.n[0], bad=self.bad[0]), Sums(n=self.n[1], bad=self.bad[1])


_Table = dict[str, _Sum]


def gathered(evidence: Evidence, events: Iterable[Event], names: Names, policy: Policy) -> Evidence:
    """With these events, in any order. They are bet on together, so the evidence is looked at between calls.

    Twice in one call is counted once; who calls reads on from a position of the store, which gives each event once.
    """
    ignored = Counter(evidence.ignored)
    taken, shadow = _sorted_out(evidence, events, names, ignored)
    fleet: _Table = defaultdict(_Sum)
    step: _Table = defaultdict(_Sum)
    slices: dict[str, _Table] = {model: defaultdict(_Sum) for model in _models(evidence, taken, names, policy)}
    for event in taken:
        is_candidate = event.slices["assigned"] == names.candidate
        tables = [fleet, *([step] if evidence.step and _is_of(evidence.step, event) else ())]
        tables += [slices[model]] if (model := event.slices.get(SLICED_BY, "")) in slices else []
        for guardrail in policy.guardrails:
            value = value_of(guardrail.signal, event)
            if (bad := guardrail.badness(value)) is not None:
                for table in tables:
                    table[guardrail.signal].add(is_candidate, bad)
            elif value is not None:
                ignored[Ignored.UNKNOWN.value] += 1
    found = replace(
        evidence,
        fleet=_bet_on_harm(evidence.fleet, fleet, policy.guardrails),
        slices={m: _bet_on_harm(evidence.slices.get(m, {}), table, policy.guardrails) for m, table in slices.items()},
        ignored=dict(ignored),
    )
    return _with_pairs(_with_step(found, taken, step, names, policy), shadow, policy)


def _sorted_out(
    evidence: Evidence, events: Iterable[Event], names: Names, ignored: Counter[str]
) -> tuple[list[Event], list[Event]]:
    """What counts for an arm, and what both heard."""
    taken: list[Event] = []
    shadow: list[Event] = []
    seen: set[str] = set()
    for event in events:
        if event.event_id in seen:
            ignored[Ignored.TWICE.value] += 1
        elif event.at < evidence.since:
            ignored[Ignored.LATE.value] += 1
        elif event.kind == SHADOW_EVENT:
            if event.slices.get("candidate") == names.candidate:
                shadow.append(event)
        elif event.slices.get("assigned") in (names.champion, names.candidate):
            taken.append(event)
        elif event.kind in _QUERIES:
            ignored[Ignored.UNASSIGNED.value] += 1
        seen.add(event.event_id)
    return taken, shadow


def value_of(name: str, event: Event) -> SignalValue:
    """A signal of voice search, or any other one under its own name. The champion's help is the candidate's failure."""
    if name == "error" and event.kind in _QUERIES and event.signals.get("fallback"):
        return True
    signal = _SIGNALS.get(name)
    if signal is None:
        return event.signals.get(name)
    return signal.read(event) if not signal.kinds or event.kind in signal.kinds else None


def unit_of(event: Event) -> str:
    """Who was assigned: the user, else the session, else the request alone; as `serving.query` names them."""
    return event.user_id or event.session_id or event.request_id


def guardable(watched: Iterable[Signal]) -> frozenset[str]:
    """Names for which `value_of` finds a value in some query: the server's own signals are of no variant."""
    return _OF_QUERIES | {signal.name for signal in (*VOICE_SIGNALS, *watched) if signal.kinds != SERVER}


def _models(evidence: Evidence, taken: Sequence[Event], names: Names, policy: Policy) -> list[str]:
    """Device models that are judged by themselves: the first that the candidate meets."""
    met_ones = (e.slices.get(SLICED_BY, "") for e in taken if e.slices["assigned"] == names.candidate)
    found = dict.fromkeys(model for model in (*evidence.slices, *met_ones) if model)
    return list(found)[: policy.max_slices]


def _bet_on_harm(contests: Mapping[str, Contest], table: _Table, guardrails: Sequence[Guardrail]) -> dict[str, Contest]:
    found = dict(contests)
    for guardrail in guardrails:
        if guardrail.signal in table:
            bets = [harm * guardrail.scaled_margin for harm in HARMS]
            contest = found.get(guardrail.signal, Contest())
            found[guardrail.signal] = contest.plus(*table[guardrail.signal].arms, bets=bets, against=0.0)
    return found


def _with_step(evidence: Evidence, taken: Sequence[Event], table: _Table, names: Names, policy: Policy) -> Evidence:
    """The present step: who was assigned, and bets that the harm in the next step is not too much."""
    if (step := evidence.step) is None:
        return evidence
    contests = dict(step.contests)
    for guardrail in policy.guardrails:
        if guardrail.signal in table:
            contest = contests.get(guardrail.signal, Contest())
            allowed = guardrail.allowed(step.next_share)
            contests[guardrail.signal] = contest.plus(*table[guardrail.signal].arms, bets=(0.0,), against=allowed)
    asked = [event for event in taken if event.kind in _QUERIES and _is_of(step, event)]
    users = [(unit_of(e), e.slices.get(SLICED_BY, ""), e.slices["assigned"] == names.candidate) for e in asked]
    assignment = met(step.assignment, users, max_slices=policy.max_slices)
    return replace(evidence, step=replace(step, contests=contests, assignment=assignment))


def _is_of(step: StepEvidence, event: Event) -> bool:
    return event.at >= step.since + SETTLING_S


def _with_pairs(evidence: Evidence, shadow: Sequence[Event], policy: Policy) -> Evidence:
    pairs, disagreement = dict(evidence.pairs), evidence.disagreement
    for event in shadow:
        for name, (champion, candidate) in _both(event, policy.shadow.confidence_limit).items():
            one = Pairs(n=1, worse=int(candidate and not champion), better=int(champion and not candidate))
            pairs[name] = pairs.get(name, Pairs()).plus(one)
        if (differs := event.signals.get("top_differs")) is not None:
            disagreement = disagreement.plus(Sums(n=1, bad=float(bool(differs))))
    return replace(evidence, pairs=pairs, disagreement=disagreement)


def _both(event: Event, confidence_limit: float) -> dict[str, tuple[bool, bool]]:
    """What was bad of a recording, with the champion and with the candidate; without what is not known of both."""
    found: dict[str, tuple[bool, bool]] = {}
    if (failed := event.signals.get("shadow_failed")) is not None:
        found["failed"] = (False, bool(failed))  # the champion has answered, or it would not have been heard
    null = event.signals.get("null_champion"), event.signals.get("null_candidate")
    if null[0] is not None and null[1] is not None:
        found["null"] = (bool(null[0]), bool(null[1]))
    sure = event.signals.get("confidence_champion"), event.signals.get("confidence_candidate")
    if sure[0] is not None and sure[1] is not None:
        found["low_confidence"] = (sure[0] < confidence_limit, sure[1] < confidence_limit)
    return found
