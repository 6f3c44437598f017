"""Near-miss transcripts, made from the shipped catalogue by the errors that recognizers make, still find the item."""

import random
from collections.abc import Callable, Sequence

import pytest

from asr import convention
from serving.catalog import shipped_catalog
from serving.embedded_search import EmbeddedSearch
from serving.search import Item

CARRIERS = ("{}", "{}", "how old is the {}", "show me {} please", "where is {}", "what's the weather in {}")
# Spellings that sound alike or nearly so; each way is drawn.
CONFUSIONS = [
    *[("ph", "f"), ("ck", "k"), ("oo", "u"), ("ee", "ea"), ("y", "i"), ("i", "e"), ("e", "a"), ("o", "a"), ("u", "o")],
    *[("b", "p"), ("d", "t"), ("g", "k"), ("c", "k"), ("f", "th"), ("v", "b"), ("z", "s"), ("m", "n"), ("r", "l")],
    *[("x", "ks"), ("qu", "kw"), ("sh", "ch"), ("ll", "l"), ("ss", "s"), ("tt", "t"), ("dge", "ge"), ("er", "a")],
]
Corruption = Callable[[str, random.Random], str]


def onset_lost(name: str, rng: random.Random) -> str:
    return name[rng.choice((1, 1, 2)) :]


def end_lost(name: str, rng: random.Random) -> str:
    return name[: -rng.choice((1, 2, 3))]


def sound_confused(name: str, rng: random.Random) -> str:
    both = CONFUSIONS + [(b, a) for a, b in CONFUSIONS]
    places = [(i, a, b) for a, b in both for i in range(len(name)) if name.startswith(a, i)]
    i, a, b = rng.choice(places)
    return name[:i] + b + name[i + len(a) :]


def sounds_confused(name: str, rng: random.Random) -> str:
    return sound_confused(sound_confused(name, rng), rng)


def boundary_moved(name: str, rng: random.Random) -> str:
    if " " in name:
        return name.replace(" ", "", 1)
    middle = rng.randrange(2, len(name) - 1)
    return f"{name[:middle]} {name[middle:]}"


def letter_lost(name: str, rng: random.Random) -> str:
    i = rng.randrange(1, len(name))
    return name[:i] + name[i + 1 :]


@pytest.fixture(scope="module")
def write() -> Callable[[str], str]:
    return convention.get("search").apply


@pytest.fixture(scope="module")
def items() -> list[Item]:
    return shipped_catalog()


@pytest.fixture(scope="module")
def backend(items: list[Item], write: Callable[[str], str]) -> EmbeddedSearch:
    return EmbeddedSearch.build(items, write=write)


def recall_at_5(
    backend: EmbeddedSearch, write: Callable[[str], str], items: Sequence[Item], corrupt: Corruption
) -> float:
    """Share of 300 names, drawn with a fixed seed, that stand among the first five hits."""
    rng = random.Random(2)
    drawn = rng.sample([item for item in items if len(item.title) >= 5 and item.title.isascii()], 300)
    found = 0
    for item in drawn:
        query = rng.choice(CARRIERS).format(corrupt(item.title.lower(), rng))
        found += write(item.title) in {write(hit.item.title) for hit in backend.search(query, limit=5)}
    return found / len(drawn)


@pytest.mark.parametrize(
    ("corrupt", "at_least"),
    [
        (lambda name, rng: name, 0.99),
        (onset_lost, 0.91),
        (end_lost, 0.91),
        (letter_lost, 0.94),
        (sound_confused, 0.93),
        (sounds_confused, 0.82),
        (boundary_moved, 0.97),
    ],
)
def test_near_misses_find_the_item(
    backend: EmbeddedSearch, write: Callable[[str], str], items: list[Item], corrupt: Corruption, at_least: float
) -> None:
    """Bounds stand about three points under what was measured."""
    assert recall_at_5(backend, write, items, corrupt) >= at_least


@pytest.mark.parametrize(
    ("heard", "title"),
    [
        ("What time is it?", "What time is it"),
        ("Launch Firefox.", "Launch Firefox"),
        ("How old is the Brooklyn Bridge?", "Brooklyn Bridge"),
        ("Would you please turn on living room lamp?", "Turn on the living room lamp"),
        ("Find the novel Peace Arch News", "Peace Arch News"),
        ("Weather in San Jose", "San Jose"),
        ("Zurich", "Zürich"),
    ],
)
def test_whole_queries_find_what_they_are_about(backend: EmbeddedSearch, heard: str, title: str) -> None:
    assert backend.search(heard, limit=1)[0].item.title == title


@pytest.mark.parametrize(
    ("heard", "title"),
    [
        ("30 feet spin on the living room lamp", "Turn on the living room lamp"),
        ("Two pleas turn on the living room lamp.", "Turn on the living room lamp"),
        ("Lunch firefox", "Launch Firefox"),
        ("Can you answer the timer?", "Cancel timer"),
        ("Time for status.", "Timer status"),
        ("All the sub Brooklyn Bridge.", "Brooklyn Bridge"),
        ("Out in view.", "Mountain View"),
        ("Hook a room.", "Book a room"),
        ("To Martin Mirror.", "Smart mirror"),
        ("Resumed.", "Resume"),
    ],
)
def test_real_mishearings_find_the_item(backend: EmbeddedSearch, heard: str, title: str) -> None:
    """What Moonshine tiny wrote for carried clips with up to 150 ms cut off or with noise at 5 or 10 dB."""
    assert title in [hit.item.title for hit in backend.search(heard, limit=5)]
