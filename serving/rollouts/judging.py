"""Is the candidate worse, is it shown not to be, do both get the users that they should? Answers with numbers.

Pure functions from evidence to reasons. Knows neither stages nor time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import exp, log
from typing import Final

from monitoring.signals.signal import Worse
from serving.rollouts.contest import Contest
from serving.rollouts.decision import Cause, Reason
from serving.rollouts.evidence import Evidence, StepEvidence
from serving.rollouts.paired import Pairs, log_harm, most_harm
from serving.rollouts.policy import Guardrail, Kind, Policy
from serving.rollouts.sequential import HARM_WEIGHTS, log_mixture

_LARGEST: Final = 1e12
NAMED_FROM: Final = 0.01
"""Of all capital that speaks for harm, what is named has at least so much."""


@dataclass(frozen=True, slots=True)
class _Bet:
    """What is staked on one kind of harm and has become by now."""

    stake: float
    odds: float
    reason: Reason

    @property
    def capital(self) -> float:
        return self.stake * self.odds


def harm(evidence: Evidence, policy: Policy) -> tuple[Reason, ...]:
    """Why the candidate is worse; nothing where that is not sure.

    One stake is spread over guardrails, device models and paired recordings. It is sure when the stake has multiplied
    by 1 / alpha: whoever is no worse in anything gets there with chance alpha at most, at any look. Only bets on what
    is worse by more than the margin, as far as was seen, count; so a little harm is not enough.
    """
    bets = (*_on_signals(evidence, policy), *_on_pairs(evidence, policy))
    total = sum(bet.capital for bet in bets)
    if total < 1 / policy.alpha:
        return ()
    worst = sorted(bets, key=lambda bet: -bet.odds)  # a device model that explains it goes before all users
    return tuple(bet.reason for bet in worst if bet.capital >= NAMED_FROM * total)


def _on_signals(evidence: Evidence, policy: Policy) -> Iterator[_Bet]:
    for guardrail in policy.guardrails:
        stake = guardrail.part * policy.fleet_part
        step = evidence.step.contests.get(guardrail.signal, Contest()) if evidence.step else Contest()
        if contest := evidence.fleet.get(guardrail.signal):
            yield from _on_contest(contest, guardrail, policy, stake=stake, also=step.difference)
        stake = guardrail.part * (1 - policy.fleet_part) / policy.max_slices
        for model, contests in evidence.slices.items():
            if contest := contests.get(guardrail.signal):
                yield from _on_contest(contest, guardrail, policy, stake=stake, model=model)


def _on_contest(
    contest: Contest, guardrail: Guardrail, policy: Policy, *, stake: float, also: float = 0.0, model: str | None = None
) -> Iterator[_Bet]:
    """`also` is a difference that may speak for harm as well, where the shares of all steps together hide it."""
    if not contest.log_capitals or max(contest.difference, also) < guardrail.scaled_margin:
        return
    odds = _odds(float(log_mixture(contest.log_capitals, HARM_WEIGHTS, dispersion=guardrail.dispersion)))
    figures = _figures(contest, guardrail) | {"odds": odds, "odds_needed": 1 / (policy.alpha * stake)}
    text = f"{_compared(contest, guardrail, model)}: worse beyond chance and the margin of {guardrail.margin:g}."
    yield _Bet(stake, odds, Reason(cause=Cause.HARM, text=text, metric=guardrail.signal, slice=model, figures=figures))


def _on_pairs(evidence: Evidence, policy: Policy) -> Iterator[_Bet]:
    margins = policy.shadow.margins
    for name, margin in margins.items():
        pairs = evidence.pairs.get(name, Pairs())
        if pairs.difference < margin:
            continue
        stake = policy.shadow.part / len(margins)
        odds = _odds(log_harm(pairs))
        figures = _pair_figures(pairs, margin) | {"odds": odds, "odds_needed": 1 / (policy.alpha * stake)}
        text = f"{_paired(name, pairs)}: worse beyond chance and the margin of {margin:g}."
        yield _Bet(stake, odds, Reason(cause=Cause.HARM, text=text, metric=name, figures=figures))


def missing(step: StepEvidence, policy: Policy) -> tuple[Reason, ...]:
    """Guardrails of which the step has too few queries."""
    needed = policy.step_at(step.share).min_requests
    found = []
    for guardrail in policy.guardrails:
        contest = step.contests.get(guardrail.signal, Contest())
        if (n := min(contest.candidate.n, contest.champion.n)) < needed:
            text = f"{guardrail.signal} is known of {n} queries in this step; {needed} are needed of each variant."
            found.append(_reason(Cause.MISSING, text, guardrail.signal, _figures(contest, guardrail, needed=needed)))
    return tuple(found)


def clearance(step: StepEvidence, policy: Policy) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """What is shown not to be harmed by the next step, and what is not.

    In the next step, `next_share` of the users have the candidate, so all users together lose the difference times
    that share: it may be as large as margin / next_share. Against "it is as large as that" is bet; when odds reach
    1 / beta that is refuted. Each guardrail must be, so none of them needs a smaller beta.
    """
    verdicts = [_cleared(step, guardrail, policy.beta) for guardrail in policy.guardrails]
    shown = tuple(reason for reason in verdicts if reason.cause is Cause.SHOWN)
    return shown, tuple(reason for reason in verdicts if reason.cause is Cause.NOT_SHOWN)


def _cleared(step: StepEvidence, guardrail: Guardrail, beta: float) -> Reason:
    contest = step.contests.get(guardrail.signal, Contest())
    log_odds = contest.log_capitals[0] / guardrail.dispersion if contest.log_capitals else 0.0
    allowed, needed = guardrail.allowed(step.next_share) * guardrail.scale, log(1 / beta)
    figures = _figures(contest, guardrail, allowed=allowed, odds=_odds(log_odds), odds_needed=1 / beta)
    cause, verdict = Cause.NOT_SHOWN, "that less is lost is not shown yet"
    if log_odds >= needed:
        cause, verdict = Cause.SHOWN, "less is shown"
    elif log_odds > 0:
        to_go = contest.candidate.n * (needed - log_odds) / log_odds
        verdict += f", at this pace after about {to_go:,.0f} more queries of the candidate"
        figures["queries_to_go"] = to_go
    text = (
        f"{_compared(contest, guardrail)}: with {100 * step.next_share:.3g} % of the users a difference of "
        f"{allowed:.3g} would be too much; {verdict}."
    )
    return _reason(cause, text, guardrail.signal, figures)


def paired_clearance(pairs: Mapping[str, Pairs], policy: Policy) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """What the shadow shows of the first step, and what it does not; as `clearance`, by an upper bound for pairs."""
    shown: list[Reason] = []
    open_ones: list[Reason] = []
    for name, margin in policy.shadow.margins.items():
        one, share = pairs.get(name, Pairs()), policy.steps[0].share
        most = most_harm(one, alpha=policy.beta)
        text = f"{_paired(name, one)}: the difference is {most:.3g} at most; {margin / share:.3g} would be too much."
        which, cause = (shown, Cause.SHOWN) if most * share <= margin else (open_ones, Cause.NOT_SHOWN)
        which.append(_reason(cause, text, name, _pair_figures(one, margin, most=most, allowed=margin / share)))
    return tuple(shown), tuple(open_ones)


def imbalance(step: StepEvidence, policy: Policy) -> tuple[Reason, ...]:
    """Where users are not assigned as the share says: at all, or on one device model."""
    needed = log(2 * len(policy.steps) / policy.imbalance_alpha)
    assignment = step.assignment
    found = []
    for which in (None, *assignment.by_slice):
        counts = assignment.users if which is None else assignment.by_slice[which]
        evidence = assignment.log_evidence(step.share, which)
        if evidence < needed + (log(policy.max_slices + 1) if which is not None else 0.0):
            continue
        total = sum(counts)
        where = "" if which is None else f" with the device model {which or 'of others'}"
        text = (
            f"The candidate has {counts[1]:,} of {total:,} users ({counts[1] / total:.3g})"
            f"{where} where {step.share:.3g} were assigned: the variants cannot be compared."
        )
        figures = {"users": total, "candidate_users": counts[1], "share": step.share, "odds": _odds(evidence)}
        found.append(Reason(cause=Cause.IMBALANCE, text=text, metric="users", slice=which, figures=figures))
    return tuple(found)


def disagreement(evidence: Evidence, policy: Policy) -> tuple[Reason, ...]:
    """Whether first results differ so often that a person should look."""
    differ, most = evidence.disagreement, policy.shadow.most_disagreement
    if differ.share <= most:
        return ()
    text = f"The first result differs in {differ.share:.3g} of {differ.n:,} recordings, over {most:.3g}."
    return (_reason(Cause.PERSON, text, "disagreement", {"share": differ.share, "pairs": differ.n, "most": most}),)


def _compared(contest: Contest, guardrail: Guardrail, model: str | None = None) -> str:
    """Such as "null_transcript on phone: 4.1 % bad of the candidate's 620 queries, 2 % of the champion's 11,802"."""
    candidate, champion = _shown(guardrail, contest.candidate.share), _shown(guardrail, contest.champion.share)
    return (
        f"{guardrail.signal}{f' on {model}' if model else ''}: {candidate} of the candidate's {contest.candidate.n:,} "
        f"queries, {champion} of the champion's {contest.champion.n:,}"
    )


def _shown(guardrail: Guardrail, bad: float) -> str:
    if guardrail.kind is Kind.MEAN:
        return f"a mean of {guardrail.scale * (bad if guardrail.worse is Worse.HIGHER else 1 - bad):.4g}"
    return f"{100 * bad:.3g} % bad"


def _paired(name: str, pairs: Pairs) -> str:
    only = f"{pairs.worse:,} with the candidate only, {pairs.better:,} with the champion only"
    return f"{name} in {pairs.n:,} recordings that both heard: {only}"


def _figures(contest: Contest, guardrail: Guardrail, **more: float) -> dict[str, float]:
    return {
        "champion_n": contest.champion.n,
        "champion_bad": contest.champion.share,
        "candidate_n": contest.candidate.n,
        "candidate_bad": contest.candidate.share,
        "difference": contest.difference * guardrail.scale,
        "margin": guardrail.margin,
        **more,
    }


def _pair_figures(pairs: Pairs, margin: float, **more: float) -> dict[str, float]:
    return {"pairs": pairs.n, "worse": pairs.worse, "better": pairs.better, "margin": margin, **more}


def _reason(cause: Cause, text: str, metric: str, figures: Mapping[str, float]) -> Reason:
    return Reason(cause=cause, text=text, metric=metric, figures=figures)


def _odds(log_odds: float) -> float:
    return min(exp(min(log_odds, 60.0)), _LARGEST)
