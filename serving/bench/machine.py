"""What a measurement was made on, so that figures of different machines are not compared by mistake."""

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("voicesearch", "onnxruntime", "faster-whisper", "moonshine-voice", "litserve", "uvloop")


@dataclass(frozen=True, slots=True)
class Machine:
    """Processor, the cores that were used, and the versions of what ran."""

    processor: str
    cores: tuple[int, ...]
    """Numbers of the cores that this process may use."""
    system: str
    python: str
    packages: dict[str, str]
    measured_at: str
    """ISO 8601, UTC."""


def this_machine() -> Machine:
    """The machine as it is now."""
    return Machine(
        processor=_processor(),
        cores=usable_cores(),
        system=platform.platform(),
        python=sys.version.split()[0],
        packages={name: found for name in PACKAGES if (found := _version(name))},
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def usable_cores() -> tuple[int, ...]:
    """Numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def pin_to(cores: Sequence[int]) -> None:
    """Keep this process and all that it starts to these cores; ValueError where that cannot be done."""
    if not hasattr(os, "sched_setaffinity"):
        raise ValueError("this system cannot pin a process to cores; leave --cpus away")
    try:
        os.sched_setaffinity(0, cores)
    except (OSError, OverflowError):
        raise ValueError(f"cores {','.join(map(str, cores))}: this machine has {usable_cores()}") from None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
