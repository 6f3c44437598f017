"""An engine that does to its process whatever a bad engine can do, once it gets a sound of 2 s, or any sound at all."""

import ctypes
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from asr.audio import Audio
from asr.errors import AudioTooLong
from asr.recognizer import Hypothesis, never_cancelled

POISON_S = 2.0
FOREVER_S = 1000


def hypothesis(audio: Audio) -> Hypothesis:
    """What it hears: its own process, and the sound's length."""
    return Hypothesis(f"{os.getpid()} {audio.duration_s:g}", (), (1, 2), (-0.5, -0.25))


@dataclass
class Poisonable:
    effect: str
    poison_s: float | None = POISON_S
    """Length of what poisons it; None: every sound but silence."""
    model_id: str = "poisonable"
    max_duration_s: float = 30.0

    def recognize(self, batch: Sequence[Audio], cancelled: Callable[[int], bool] = never_cancelled) -> list[Hypothesis]:
        print("engines print what they like")
        heard = [hypothesis(audio) for audio in batch]
        for at, audio in enumerate(batch):
            if self.is_poison(audio):
                EFFECTS[self.effect](heard, at, cancelled)
        return heard

    def is_poison(self, audio: Audio) -> bool:
        return bool(audio.samples.any()) if self.poison_s is None else audio.duration_s == self.poison_s


def load(effect: str, poison_s: float | None = POISON_S) -> Poisonable:
    return Poisonable(effect, poison_s)


def load_never() -> Poisonable:
    raise OSError("its weights are gone")


def load_and_hang() -> Poisonable:
    time.sleep(FOREVER_S)
    return Poisonable("")


def load_and_exit() -> Poisonable:
    os._exit(7)


Heard = list[Hypothesis]
Cancelled = Callable[[int], bool]


def raise_error(heard: Heard, at: int, cancelled: Cancelled) -> None:
    raise ArithmeticError("no")


def refuse(heard: Heard, at: int, cancelled: Cancelled) -> None:
    raise AudioTooLong("it takes less")


def segfault(heard: Heard, at: int, cancelled: Cancelled) -> None:
    ctypes.string_at(0)


def leave(heard: Heard, at: int, cancelled: Cancelled) -> None:
    os._exit(3)


def hang(heard: Heard, at: int, cancelled: Cancelled) -> None:
    time.sleep(FOREVER_S)


def hang_with_lock(heard: Heard, at: int, cancelled: Cancelled) -> None:
    """No other thread of the process gets on."""
    ctypes.PyDLL(None).sleep(FOREVER_S)


def eat_memory(heard: Heard, at: int, cancelled: Cancelled) -> None:
    eaten = []
    while True:
        eaten.append(np.ones(2**23))


def scribble(heard: Heard, at: int, cancelled: Cancelled) -> None:
    """Write to the server what is no message."""
    os.write(int(sys.argv[1]), os.urandom(100))


def drop_one(heard: Heard, at: int, cancelled: Cancelled) -> None:
    del heard[at]


def say(**changed: object) -> Callable[[Heard, int, Cancelled], None]:
    """Say that of the poisonous sound."""
    fields: dict[str, object] = {"text": "", "words": (), "tokens": (), "token_log_probs": (), **changed}

    def effect(heard: Heard, at: int, cancelled: Cancelled) -> None:
        heard[at] = Hypothesis(**fields)  # type: ignore[arg-type]  # that is the point

    return effect


def wait_until_cancelled(heard: Heard, at: int, cancelled: Cancelled) -> None:
    while not cancelled(at):
        time.sleep(0.001)
    heard[at] = Hypothesis("cancelled", (), (), (), truncated=True)


EFFECTS: dict[str, Callable[[Heard, int, Cancelled], None]] = {
    effect.__name__: effect
    for effect in (
        raise_error,
        refuse,
        segfault,
        leave,
        hang,
        hang_with_lock,
        eat_memory,
        scribble,
        drop_one,
        wait_until_cancelled,
    )
} | {
    "not a number": say(tokens=(1,), token_log_probs=(float("nan"),)),
    "impossible probability": say(tokens=(1,), token_log_probs=(0.5,)),
    "no text": say(text=None),
    "bytes": say(text=b"what"),
    "a novel": say(text="word " * 10_000),
    "control characters": say(text="what\x00time"),
    "one token too many": say(tokens=(1, 2), token_log_probs=(-1.0,)),
    "too many tokens": say(tokens=(1,) * 1000, token_log_probs=(-1.0,) * 1000),
    "surrogates": say(text="\ud800"),
}
