from monitoring.behaviour.event_clock import BELIEVED, LEAP_S, EventClock


def test_time_goes_forward_and_waits_for_late_events() -> None:
    clock = EventClock(patience_s=10)
    assert [clock.takes(at) for at in (100.0, 130.0, 120.0, 119.9)] == [True, True, True, False]
    assert clock.now == 130


def test_a_single_event_from_the_future_moves_nothing() -> None:
    clock = EventClock(patience_s=10)
    assert clock.takes(100)
    assert not clock.takes(101 + LEAP_S)
    assert clock.takes(101)
    assert (clock.now, clock.strays) == (101, 0)


def test_a_clock_that_was_set_is_followed() -> None:
    for jump in (-3_600.0, LEAP_S + 100):
        clock = EventClock(patience_s=10)
        clock.takes(10_000)
        believed = [clock.takes(10_000 + jump + n) for n in range(BELIEVED + 2)]
        assert believed == [False] * (BELIEVED - 1) + [True] * 3
        assert clock.now == 10_000 + jump + BELIEVED + 1
