"""What the settings of a variant may be."""

import math

import pytest
from pydantic import ValidationError

from serving.variants.variant import Variant


@pytest.mark.parametrize("timeout_s", [0, -1, 60.1, 1e308, math.inf, math.nan])
def test_a_variant_is_waited_for_for_a_minute_at_most(timeout_s: float) -> None:
    assert Variant(name="patient", timeout_s=60).timeout_s == 60
    with pytest.raises(ValidationError, match="timeout_s"):
        Variant(name="impossible", timeout_s=timeout_s)
