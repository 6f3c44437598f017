"""`voicesearch data simulate`: recordings as other devices would have sent them."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from serving.commands.data.shell import from_here, replace_option, workers_option

if TYPE_CHECKING:
    from data_pipeline.simulation.profiles import DeviceProfile
    from data_pipeline.simulation.sounds import SoundSet

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("manifest", type=_FILE, required=False)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="The new data set.")
@click.option("--device", "devices", multiple=True, metavar="NAME", help="Repeatable: a row for each device.")
@click.option("--profiles", type=_FILE, metavar="FILE", help="Devices of your own, in TOML.")
@click.option("--noise", type=_FILE, metavar="MANIFEST", help="Noises to draw from. [default: some carried ones]")
@click.option("--rir", type=_FILE, metavar="MANIFEST", help="Room responses to draw from. [default: some carried ones]")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--list", "show", is_flag=True, help="Show the devices and do nothing else.")
@replace_option
@workers_option
def simulate(
    manifest: Path | None,
    out: Path | None,
    devices: tuple[str, ...],
    profiles: Path | None,
    noise: Path | None,
    rir: Path | None,
    seed: int,
    show: bool,
    replace: bool,
    workers: int | None,
) -> None:
    """Pass recordings through devices: room, noise, microphone, gain, voice detector, codec.

    Each row says in `simulated` what was done, and how much speech was cut off. Of a recording of which a device sends
    nothing no row is kept. A run that was cut off goes on where it stopped.

    Example: voicesearch data simulate test/manifest.jsonl --out simulated --device phone --device car-hands-free
    """
    from data_pipeline.simulation.profiles import chosen, read_profiles, shipped_profiles
    from data_pipeline.simulation.simulate import Simulation
    from data_pipeline.simulation.sounds import read_sounds
    from serving.commands.data.shell import conclude, run_sound_step

    known = shipped_profiles() | (read_profiles(profiles) if profiles else {})
    if show:
        _show(known.values())
        return
    if manifest is None or out is None or not devices:
        raise click.UsageError("MANIFEST, --out DIR and at least one --device NAME are needed; --list shows the names")
    wanted = chosen(devices, known)
    read_sounds(noise, rir)
    step = Simulation(devices=wanted, seed=seed, noise=_sound_set(noise), rooms=_sound_set(rir))
    conclude(run_sound_step(step, manifest, out, replace=replace, workers=workers))


def _sound_set(manifest: Path | None) -> "SoundSet | None":
    from data_pipeline.simulation.sounds import SoundSet

    return SoundSet.at(from_here(manifest)) if manifest else None


def _show(profiles: "Iterable[DeviceProfile]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "device", "says it is", "app", "speech lost", "SNR dB", "codec", "what it is", box=None, pad_edge=False
    )
    for column in table.columns[:-1]:
        column.no_wrap = True
    for one in profiles:
        codec = ", ".join(map(str, one.codecs)) or "-"
        snr = f"{one.noise.snr_db:g}" if one.noise else "-"
        table.add_row(one.id, one.device_model, one.app_version or "-", _lost(one), snr, codec, one.about)
    Console(width=None if sys.stdout.isatty() else 250).print(table, markup=False)


def _lost(profile: "DeviceProfile") -> str:
    """What its voice detector cuts off, as far as that is fixed."""
    vad = profile.vad
    if vad is None:
        return "-"
    if vad.detector != "reference":
        return "as it hears"
    onset_s, end_s = vad.startup_delay_s - vad.lead_padding_s, vad.early_stop_s - vad.trail_padding_s
    lost = [
        f"{seconds * 1e3:.0f} ms at the {edge}" for seconds, edge in ((onset_s, "onset"), (end_s, "end")) if seconds > 0
    ]
    return ", ".join(lost) or "-"
