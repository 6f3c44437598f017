"""`voicesearch keys` over a database of its own, without a server."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from serving.cli import main
from serving.keys.actions import ActionLog
from serving.keys.secret import parse
from serving.rollouts.policy import Policy
from serving.rollouts.rollouts import Rollouts
from serving.rollouts.stages import Strategy
from serving.rollouts.store import RolloutStore
from serving.state.store import StateStore
from serving.variants.variant import Variant

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in an empty folder: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["keys", *arguments])
        return int(ended.value.code or 0), *capsys.readouterr()

    return command


def test_a_life_of_a_key(run: Run, tmp_path: Path) -> None:
    code, made, told = run("create", "--name", "web app", "--scope", "reviewer", "--days", "30", "--tenant", "acme")
    token = parse(made.strip())
    assert code == 0
    assert token is not None
    assert "kept nowhere" in told
    code, listed, _ = run("list")
    assert (code, token.secret in listed) == (0, False)
    assert all(text in listed for text in (token.key_id, "web app", "reviewer", "acme"))
    code, rotated, _ = run("rotate", token.key_id, "--grace-s", "60", "--json")
    assert json.loads(rotated)["id"] == token.key_id
    assert run("revoke", token.key_id)[0] == 0
    assert token.key_id not in run("list")[1]
    [ended] = json.loads(run("list", "--all", "--json")[1])
    assert ended["ends_at"] < ended["created_at"] + 3600
    state = StateStore.open(f"sqlite:///{tmp_path}/voicesearch.db")
    assert [one.action for one in ActionLog(state).page()] == ["keys revoke", "keys rotate", "keys create"]
    state.close()


def test_revoked_twice_it_ends_once(run: Run, tmp_path: Path) -> None:
    key_id = json.loads(run("create", "--name", "a", "--json")[1])["id"]
    assert run("revoke", key_id)[0::2] == (0, f"{key_id} is not valid any more\n")
    listed = run("list", "--all", "--json")
    code, _, told = run("revoke", key_id)
    assert (code, f"{key_id} had ended already" in told, "(shell)" in told) == (0, True, True)
    assert run("list", "--all", "--json") == listed
    state = StateStore.open(f"sqlite:///{tmp_path}/voicesearch.db")
    assert [one.action for one in ActionLog(state).page()] == ["keys revoke", "keys create"]
    state.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("create", "--name", ""), "--name"),
        (("create", "--name", "a", "--scope", "root"), "--scope"),
        (("create", "--name", "a", "--requests-per-s", "nan"), "--requests-per-s"),
        (("create", "--name", "a", "--burst", "0"), "--burst"),
        (("create", "--name", "a", "--days", "-1"), "--days"),
        (("create", "--name", "a", "--store", "mysql://x"), "mysql"),
        (("create", "--name", "a", "--store", "sqlite:////proc/x.db"), "/proc/x.db"),
        (("create",), "--name"),
        (("revoke", "nothing"), "no event store"),
        (("list",), "no event store"),
    ],
)
def test_what_is_wrong_is_one_line(run: Run, arguments: tuple[str, ...], words: str) -> None:
    code, _, told = run(*arguments)
    assert (code, told.count("\n")) == (2, 1)
    assert words in told


def test_a_key_is_for_a_variant_that_there_is(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('[[rollout.variants]]\nname = "quiet"\n')
    assert run("create", "--name", "a", "--variant", "champion")[0] == 0
    assert run("create", "--name", "b", "--variant", "quiet", "--config", "own.toml")[0] == 0
    code, made, told = run("create", "--name", "c", "--variant", "quiet")
    assert (code, made, told.count("\n")) == (2, "", 1)
    assert "no variant 'quiet' in the configuration or the database; there are: champion" in told
    state = StateStore.open(f"sqlite:///{tmp_path}/voicesearch.db")
    variant = Variant(name="quiet")
    Rollouts(RolloutStore(state), {}, newest_event=lambda: 0).start(variant, Strategy.CANARY, Policy(), by="ann")
    state.close()
    assert run("create", "--name", "c", "--variant", "quiet")[0] == 0


def test_a_name_is_taken_once_and_an_unknown_key_is_named(run: Run) -> None:
    assert run("create", "--name", "a")[0] == 0
    for command in ("revoke", "rotate"):
        code, _, told = run(command, "nothing")
        assert (code, "no key 'nothing'" in told) == (2, True)
    code, _, told = run("create", "--name", "a")
    assert (code, "is in force" in told) == (2, True)
