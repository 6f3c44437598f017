"""Indexes are shared as long as somebody holds them."""

import gc
from pathlib import Path

import pytest

from asr.errors import UnknownConvention
from serving.catalog import CatalogError
from serving.variants.search_backends import SearchBackends


def test_equal_catalogue_and_convention_share_an_index() -> None:
    backends = SearchBackends()
    shipped = backends.get(None, "search")
    assert backends.get(None, "search") is shipped
    assert backends.get(None, "verbatim") is not shipped
    assert shipped.search("golden gate bridge", limit=1)


def test_a_catalogue_that_has_changed_makes_a_new_index(tmp_path: Path) -> None:
    backends, catalog = SearchBackends(), tmp_path / "items.csv"
    catalog.write_text("id,title\n1,first\n")
    first = backends.get(catalog, "search")
    assert backends.get(tmp_path / "." / "items.csv", "search") is first
    catalog.write_text("id,title\n1,first\n2,second\n")
    assert [len(first), len(backends.get(catalog, "search"))] == [1, 2]


def test_an_index_that_nobody_holds_is_let_go_of(tmp_path: Path) -> None:
    backends, catalog = SearchBackends(), tmp_path / "items.csv"
    catalog.write_text("id,title\n1,first\n")
    backends.get(catalog, "search")
    gc.collect()
    assert not backends._built


def test_what_cannot_be_searched_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no such file"):
        SearchBackends().get(tmp_path / "items.csv", "search")
    with pytest.raises(UnknownConvention):
        SearchBackends().get(None, "shouting")
