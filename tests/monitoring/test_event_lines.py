import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.errors import InvalidEvent, UnreadableEvents
from monitoring.event_lines import STDIN, LinesRead, Refusal, read
from monitoring.events import MAX_EVENT_BYTES, MAX_NAME_CHARS, MAX_TEXT_BYTES, Event, decode, encode

MakeEvent = Callable[..., Event]


def all_of(path: Path, seen: LinesRead | None = None, *, batch_size: int = 5_000) -> list[Event]:
    return [event for batch in read(path, seen, batch_size=batch_size) for event in batch]


@pytest.fixture
def events(make_event: MakeEvent) -> list[Event]:
    return [
        make_event(
            n,
            user_id=f"u{n % 7}" if n % 3 else None,
            slices={"device_model": f"phone {n % 5}"},
            signals={"snr_db": n / 7, "no_speech": n % 2 == 0, "confidence": None, "words": n},
            details={"query": f"füße {n}"},
        )
        for n in range(1_000)
    ]


@pytest.fixture
def path(tmp_path: Path, events: list[Event]) -> Path:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(encode(event) + b"\n" for event in events))
    return path


def test_events_come_in_batches_as_they_were_written(path: Path, events: list[Event]) -> None:
    seen = LinesRead()
    batches = list(read(path, seen, batch_size=300))
    assert [len(batch) for batch in batches] == [300, 300, 300, 100]
    assert [event for batch in batches for event in batch] == events
    assert seen == LinesRead(lines=1_000, events=1_000)


def test_events_of_the_same_slices_share_one_mapping(path: Path) -> None:
    assert len({id(one.slices) for one in all_of(path)}) == 5


def test_a_packed_file_and_the_standard_input_give_the_same(
    path: Path, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = path.with_suffix(".jsonl.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert all_of(packed) == events
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    assert all_of(STDIN) == events


def test_what_is_no_event_is_counted_and_the_first_are_said(path: Path, events: list[Event]) -> None:
    good = path.read_bytes()
    path.write_bytes(b'{"torn": \n[1]\n\n' + good + b'{"event_id": "only"}\n' + b"x\n" * 20 + b'{"no line end')
    seen = LinesRead()
    assert all_of(path, seen) == events
    assert (seen.lines, seen.events, seen.refused) == (1_025, 1_000, 24)
    assert [refusal.line for refusal in seen.first_refusals] == [1, 2, 1_004, *range(1_005, 1_012)]
    assert seen.first_refusals[1] == Refusal(2, "a JSON list, not an event")
    assert "missing" in seen.first_refusals[2].reason


def test_fields_of_a_newer_version_are_counted_and_left_out(path: Path, make_event: MakeEvent) -> None:
    lines = [json.loads(encode(make_event(n))) | {f"new{k}": n for k in range(n)} for n in range(12)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    seen = LinesRead()
    assert all_of(path, seen) == [make_event(n) for n in range(12)]
    assert seen.refused == 0
    assert seen.unknown_fields["new0"] == 11
    assert seen.unknown_fields.total() == sum(range(12))
    assert len(seen.unknown_fields) <= 11


def test_a_million_distinct_names_are_read_in_bounded_memory(path: Path, make_event: MakeEvent) -> None:
    with path.open("wb") as file:
        for n in range(60_000):
            file.write(encode(make_event(n, slices={"device_model": f"phone {n}"})) + b"\n")
    names = {event.slices["device_model"] for batch in read(path) for event in batch}
    assert len(names) == 60_000


def test_a_line_without_end_fills_no_memory(path: Path, make_event: MakeEvent) -> None:
    path.write_bytes(b'{"event_id": "' + b"x" * 40_000_000 + b"\n" + encode(make_event(1)))
    seen = LinesRead()
    assert all_of(path, seen) == [make_event(1)]
    assert seen.first_refusals == [Refusal(1, f"longer than {MAX_EVENT_BYTES} bytes")]


def test_a_file_that_is_absent_or_broken_is_said(path: Path, tmp_path: Path) -> None:
    packed = gzip.compress(path.read_bytes())
    (tmp_path / "cut.gz").write_bytes(packed[:-2_000])
    (tmp_path / "wrong.gz").write_bytes(packed[:400] + bytes(100) + packed[500:])
    (tmp_path / "none.gz").write_bytes(b"not packed at all")
    for name in ("absent.jsonl", "cut.gz", "wrong.gz", "none.gz", "."):
        with pytest.raises(UnreadableEvents, match="cannot be read from"):
            all_of(tmp_path / name)


ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "x", "voice", "a\0b", "\\u0000", "x" * MAX_NAME_CHARS, "x" * (MAX_NAME_CHARS + 1)]),
    st.sampled_from(["x" * MAX_TEXT_BYTES, "é" * (MAX_TEXT_BYTES // 2 + 1), "é" * (MAX_TEXT_BYTES // 2)]),
)
NESTED = st.lists(ODD_VALUES, max_size=1) | st.dictionaries(st.sampled_from(["", "x", "voice"]), ODD_VALUES)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([*Event.__dataclass_fields__]), ODD_VALUES | NESTED, st.booleans())
def test_the_quick_look_takes_no_more_and_no_less_than_decode(name: str, value: object, learned: bool) -> None:
    sound = {"event_id": "a", "request_id": "a", "at": 1.5, "kind": "voice", "slices": {"x": "x"}}
    before = [orjson.dumps(sound | {"details": {"voice": "x"}})] * learned
    line = orjson.dumps({**sound, name: value})
    try:
        expected = [decode(line)]
    except InvalidEvent:
        expected = []
    seen = LinesRead()
    with NamedTemporaryFile() as file:
        file.write(b"\n".join([*before, line, line]))
        file.flush()
        found = all_of(Path(file.name), seen)
    assert found[learned:] == expected * 2
    assert seen.refused == 2 * (not expected)
