"""Voice queries of a small fleet, in which one phone begins to clip; for whatever watches events."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from monitoring.events import Event

DEVICES: Final = tuple(f"phone-{number}" for number in range(5))
CLIPPING: Final = DEVICES[3]


def queries(
    start_s: float, end_s: float, count: int, *, clipped: bool = False, mended: bool = False, seed: int = 0
) -> Iterator[Event]:
    """Queries spread evenly over a time; `clipped` is whether the recordings of `CLIPPING` lack their onset.

    It does so from version 5.2 on, until that is `mended`.
    """
    rng = np.random.default_rng(seed)
    for number, at in enumerate(np.linspace(start_s, end_s, count, endpoint=False).tolist()):
        device = DEVICES[int(rng.integers(len(DEVICES)))]
        cut = clipped and device == CLIPPING
        version = "5.2" if device == CLIPPING and (clipped or mended) else "5.1"
        name = f"{seed}-{number}"
        yield Event(
            event_id=name,
            request_id=name,
            at=at,
            kind="voice",
            user_id=f"u{number}",
            slices={
                "device_model": device,
                "app_version": version,
                "os": "android",
                "locale": "en",
            },
            signals={
                "lead_silence_s": float(max(0.0, rng.normal(0.05 if cut else 0.4, 0.05))),
                "onset_clipped": bool(rng.random() < (0.6 if cut else 0.03)),
                "duration_s": float(rng.normal(2.5, 0.4)),
                "snr_db": float(rng.normal(25, 5)),
                "null_transcript": bool(rng.random() < (0.3 if cut else 0.03)),
            },
        )
