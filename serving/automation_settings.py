"""`[automation]`: how much is left to the model where nobody has said otherwise, and what people can take."""

from typing import Annotated

from pydantic import Field

from serving.automation.degree import Degree
from serving.automation.threshold import LEAST_TARGET
from serving.section import NotNegative, Positive, Section

Count = Annotated[int, Field(ge=0, le=1_000_000_000)]


class AutomationSettings(Section):
    """How much is left to the model, and what people can take ([automation.md](automation.md))."""

    degree: Degree = Degree.FULL
    """Where nobody has set another: `human_only`, `shadow`, `assist`, `partial` or `full`."""
    target_risk: Annotated[float, Field(ge=LEAST_TARGET, lt=1)] = 0.05
    """Under `partial`, most errors among what the model answers by itself."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """How surely they have to stay below that."""
    wait_s: Positive = 20.0
    """How long a query waits for a person."""
    daily_budget: Count = 0
    """Most queries a day (UTC) that are sent to people; 0: nobody is there to listen."""
    max_backlog: Count = 50
    """Most queries that may wait for them at once."""
    poll_s: Positive = 1.0
    """How soon a change at another replica is followed."""
    check_every_s: Positive = 10.0
    """How often open alarms are looked at, which demote."""
    refresh_s: Positive = 300.0
    """How often thresholds are chosen anew."""
    window_days: NotNegative = 90.0
    """Reviews of older queries tell nothing; 0: all do."""
