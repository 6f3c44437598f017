"""The pages on security and privacy are true: their commands run, all commands, scopes and kinds are on them."""

import re
import shlex
from pathlib import Path

import pytest

from serving.cli import main
from serving.commands.keys import keys
from serving.commands.privacy import privacy
from serving.errors import Forbidden, RateLimited, Unauthorized, answer_for
from serving.keys.key import Scope
from serving.keys.permissions import ANY_KEY, PUBLIC
from serving.privacy.views import KINDS
from serving.privacy_settings import PrivacySettings

DOCS = Path(__file__).parents[3] / "docs"
SECURITY, PRIVACY = ((DOCS / name).read_text() for name in ("security.md", "privacy.md"))


def test_the_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    for page in (SECURITY, PRIVACY):
        for block in re.findall(r"```bash\n(.*?)```", page, re.DOTALL):
            for line in block.splitlines():
                with pytest.raises(SystemExit) as ended:
                    main(shlex.split(line)[1:])
                assert not ended.value.code, line + capsys.readouterr().err


def test_all_commands_are_there() -> None:
    told = set(re.findall(r"voicesearch (keys \w+|privacy \w+)", SECURITY + PRIVACY))
    assert told == {f"keys {name}" for name in keys.commands} | {f"privacy {name}" for name in privacy.commands}


def test_all_scopes_and_statuses_are_there() -> None:
    assert all(f"| `{scope.value}` |" in SECURITY for scope in Scope)
    for error in (Unauthorized(""), Forbidden(""), RateLimited("", 1.0)):
        answer = answer_for(error)
        assert answer
        assert f"| {answer.status} | `{answer.code}` |" in SECURITY
    assert all(f"`{path}`" in SECURITY for path in (*ANY_KEY, "/healthz", "/readyz"))
    assert {"/healthz", "/readyz", "/"} <= PUBLIC


def test_all_kinds_are_there_with_their_days() -> None:
    for kind in KINDS:
        assert re.search(rf"`privacy\.{kind}_days`, {getattr(PrivacySettings(), f'{kind}_days'):g}\b", PRIVACY), kind
