"""Human level, traffic, and what to work on next, on labels and weights that a person can check."""

from pathlib import Path

import pytest

from data_pipeline.errors import InvalidTraffic
from data_pipeline.evaluation.evaluate import evaluate
from data_pipeline.evaluation.human import human_utterances
from data_pipeline.evaluation.traffic import Traffic, read_traffic, row_weights
from data_pipeline.manifest import Row
from tests.conftest import CLIPS
from tests.data_pipeline.conftest import Echo
from tests.data_pipeline.evaluation.made import MANIFEST, concluded, row, run, utterance


def label(clip: str, labeler: str, text: str, line: int, **fields: object) -> Row:
    return Row(MANIFEST, line, clip, 1.0, text, None, {"labeler": labeler, "speaker": clip, **fields})


def test_each_label_is_scored_against_another_labelers() -> None:
    rows = [label("a", "ann", "turn it on", 1), label("a", "bob", "turn it off", 2), label("b", "ann", "stop", 3)]
    found = human_utterances([utterance(one, "turn it") for one in rows])
    assert {index: one.hypothesis for index, one in found.items()} == {0: "turn it off", 1: "turn it on"}
    assert [one.errors.words.errors for one in found.values()] == [1, 1]


def test_a_labeler_is_not_compared_with_himself() -> None:
    rows = [label("a", "ann", "on", 1), label("a", "ann", "off", 2), row("on", 3), row("off", 3)]
    assert not human_utterances([utterance(one, "on") for one in rows])


def test_of_several_labelers_every_pair_counts() -> None:
    rows = [
        label(f"clip{n}", name, name, 3 * n + k) for n in range(60) for k, name in enumerate(("ann", "bob", "cleo"))
    ]
    found = human_utterances([utterance(one, "") for one in rows])
    pairs = [(one.reference, one.hypothesis) for one in found.values()]
    counts = {pair: pairs.count(pair) for pair in set(pairs)}
    assert len(counts) == 6
    assert all(15 <= count <= 45 for count in counts.values())


def test_systems_stand_beside_the_humans_on_the_same_utterances() -> None:
    both = [("ann", "turn it on"), ("bob", "turn it on")]
    rows = [label(f"clip{n}", name, text, 2 * n + k) for n in range(8) for k, (name, text) in enumerate(both)]
    rows += [label("alone", "ann", "never mind", 99)]
    found = concluded(run("model", rows, [*["turn it off"] * 16, ""]), slices=["labeler"])
    assert found.human is not None
    assert found.human.labelers == 2
    assert found.human.result.scores.wer == 0
    (comparison,) = found.human.comparisons
    assert (comparison.system, comparison.baseline) == ("model", "human")
    assert comparison.overall.utterances == 16
    assert comparison.overall.wer == pytest.approx(1 / 3)
    assert comparison.slices["labeler"]["ann"].utterances == 8
    assert [(one.floor_of, one.floor) for one in found.priorities] == [("human", 0.0)] * 2


def test_what_to_work_on_is_ranked_by_the_errors_that_could_be_saved() -> None:
    rows = [row("a b c d", n, device="old" if n < 2 else "new") for n in range(10)]
    first = ["x y c d"] * 2 + ["x b c d"] * 8
    second = ["a b c d"] * 2 + ["x b c d"] * 8
    found = concluded(run("first", rows, first), run("second", rows, second), slices=["device"])
    (only,) = found.priorities
    assert (only.value, only.utterances, only.floor_of) == ("old", 2, "second")
    assert (only.share, only.wer, only.floor, only.gain) == (0.2, 0.5, 0.0, 0.5)
    assert only.saved_per_1000 == pytest.approx(0.2 * 1000 * 2)
    heavy = concluded(
        run("first", rows, first), run("second", rows, second), slices=["device"], weights=[16.0] * 2 + [1.0] * 8
    )
    assert heavy.priorities[0].share == pytest.approx(0.8)
    assert heavy.priorities[0].saved_per_1000 == pytest.approx(1600)


def test_one_system_without_humans_says_nothing_of_what_is_possible() -> None:
    rows = [row("a b", n, device="x") for n in range(3)]
    assert concluded(run("only", rows, ["a"] * 3), slices=["device"]).priorities == ()


def test_traffic_is_a_field_or_a_table(tmp_path: Path) -> None:
    rows = [row("a", n, device=device, queries=n + 1) for n, device in enumerate(["x", "x", "y"])]
    table = tmp_path / "traffic.csv"
    table.write_text("device,weight\nx,0.2\ny,0.8\n")
    assert row_weights(rows, None) == [1, 1, 1]
    assert row_weights(rows, read_traffic("queries")) == [1, 2, 3]
    assert row_weights(rows, read_traffic(str(table))) == [0.1, 0.1, 0.8]


def test_where_nobody_speaks_there_is_no_traffic() -> None:
    rows = [row("a", 1, device="x", queries=3), row("", 2), row(None, 3)]
    assert row_weights(rows, Traffic("device", {"x": 1.0})) == [1, 0, 0]
    assert row_weights(rows, Traffic("queries")) == [3, 0, 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no weights"),
        ("device,weight\n", "holds no weights"),
        ("device,weight\nx,much", "line 2: 'much' is no weight"),
        ("device,weight\nx,-1", "is no weight"),
        ("device,weight\nx,nan", "is no weight"),
        ("device,weight\nx,1\nx,2", "line 3: not a new value"),
        ("device\nx", "line 2: not a new value"),
    ],
)
def test_a_bad_table_is_refused_by_line(content: str, message: str, tmp_path: Path) -> None:
    table = tmp_path / "traffic.csv"
    table.write_text(content)
    with pytest.raises(InvalidTraffic, match=message):
        read_traffic(str(table))


def test_a_row_without_weight_is_refused_before_anything_is_recognized(tmp_path: Path) -> None:
    with pytest.raises(InvalidTraffic, match="no such file"):
        read_traffic(str(tmp_path / "absent.csv"))
    clip = Row(CLIPS / "manifest.jsonl", 1, "absent.flac", 1.0, "a", None, {"device": "z"})
    for traffic, message in (
        (Traffic("device", {"x": 1.0}), "no weight for device=z"),
        (Traffic("queries"), "queries: no such file, and no row has a field of that name"),
    ):
        with pytest.raises(InvalidTraffic, match=message):
            evaluate([clip], [Echo({})], traffic=traffic)
