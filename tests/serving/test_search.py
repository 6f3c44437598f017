"""What every search backend does, whatever stands behind it."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.embedded_search import EmbeddedSearch
from serving.search import Item, SearchBackend

Build = Callable[[Iterable[Item]], SearchBackend]


def lower(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


def embedded(items: Iterable[Item]) -> SearchBackend:
    return EmbeddedSearch.build(items, write=lower)


ITEMS = [
    Item("view", "Mountain View", "California", popularity=1),
    Item("bridge", "Brooklyn Bridge", popularity=2),
    Item("brooklyn", "Brooklyn", popularity=3),
    Item("brookline", "Brookline", popularity=9),
    Item("paris-tx", "Paris", "Texas", popularity=1),
    Item("paris", "Paris", "France", popularity=5),
    Item("firefox", "Launch Firefox", aliases=("Firefox", "web browser")),
    Item("on", "Turn on the living room lamp"),
    Item("off", "Turn off the living room lamp"),
    Item("time", "What time is it"),
    Item("phoenix", "Phoenix"),
    Item("xi", "Xi"),
    Item("nothing", "???"),
]


@pytest.fixture(params=[embedded], scope="module")
def build(request: pytest.FixtureRequest) -> Build:
    make: Build = request.param
    return make


@pytest.fixture(scope="module")
def backend(build: Build) -> SearchBackend:
    return build(ITEMS)


def best(backend: SearchBackend, query: str) -> str:
    return backend.search(query, limit=1)[0].item.id


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("mountain view", "view"),
        ("Mountain View.", "view"),
        ("ountain view", "view"),
        ("mountain vi", "view"),
        ("mountainview", "view"),
        ("brooklin brige", "bridge"),
        ("how old is the brooklyn bridge", "bridge"),
        ("how old is the brooklin brige", "bridge"),
        ("fire fox", "firefox"),
        ("open the web browser please", "firefox"),
        ("fenix", "phoenix"),
        ("what time is it", "time"),
        ("turn on living room lamp", "on"),
        ("turn off living room lamp", "off"),
        ("paris", "paris"),
        ("xi", "xi"),
    ],
)
def test_a_query_or_a_near_miss_finds_the_item(backend: SearchBackend, query: str, wanted: str) -> None:
    assert best(backend, query) == wanted


def test_it_knows_its_size(backend: SearchBackend) -> None:
    assert len(backend) == len(ITEMS)


def test_order_is_by_score_then_popularity(backend: SearchBackend) -> None:
    hits = backend.search("brooklyn", limit=10)
    assert [h.item.id for h in hits][:2] == ["brooklyn", "bridge"]
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    namesakes = backend.search("paris", limit=2)
    assert [h.item.id for h in namesakes] == ["paris", "paris-tx"]
    assert namesakes[0].score == namesakes[1].score == 1


def test_an_item_comes_once_however_many_of_its_names_match(backend: SearchBackend) -> None:
    assert [h.item.id for h in backend.search("firefox", limit=9)].count("firefox") == 1


@pytest.mark.parametrize("query", ["", "   ", "?!", "qqqq zzzz", "\x00", "\ud800"])
def test_nothing_near_is_no_hit(backend: SearchBackend, query: str) -> None:
    assert backend.search(query, limit=5) == []


@pytest.mark.parametrize("query", ["a" * 10**6, "mountain view " * 10**5, '"title:* OR (', "words:paris^9 AND NOT"])
def test_huge_and_hostile_queries_are_just_queries(backend: SearchBackend, query: str) -> None:
    assert len(backend.search(query, limit=5)) <= 5


@pytest.mark.parametrize("limit", [0, 1, 3, 10**9])
def test_limit_bounds_the_hits(backend: SearchBackend, limit: int) -> None:
    assert len(backend.search("brooklyn", limit=limit)) == min(limit, len(backend.search("brooklyn", limit=50)))


def test_a_negative_limit_is_refused(backend: SearchBackend) -> None:
    with pytest.raises(ValueError, match="limit"):
        backend.search("paris", limit=-1)


def test_an_empty_catalogue_has_no_hits(build: Build) -> None:
    assert build([]).search("paris", limit=5) == []


def test_the_order_of_the_catalogue_does_not_matter(build: Build) -> None:
    forward, backward = build(ITEMS), build(ITEMS[::-1])
    for query in ("paris", "brooklin", "turn the living room lamp"):
        assert forward.search(query, limit=9) == backward.search(query, limit=9)


def test_threads_get_what_one_caller_gets(backend: SearchBackend) -> None:
    queries = [item.title for item in ITEMS] * 40
    alone = [backend.search(query, limit=5) for query in queries]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda query: backend.search(query, limit=5), queries)) == alone


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(query=st.text(max_size=80))
def test_any_text_is_a_query(backend: SearchBackend, query: str) -> None:
    assert all(0 < hit.score <= 1 for hit in backend.search(query, limit=5))
