"""Sound as FLAC, 16 bit and 16 kHz: what new recordings are written as. The same sound gives the same bytes."""

from io import BytesIO

import numpy as np

from asr.audio import SAMPLE_RATE_HZ, Audio


def flac(audio: Audio) -> bytes:
    """The recording as a file; what overshoots full scale is clipped to it."""
    import soundfile

    file = BytesIO()
    soundfile.write(file, np.clip(audio.samples, -1, 1), SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    return file.getvalue()
