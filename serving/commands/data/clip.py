"""`voicesearch data clip`: stage 2 over a manifest."""

from pathlib import Path

import click

from serving.commands.data.shell import manifest_argument, out_option, replace_option, workers_option
from serving.commands.finite import FiniteRange


@click.command()
@manifest_argument
@out_option
@click.option("--detector", type=click.Choice(["silero", "webrtc"]), default="silero", show_default=True)
@click.option("--lead-padding-s", type=FiniteRange(0, 10), help="Sound kept before it. [default: the server's]")
@click.option("--trail-padding-s", type=FiniteRange(0, 10), help="Sound kept after it. [default: the server's]")
@click.option("--hangover-s", type=FiniteRange(0, 10), help="Longest pause within speech. [default: the server's]")
@replace_option
@workers_option
def clip(
    manifest: Path,
    out: Path,
    detector: str,
    lead_padding_s: float | None,
    trail_padding_s: float | None,
    hangover_s: float | None,
    replace: bool,
    workers: int | None,
) -> None:
    """Cut away the silence around speech, by the same detector and rule as in the server.

    A run that was cut off goes on where it stopped.

    Example: voicesearch data clip raw/manifest.jsonl --out clipped
    """
    from asr.loading import Detector
    from asr.vad import ClippingRule
    from data_pipeline.clip import Clipping
    from serving.commands.data.shell import conclude, run_sound_step

    given = {"lead_padding_s": lead_padding_s, "trail_padding_s": trail_padding_s, "hangover_s": hangover_s}
    rule = ClippingRule(**{name: seconds for name, seconds in given.items() if seconds is not None})
    step = Clipping(detector=Detector(detector), rule=rule)
    conclude(run_sound_step(step, manifest, out, replace=replace, workers=workers))
