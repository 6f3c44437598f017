from dataclasses import replace
from pathlib import Path

import pytest

from data_pipeline.behaviour.halves import halves, is_for_test, read_queries
from data_pipeline.behaviour.pairs import Query
from data_pipeline.errors import InvalidCorpus
from data_pipeline.manifest import Row


def test_no_speaker_and_no_text_is_in_both(rows: list[Row]) -> None:
    others = [replace(row, text="the same words").with_fields(speaker=f"new-{n}") for n, row in enumerate(rows[:3])]
    rows = [*rows, *others]
    places = is_for_test(rows)
    assert len(set(places[-3:])) == 1
    for field in ("speaker", "text"):
        train, test = (
            {row.field(field) for row, is_test in zip(rows, places, strict=True) if is_test is part}
            for part in (False, True)
        )
        assert train
        assert test
        assert not train & test


def test_queries_as_the_search_gets_them(table: Path, queries: list[Query]) -> None:
    with table.open("a") as file:
        file.write("\nWhat TIME is it?\tours\tCC0-1.0\ttime\nbroken line\n")
    assert read_queries(table) == queries


def test_halves_depend_on_the_text_alone(queries: list[Query]) -> None:
    one, other = halves(queries)
    assert sorted(map(str, [*one, *other])) == sorted(map(str, queries))
    assert one
    assert other
    assert halves(queries[5:])[0] == [query for query in one if query in queries[5:]]


@pytest.mark.parametrize("text", ["", "a\tb\n1\t2", "text\nhello"])
def test_another_table_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "queries.tsv").write_text(text)
    with pytest.raises(InvalidCorpus, match="no column text or intent"):
        read_queries(tmp_path / "queries.tsv")
