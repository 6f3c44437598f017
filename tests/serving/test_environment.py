"""Variables that look like ours: those that are read are known, and misspelt ones are told."""

import re
from pathlib import Path

import pytest

from serving.environment import OTHER_VARIABLES, unread
from serving.settings import unread_variables

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("asr", "data_pipeline", "monitoring", "serving")
SETTINGS = ("VOICESEARCH_SERVER__PORT", "VOICESEARCH_FRONTEND__VAD")
SECTIONS = ("server", "frontend")


def test_every_variable_that_the_code_reads_is_known_and_documented() -> None:
    sources = (path.read_text() for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))
    read = {name for text in sources for name in re.findall(r'(?:get\(|environ\[|envvar=)"(VOICESEARCH_\w+)"', text)}
    page = (REPOSITORY / "docs" / "configuration.md").read_text()
    assert read == OTHER_VARIABLES == set(re.findall(r"^\| `(VOICESEARCH_\w+)` \|", page, re.MULTILINE))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("VOICESEARCH_SERVER_PORT", "VOICESEARCH_SERVER__PORT"),
        ("voicesearch_frontend_vad", "VOICESEARCH_FRONTEND__VAD"),
        ("VOICESEARCH_CASHE", "VOICESEARCH_CACHE"),
        ("voicesearch_offline", "VOICESEARCH_OFFLINE"),
    ],
)
def test_the_nearest_variable_is_named(name: str, meant: str) -> None:
    assert unread([name], SETTINGS, SECTIONS) == [f"{name} is not read; did you mean {meant}?"]


def test_one_that_is_like_no_other_is_told_too() -> None:
    assert unread(["VOICESEARCH_QQQQ"], SETTINGS, SECTIONS) == ["VOICESEARCH_QQQQ is not read"]


def test_what_is_read_or_not_ours_is_not_told() -> None:
    names = [*OTHER_VARIABLES, *SETTINGS, "VOICESEARCH_SERVER", "VOICESEARCHER", "PATH", "VOICESEARCH_FRONTEND__VADD"]
    assert unread(names, SETTINGS, SECTIONS) == []


def test_it_is_this_environment_that_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICESEARCH_LIMITS_DEADLINE_S", "1")
    assert unread_variables() == [
        "VOICESEARCH_LIMITS_DEADLINE_S is not read; did you mean VOICESEARCH_LIMITS__DEADLINE_S?"
    ]
