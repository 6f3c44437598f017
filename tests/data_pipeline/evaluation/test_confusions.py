"""Which words go wrong, and where: counted on alignments that a person can check."""

from asr.metrics import Edits
from data_pipeline.evaluation.confusions import Position, error_tables
from data_pipeline.evaluation.inventions import inventions
from data_pipeline.evaluation.scores import score
from tests.data_pipeline.evaluation.made import row, utterance

SAID = ["play the beatles", "play the doors", "stop", "what time is it", ""]
HEARD = ["play the beetles", "lay the doors", "", "what time is it now", "you"]
UTTERANCES = [utterance(row(said, n), heard) for n, (said, heard) in enumerate(zip(SAID, HEARD, strict=True))]


def test_each_error_is_counted_with_how_often_the_word_was_said() -> None:
    tables = error_tables(UTTERANCES)
    assert [(e.said, e.heard, e.count, e.said_count) for e in tables.substitutions] == [
        ("beatles", "beetles", 1, 1),
        ("play", "lay", 1, 2),
    ]
    assert [(e.said, e.count) for e in tables.deletions] == [("stop", 1)]
    assert [(e.heard, e.count, e.said_count) for e in tables.insertions] == [("now", 1, None)]
    assert tables.deletions[0].examples == (UTTERANCES[2],)


def test_the_most_frequent_come_first_with_a_few_examples() -> None:
    said = [utterance(row("go left", n), "go lift") for n in range(9)] + [utterance(row("go on", 10), "go un")]
    (first, second) = error_tables(said).substitutions
    assert (first.said, first.count, second.said) == ("left", 9, "on")
    assert first.examples == tuple(said[:3])


def test_errors_are_told_by_their_place() -> None:
    assert error_tables(UTTERANCES).positions == {
        Position.ONLY: Edits(deletions=1),
        Position.FIRST: Edits(hits=2, substitutions=1),
        Position.MIDDLE: Edits(hits=4),
        Position.LAST: Edits(hits=2, substitutions=1, insertions=1),
    }


def test_clipped_onsets_show_in_the_first_word() -> None:
    whole = "turn on the kitchen light"
    heard = ["on the kitchen light", "earn on the kitchen light"] * 4
    clipped = [utterance(row(whole, n), text) for n, text in enumerate(heard)]
    positions = error_tables(clipped).positions
    assert positions[Position.FIRST].rate == 1
    assert positions[Position.MIDDLE].rate == positions[Position.LAST].rate == 0


def test_words_where_nobody_speaks_are_inventions_and_no_insertions() -> None:
    silence = [utterance(row("", n), heard) for n, heard in enumerate(["You", "you.", "", "Thank you for watching!"])]
    assert [(one.text, one.count, one.share) for one in inventions([*UTTERANCES[:4], *silence])] == [
        ("you", 2, 0.5),
        ("thank you for watching", 1, 0.25),
    ]
    assert score(silence).no_speech.invented_words == 6
    assert not error_tables(silence).insertions
    assert not inventions(UTTERANCES[:4])
