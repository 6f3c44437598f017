"""Which word errors matter to the search: a search of two items, and every case that there is."""

from data_pipeline.evaluation.search_damage import search_damage
from tests.data_pipeline.evaluation.made import concluded, row, run, utterance

CASES = [
    ("play the beatles", "play the beetles", "changed"),
    ("play the beatles", "lay the beatles", "kept"),
    ("play the beatles", "play the beatles", "right"),
    ("stop the beatles", "stop the b", "lost"),
    ("good morning", "good the beetles", "invented"),
    ("good morning", "god morning", "nowhere"),
    ("", "the beatles", "no speech"),
]


def top(text: str) -> str | None:
    return next((name for name in ("beatles", "beetles") if name in text), None)


def test_every_kind_of_damage_is_counted() -> None:
    said = [utterance(row(text, n, speaker=str(n)), heard) for n, (text, heard, _) in enumerate(CASES)]
    damage = search_damage(said, top)
    assert damage.utterances == 6
    assert len(damage.searched) == 5
    assert (damage.changed, damage.lost, damage.changed_ratio) == (3, 1, 0.5)
    assert (damage.kept, damage.unfindable) == (1, 1)
    assert damage.changed_ci95 is not None
    assert damage.changed_ci95[0] < 0.5 < damage.changed_ci95[1]


def test_where_nobody_speaks_the_share_is_undefined() -> None:
    damage = search_damage([utterance(row(""), "the beatles")], top)
    assert (damage.utterances, damage.changed_ratio, damage.changed_ci95) == (0, None, None)


def test_what_is_heard_rightly_finds_what_it_should_without_a_search() -> None:
    def never(text: str) -> str | None:
        raise AssertionError(text)

    assert search_damage([utterance(row("Play it!"), "play it")], never).changed_ratio == 0


def test_each_text_is_searched_once() -> None:
    asked: list[str] = []

    def listening(text: str) -> str | None:
        asked.append(text)
        return None

    rows = [row("play it", n) for n in range(5)]
    concluded(run("a", rows, ["play it"] * 5), run("b", rows, ["lay it"] * 5), top=listening)
    assert sorted(asked) == ["lay it", "play it"]
