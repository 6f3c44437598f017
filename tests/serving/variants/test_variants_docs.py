"""docs/variants.md tells of every key, and its example is one."""

import re
import tomllib
from pathlib import Path

from serving.settings import read_settings
from serving.variants.variant import Variant

PAGE = (Path(__file__).parents[3] / "docs/variants.md").read_text()


def test_every_key_is_documented() -> None:
    documented = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert documented == list(Variant.model_fields)


def test_the_example_is_read(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert tomllib.loads(example)
    (tmp_path / "voicesearch.toml").write_text(example)
    short, old = read_settings(tmp_path / "voicesearch.toml").rollout.variants
    assert (short.name, short.frontend.trail_padding_s) == ("short-padding", 0.1)
    assert old.is_external
