"""A system whose recordings went through another device first: how robust is it?

Knows no device in particular: that is a step of the data pipeline, which makes one recording out of each.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from asr.audio import SAMPLE_RATE_HZ
from asr.decode import Encoding, PcmFormat
from data_pipeline.errors import CannotSimulate
from data_pipeline.evaluation.systems import Answer, System
from data_pipeline.manifest import Row
from data_pipeline.recordings import Recording, read_audio
from data_pipeline.steps import SoundStep

_PCM = PcmFormat(sample_rate_hz=SAMPLE_RATE_HZ, encoding=Encoding.F32LE)


@dataclass(frozen=True, slots=True)
class Device:
    """A simulated device."""

    name: str
    step: SoundStep
    """What the device makes of a recording; equal steps have equal representations."""


@dataclass(frozen=True, slots=True)
class OnDevice:
    """A system that hears what a device makes of the recordings; simulating counts for no latency."""

    system: System
    device: Device

    @property
    def name(self) -> str:
        """See `System`."""
        return f"{self.system.name} on {self.device.name}"

    @property
    def fingerprint(self) -> str:
        """See `System`."""
        return f"{self.system.fingerprint} {self.device.step.version} {self.device.step!r}"

    def answer(self, batch: Sequence[Recording]) -> list[Answer]:
        """See `System`. Where the device sends nothing, nothing is heard: for the user that is a miss as any other."""
        sent = [self._sent(one.row) for one in batch]
        answers = iter(self.system.answer([one for one in sent if one is not None]))
        return [Answer("", None, None) if one is None else next(answers) for one in sent]

    def _sent(self, row: Row) -> Recording | None:
        try:
            _, audio = next(iter(self.device.step.change(row, read_audio(row))))
        except CannotSimulate:
            return None
        return Recording(row, audio.samples.astype(np.dtype("<f4")).tobytes(), _PCM)


def simulated_devices(names: Sequence[str]) -> list[Device]:
    """Devices of `data_pipeline.simulation` that come with the package. Raises InvalidProfile for an unknown name."""
    from data_pipeline.simulation.profiles import chosen, shipped_profiles
    from data_pipeline.simulation.simulate import Simulation

    return [Device(one.name, Simulation(devices=(one,))) for one in chosen(names, shipped_profiles())]
