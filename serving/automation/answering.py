"""Who answers a class of traffic now, in a sentence for people. Pure; decides nothing, `decide` does that."""

from serving.automation.budget import Room
from serving.automation.degree import Degree
from serving.automation.record import ClassState


def answering(state: ClassState, room: Room) -> str:
    """Who answers, and where people should and cannot, what happens instead.

    >>> state = ClassState(traffic_class="*", degree=Degree.PARTIAL, target_risk=0.05, confidence=0.95)
    >>> answering(state, Room(backlog=0, max_backlog=5, sent_today=0, daily_budget=0))
    'the model answers; nobody is there to listen (daily_budget is 0)'
    """
    if state.degree is Degree.FULL:
        return "the model answers"
    where = "below the threshold " if state.degree is Degree.PARTIAL and state.threshold is not None else ""
    if not room.closed_for:
        return f"{where}people answer"
    instead = "the model answers" if state.degree.model_may_answer else "queries are refused"
    return f"{where}{instead}; {room.closed_for}"
