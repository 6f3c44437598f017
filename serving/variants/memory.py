"""Whether there is memory for another model: what is free here, against what its files are known to take.

Free is the least of what the kernel could give (`MemAvailable`) and what each control group above this process has
left, its file cache not counted, since that is given back. Linux only: elsewhere nothing is known and nothing refused.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from serving.errors import VariantUnavailable

MEGABYTE: Final = 2**20
PROCESS_BYTES: Final = 140 * MEGABYTE
"""Of a process with an engine, beside the weights: Python and libraries 32 MB, and 100 MB of working memory for the
largest batch (40 s of sound), measured with Moonshine Tiny."""
WEIGHTS_FACTOR: Final = 2.5
"""Resident bytes for each byte of a model's files: 101 MB for Moonshine Tiny's 42 MB."""
RESERVE_BYTES: Final = 256 * MEGABYTE
"""Left for what runs already."""


def needed_bytes(files_bytes: int, *, processes: int) -> int:
    """What that many processes with a model of that size take."""
    return processes * (PROCESS_BYTES + round(WEIGHTS_FACTOR * files_bytes))


def check_memory(needed: int, *, free: int | None) -> None:
    """Raise VariantUnavailable where less is free than is needed; None, not known, refuses nothing."""
    if free is not None and free < needed + RESERVE_BYTES:
        raise VariantUnavailable(
            f"it needs about {needed // MEGABYTE} MB of memory; {free // MEGABYTE} MB are free, "
            f"of which {RESERVE_BYTES // MEGABYTE} MB are kept for what runs already"
        )


def free_bytes(proc: Path = Path("/proc"), groups: Path = Path("/sys/fs/cgroup")) -> int | None:
    """What this process may still take; None where there is no `/proc/meminfo`."""
    available = _number(proc / "meminfo", r"MemAvailable:\s+(\d+) kB")
    if available is None:
        return None
    return max(0, min([available * 1024, *_left_in_groups(proc, groups)]))


def _left_in_groups(proc: Path, groups: Path) -> Iterator[int]:
    for line in _read(proc / "self" / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            files = "memory.max", "memory.current", r"^inactive_file (\d+)"
            yield from _left(groups, path, files)
        elif "memory" in controllers.split(","):
            files = "memory.limit_in_bytes", "memory.usage_in_bytes", r"^total_inactive_file (\d+)"
            yield from _left(groups / "memory", path, files)


def _left(root: Path, path: str, files: tuple[str, str, str]) -> Iterator[int]:
    """What the group and each one above it has left; in a container the path is often the host's, and only the
    root is there."""
    limit_file, usage_file, cache = files
    group = root / path.lstrip("/")
    for folder in [group, *group.parents][: len(group.relative_to(root).parts) + 1]:
        limit, usage = _number(folder / limit_file, r"^(\d+)"), _number(folder / usage_file, r"^(\d+)")
        if limit is not None and usage is not None:
            yield limit - usage + (_number(folder / "memory.stat", cache) or 0)


def _number(path: Path, pattern: str) -> int | None:
    found = re.search(pattern, _read(path), re.MULTILINE)
    return int(found[1]) if found else None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
