"""When greedy decoding stops."""

from hypothesis import given
from hypothesis import strategies as st

from asr.engines.greedy import GreedyPath, cycle_length, token_bound

END = 2
LONGEST_CYCLE = 8
ROUNDS = 6

few_tokens = st.integers(3, 5)
phrases = st.lists(few_tokens, min_size=1, max_size=LONGEST_CYCLE)


def path_of(tokens: list[int], *, duration_s: float = 30.0) -> GreedyPath:
    path = GreedyPath(duration_s, end=END)
    for i, token in enumerate(tokens):
        if path.done:
            break
        path.extend(token, -i / 100)
    return path


@given(st.floats(0, 3600), st.floats(0, 3600))
def test_the_bound_grows_with_the_sound(one_s: float, other_s: float) -> None:
    shorter_s, longer_s = sorted([one_s, other_s])
    assert 0 < token_bound(shorter_s) <= token_bound(longer_s)


@given(st.lists(few_tokens, max_size=20), phrases, st.integers(0, LONGEST_CYCLE - 1))
def test_a_phrase_said_six_times_is_a_cycle(before: list[int], phrase: list[int], turned: int) -> None:
    length = cycle_length(before + phrase[turned:] + phrase * ROUNDS)
    assert 1 <= length <= len(phrase)


@given(st.lists(few_tokens, max_size=60))
def test_the_cycle_is_the_shortest(tokens: list[int]) -> None:
    def is_cycle(length: int) -> bool:
        last = tokens[-length * ROUNDS :]
        return len(last) == length * ROUNDS and all(last[i] == last[i % length] for i in range(len(last)))

    assert cycle_length(tokens) == next(filter(is_cycle, range(1, LONGEST_CYCLE + 1)), 0)


@given(st.lists(st.integers(2, 5), max_size=80), st.floats(0, 5))
def test_a_path_is_what_was_fed_and_ends(tokens: list[int], duration_s: float) -> None:
    path = path_of(tokens, duration_s=duration_s)
    assert path.tokens == tokens[: len(path.tokens)]
    assert path.log_probs == [-i / 100 for i in range(len(path.tokens))]
    assert len(path.tokens) <= token_bound(duration_s)
    assert END not in path.tokens[:-1]
    ended = path.tokens[-1:] == [END]
    assert path.done == (ended or path.truncated)
    assert not (ended and path.truncated)
    if len(tokens) >= token_bound(duration_s):
        assert path.done


@given(st.floats(0, 30))
def test_a_text_without_end_stops_at_the_bound(duration_s: float) -> None:
    endless = list(range(END + 1, 1_000))
    path = path_of(endless, duration_s=duration_s)
    assert path.tokens == endless[: token_bound(duration_s)]
    assert path.truncated


@given(phrases)
def test_a_loop_is_cut_to_one_round(phrase: list[int]) -> None:
    path = path_of([9, 10, *phrase * ROUNDS, END])
    assert path.truncated
    assert path.tokens[:2] == [9, 10]
    assert phrase[: len(path.tokens) - 2] == path.tokens[2:]
    assert len(path.log_probs) == len(path.tokens)


@given(phrases, st.integers(1, 10))
def test_a_phrase_said_twice_survives(phrase: list[int], other: int) -> None:
    tokens = [100 + token for token in range(other)] + sorted(set(phrase)) * 2 + [END]
    assert path_of(tokens).tokens == tokens


def test_zero_said_four_times_survives() -> None:
    zero, call = 7, 8
    tokens = [call, zero, zero, zero, zero, END]
    path = path_of(tokens, duration_s=2.0)
    assert path.tokens == tokens
    assert path.done
    assert not path.truncated


def test_a_log_probability_that_rounding_lifted_above_zero_is_zero() -> None:
    path = GreedyPath(1.0, end=END)
    path.extend(5, 1e-7)
    assert path.log_probs == [0.0]


def test_a_path_that_is_told_to_stop_says_so() -> None:
    path = GreedyPath(1.0, end=END)
    path.truncate()
    assert path.done
    assert path.truncated
    assert path.tokens == []
