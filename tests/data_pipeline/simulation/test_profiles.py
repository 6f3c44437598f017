"""Profiles: the shipped ones say what they must, and every fault of a file is one clear error."""

from dataclasses import replace
from pathlib import Path

import pytest

from data_pipeline.errors import InvalidProfile
from data_pipeline.simulation.codec import Codec, CodecName
from data_pipeline.simulation.device_vad import DeviceVad
from data_pipeline.simulation.profiles import MAX_BYTES, DeviceProfile, chosen, read_profiles, shipped_profiles

GOOD = '[mine]\nversion = 1\nabout = "a device"\ndevice_model = "x"\n'


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "devices.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_shipped_devices_cover_the_field() -> None:
    profiles = shipped_profiles()
    assert len(profiles) >= 14
    assert all(name == one.name and one.id == f"{name}@{one.version}" for name, one in profiles.items())
    assert {codec.name for one in profiles.values() for codec in one.codecs} >= {
        *(CodecName.OPUS, CodecName.AAC, CodecName.AMR_NB, CodecName.MU_LAW, CodecName.MSBC),
    }


@pytest.mark.parametrize(("suffix", "delay_s"), [("50ms", 0.05), ("100ms", 0.1), ("200ms", 0.2)])
def test_an_update_that_clips_onsets_changes_nothing_else(suffix: str, delay_s: float) -> None:
    profiles = shipped_profiles()
    before, after = profiles["phone"], profiles[f"phone-clipped-onset-{suffix}"]
    assert before.vad == DeviceVad()
    assert after.vad == DeviceVad(lead_padding_s=0.0, startup_delay_s=delay_s)
    assert after.device_model == before.device_model
    assert after.app_version != before.app_version
    mended = replace(after, name=before.name, about=before.about, app_version=before.app_version, vad=before.vad)
    assert mended == before


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    text = (
        GOOD
        + 'level_lufs = -20\ncodecs = [{ name = "opus", bit_rate_bps = 16000 }]\n[other]\nlike = "mine"\nversion = 2\n'
    )
    profiles = read_profiles(write(tmp_path, text))
    mine = DeviceProfile(
        name="mine", version=1, about="a device", device_model="x", level_lufs=-20.0,
        codecs=(Codec(name=CodecName.OPUS, bit_rate_bps=16_000),),
    )  # fmt: skip
    assert profiles == {"mine": mine, "other": replace(mine, name="other", version=2)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no profile"),
        ("[mine", "devices.toml"),
        (b"\xff\xfe\x00", "devices.toml"),
        ("a = " + "[" * 100_000, "devices.toml"),
        ("# " + "x" * MAX_BYTES, "longer than"),
        ("version = 1", "outside of a profile"),
        ("[[mine]]\nversion = 1", "outside of a profile"),
        (GOOD + 'name = "other"', "name"),
        ("[mine]\nversion = 1", "`about`"),
        ("['My Device']\n" + GOOD.split("\n", 1)[1], "`name`"),
        (GOOD + "loudness = 3", "unknown key `loudness`"),
        (GOOD + "vad = { lead_s = 0.1 }", "unknown key `vad.lead_s`"),
        (GOOD + "codecs = [{ name = 'opus', rate = 3 }]", "unknown key `codecs.0.rate`"),
        (GOOD + "level_lufs = nan", "`level_lufs`"),
        (GOOD + "level_lufs = -inf", "`level_lufs`"),
        (GOOD + "level_lufs = '-20'", "`level_lufs`"),
        (GOOD + "level_lufs = true", "`level_lufs`"),
        (GOOD + "app_version = 5.2", "`app_version`"),
        (GOOD + "app_version = 2024-01-01", "devices.toml"),
        (GOOD + "noise = { snr_db = nan }", "`noise.snr_db`"),
        (GOOD + "noise = { kind = 'road' }", "`noise.snr_db`"),
        (GOOD + "noise = 5", "`noise`"),
        (GOOD + "microphone = { low_cut_hz = -5 }", "`microphone.low_cut_hz`"),
        (GOOD + "microphone = { high_cut_hz = 9000 }", "`microphone.high_cut_hz`"),
        (GOOD + "gain_control = { attack_s = 0 }", "`gain_control.attack_s`"),
        (GOOD + "vad = { detector = 'ear' }", "`vad.detector`"),
        (GOOD + "vad = { webrtc_mode = 4 }", "`vad.webrtc_mode`"),
        (GOOD + "vad = { webrtc_mode = 2.0 }", "`vad.webrtc_mode`"),
        (GOOD + "vad = { hangover_s = -1 }", "`vad.hangover_s`"),
        (GOOD + "codecs = [{ name = 'minidisc' }]", "`codecs.0.name`"),
        (GOOD + "codecs = [{ name = 'amr-nb', bit_rate_bps = 24000 }]", "amr-nb takes 4750 to 12200"),
        (GOOD + "codecs = { name = 'opus' }", "`codecs`"),
        (GOOD + "version = 2", "devices.toml"),
        (GOOD.replace("1", "0"), "`version`"),
        (GOOD + "like = 'nobody'", "another profile of this file"),
        (GOOD + "like = 'mine'", "another profile of this file"),
        (GOOD + "like = ['mine']", "another profile of this file"),
        (GOOD + "[b]\nlike = 'mine'\n[c]\nlike = 'b'", "itself like another"),
    ],
)
def test_a_hostile_file_is_one_clear_error(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(InvalidProfile) as caught:
        read_profiles(write(tmp_path, text))
    assert message in str(caught.value)
    assert "devices.toml" in str(caught.value)
    assert len(str(caught.value)) < 400 + len(str(tmp_path))


def test_devices_are_chosen_once_and_in_order() -> None:
    profiles = shipped_profiles()
    assert [one.name for one in chosen(["headset", "phone", "headset"], profiles)] == ["headset", "phone"]
    with pytest.raises(InvalidProfile, match="no device 'fone'; did you mean phone"):
        chosen(["phone", "fone"], profiles)
