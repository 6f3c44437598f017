"""The monitor over services that know nothing of voice: what their makers write is the few lines of each signal."""

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from monitoring.events import Event, SignalValue
from monitoring.findings import Diagnosis
from monitoring.monitor import Monitor
from monitoring.signals.signal import Group, Signal, Worse, field
from monitoring.watched import Watched

# What the makers of an image service write.

BRIGHTNESS = Signal(
    name="brightness", about="Mean of the pixels, in [0, 1].", group=Group.INPUT, read=field("brightness")
)
IMAGES = Watched(signals=(BRIGHTNESS,), combinations=((), ("camera",)))

# What the makers of a recommender write.


def unknown_user(event: Event) -> SignalValue:
    """Is nothing known of the user's age, city or language?"""
    return not {"age_group", "city", "language"} & event.slices.keys()


UNKNOWN_USERS = Signal(
    name="unknown_users",
    about="Users of whom no attribute is known.",
    group=Group.INPUT,
    read=unknown_user,
    is_rate=True,
    worse=Worse.HIGHER,
)
RECOMMENDATIONS = Watched(signals=(UNKNOWN_USERS,), combinations=((), ("country",), ("client",)))

# Their events.


def photograph(rng: Generator, *, exposure: float = 1.0) -> NDArray[np.uint8]:
    """A smooth scene of random light with noise of the sensor, as 24 x 32 pixels."""
    coarse = rng.gamma(4.0, 0.1, (3, 4)) * exposure
    scene = np.kron(coarse, np.ones((8, 8))) + rng.normal(0, 0.02, (24, 32))
    return np.asarray(np.clip(scene, 0, 1) * 255, np.uint8)


def images(rng: Generator, n: int, *, start: int = 0, dark_camera: str = "") -> Iterator[Event]:
    for i in range(start, start + n):
        camera = f"cam-{rng.integers(8)}"
        pixels = photograph(rng, exposure=0.5 if camera == dark_camera else 1.0)
        yield Event(
            event_id=f"image-{i}",
            request_id=f"image-{i}",
            at=1.7e9 + i,
            kind="image",
            slices={"camera": camera},
            signals={"brightness": float(pixels.mean()) / 255},
        )


def visits(rng: Generator, n: int, *, start: int = 0, broken_client: str = "") -> Iterator[Event]:
    """One user in ten is not known; a broken client tells attributes of one user in three only."""
    for i in range(start, start + n):
        client = f"client-{rng.integers(5)}"
        known = rng.random() < (0.33 if client == broken_client else 0.9)
        attributes = {"age_group": "30-39", "city": "Lyon"} if known else {}
        yield Event(
            event_id=f"visit-{i}",
            request_id=f"visit-{i}",
            at=1.7e9 + i,
            kind="visit",
            slices={"country": f"country-{rng.integers(12)}", "client": client, **attributes},
        )


def diagnoses(monitor: Monitor, events: Iterator[Event]) -> list[Diagnosis]:
    """What is wrong after these, which come a hundred at a time."""
    batch = list(events)
    for start in range(0, len(batch), 100):
        monitor.update(batch[start : start + 100])
    return monitor.check(batch[-1].at)


def test_a_camera_of_an_image_service_that_turns_dark_is_found() -> None:
    rng, monitor = default_rng(1), Monitor(IMAGES)
    assert diagnoses(monitor, images(rng, 12_000)) == []
    (found, *_) = diagnoses(monitor, images(rng, 2_500, start=12_000, dark_camera="cam-3"))
    assert found.slice == (("camera", "cam-3"),)
    assert {finding.signal for finding in found.findings} == {"brightness"}
    assert found.findings[0].after < 0.7 * found.findings[0].before
    assert abs(found.since - (1.7e9 + 12_000)) < 300
    assert all(example.startswith("image-1") for example in found.examples)


def test_a_client_of_a_recommender_that_no_longer_tells_who_asks_is_found() -> None:
    rng, monitor = default_rng(2), Monitor(RECOMMENDATIONS)
    assert diagnoses(monitor, visits(rng, 12_000)) == []
    (found, *_) = diagnoses(monitor, visits(rng, 1_500, start=12_000, broken_client="client-2"))
    assert found.slice == (("client", "client-2"),)
    assert found.findings[0].signal == "unknown_users"
    assert 0.05 < found.findings[0].before < 0.15
    assert 0.5 < found.findings[0].after < 0.8
    assert abs(found.since - (1.7e9 + 12_000)) < 300


def test_signals_of_their_own_raise_no_alarm_while_all_is_well() -> None:
    assert diagnoses(Monitor(IMAGES), images(default_rng(3), 15_000)) == []
    assert diagnoses(Monitor(RECOMMENDATIONS), visits(default_rng(4), 30_000)) == []
