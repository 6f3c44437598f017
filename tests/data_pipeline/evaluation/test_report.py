"""The report is one file that asks for nothing from outside, and hostile texts stay texts."""

from dataclasses import replace
from html.parser import HTMLParser

from data_pipeline.evaluation.evaluate import Evaluation, evaluate
from data_pipeline.evaluation.report import render
from data_pipeline.manifest import Row
from tests.data_pipeline.conftest import Echo

HOSTILE = '<script>alert("x")</script>&<img src=x onerror=alert(1)>'
CLIP = "voice_queries__v2j_what_time_is_it.flac"


class Tags(HTMLParser):
    """Collects tags, and attributes that fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.fetched: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.fetched += [f"{name}={value}" for name, value in attrs if name in ("src", "href", "action", "onerror")]


def test_hostile_texts_are_escaped(clip_row: Row, unreadable: list[Row]) -> None:
    system = Echo({CLIP: f"{HOSTILE} heard"})
    system.name = HOSTILE
    row = replace(clip_row, text=f"{HOSTILE} said", fields={"source": HOSTILE})
    lost = replace(unreadable[0], audio_filepath=HOSTILE)
    tags = Tags(render(evaluate([row, lost], [system], slice_fields=["source"])))
    assert not tags.seen & {"script", "img", "iframe", "link", "object"}
    assert not tags.fetched


def test_report_shows_every_system_slice_and_the_worst_utterances(evaluation: Evaluation) -> None:
    html = render(evaluation)
    for text in ("moonshine-tiny-en", "voice_queries", "speech_commands", "confidence", "scoring@1"):
        assert text in html
    wrong = next(one for one in evaluation.systems[0].utterances if one.errors.words.errors)
    assert wrong.row.audio_filepath in html
    assert not Tags(html).fetched
