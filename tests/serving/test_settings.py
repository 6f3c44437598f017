"""`voicesearch.toml`, the environment, and the page that documents every key."""

import json
import re
from pathlib import Path

import pytest

from asr.front_end import FrontEnd
from serving.section import Section
from serving.settings import Settings, read_settings

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
ROW = re.compile(r"\| `(?P<key>\w+)` \| (?P<default>.*?) \| (?P<meaning>.+?) \|")


def sections() -> dict[str, type[Section]]:
    found = {}
    for name, field in Settings.model_fields.items():
        assert isinstance(field.default, Section)
        found[name] = type(field.default)
    return found


def documented() -> dict[str, dict[str, tuple[str, str]]]:
    """Section to key to default and meaning, as the page says them."""
    tables: dict[str, dict[str, tuple[str, str]]] = {}
    for line in PAGE.read_text().splitlines():
        if heading := re.fullmatch(r"## `\[(\w+)\]`", line):
            tables[heading[1]] = {}
        elif row := ROW.fullmatch(line):
            tables[list(tables)[-1]][row["key"]] = (row["default"], row["meaning"])
    return tables


def as_toml(value: object) -> str:
    """A default as one would write it in the file; an absent one is a dash."""
    return "-" if value is None else f"`{json.dumps(value)}`"


def test_every_key_is_documented_with_its_default_and_meaning() -> None:
    expected = {
        name: {
            key: (as_toml(section().model_dump(mode="json")[key]), field.description)
            for key, field in section.model_fields.items()
        }
        for name, section in sections().items()
    }
    assert documented() == expected


def test_the_defaults_are_the_front_ends_own() -> None:
    assert Settings().frontend.front_end() == FrontEnd()


def test_no_file_gives_the_defaults() -> None:
    assert read_settings(None) == Settings()


def write(folder: Path, text: str) -> Path:
    path = folder / "voicesearch.toml"
    path.write_text(text)
    return path


def test_a_file_sets_what_it_names(tmp_path: Path) -> None:
    settings = read_settings(write(tmp_path, "[server]\nport = 9000\n[frontend]\nvad = 'webrtc'\nnormalize = false\n"))
    assert (settings.server.port, settings.server.host) == (9000, "127.0.0.1")
    assert settings.frontend.vad == "webrtc"
    assert settings.frontend.front_end().loudness is None
    assert settings.limits == Settings().limits


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICESEARCH_SERVER__PORT", "9001")
    monkeypatch.setenv("VOICESEARCH_MODEL__ALIASES", '["whisper-1", "house"]')
    settings = read_settings(write(tmp_path, "[server]\nport = 9000\nhost = '::1'\n"))
    assert (settings.server.port, settings.server.host) == (9001, "::1")
    assert settings.model.aliases == ("whisper-1", "house")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[server]\nprot = 1\n", r"voicesearch\.toml: server\.prot: .*; did you mean server\.port\?"),
        ("[severs]\n", r"unknown section \[severs\]; there are: server, model"),
        ("[server]\nport = 70000\n", "server.port"),
        ("[server]\nlog_level = 'loud'\n", "server.log_level"),
        ("[limits]\ndeadline_s = nan\n", "limits.deadline_s"),
        ("[limits]\ndeadline_s = 0\n", "limits.deadline_s"),
        ("[limits]\nmax_upload_mb = inf\n", "limits.max_upload_mb"),
        ("[frontend]\nvad = 'ears'\n", "frontend.vad"),
        ("[frontend]\nthreshold = 1.1\n", "frontend.threshold"),
        ("server = 3\n", "server"),
        ("[server", "voicesearch.toml"),
        ("[server]\nhost = '\udcff'\n", "voicesearch.toml"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "voicesearch.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=words) as error:
        read_settings(path)
    assert "\n" not in str(error.value).strip()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("VOICESEARCH_SERVER__PORT", "many", "server.port"),
        ("VOICESEARCH_SERVER__PROT", "1", r"VOICESEARCH_SERVER__PROT: server\.prot: .*; did you mean server\.port\?"),
        ("VOICESEARCH_FRONTEND__VADD", "1", r"^VOICESEARCH_FRONTEND__VADD: .*; did you mean frontend\.vad\?"),
        ("VOICESEARCH_SEVERS__PORT", "1", "VOICESEARCH_SEVERS__PORT"),
        ("VOICESEARCH_MODEL__ALIASES", "house", "model"),
        ("VOICESEARCH_SERVER", "3", "server"),
    ],
)
def test_what_is_wrong_in_the_environment_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=words):
        read_settings(None)


def test_other_variables_of_ours_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICESEARCH_CACHE", "/somewhere")
    monkeypatch.setenv("VOICESEARCH_OFFLINE", "1")
    assert read_settings(None) == Settings()
