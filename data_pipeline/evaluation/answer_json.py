"""An answer as JSON, in the results and in the journal; what the recognizer heard, as far as calibration needs it."""

from collections.abc import Mapping
from typing import Any

from asr.recognizer import Hypothesis
from data_pipeline.evaluation.systems import Answer, Heard


def answer_json(answer: Answer) -> dict[str, object]:
    """The fields of an answer; its text is `raw_hypothesis`, since beside it stands the one that was scored."""
    return {
        "raw_hypothesis": answer.text,
        "confidence": answer.confidence,
        "latency_ms": answer.latency_ms,
        "computing_ms": answer.computing_ms,
        "timings_ms": answer.timings_ms,
        "measured": answer.measured,
        "heard": [_heard_json(one) for one in answer.heard],
    }


def read_answer(values: Mapping[str, Any]) -> Answer:
    """The answer that `answer_json` wrote. Raises KeyError or TypeError for anything else."""
    return Answer(
        values["raw_hypothesis"],
        values["latency_ms"],
        values["computing_ms"],
        values["confidence"],
        tuple(_heard(one) for one in values["heard"]),
        values["timings_ms"],
        values["measured"],
    )


def _heard_json(heard: Heard) -> dict[str, object]:
    return {
        "text": heard.hypothesis.text,
        "token_log_probs": [round(value, 5) for value in heard.hypothesis.token_log_probs],
        "truncated": heard.hypothesis.truncated,
        "speech_probability": round(heard.speech_probability, 6),
        "duration": round(heard.duration_s, 3),
    }


def _heard(values: Mapping[str, Any]) -> Heard:
    hypothesis = Hypothesis(values["text"], (), (), tuple(values["token_log_probs"]), values["truncated"])
    return Heard(hypothesis, values["speech_probability"], values["duration"])
