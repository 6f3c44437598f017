"""Whatever an engine does in its own process, the server goes on and says what happened."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from asr.audio import Audio
from asr.cache import pull
from asr.decode import decode
from asr.engines import load_recognizer
from asr.errors import AudioTooLong
from asr.recognizer import Hypothesis
from serving.batching import Batcher, Recognized
from serving.errors import RecognizerFailed
from serving.variants.backoff import Backoff
from serving.variants.child import Job
from serving.variants.process_recognizer import ProcessRecognizer
from tests.conftest import Recording
from tests.serving.fake_recognizer import SOON_S, Fake, ask, run, sound, until_queued
from tests.serving.processes import wait_until
from tests.serving.variants.poison import POISON_S

ROOT = Path(__file__).parents[3]
POISON = "tests.serving.variants.poison"
ENOUGH_BYTES = 2**30
MODEL = "moonshine-tiny-en"


@pytest.fixture(autouse=True)
def _tests_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def job(effect: str, *, batch_s: float = 60.0, max_memory_bytes: int = ENOUGH_BYTES, niceness: int = 0) -> Job:
    return Job(
        factory=f"{POISON}:load",
        arguments={"effect": effect},
        batch_s=batch_s,
        max_memory_bytes=max_memory_bytes,
        niceness=niceness,
    )


@contextmanager
def apart(wanted: Job) -> Iterator[ProcessRecognizer]:
    recognizer = ProcessRecognizer("poisonable", wanted, Backoff())
    recognizer.begin()
    try:
        recognizer.wait_until_ready()
        yield recognizer
    finally:
        recognizer.close()


def process_of(recognizer: ProcessRecognizer) -> int:
    (heard,) = recognizer.recognize([sound(1)])
    return int(heard.text.split()[0])


def is_gone(process: int) -> bool:
    """Ended with all its threads, if nobody has asked for its exit code yet."""
    folder = Path(f"/proc/{process}")
    try:
        return "\nState:\tZ" in (folder / "status").read_text() and len(list((folder / "task").iterdir())) == 1
    except OSError:
        return True


def lengths(heard: list[Hypothesis]) -> list[str]:
    return [one.text.split()[1] for one in heard]


def test_a_real_engine_hears_the_same_apart(speech: list[Recording]) -> None:
    files = pull(MODEL)
    clips = [decode(recording.path.read_bytes()) for recording in speech]
    here = load_recognizer(files)
    wanted = Job(
        factory="serving.variants.worker_process:registered",
        arguments={"model_id": MODEL, "threads": 1},
        batch_s=60,
        max_memory_bytes=ENOUGH_BYTES,
    )
    with apart(wanted) as there:
        assert there.max_duration_s == here.max_duration_s
        for at in range(0, len(clips), 8):
            batch = clips[at : at + 8]
            assert there.recognize(batch) == here.recognize(batch)
        empty = Audio(clips[0].samples[:0])
        assert there.recognize([empty, clips[0]]) == here.recognize([empty, clips[0]])
        assert there.recognize([]) == []
        with pytest.raises(AudioTooLong, match=MODEL):
            there.recognize([sound(2 * here.max_duration_s)])
        assert there.starts == 1


CRASHES = {
    "segfault": "crashed .SIGSEGV",
    "leave": "crashed .exit code 3",
    "hang": "gave no answer in 1.5 s",
    "hang_with_lock": "gave no answer in 1.5 s",
    "eat_memory": "ran out of its 400 MB of memory",
    "scribble": "broke the protocol",
}


@pytest.mark.parametrize("effect", CRASHES)
def test_a_process_that_goes_down_is_named_and_replaced(effect: str) -> None:
    batch_s = 1.5 if effect.startswith("hang") else 60.0
    with apart(job(effect, batch_s=batch_s, max_memory_bytes=400 * 2**20)) as recognizer:
        first = process_of(recognizer)
        with pytest.raises(RecognizerFailed, match=CRASHES[effect]):
            recognizer.recognize([sound(1), sound(POISON_S)])
        assert is_gone(first)
        assert not recognizer.is_down
        assert process_of(recognizer) != first
        assert recognizer.starts == 2


FAULTS = {
    "raise_error": "ArithmeticError: no",
    "drop_one": "1 hypotheses for 2 sounds",
    "not a number": "garbage: 1.token_log_probs.0",
    "impossible probability": "garbage: 1.token_log_probs.0",
    "no text": "garbage: 1.text",
    "bytes": "not JSON serializable",
    "a novel": "50000 characters for 2.0 s",
    "control characters": "control characters",
    "one token too many": "not one log probability for each token",
    "too many tokens": "1000 tokens for 2.0 s",
    "surrogates": "surrogates",
}


@pytest.mark.parametrize("effect", FAULTS)
def test_a_fault_or_garbage_is_an_error_and_the_process_goes_on(effect: str) -> None:
    with apart(job(effect)) as recognizer:
        first = process_of(recognizer)
        with pytest.raises(RecognizerFailed, match=FAULTS[effect]):
            recognizer.recognize([sound(1), sound(POISON_S)])
        assert process_of(recognizer) == first


def test_a_process_that_ends_while_it_has_nothing_to_do_costs_nobody_an_answer() -> None:
    with apart(job("")) as recognizer:
        process = process_of(recognizer)
        os.kill(process, signal.SIGKILL)
        wait_until(lambda: is_gone(process))
        assert process_of(recognizer) != process
        assert recognizer.starts == 2


def test_what_the_engine_refuses_keeps_its_type() -> None:
    with apart(job("refuse")) as recognizer, pytest.raises(AudioTooLong, match="it takes less"):
        recognizer.recognize([sound(POISON_S)])


def test_only_the_poison_of_a_batch_fails() -> None:
    async def scene(recognizer: ProcessRecognizer) -> None:
        batcher = Batcher([recognizer])
        asked = [ask(batcher, seconds) for seconds in (1, POISON_S, 3, 4)]
        await until_queued(batcher, 8 + POISON_S)
        batcher.start()
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        assert lengths([one.hypothesis for one in outcomes if isinstance(one, Recognized)]) == ["1", "3", "4"]
        assert isinstance(outcomes[1], RecognizerFailed)
        assert recognizer.starts == 3
        batcher.drain(SOON_S)

    with apart(job("segfault")) as recognizer:
        run(scene(recognizer))


def test_the_champion_answers_while_a_candidate_hangs() -> None:
    async def scene(recognizer: ProcessRecognizer) -> None:
        champion, candidate = Batcher([Fake()]), Batcher([recognizer])
        for batcher in (champion, candidate):
            batcher.start()
        poisoned = ask(candidate, POISON_S)
        for _ in range(10):
            assert (await ask(champion, POISON_S)).hypothesis.text == "2"
        assert not poisoned.done()
        with pytest.raises(RecognizerFailed, match="gave no answer"):
            await poisoned
        for batcher in (champion, candidate):
            batcher.drain(SOON_S)

    with apart(job("hang_with_lock", batch_s=1.5)) as recognizer:
        run(scene(recognizer))


def test_who_no_longer_waits_is_told_to_the_engine() -> None:
    given_up = threading.Event()
    with apart(job("wait_until_cancelled")) as recognizer:
        threading.Timer(0.05, given_up.set).start()
        heard = recognizer.recognize([sound(1), sound(POISON_S)], lambda index: index == 1 and given_up.is_set())
        assert [one.truncated for one in heard] == [False, True]
        assert recognizer.starts == 1


def test_an_engine_that_crashes_again_and_again_rests() -> None:
    with apart(job("leave")) as recognizer:
        for _ in range(3):
            assert not recognizer.is_down
            with pytest.raises(RecognizerFailed, match="exit code 3"):
                recognizer.recognize([sound(POISON_S)])
        assert recognizer.is_down
        with pytest.raises(RecognizerFailed, match="crashed 3 times in a row and starts again in 1 s"):
            recognizer.recognize([sound(1)])
        wait_until(lambda: not recognizer.is_down)
        assert lengths(recognizer.recognize([sound(1)])) == ["1"]
        assert recognizer.starts == 4


LOADS = {
    "load_never": "could not load: OSError: its weights are gone",
    "load_and_exit": "crashed .exit code 7",
    "load_and_hang": "was not ready in 0.7 s",
    "nothing": "could not load: AttributeError",
}


@pytest.mark.parametrize("function", LOADS)
def test_an_engine_that_does_not_load_says_why(function: str) -> None:
    wanted = replace(job(""), factory=f"{POISON}:{function}", arguments={}, start_s=0.7 if "hang" in function else 60)
    with pytest.raises(RecognizerFailed, match=LOADS[function]), apart(wanted):
        pass


def test_an_engine_that_does_not_say_what_it_takes_is_not_ready() -> None:
    wanted = replace(job(""), factory=f"{POISON}:Poisonable", arguments={"effect": "", "max_duration_s": -1})
    with pytest.raises(RecognizerFailed, match="does not say what it takes"), apart(wanted):
        pass


def test_a_process_is_as_nice_as_it_is_told_and_can_become_important() -> None:
    with apart(job("hang", niceness=7)) as recognizer:
        nice = os.getpriority(os.PRIO_PROCESS, 0)
        first = process_of(recognizer)
        assert os.getpriority(os.PRIO_PROCESS, first) == min(19, nice + 7)
        recognizer.prioritise(0)
        assert is_gone(first)
        second = process_of(recognizer)
        assert os.getpriority(os.PRIO_PROCESS, second) == nice
        recognizer.prioritise(0)
        assert process_of(recognizer) == second


def test_a_closed_recognizer_leaves_no_process_and_its_batch_fails() -> None:
    with apart(job("hang")) as recognizer:
        process = process_of(recognizer)
        threading.Timer(0.05, recognizer.close).start()
        with pytest.raises(RecognizerFailed, match="SIGKILL"):
            recognizer.recognize([sound(POISON_S)])
        wait_until(lambda: is_gone(process))
        with pytest.raises(RecognizerFailed, match="was closed"):
            recognizer.recognize([sound(1)])


SERVER = """
import threading
from serving.variants.backoff import Backoff
from serving.variants.child import Job
from serving.variants.process_recognizer import ProcessRecognizer
from tests.serving.fake_recognizer import sound
job = Job(factory="tests.serving.variants.poison:load", arguments={"effect": "hang_with_lock"}, batch_s=600,
          max_memory_bytes=2**30)
recognizer = ProcessRecognizer("poisonable", job, Backoff())
recognizer.begin()
print(recognizer.recognize([sound(1)])[0].text.split()[0], flush=True)
recognizer.recognize([sound(2)])
"""


def test_an_engine_that_hangs_for_good_does_not_outlive_a_killed_server() -> None:
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE)
    assert server.stdout
    process = int(server.stdout.readline())
    time.sleep(0.1)
    assert not is_gone(process)
    server.kill()
    server.wait()
    server.stdout.close()
    wait_until(lambda: is_gone(process), limit_s=5)
