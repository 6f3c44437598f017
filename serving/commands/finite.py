"""Numbers on the command line: a range refuses what is no number, which compares as being in no and in every range."""

import math

import click


class FiniteRange(click.FloatRange):
    """`click.FloatRange` without NaN."""

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number. Raises click.BadParameter."""
        number = float(super().convert(value, param, ctx))  # type: ignore[arg-type]
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number
