import json
import tomllib
from pathlib import Path
from shutil import copyfile

import numpy as np
import pytest

from data_pipeline.behaviour.confusion import estimate
from data_pipeline.behaviour.fit import edit_distance_judge, fit, judge
from data_pipeline.behaviour.halves import read_queries
from data_pipeline.behaviour.pairs import Pair, Query, spoken_pairs, typed_pairs
from data_pipeline.behaviour.rebuild import rebuild
from data_pipeline.behaviour.takes import Asked
from data_pipeline.behaviour.users import UserModel
from data_pipeline.behaviour.watch import watch
from data_pipeline.manifest import Row, write_manifest
from data_pipeline.simulation.profiles import DeviceProfile
from monitoring.behaviour.retry import FEATURES, shipped_detector


@pytest.fixture
def pairs(asked: list[Asked], queries: list[Query]) -> list[Pair]:
    words = {word for one in queries for word in one.text.split()}
    confusion, rng = estimate([one.first for one in asked if one.device == "phone"], words), np.random.default_rng(0)
    return [*spoken_pairs(asked, rng), *(pair for _ in range(5) for pair in typed_pairs(queries, confusion, rng))]


def test_the_fit_beats_chance_and_knows_its_features(pairs: list[Pair]) -> None:
    detector = fit(pairs)
    assert len(detector.weights) == len(FEATURES)
    assert judge(pairs, detector.is_retry).balanced > 0.75
    assert fit(pairs) == detector


def test_the_simple_rule_is_the_best_threshold(pairs: list[Pair]) -> None:
    rule, threshold = edit_distance_judge(pairs)
    best = judge(pairs, rule).balanced
    assert 0 < threshold < 1
    assert best >= max(judge(pairs, lambda first, second: first == second).balanced, 0.5)


def test_accuracy_and_its_interval() -> None:
    pairs = [Pair("a", "a" if n % 4 else "b", True, "k" if n % 2 else "l", f"{n // 2}") for n in range(400)]
    judged = judge(pairs, lambda first, second: first == second)
    assert judged.overall.accuracy == 0.75
    assert 0.65 < judged.overall.low < 0.75 < judged.overall.high < 0.85
    assert judged.kinds["k"].accuracy == 1
    assert judged.kinds["l"].accuracy == 0.5


@pytest.mark.data
def test_the_shipped_detector_reaches_its_goal_on_texts(asked: list[Asked], data_folder: Path) -> None:
    queries = read_queries(data_folder / "queries.tsv")[:1500]
    words = {word for one in queries for word in one.text.split()}
    confusion = estimate([one.first for one in asked if one.device == "phone"], words)
    judged = judge(typed_pairs(queries, confusion, np.random.default_rng(7)), shipped_detector().is_retry)
    assert judged.overall.low > 0.85


def test_users_redo_more_where_more_goes_wrong(asked: list[Asked]) -> None:
    watched = watch(asked, shipped_detector().is_retry, UserModel())
    phone, clipped, noisy = watched.devices
    assert phone.wer < clipped.wer < noisy.wer
    assert phone.redo_rate < min(clipped.redo_rate, noisy.redo_rate)
    assert watched.pearson
    assert watched.pearson.low <= watched.pearson.coefficient <= watched.pearson.high
    assert watched.pearson.coefficient > 0


def test_users_who_never_repeat_are_hardly_taken_for_repeating(asked: list[Asked]) -> None:
    patient = UserModel(asks_again=0.0, repeats_anyway=0.0, asks_more=0.0)
    watched = watch(asked, shipped_detector().is_retry, patient)
    assert [one.redo_rate for one in watched.devices] == [0, 0, 0]
    assert [one.put_again_rate for one in watched.devices] == [0, 0, 0]
    assert watched.pearson is None


def test_rebuild_writes_weights_and_figures(
    rows: list[Row], profiles: list[DeviceProfile], table: Path, tmp_path: Path
) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    (data / "speech").mkdir(parents=True)
    write_manifest(rows, data / "speech" / "manifest.jsonl")
    copyfile(table, data / "queries.tsv")
    rebuild(data, out, profiles)
    written = tomllib.loads((out / "retry.toml").read_text())
    assert tuple(written["weights"]) == FEATURES
    figures = json.loads((out / "figures.json").read_text())
    assert figures["detector"]["overall"]["accuracy"] == pytest.approx(written["card"]["accuracy"], abs=1e-4)
    assert len(figures["users, 60% ask again"]["devices"]) == len(profiles)
