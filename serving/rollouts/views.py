"""Rollouts as JSON for people and pages. Knows no HTTP."""

from collections.abc import Mapping

from pydantic import JsonValue

from serving.rollouts.evidence import EVIDENCE
from serving.rollouts.record import CHAMPIONSHIP, Assessment, Champion, Entry, Rollout
from serving.rollouts.steps import described

View = dict[str, JsonValue]


def rollout_view(rollout: Rollout, now: float) -> View:
    """One rollout in short."""
    return {
        "id": rollout.rollout_id,
        "candidate": rollout.candidate,
        "champion": rollout.champion,
        "strategy": rollout.strategy.value,
        "stage": rollout.stage.value,
        "step": rollout.step,
        "steps": rollout.steps,
        "share": rollout.share,
        "shadow_share": rollout.shadow_share,
        "paused": rollout.paused,
        "asked_person_since": rollout.asked_person_since,
        "created_at": rollout.created_at,
        "entered_at": rollout.entered_at,
        "version": rollout.version,
        "is_open": rollout.is_open,
        "can_be_undone": rollout.can_be_undone(now),
        "standing": described(rollout),
    }


def champion_view(champion: Champion) -> View:
    """Who answers."""
    view: View = CHAMPIONSHIP.dump_python(champion, mode="json")
    return view


def entry_view(entry: Entry) -> View:
    """A line of history."""
    return {
        "at": entry.at,
        "action": entry.action,
        "by": entry.by,
        "note": entry.note,
        "stage": entry.stage.value,
        "step": entry.step,
        "share": entry.share,
        "version": entry.version,
        "reasons": _reasons(entry.decision),
    }


def assessment_view(assessment: Assessment | None) -> View | None:
    """What is thought of a rollout, and the numbers of both variants."""
    if assessment is None:
        return None
    return {
        "at": assessment.at,
        "outcome": assessment.decision["outcome"],
        "reasons": _reasons(assessment.decision),
        "signals": _signals(assessment),
    }


def _signals(assessment: Assessment) -> list[JsonValue]:
    """By signal: queries of each variant, and the share of bad ones among them."""
    contests = EVIDENCE.validate_python(assessment.evidence).fleet
    return [
        {
            "signal": name,
            "champion": {"requests": contest.champion.n, "bad_share": contest.champion.share},
            "candidate": {"requests": contest.candidate.n, "bad_share": contest.candidate.share},
            "difference": contest.difference,
        }
        for name, contest in contests.items()
    ]


def _reasons(decision: Mapping[str, JsonValue] | None) -> JsonValue:
    return decision["reasons"] if decision else []
