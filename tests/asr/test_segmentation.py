"""Long recordings in pieces: nothing lost, nothing twice, cut where nobody speaks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.audio import Span
from asr.segmentation import group, rooms, split, subtract
from asr.vad import ClippingRule, VoiceActivity, speech_spans

HOP_S = 0.032
RULE = ClippingRule(lead_padding_s=0.3, trail_padding_s=0.2)
PADDING_S = RULE.lead_padding_s + RULE.trail_padding_s


def flattened(runs: list[tuple[float, int]]) -> list[float]:
    return [value for value, length in runs for _ in range(length)]


levels = st.sampled_from([0.0, 0.1, 0.5, 0.7, 0.9])
probabilities = st.lists(st.tuples(levels, st.integers(1, 300)), min_size=1, max_size=8).map(flattened)


def activity_of(values: list[float]) -> VoiceActivity:
    return VoiceActivity(np.array(values, np.float32), HOP_S, len(values) * HOP_S)


@given(probabilities, st.floats(2 * HOP_S, 10.0), st.data())
def test_parts_fit_and_cover_their_span(values: list[float], max_duration_s: float, data: st.DataObject) -> None:
    activity = activity_of(values)
    start_s = data.draw(st.floats(0, activity.duration_s))
    span = Span(start_s, data.draw(st.floats(start_s, activity.duration_s)))
    parts = split(span, activity, max_duration_s=max_duration_s)
    assert all(part.duration_s <= max_duration_s + 1e-9 for part in parts)
    assert (parts[0].start_s, parts[-1].end_s) == (span.start_s, span.end_s)
    assert all(before.end_s == after.start_s for before, after in pairwise(parts))
    assert len(parts) <= 1 + 2 * span.duration_s / max_duration_s


@given(st.integers(32, 62), st.integers(80, 120))
def test_a_cut_is_in_the_least_likely_frame(quiet: int, count: int) -> None:
    values = [0.9] * count
    values[quiet] = 0.3
    first, *_ = split(Span(0.0, count * HOP_S), activity_of(values), max_duration_s=64 * HOP_S)
    assert first.end_s == pytest.approx((quiet + 0.5) * HOP_S)


def test_a_span_that_fits_is_left_whole() -> None:
    assert split(Span(0.5, 1.5), activity_of([0.9] * 100), max_duration_s=1.0) == [Span(0.5, 1.5)]


@pytest.mark.parametrize("max_duration_s", [-40.0, 0.0, HOP_S])
def test_padding_that_leaves_no_room_is_refused(max_duration_s: float) -> None:
    with pytest.raises(ValueError, match="leave no room"):
        split(Span(0.0, 3.0), activity_of([0.9] * 100), max_duration_s=max_duration_s)


@given(probabilities, st.floats(1.0, 10.0))
def test_groups_hold_all_speech_and_fit_with_their_padding(values: list[float], max_duration_s: float) -> None:
    activity = activity_of(values)
    spans = speech_spans(activity, RULE)
    groups = group(spans, activity, RULE, enough_s=max_duration_s, max_duration_s=max_duration_s)
    assert all(one[-1].end_s - one[0].start_s + PADDING_S <= max_duration_s + 1e-9 for one in groups)
    parts = [part for one in groups for part in one]
    assert all(before.end_s <= after.start_s for before, after in pairwise(parts))
    for span in spans:
        inside = [part for part in parts if span.start_s <= part.start_s < span.end_s]
        assert (inside[0].start_s, inside[-1].end_s) == (span.start_s, span.end_s)
        assert all(before.end_s == after.start_s for before, after in pairwise(inside))


@given(probabilities, st.floats(1.0, 10.0))
def test_groups_are_as_few_as_neighbours_allow(values: list[float], max_duration_s: float) -> None:
    activity = activity_of(values)
    groups = group(speech_spans(activity, RULE), activity, RULE, enough_s=max_duration_s, max_duration_s=max_duration_s)
    for before, after in pairwise(groups):
        assert after[0].end_s - before[0].start_s + PADDING_S > max_duration_s - 1e-9


@given(probabilities, st.floats(1.0, 10.0))
def test_rooms_share_out_the_recording(values: list[float], max_duration_s: float) -> None:
    activity = activity_of(values)
    groups = group(speech_spans(activity, RULE), activity, RULE, enough_s=max_duration_s, max_duration_s=max_duration_s)
    whole = Span(0.0, activity.duration_s)
    shares = rooms(whole, groups)
    assert len(shares) == len(groups)
    if groups:
        assert (shares[0].start_s, shares[-1].end_s) == (whole.start_s, whole.end_s)
    assert all(before.end_s == after.start_s for before, after in pairwise(shares))
    for share, one in zip(shares, groups, strict=True):
        assert share.start_s <= one[0].start_s <= one[-1].end_s <= share.end_s


@given(st.lists(st.integers(0, 40), max_size=20), st.integers(0, 10), st.integers(10, 50))
def test_what_is_left_and_what_is_taken_are_the_whole(edges: list[int], start: int, end: int) -> None:
    ordered = sorted(edges)
    taken = [Span(float(a), float(b)) for a, b in zip(ordered[::2], ordered[1::2], strict=False)]
    gaps = subtract(Span(start, end), [span for span in taken if span.start_s >= start and span.end_s <= end])
    assert all(start <= gap.start_s < gap.end_s <= end for gap in gaps)
    for second in range(start, end):
        holders = [
            s for s in [*gaps, *taken] if s.start_s <= second < s.end_s and start <= s.start_s and s.end_s <= end
        ]
        assert len(holders) == 1


def test_spans_that_overlap_are_taken_once() -> None:
    assert subtract(Span(0, 10), [Span(1, 8), Span(2, 3), Span(7, 9)]) == [Span(0, 1), Span(9, 10)]
    assert subtract(Span(0, 10), []) == [Span(0, 10)]
    assert subtract(Span(0, 10), [Span(0, 10)]) == []


def test_pieces_end_at_a_pause_once_they_are_long_enough() -> None:
    spans = [Span(2.0 * i, 2.0 * i + 1.5) for i in range(10)]
    activity = VoiceActivity(np.ones(625, np.float32), 0.032, 20.0)
    groups = group(spans, activity, RULE, enough_s=6.0, max_duration_s=30.0)
    assert [span for one in groups for span in one] == spans
    assert len(groups) > 1
    assert all(one[-1].end_s - one[0].start_s <= 6.0 for one in groups)


def test_speech_without_a_pause_may_be_longer_than_enough() -> None:
    activity = VoiceActivity(np.ones(625, np.float32), 0.032, 20.0)
    assert group([Span(0.0, 20.0)], activity, RULE, enough_s=6.0, max_duration_s=30.0) == [[Span(0.0, 20.0)]]
