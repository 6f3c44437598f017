"""What holds for every signal of voice search; a new one is held to it by being listed in `VOICE_SIGNALS`."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.columns import ColumnReader
from monitoring.events import Event, checked
from monitoring.signals.signal import Signal
from monitoring.signals.voice import VOICE_SIGNALS, VOICE_SLICES
from monitoring.voice_events import Client, QueryKind, SearchEvent, ServedBy

UNITS = ("_s", "_ms", "_db", "_lufs", "_mib", "_per_s", "_per_second")
WITHOUT_UNIT = re.compile(
    r".*(_share|_ratio|_size|_fields|_events|disagreement)|segments|confidence|words|repetition|novelty"
)
"""Shares and counts."""
KINDS = frozenset(QueryKind) | {"behaviour", "review", "second_vad", "server", "shadow", "vocabulary"}

every = pytest.mark.parametrize("signal", VOICE_SIGNALS, ids=lambda signal: signal.name)

names = st.sampled_from(
    [*(signal.name for signal in VOICE_SIGNALS), "speech_s", "duration_s", "result_count", "words", "no_speech"]
)
words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30)
values = st.none() | st.booleans() | st.floats() | st.integers(-(2**63), 2**63)
texts = words | st.sampled_from(["", "a a a a", "\x1f \u2028"])
events = st.builds(
    Event,
    event_id=st.just("1"),
    request_id=st.just("1"),
    at=st.just(0.0),
    kind=st.sampled_from(sorted(KINDS)),
    outcome=words | st.sampled_from(["ok", "overloaded", "undecodable_audio"]),
    slices=st.dictionaries(st.sampled_from(["device_model", "os"]), words, max_size=2),
    signals=st.dictionaries(names, values, max_size=8),
    details=st.dictionaries(st.sampled_from(["query", "raw_text", "other"]), texts, max_size=3),
)


def test_names_are_unique() -> None:
    assert len({signal.name for signal in VOICE_SIGNALS}) == len(VOICE_SIGNALS)


@every
def test_it_says_in_a_sentence_what_it_is(signal: Signal) -> None:
    assert re.fullmatch(r"[A-Z].{5,100}\.", signal.about)


@every
def test_a_number_has_its_unit_in_its_name_and_a_yes_or_no_has_none(signal: Signal) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", signal.name)
    assert signal.name.endswith(UNITS) != (signal.is_rate or bool(WITHOUT_UNIT.fullmatch(signal.name)))


@every
def test_it_is_of_kinds_that_are_written(signal: Signal) -> None:
    assert signal.kinds <= KINDS


@given(event=events)
def test_no_signal_ever_raises_and_each_gives_a_number_or_nothing(event: Event) -> None:
    for signal in VOICE_SIGNALS:
        value = signal.read(event)
        assert value is None or isinstance(value, bool | int | float)


@given(event=events)
def test_of_an_event_that_was_checked_a_yes_or_no_is_one_or_the_other(event: Event) -> None:
    reader = ColumnReader(VOICE_SIGNALS)
    (row,) = reader.read([checked(event)[0]]).values.tolist()
    for signal, value in zip(VOICE_SIGNALS, row, strict=True):
        assert math.isnan(value) or (value in (0, 1) if signal.is_rate else math.isfinite(value))


def test_the_first_combination_is_everything_and_none_is_there_twice() -> None:
    assert VOICE_SLICES[0] == ()
    assert len({frozenset(fields) for fields in VOICE_SLICES}) == len(VOICE_SLICES)


def test_fields_of_slices_are_those_that_events_carry() -> None:
    client = Client(device_model="p", os="o", app_version="1", locale="en", tenant="t")
    event = SearchEvent(
        request_id="1", at=0.0, kind=QueryKind.VOICE, client=client, served_by=ServedBy(model="m", variant="v")
    ).as_event()
    assert {field for fields in VOICE_SLICES for field in fields} <= set(event.slices)
