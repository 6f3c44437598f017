"""`voicesearch review claim` and what follows it, against a real server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.cli import main
from serving.review.item import State
from serving.review.store import ReviewStore
from serving.state.store import StateStore
from tests.serving.processes import ServerProcess, serving
from tests.serving.review.making import item

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def queue(server: ServerProcess) -> Iterator[ReviewStore]:
    state = StateStore.open(server.database)
    yield ReviewStore(state)
    state.close()


def run(server: ServerProcess, *arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["review", *arguments, "--url", server.url])
    return int(ended.value.code or 0)


def test_from_claim_to_verdict(
    server: ServerProcess,
    queue: ReviewStore,
    query_clip: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    queue.offer(item(1, media=str(query_clip)))
    sound = tmp_path / "query.audio"
    assert run(server, "claim", "--by", "ann", "--recording", str(sound)) == 0
    assert sound.read_bytes() == query_clip.read_bytes()
    assert capsys.readouterr().out == "req_000001: claimed\n"
    assert run(server, "submit", "req_000001", "play jazz", "--by", "ann", "--convention", "search@1") == 0
    assert capsys.readouterr().out == "req_000001: done; the model heard: play some jazz\n"
    [said] = queue.reviews("req_000001")
    assert (said.labeler, said.text) == ("ann", "play jazz")
    assert run(server, "claim", "--by", "ann") == 0
    assert capsys.readouterr().out == "nothing waits for you\n"
    assert run(server, "claim", "--by", "ann", "--json") == 0
    assert json.loads(capsys.readouterr().out) is None


def test_skip_release_and_unintelligible(
    server: ServerProcess, queue: ReviewStore, capsys: pytest.CaptureFixture[str]
) -> None:
    queue.offer(item(2))
    for deeds, after in (
        (("claim", "release"), State.WAITING),
        (("claim", "skip"), State.WAITING),
    ):
        for deed in deeds:
            assert run(server, deed, "req_000002", "--by", "ann") == 0
        assert queue.get("req_000002").state is after
    assert run(server, "claim", "--by", "bob", "--json") == 0
    shown = capsys.readouterr().out
    assert json.loads(shown[shown.index("{") :])["claimed_by"] == "bob"
    assert run(server, "unintelligible", "req_000002", "--by", "bob") == 0
    assert queue.get("req_000002").state is State.DONE


def test_what_cannot_be_is_one_line(
    server: ServerProcess, queue: ReviewStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    queue.offer(item(3))
    for command, complaint in (
        (("claim", "../3"), "(404)"),
        (("submit", "req_000003", "play jazz"), "(409)"),
        (("submit", "req_000003", "a" * 2001), "(422)"),
        (("skip", "nobody"), "there is no review item 'nobody' (404)"),
    ):
        assert run(server, *command, "--by", "ann") == 2
        [line] = capsys.readouterr().err.splitlines()
        assert complaint in line
    sound = tmp_path / "query.audio"
    assert run(server, "claim", "req_000003", "--by", "ann", "--recording", str(sound)) == 2
    assert capsys.readouterr() == ("req_000003: claimed\n", "voicesearch: error: it has no recording\n")
    assert not sound.exists()
    for deed in (("claim",), ("release", "req_000003")):
        with pytest.raises(SystemExit) as ended:
            main(["review", *deed, "--url", "http://127.0.0.1:1"])
        assert ended.value.code == 2
        [line] = capsys.readouterr().err.splitlines()
        assert "no answer from http://127.0.0.1:1" in line
