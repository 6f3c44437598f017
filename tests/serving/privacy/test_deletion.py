"""The pure steps of a user's deletion."""

import pytest

from serving.privacy.deletion import LOOK_AFTER_S, SETTLE_S, Deletion, Pass, after, asked_again, with_requests

ASKED = Deletion(deletion_id="del_1", requested_at=1000.0, requested_by="ann")


def test_passes_add_up() -> None:
    first = after(ASKED, Pass(at=1001.0, removed={"events": 5, "rows": 1}, datasets=("b", "a"), models=("m",)))
    second = after(first, Pass(at=2000.0, removed={"events": 2, "files": 1}, datasets=("a",), problems=("disk",)))
    assert second.removed == {"events": 7, "rows": 1, "files": 1}
    assert (second.datasets, second.models, second.problems) == (("a", "b"), ("m",), ("disk",))
    assert (second.passes, second.last_pass_at, second.finished_at) == (2, 2000.0, None)


def test_it_is_looked_after_for_its_time_and_then_forgets() -> None:
    known = with_requests(ASKED, ["r1", "r2", "r1"])
    assert known.requests == ("r1", "r2")
    end = 1000.0 + LOOK_AFTER_S
    assert after(known, Pass(at=end - 1)).requests == ("r1", "r2")
    assert after(known, Pass(at=end, problems=("disk",))).finished_at is None
    finished = after(known, Pass(at=end))
    assert (finished.finished_at, finished.requests) == (end, ())


def test_asked_again_it_reaches_further() -> None:
    again = asked_again(with_requests(ASKED, ["r1"]), by="bob", now=5000.0)
    assert again.until == pytest.approx(5000.0 + SETTLE_S)
    assert (again.requested_by, again.requests) == ("bob", ("r1",))
