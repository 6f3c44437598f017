"""Rehearses a rollout without users: recordings that both variants have heard are drawn again as queries.

Every query draws a recording and a user; what the variant that the user is assigned to made of the recording becomes
the query's event. So errors, empty transcripts and confidences are real, and who asks how often is assumed. Assignment,
evidence, decision and steps are those of a server. Knows no clock: an hour takes a second.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

import numpy as np

from asr.pipeline import Pipeline, transcribe
from monitoring.events import Event
from monitoring.signals.behaviour import BEHAVIOUR
from monitoring.voice_events import QueryKind, SearchEvent, ServedBy
from serving.rollout import decide
from serving.rollouts.evidence import Evidence
from serving.rollouts.gathering import Names, gathered, value_of
from serving.rollouts.policy import GUARDRAILS, Policy
from serving.rollouts.record import Rollout, Standing, routing_of
from serving.rollouts.stages import Outcome, Strategy
from serving.rollouts.steps import begin, follow
from serving.search import SearchBackend
from serving.traffic import assigned
from serving.variants.variant import CHAMPION

CANDIDATE: Final = "candidate"
HOUR_S: Final = 3_600.0
WITHOUT_USERS: Final = Policy(
    guardrails=tuple(one for one in GUARDRAILS if one.signal not in {signal.name for signal in BEHAVIOUR})
)
"""The default policy, but for what users do with answers: nobody is there to do it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Who asks."""

    users: int = 20_000
    queries_per_hour: float = 3_600.0
    devices: int = 10
    """Models of device, each of which as many users have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How things stood when the evidence was looked at."""

    hour: float
    """Since the rollout began."""
    stage: str
    share: float
    asked_candidate: int
    """Queries that were meant for the candidate so far."""
    null_champion: float
    """Share of the queries without a word so far, of those meant for the champion."""
    null_candidate: float
    outcome: str
    why: str


def heard_by(pipeline: Pipeline, search: SearchBackend, recordings: Sequence[bytes]) -> list[Event]:
    """One event for each recording: what a variant makes of it. Raises what decoding raises."""
    return [_event(number, recording, pipeline, search) for number, recording in enumerate(recordings)]


def shares_of(events: Sequence[Event]) -> dict[str, float]:
    """How many of the recordings went badly, by what the policy's guardrails call bad."""
    values = {one.signal: [one.badness(value_of(one.signal, event)) for event in events] for one in GUARDRAILS}
    known = {signal: [bad for bad in bads if bad is not None] for signal, bads in values.items()}
    return {signal: sum(bads) / len(bads) for signal, bads in known.items() if bads}


def rehearse(
    champion: Sequence[Event],
    candidate: Sequence[Event],
    policy: Policy = WITHOUT_USERS,
    *,
    crowd: Crowd = Crowd(),
    hours: float = 48.0,
    look_every_s: float = 60.0,
    seed: int = 0,
) -> list[Look]:
    """All looks until the rollout is over, or for that many hours; both variants heard the same recordings, in order.

    Raises ValueError where they did not.
    """
    if len(champion) != len(candidate) or not champion:
        raise ValueError(f"the variants heard {len(champion)} and {len(candidate)} recordings, not the same ones")
    rollout = replace(
        begin(Standing(), CANDIDATE, Strategy.CANARY, policy, position=0, now=0.0), rollout_id=f"ro_{seed:016x}"
    )
    return list(_looks(rollout, _Crowd(crowd, champion, candidate, seed), hours, look_every_s))


def _looks(rollout: Rollout, crowd: "_Crowd", hours: float, look_every_s: float) -> Iterator[Look]:
    evidence, counts, now = Evidence(since=0.0), Counter[tuple[str, str]](), 0.0
    while rollout.is_open and now < hours * HOUR_S:
        now += look_every_s
        next_share = rollout.policy.next_share(rollout.share)
        evidence = evidence.at_step(rollout.share, next_share, since=rollout.entered_at)
        events = crowd.ask(rollout, now - look_every_s, now)
        for event in events:
            name = event.slices["assigned"]
            counts[name, "asked"] += 1
            counts[name, "null"] += not event.signals["words"]
        evidence = gathered(evidence, events, Names(CHAMPION, CANDIDATE), rollout.policy)
        decision = decide(rollout, evidence, now)
        yield Look(
            hour=now / HOUR_S,
            stage=rollout.stage.value,
            share=rollout.share,
            asked_candidate=counts[CANDIDATE, "asked"],
            null_champion=counts[CHAMPION, "null"] / max(counts[CHAMPION, "asked"], 1),
            null_candidate=counts[CANDIDATE, "null"] / max(counts[CANDIDATE, "asked"], 1),
            outcome=decision.outcome.value,
            why=decision.text,
        )
        if decision.outcome is not Outcome.HOLD:
            rollout = follow(rollout, decision.outcome, now=now)


class _Crowd:
    """Users who ask."""

    def __init__(self, crowd: Crowd, champion: Sequence[Event], candidate: Sequence[Event], seed: int) -> None:
        self._crowd = crowd
        self._heard = {CHAMPION: champion, CANDIDATE: candidate}
        self._random = np.random.default_rng(seed)
        self._asked = 0

    def ask(self, rollout: Rollout, since: float, until: float) -> list[Event]:
        """The queries of a time, each by the variant that its user is assigned to."""
        count = self._random.poisson(self._crowd.queries_per_hour * (until - since) / HOUR_S)
        routing = routing_of(CHAMPION, rollout)
        users = self._random.integers(self._crowd.users, size=count).tolist()
        recordings = self._random.integers(len(self._heard[CHAMPION]), size=count).tolist()
        times = np.sort(self._random.uniform(since, until, count)).tolist()
        return [
            self._query(assigned(routing, f"user-{user}"), user, recording, at)
            for user, recording, at in zip(users, recordings, times, strict=True)
        ]

    def _query(self, name: str, user: int, recording: int, at: float) -> Event:
        self._asked += 1
        heard, request_id = self._heard[name][recording], f"req-{self._asked}"
        slices = {**heard.slices, "variant": name, "assigned": name}
        slices["device_model"] = f"device-{user % self._crowd.devices}"
        return replace(heard, event_id=request_id, request_id=request_id, at=at, user_id=f"user-{user}", slices=slices)


def _event(number: int, recording: bytes, pipeline: Pipeline, search: SearchBackend) -> Event:
    (transcription,) = transcribe([recording], pipeline)
    hits = search.search(transcription.text, limit=10) if transcription.text else []
    return SearchEvent(
        request_id=f"recording-{number}",
        at=0.0,
        kind=QueryKind.VOICE,
        served_by=ServedBy(model=transcription.model),
        query=transcription.text,
        confidence=transcription.confidence,
        no_speech=transcription.no_speech,
        result_count=len(hits),
        words=len(transcription.text.split()),
        top_item_id=hits[0].item.id if hits else None,
        timings_ms=transcription.timings_ms | {"total": sum(transcription.timings_ms.values())},
        audio=asdict(transcription.statistics),
    ).as_event()
