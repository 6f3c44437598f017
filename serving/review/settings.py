"""`[review]` of `voicesearch.toml`."""

from serving.review.sampling import Sampling
from serving.section import Positive


class ReviewSettings(Sampling):
    """What people look at, and for how long it is theirs."""

    lease_s: Positive = 600.0
    """How long somebody may work at an item, or be silent, before it goes to somebody else."""
    expire_days: Positive = 14.0
    """After so long nobody is asked about an item any more."""
