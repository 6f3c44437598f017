import pytest

from serving.review.agreement import agreements
from tests.serving.review.making import review, skip, unintelligible


def test_two_people_by_what_they_wrote_and_not_by_how() -> None:
    same = [review("ann", "Play 2 songs"), review("bob", "play two songs!")]
    other = [review("bob", "play chess"), skip("dan"), review("ann", "play jazz"), review("cleo", "play jazz")]
    alone = [review("ann"), skip("bob")]
    everybody, pair = agreements([same, other, alone])
    assert (everybody.labelers, pair.labelers) == ((), ("ann", "bob"))
    assert (pair.items, pair.exact_ratio) == (2, 0.5)
    assert pair.wer == pytest.approx(1 / 5)
    assert everybody.items == 2


def test_unintelligible_to_one_only_is_no_agreement() -> None:
    found = agreements([[unintelligible("ann"), review("bob")], [unintelligible("ann"), unintelligible("bob")]])
    assert (found[0].exact_ratio, found[0].wer) == (0.5, None)


def test_nobody_to_compare() -> None:
    assert agreements([]) == []
