"""How often something may be done: a bucket that fills at a rate and empties by one each time. Knows no clock."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class TokenBucket:
    """Lets `burst` through at once, and `per_s` a second in the long run; full at first."""

    per_s: float
    burst: int
    _level: float = -1.0
    _at_s: float = 0.0

    def take(self, now_s: float) -> float:
        """Take one: 0 if there was one, else the seconds until there is; `now_s` by a clock that only goes forward.

        >>> bucket = TokenBucket(per_s=2.0, burst=1)
        >>> bucket.take(0.0), bucket.take(0.0), bucket.take(0.5)
        (0.0, 0.5, 0.0)
        """
        level = self.burst if self._level < 0 else min(self.burst, self._level + (now_s - self._at_s) * self.per_s)
        self._at_s = now_s
        self._level = level - 1 if level >= 1 else level
        return 0.0 if level >= 1 else (1 - level) / self.per_s
