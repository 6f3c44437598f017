"""Rollouts on a real server: by command, under load, through errors and kills."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from serving.cli import main
from tests.serving.processes import PATIENT, ServerProcess, serving, wait_until

VARIANTS = [{"name": "quiet", "frontend": {"level_lufs": -30.0}, "timeout_s": 20.0}]
SETTINGS = {**PATIENT, "rollout.variants": json.dumps(VARIANTS), "rollout.check_every_s": "0.2", "model.workers": "1"}
ASKERS = 3
TYPO = {"signal": "null_transcripts", "margin": 0.005, "part": 0.5}


@dataclass(frozen=True)
class Told:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.out)
        return found


@dataclass
class Load:
    """Users who ask all the time."""

    asked: list[tuple[float, int, str]] = field(default_factory=list)
    """When each query began, its status, and who answered."""

    def answers(self, *, since: float = 0.0) -> list[str]:
        return [variant for began, _, variant in list(self.asked) if began >= since]


@contextmanager
def under_load(url: str, clip: bytes) -> Iterator[Load]:
    load, stop = Load(), threading.Event()

    def ask(asker: int) -> None:
        with httpx.Client(timeout=60) as client:
            for number in range(100_000):
                if stop.is_set():
                    return
                began = time.monotonic()
                answer = client.post(
                    f"{url}/v1/search", files={"file": clip}, data={"user_id": f"user-{asker}-{number % 40}"}
                )
                load.asked.append((began, answer.status_code, answer.json().get("variant", "")))

    threads = [threading.Thread(target=ask, args=(asker,)) for asker in range(ASKERS)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stop.set()
        for thread in threads:
            thread.join()


Command = Callable[..., Told]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """`voicesearch rollout`, in this process."""

    def run(server: ServerProcess, *arguments: str) -> Told:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["rollout", *arguments, "--url", server.url])
        said = capsys.readouterr()
        return Told(int(ended.value.code or 0), said.out, said.err)

    return run


def here(server: ServerProcess) -> dict[str, object]:
    found: dict[str, object] = httpx.get(f"{server.url}/admin/rollouts").json()["here"]
    return found


def enough(load: Load, *, since: float, variant: str | None = None, n: int = 12) -> bool:
    answers = load.answers(since=since)
    return len([one for one in answers if variant in (None, one)]) >= n


@pytest.mark.slow
def test_a_canary_is_promoted_and_rolled_back_under_load(tmp_path: Path, query_clip: Path, command: Command) -> None:
    with serving(tmp_path, SETTINGS) as server, under_load(server.url, query_clip.read_bytes()) as load:
        wait_until(lambda: enough(load, since=0, n=5), limit_s=60)
        policy = ("--policy", "steps=[0.5, 1]")
        started = command(server, "start", "quiet", "--by", "ann", "--note", "softer", *policy, "--json")
        assert (started.code, started.document["share"]) == (0, 0.5), started.err
        begun = time.monotonic()
        wait_until(lambda: enough(load, since=begun, variant="quiet"), limit_s=60)
        wait_until(lambda: enough(load, since=begun, variant="champion"), limit_s=60)
        promoted = command(server, "promote", "--by", "bob")
        assert (promoted.code, "quiet after champion: promoted" in promoted.out) == (0, True)
        switched = time.monotonic()
        wait_until(lambda: enough(load, since=switched), limit_s=60)
        back = command(server, "rollback", "--by", "bob")
        assert (back.code, "rolled back" in back.out) == (0, True)
        undone = time.monotonic()
        wait_until(lambda: enough(load, since=undone), limit_s=60)
        wait_until(lambda: here(server)["loaded"] == ["champion"], limit_s=30)
        story = command(server, "history", "--json")
    between = [variant for began, _, variant in load.asked if switched <= began < undone - 1.0]
    assert set(between) <= {"quiet"}
    assert set(load.answers(since=undone)) == {"champion"}
    assert {status for _, status, _ in load.asked} == {200}
    lines = json.loads(story.out)
    assert [(line["action"], line["by"], line["note"]) for line in lines] == [
        ("start", "ann", "softer"),
        ("promote", "bob", ""),
        ("rollback", "bob", ""),
    ]


@pytest.mark.slow
def test_a_kill_jumps_no_stage(tmp_path: Path, command: Command) -> None:
    with serving(tmp_path, SETTINGS) as server:
        assert command(server, "start", "quiet", "--policy", "steps=[0.1, 0.2, 0.4, 1]").code == 0
        assert command(server, "advance").code == 0
        assert command(server, "pause").code == 0
        before = httpx.get(f"{server.url}/admin/rollouts").json()
    with serving(tmp_path, SETTINGS) as server:
        after = httpx.get(f"{server.url}/admin/rollouts").json()
        assert after == before
        assert (here(server)["share"], here(server)["loaded"]) == (0.2, ["champion", "quiet"])
        assert command(server, "resume").code == 0
        assert command(server, "promote").code == 0
    with serving(tmp_path, SETTINGS) as server:
        assert here(server)["champion"] == "quiet"
        assert set(here(server)["loaded"]) == {"champion", "quiet"}  # type: ignore[call-overload]
        assert command(server, "rollback").code == 0
        assert here(server)["champion"] == "champion"


@pytest.mark.slow
def test_what_operators_see_and_what_is_refused(tmp_path: Path, command: Command) -> None:
    with serving(tmp_path, SETTINGS) as server:
        refused = [
            (("status", "ro_none"), "there is no rollout 'ro_none' (404)"),
            (("advance",), "there is no rollout yet"),
            (("start", "nobody"), "there is no variant 'nobody'; there are: champion, quiet (404)"),
            (("start", "champion"), "champion is the champion already (409)"),
            (("start", "quiet", "--policy", "steps=[0.5,0.1]"), "policy: steps must rise: 0.5, 0.1 (422)"),
            (("start", "quiet", "--policy", "steps"), "'steps' is not of the form KEY=VALUE"),
            (("start", "missing.toml"), "missing.toml"),
        ]
        for arguments, message in refused:
            told = command(server, *arguments)
            assert (told.code, message in told.err, told.err.count("\n")) == (2, True, 1), (arguments, told)
        broken = httpx.post(
            f"{server.url}/admin/rollouts", json={"by": "ann", "variant": {"name": "broken", "model": "no-such"}}
        )
        assert (broken.status_code, "no model 'no-such'" in broken.json()["error"]["message"]) == (422, True)
        assert command(server, "status", "--json").document["rollout"] is None

        assert command(server, "start", "quiet", "--strategy", "blue_green").code == 0
        wait_until(lambda: "its evidence was not" not in command(server, "status").out)
        shown = command(server, "status").out
        assert "quiet after champion, blue_green; standby" in shown
        assert "a person switches" in shown
        late = command(server, "promote", "--version", "7")
        assert "has version 1 by now (standby), not 7 (409)" in late.err
        two = command(server, "start", "quiet")
        assert "goes on (standby); end it first (409)" in two.err
        assert command(server, "end", "--note", "never mind").code == 0
        assert "is over (ended); there is nothing to rollback (409)" in command(server, "rollback").err
        assert "never mind" in command(server, "history").out
        nowhere = command(ServerProcess(tmp_path, 9, server.process), "status")
        assert (nowhere.code, "no answer from http://127.0.0.1:9" in nowhere.err) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"variant": {"name": "UPPER"}}, 422, "variant.name"),
        ({"variant": {"name": "x", "surprise": 1}}, 422, "variant.surprise"),
        ({"variant": {"name": "x", "timeout_s": 1e308}}, 422, "variant.timeout_s"),
        ({"variant": {"name": "x", "convention": "shouting"}}, 422, "variant.convention"),
        ({"variant": {"name": "x", "url": "http://[::1"}}, 422, "variant.url"),
        ({"variant": "quiet", "strategy": "yolo"}, 422, "strategy"),
        ({"variant": "quiet", "policy": {"guardrails": []}}, 422, "policy"),
        ({"variant": "quiet", "policy": {"nothing": 1}}, 422, "policy"),
        ({"variant": "quiet", "policy": {"guardrails": [TYPO]}}, 422, "policy"),
        ({"variant": {"name": "champion", "model": "x"}}, 409, "variant"),
        ({}, 422, "variant"),
    ],
)
def test_bad_starts(server_url: str, body: dict[str, object], status: int, param: str) -> None:
    answer = httpx.post(f"{server_url}/admin/rollouts", json={"by": "ann", **body})
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param), answer.text
    assert httpx.get(f"{server_url}/admin/rollouts").json()["open"] is None


@pytest.fixture(scope="module")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("rollouts"), SETTINGS) as server:
        yield server.url
