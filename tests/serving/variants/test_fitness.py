"""Settings with which a variant could never be loaded, each named."""

from pathlib import Path

import pytest

from asr.registry import read_registry
from serving.catalog import MAX_BYTES
from serving.errors import BadField
from serving.variants.fitness import check_fit
from serving.variants.variant import Variant

ELSEWHERE = "http://127.0.0.1:9000/v1"
UNFIT: list[tuple[dict[str, object], str, str]] = [
    ({"convention": "shouting"}, "convention", "no transcript convention 'shouting'; there are verbatim@1"),
    ({"catalog": "absent.csv"}, "catalog", "absent.csv: no such file"),
    ({"catalog": "items.xlsx"}, "catalog", "a catalogue is a .csv or a .jsonl file"),
    ({"catalog": "x" * 5000 + ".csv"}, "catalog", "File name too long"),
    ({"catalog": "huge.jsonl"}, "catalog", "huge.jsonl: larger than 256 MiB"),
    ({"model": "moonshine-tin"}, "model", "no model 'moonshine-tin' is registered"),
    ({"url": ELSEWHERE, "key_variable": "ABSENT_KEY"}, "key_variable", "ABSENT_KEY holds no API key"),
    ({"url": ELSEWHERE, "key_variable": "BROKEN_KEY"}, "key_variable", "BROKEN_KEY holds no API key"),
    ({"url": "http://[::1"}, "url", "this is no URL"),
    ({"url": "http://:90"}, "url", "this is no URL"),
    ({"url": "http://a:99999"}, "url", "this is no URL"),
    ({"url": "http://a:0"}, "url", "this is no URL"),
    ({"url": "http://ann:secret@xn--/v1"}, "url", "this is no URL"),
]


@pytest.mark.parametrize(("settings", "field", "complaint"), UNFIT, ids=lambda one: str(one)[:40])
def test_an_unfit_setting_is_named(
    settings: dict[str, object], field: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BROKEN_KEY", "secret\nkey")
    with Path("huge.jsonl").open("wb") as huge:
        huge.truncate(MAX_BYTES + 1)
    with pytest.raises(BadField) as refused:
        check_fit(Variant.model_validate({"name": "unfit", **settings}), read_registry())
    assert refused.value.field == f"variant.{field}"
    assert complaint in str(refused.value)
    assert "secret" not in str(refused.value)


def test_what_can_be_loaded_is_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = tmp_path / "items.csv"
    catalog.touch()
    monkeypatch.setenv("OLD_KEY", "secret")
    registry = read_registry()
    check_fit(Variant(name="plain"), registry)
    check_fit(
        Variant(name="whole", model=next(iter(registry.models)), convention="verbatim@1", catalog=catalog), registry
    )
    check_fit(Variant(name="old", url="http://[::1]:9000/v1", key_variable="OLD_KEY", model="whisper-1"), registry)
