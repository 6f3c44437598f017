"""Every text in a page stays a text, and what a page needs is in it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from data_pipeline.pages.page import duration, number, percent, render
from tests.data_pipeline.pages.looks import HOSTILE, Tags, assert_inert, assert_looks_right

Gallery = Callable[[str], str]


def test_hostile_texts_stay_texts_in_every_place_of_a_page(gallery: Gallery) -> None:
    html = gallery(HOSTILE)
    assert_inert(html)
    assert "<script" not in html
    assert "7006652" not in gallery("{{ 1234 * 5678 }}")
    # As often to be read as any other word: nothing is swallowed as a tag.
    assert Tags(html).text.count(HOSTILE) == Tags(gallery("QUINCE")).text.count("QUINCE") > 8


def test_a_page_looks_as_it_does_whatever_its_texts(gallery: Gallery) -> None:
    assert Tags(gallery(HOSTILE)).seen == Tags(gallery("plain")).seen


def test_the_checks_themselves_find_what_is_active() -> None:
    assert Tags("<a href='http://x'>").active
    assert Tags("<p onclick='x()'>").active
    with pytest.raises(AssertionError):
        assert_inert("<script>x</script>")


def test_a_page_allows_itself_no_script_and_no_fetching(gallery: Gallery) -> None:
    assert "default-src 'none'; style-src 'unsafe-inline'; media-src data:" in gallery("plain")


@pytest.mark.parametrize("word", ["", "n" * 300, "ω\u202eabc\x00", "\ud800".encode("utf-8", "replace").decode()])
def test_odd_texts_are_shown(gallery: Gallery, word: str) -> None:
    assert_inert(gallery(word))


def test_a_value_that_the_template_lacks_is_an_error(tmp_path: Path) -> None:
    template = tmp_path / "report.html"
    template.write_text('{% extends "page.html" %}{% block title %}{{ missing }}{% endblock %}')
    with pytest.raises(UndefinedError):
        render(template)


def test_a_template_may_use_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "part.html").write_text("{{ word }}!")
    template = tmp_path / "report.html"
    template.write_text('{% extends "page.html" %}{% block content %}{% include "part.html" %}{% endblock %}')
    assert "a &lt; b!" in render(template, word="a < b")


def test_figures_without_a_value_are_a_dash() -> None:
    assert percent(None) == number(None) == duration(None) == "–"
    assert (percent(1.0), number(-1234.5, 1), duration(119.9), duration(7200)) == (
        "100.0",
        "-1,234.5",
        "119.9 s",
        "2.0 h",
    )


@pytest.mark.browser
@pytest.mark.parametrize("word", ["source", "n" * 200])
def test_page_is_accessible_and_fits_a_phone(gallery: Gallery, word: str, tmp_path: Path) -> None:
    assert_looks_right(gallery(word), tmp_path, f"gallery-{word[:6]}")
