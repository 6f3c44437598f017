"""Device profiles: named, versioned values that say all that a device does to sound, and reading them from TOML.

The profiles that come with the package are in `devices.toml`, each figure with its reason. Does not touch sound.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from data_pipeline.errors import InvalidProfile
from data_pipeline.simulation.codec import Codec, rate_fault
from data_pipeline.simulation.device_vad import DeviceVad
from data_pipeline.simulation.gain import GainControl
from data_pipeline.simulation.microphone import Microphone
from data_pipeline.simulation.noise import Noise
from data_pipeline.simulation.room import Room

MAX_BYTES: Final = 1 << 20
"""A larger file is no list of devices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceProfile:
    """One device. What is None or empty does nothing; the order is that in which sound passes."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    version: Annotated[int, Field(ge=1)]
    """Raised when any figure changes: results name it."""
    about: Annotated[str, Field(min_length=1, max_length=500)]
    """One line for people."""
    device_model: Annotated[str, Field(min_length=1, max_length=100)]
    """What rows say of the device; the same before and after an update."""
    app_version: Annotated[str, Field(min_length=1, max_length=50)] | None = None
    """What rows say of its software."""
    level_lufs: Annotated[float, Field(ge=-70, le=20)] | None = None
    """How loud speech arrives, full scale at 0; None takes it as it is recorded."""
    room: Room | None = None
    noise: Noise | None = None
    """At the microphone, before its response."""
    microphone: Microphone | None = None
    gain_control: GainControl | None = None
    vad: DeviceVad | None = None
    codecs: tuple[Codec, ...] = ()
    """One after the other: a headset's radio link, then the app's upload."""

    @property
    def id(self) -> str:
        """Name and version."""
        return f"{self.name}@{self.version}"


def shipped_profiles() -> dict[str, DeviceProfile]:
    """The package's profiles by name, in the order of its file."""
    data = files("data_pipeline.simulation").joinpath("devices.toml").read_bytes()
    return _parse(data, where="devices.toml")


def read_profiles(path: Path) -> dict[str, DeviceProfile]:
    """The profiles of a file by name. Raises InvalidProfile with file, profile and field; OSError."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InvalidProfile(f"{path}: longer than {MAX_BYTES} bytes")
    return _parse(data, where=str(path))


def chosen(names: Iterable[str], profiles: Mapping[str, DeviceProfile]) -> tuple[DeviceProfile, ...]:
    """The profiles of these names, each once, in order. Raises InvalidProfile."""
    wanted = tuple(dict.fromkeys(names))
    if unknown := [name for name in wanted if name not in profiles]:
        near = get_close_matches(unknown[0], profiles, n=3, cutoff=0.4)
        raise InvalidProfile(f"no device {unknown[0]!r}" + (f"; did you mean {', '.join(near)}?" if near else ""))
    return tuple(profiles[name] for name in wanted)


def _parse(data: bytes, *, where: str) -> dict[str, DeviceProfile]:
    try:
        tables = tomllib.loads(data.decode("utf-8-sig"))
        named = {name: _named(name, tables) for name in tables}
        profiles = _adapter().validate_json(json.dumps(named))
    except ValidationError as error:
        raise InvalidProfile(f"{where}: {_first_fault(error)}") from None
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidProfile(f"{where}: {error}") from None
    if not profiles:
        raise InvalidProfile(f"{where}: no profile: write at least one table, [name]")
    for name, profile in profiles.items():
        if fault := next(filter(None, map(rate_fault, profile.codecs)), None):
            raise InvalidProfile(f"{where}: {name}: {fault}")
    return profiles


def _named(name: str, tables: Mapping[str, object]) -> dict[str, object]:
    """A profile's table with its name, and with what it does not say from the one that it is `like`."""
    own = _table(name, tables)
    if "name" in own:
        raise ValueError(f"{name}: a profile's name is that of its table")
    other = own.pop("like", None)
    if other is None:
        return {**own, "name": name}
    if not isinstance(other, str) or other not in tables or other == name:
        raise ValueError(f"{name}: `like` must name another profile of this file, not {other!r}")
    rest = _table(other, tables)
    if "like" in rest:
        raise ValueError(f"{name}: is like {other}, which is itself like another")
    return {**rest, **own, "name": name}


def _table(name: str, tables: Mapping[str, object]) -> dict[str, object]:
    table = tables[name]
    if not isinstance(table, dict):
        raise ValueError(f"`{name}` stands outside of a profile's table, [name]")
    return dict(table)


@cache
def _adapter() -> TypeAdapter[dict[str, DeviceProfile]]:
    """Of a whole file, since what it forbids then holds for all records in it."""
    return TypeAdapter(dict[str, DeviceProfile], config=ConfigDict(extra="forbid", strict=True, allow_inf_nan=False))


def _first_fault(error: ValidationError) -> str:
    """Profile, key and problem, on one line."""
    first = error.errors(include_url=False)[0]
    profile, *keys = (str(part) for part in first["loc"])
    key = ".".join(keys)
    if first["type"] == "unexpected_keyword_argument":
        return f"{profile}: unknown key `{key}`"
    shown = "" if first["type"] == "missing" else f", not {str(first['input'])[:60]!r}"
    return f"{profile}: `{key}`: {first['msg'][0].lower()}{first['msg'][1:]}{shown}"
