"""What may be used and what may not: nothing without source, licence and consent."""

from pathlib import Path
from shutil import copyfile

import pytest

from data_pipeline.errors import MissingTerms
from data_pipeline.ingest.terms import Source, Terms
from tests.data_pipeline.ingest.collections import Taken, take_in

NOTHING = Terms(corpus="found online")


@pytest.fixture
def table(tmp_path: Path, query_clip: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in "abc":
        copyfile(query_clip, folder / f"{name}.flac")
    return folder / "list.csv"


def taken_of(table: Path, text: str, terms: Terms) -> Taken:
    table.write_text(text)
    return take_in(table, table.parent.parent / "out", terms=terms)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (NOTHING, "no source, no license, no consent is known for found online"),
        (Terms(corpus="found online", source=Source.PURCHASED, consent="yes"), "no license is known for found online"),
        (Terms(corpus="c", source=Source.PURCHASED, license="MIT", consent="  "), "no consent is known for c"),
    ],
)
def test_a_collection_of_which_nothing_may_be_used(table: Path, terms: Terms, message: str) -> None:
    with pytest.raises(MissingTerms, match=message):
        taken_of(table, "audio_filepath,text\na.flac,x\nb.flac,y\n", terms)
    assert not (table.parent.parent / "out").exists()


def test_rows_bring_terms_of_their_own_and_those_without_are_named(table: Path) -> None:
    taken = taken_of(
        table,
        "audio_filepath,license,consent,source\na.flac,MIT,asked,reviewed\nb.flac,,asked,reviewed\nc.flac,MIT,,stolen\n",
        Terms(corpus="mixed"),
    )
    assert [(row.key, row.field("license"), row.field("consent")) for row in taken.rows] == [("a.flac", "MIT", "asked")]
    assert taken.reasons == [
        "b.flac: no license is known: it may not be used",
        "c.flac: no consent is known: it may not be used",
    ]
    (origin,) = taken.dataset.card.origins
    assert (origin.source, origin.corpus, origin.license, origin.consent) == ("reviewed", "mixed", "MIT", "asked")


def test_a_row_goes_before_the_collection_and_a_strange_source_is_refused(table: Path) -> None:
    terms = Terms(corpus="all", source=Source.PURCHASED, license="MIT", consent="asked", fields={"locale": "en-GB"})
    text = "audio_filepath,corpus,source,locale\na.flac,one,,\nb.flac,,historical,de\nc.flac,,librispeech,\n"
    taken = taken_of(table, text, terms)
    told = [[row.field(name) for name in ("corpus", "source", "locale")] for row in taken.rows]
    assert told == [["one", "purchased", "en-GB"], ["all", "historical", "de"]]
    assert taken.reasons == ["c.flac: source 'librispeech' is none of purchased, historical, reviewed"]


def test_terms_that_are_no_texts(table: Path) -> None:
    path = table.with_suffix(".jsonl")
    path.write_text('{"audio_filepath": "a.flac", "license": true}\n')
    terms = Terms(corpus="c", source=Source.PURCHASED, consent="asked")
    taken = take_in(path, table.parent.parent / "out", terms=terms)
    assert taken.reasons == ["a.flac: license is not a text"]
