import io
from collections import OrderedDict, deque
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from monitoring.errors import UnusableState
from monitoring.gradual import Creep
from monitoring.monitor import Monitor
from monitoring.state import restore, written
from tests.monitoring.scenario import MADE_UP, RULE, Service


class Inner:
    STATE: ClassVar[tuple[str, ...]] = ("numbers",)

    def __init__(self) -> None:
        self.numbers = np.zeros(3)


class Part:
    STATE: ClassVar[tuple[str, ...]] = ("inner", "table", "order", "waiting", "found", "raw", "rows", "level", "name")

    def __init__(self) -> None:
        self.inner = Inner()
        self.table: dict[object, object] = {}
        self.order: OrderedDict[str, int] = OrderedDict()
        self.waiting: deque[int] = deque()
        self.found: list[Creep] = []
        self.raw = b""
        self.rows = np.zeros((60_000, 2))
        self.level: float | None = None
        self.name = ""


def filled() -> Part:
    part = Part()
    part.inner.numbers = np.array([1.5, np.nan, -np.inf])
    part.table = {("a", "b"): 1, 5: [None, True, "x"], "key": {}}
    part.order = OrderedDict(z=1, a=2)
    part.waiting = deque([3, 1, 2])
    part.found = [Creep(code=1, signal=2, since=0.1, n=3, after=float("nan"), evidence=1e-320)]
    part.raw = b"\x00\n\xff"
    part.rows[59_999] = (0.1, -7)
    part.level, part.name = 0.1 + 0.2, "däta \u2028 \x00"
    return part


def test_what_is_written_down_is_restored_to_the_last_bit() -> None:
    part, other = filled(), Part()
    restore(other, written(part))
    np.testing.assert_array_equal(other.inner.numbers, part.inner.numbers)
    np.testing.assert_array_equal(other.rows, part.rows)
    assert (other.table, other.raw, other.level, other.name) == (part.table, part.raw, part.level, part.name)
    assert (other.order, other.waiting, repr(other.found)) == (part.order, part.waiting, repr(part.found))
    assert list(other.order) == ["z", "a"]
    assert written(other)[:100] == written(part)[:100]


def test_what_was_restored_shares_nothing_and_can_be_written_to() -> None:
    part, other = filled(), Part()
    restore(other, written(part))
    other.rows[0] = 1.0
    other.inner.numbers[:] = 0.0
    assert part.rows[0, 0] == 0.0


def test_only_rows_with_something_in_them_take_room() -> None:
    assert len(written(Part())) < 10_000


def test_what_cannot_be_written_down_is_said() -> None:
    part = Part()
    part.table = {"a": object()}
    with pytest.raises(TypeError, match="object cannot be written down"):
        written(part)


def tampered(state: bytes, old: bytes, new: bytes) -> bytes:
    """The same archive with other text in its tree."""
    with np.load(io.BytesIO(state)) as arrays:
        parts = {name: arrays[name] for name in arrays.files}
    tree = parts["tree"].tobytes()
    assert old in tree
    parts["tree"] = np.frombuffer(tree.replace(old, new), np.uint8)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **parts)
    return file.getvalue()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"level"', b'"other"'),
        (b'"Creep"', b'"eval"'),
        (b'"deque"', b'"object"'),
        (b'"float"', b'"array"'),
        (b'"a0"', b'"a999"'),
        (b'"a0"', b"[]"),
        (b'"rows":[', b'"rows":[9,'),
        (b"60000", b"61"),
        (b"60000", b"60001"),
        (b"60000", b"-1"),
        (b"60000", b"999999999999"),
        (b"{", b"["),
        (b'"evidence"', b'"__class__"'),
    ],
)
def test_a_state_that_was_tampered_with_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(UnusableState, match="cannot be used"):
        restore(Part(), tampered(written(filled()), old, new))


def test_an_array_with_code_in_it_is_refused() -> None:
    file = io.BytesIO()
    np.savez(file, allow_pickle=True, tree=np.array([print], dtype=object))
    with pytest.raises(UnusableState):
        restore(Part(), file.getvalue())


@pytest.fixture(scope="module")
def state() -> bytes:
    service = Service()
    service.run(10_000)
    return service.monitor.state()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_state_that_was_cut_off_is_refused(state: bytes, share: float) -> None:
    with pytest.raises(UnusableState):
        Monitor(MADE_UP, rule=RULE).restore(state[: int(share * len(state))])


@pytest.mark.parametrize("garbage", [b"", b"garbage", b"PK\x05\x06" + bytes(18), bytes(10_000)])
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(UnusableState):
        Monitor(MADE_UP, rule=RULE).restore(garbage)


def test_flipped_bytes_are_refused_or_restored_but_never_crash(state: bytes) -> None:
    rng = np.random.default_rng(1)
    refused = 0
    for place in rng.integers(0, len(state), 60).tolist():
        broken = bytearray(state)
        broken[place] ^= 0xFF
        try:
            Monitor(MADE_UP, rule=RULE).restore(bytes(broken))
        except UnusableState:
            refused += 1
    assert refused > 40


def test_the_state_of_a_monitor_that_was_made_otherwise_is_refused(state: bytes) -> None:
    for other in (
        Monitor(replace(MADE_UP, signals=MADE_UP.signals[:2], outcomes=()), rule=RULE),
        Monitor(MADE_UP, rule=replace(RULE, max_slices=50)),
        Monitor(MADE_UP, rule=replace(RULE, panes=7)),
    ):
        with pytest.raises(UnusableState):
            other.restore(state)
