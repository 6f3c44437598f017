"""The page on alarms names every key with its default and meaning, and its example is a file that works."""

import json
import re
from pathlib import Path

import pytest

from monitoring.alarms.policy import Policies, Policy, read_policies, signal_names
from monitoring.alarms.receivers import Alertmanager, Webhook
from monitoring.alarms.silence import SilenceWindow
from monitoring.alarms.thresholds import Adaptive, Static, Statistical, Table
from monitoring.signals.voice import VOICE

PAGE = (Path(__file__).parents[3] / "docs" / "alarms.md").read_text()
TABLES: dict[str, type[Table]] = {
    "The file": Policies,
    "`[policy.NAME]`": Policy,
    "`threshold`, kind `static`": Static,
    "`threshold`, kind `adaptive`": Adaptive,
    "`threshold`, kind `statistical`": Statistical,
    "`silences`": SilenceWindow,
    "kind `webhook`": Webhook,
    "kind `alertmanager`": Alertmanager,
}


def documented(heading: str) -> list[tuple[str, str, str]]:
    _, _, rest = PAGE.partition(f"# {heading}\n")
    text = re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]
    return [
        (key, default, meaning) for key, default, meaning in re.findall(r"^\| `(\w+)` \| (.+?) \| (.+) \|$", text, re.M)
    ]


def expected(table: type[Table]) -> list[tuple[str, str, str]]:
    rows = []
    for key, field in table.model_fields.items():
        default = "required" if field.is_required() else json.dumps(field.get_default(call_default_factory=True))
        if key != "kind":
            rows.append(
                (key, {"required": "required", "null": "-"}.get(default, f"`{default}`"), str(field.description))
            )
    return rows


@pytest.mark.parametrize("heading", TABLES)
def test_every_key_is_there_with_its_default_and_meaning(heading: str) -> None:
    assert documented(heading) == expected(TABLES[heading])


def test_the_example_works(tmp_path: Path) -> None:
    [example] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "policies.toml"
    path.write_text(example)
    policies = read_policies(path, signals=signal_names(VOICE))
    assert next(iter(policies.policy)) == "snr_of_phones"
    assert "server_load" not in policies.policy
    assert policies.receivers_of("no_transcripts") == ["on_call", "alertmanager"]
