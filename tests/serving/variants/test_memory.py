"""What is free, by files as the kernel writes them; and what is refused."""

from pathlib import Path

import pytest

from asr.cache import locate
from serving.errors import VariantUnavailable
from serving.variants.memory import RESERVE_BYTES, check_memory, free_bytes, needed_bytes

GB = 2**30
MEMINFO = "MemTotal:       24000000 kB\nMemFree:          100000 kB\nMemAvailable:    8388608 kB\n"


def machine(folder: Path, group: str, files: dict[str, str]) -> tuple[Path, Path]:
    """A `/proc` and a `/sys/fs/cgroup`."""
    contents = {"proc/meminfo": MEMINFO, "proc/self/cgroup": group} | {f"cgroup/{k}": v for k, v in files.items()}
    for name, text in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder / "proc", folder / "cgroup"


def v2(path: str, limit: str, usage: int, cache: int = 0) -> dict[str, str]:
    stat = f"anon 5\ninactive_file {cache}\nactive_file 7\n"
    return {f"{path}memory.max": f"{limit}\n", f"{path}memory.current": f"{usage}\n", f"{path}memory.stat": stat}


def test_without_a_group_it_is_what_the_kernel_could_give(tmp_path: Path) -> None:
    assert free_bytes(*machine(tmp_path, "0::/\n", {})) == 8 * GB


def test_an_unlimited_group_limits_nothing(tmp_path: Path) -> None:
    assert free_bytes(*machine(tmp_path, "0::/a\n", v2("a/", "max", GB))) == 8 * GB


def test_a_group_limits_and_its_file_cache_is_given_back(tmp_path: Path) -> None:
    assert free_bytes(*machine(tmp_path, "0::/a\n", v2("a/", str(2 * GB), GB, cache=GB // 2))) == GB + GB // 2


def test_a_group_above_limits_too(tmp_path: Path) -> None:
    files = v2("a/b/", str(4 * GB), GB) | v2("a/", str(2 * GB), GB)
    assert free_bytes(*machine(tmp_path, "0::/a/b\n", files)) == GB


def test_in_a_container_the_group_stands_at_the_root(tmp_path: Path) -> None:
    assert free_bytes(*machine(tmp_path, "0::/docker/abc\n", v2("", str(2 * GB), GB))) == GB


def test_groups_of_the_first_version(tmp_path: Path) -> None:
    files = {
        "memory/a/memory.limit_in_bytes": str(3 * GB),
        "memory/a/memory.usage_in_bytes": str(2 * GB),
        "memory/a/memory.stat": f"inactive_file 1\ntotal_inactive_file {GB // 4}\n",
        "memory/memory.limit_in_bytes": "9223372036854771712",
        "memory/memory.usage_in_bytes": str(5 * GB),
    }
    assert free_bytes(*machine(tmp_path, "5:cpu:/x\n4:memory:/a\n0::/\n", files)) == GB + GB // 4


def test_a_group_over_its_limit_has_nothing_left(tmp_path: Path) -> None:
    assert free_bytes(*machine(tmp_path, "0::/a\n", v2("a/", str(GB), 2 * GB))) == 0


def test_elsewhere_nothing_is_known_and_nothing_refused(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "proc", tmp_path / "cgroup") is None
    check_memory(10**18, free=None)


def test_here_something_is_free() -> None:
    assert 0 < (free_bytes() or 0) < 2**50


def test_what_does_not_fit_beside_what_runs_is_refused_with_its_numbers() -> None:
    check_memory(GB, free=GB + RESERVE_BYTES)
    with pytest.raises(VariantUnavailable, match="needs about 1024 MB of memory; 1279 MB are free, of which 256 MB"):
        check_memory(GB, free=GB + RESERVE_BYTES - 1)


def test_each_process_takes_its_own() -> None:
    size_bytes = locate("moonshine-tiny-en").model.size_bytes
    one = needed_bytes(size_bytes, processes=1)
    assert 200 * 2**20 < one < 300 * 2**20
    assert needed_bytes(size_bytes, processes=3) == 3 * one
