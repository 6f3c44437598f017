"""How long an engine rests."""

from dataclasses import dataclass

from serving.variants.backoff import FREE, LONGEST_S, Backoff


@dataclass
class Clock:
    now_s: float = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_the_rest_doubles_with_each_crash_beyond_the_first_few_up_to_a_bound() -> None:
    backoff = Backoff(Clock())
    rests_s = []
    for _ in range(FREE + 9):
        backoff.crashed()
        rests_s.append(backoff.wait_s)
    assert rests_s == [0.0] * FREE + [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, LONGEST_S, LONGEST_S, LONGEST_S]


def test_the_rest_passes() -> None:
    clock = Clock()
    backoff = Backoff(clock)
    for _ in range(FREE + 2):
        backoff.crashed()
    clock.now_s += 1.5
    assert backoff.wait_s == 0.5
    clock.now_s += 1.5
    assert backoff.wait_s == 0.0


def test_a_success_forgets_what_was_before() -> None:
    backoff = Backoff(Clock())
    for _ in range(FREE + 5):
        backoff.crashed()
    backoff.succeeded()
    assert (backoff.wait_s, backoff.crashes) == (0.0, 0)
    backoff.crashed()
    assert backoff.wait_s == 0.0
