"""What users do with an answer, concluded from sessions: redo, switch to typing, clicks, abandonment."""

from monitoring.behaviour.tracker import BehaviourTracker

__all__ = ["BehaviourTracker"]
