"""How the service itself runs: time by stage, errors by kind, and what the server tells of itself at intervals."""

from collections.abc import Callable
from typing import Final

from monitoring.events import Event, SignalValue
from monitoring.signals.signal import Group, Signal, Worse, field
from monitoring.voice_events import QueryKind

REQUESTS: Final = frozenset(QueryKind)
SERVER_EVENT: Final = "server"
SERVER: Final = frozenset({SERVER_EVENT})
REFUSED: Final = frozenset({"overloaded", "draining"})
"""Outcomes of requests that were shed, not tried."""
OK: Final = "ok"


def _failed(event: Event) -> SignalValue:
    return event.outcome != OK and event.outcome not in REFUSED


def _shed(event: Event) -> SignalValue:
    return event.outcome in REFUSED


def _outcome(*names: str) -> Callable[[Event], SignalValue]:
    wanted = frozenset(names)

    def read(event: Event) -> SignalValue:
        return event.outcome in wanted

    return read


def _stage(name: str, about: str) -> Signal:
    return Signal(
        name=f"{name}_ms",
        about=about,
        group=Group.SOFTWARE,
        read=field(f"{name}_ms"),
        kinds=REQUESTS,
        worse=Worse.HIGHER,
    )


def _share(name: str, about: str, read: Callable[[Event], SignalValue]) -> Signal:
    return Signal(
        name=name,
        about=about,
        group=Group.SOFTWARE,
        read=read,
        kinds=REQUESTS,
        is_rate=True,
        worse=Worse.HIGHER,
    )


def _gauge(name: str, about: str, worse: Worse = Worse.HIGHER) -> Signal:
    return Signal(name=name, about=about, group=Group.SOFTWARE, read=field(name), kinds=SERVER, worse=worse)


SOFTWARE: Final = (
    _stage("decode", "Time to decode a recording."),
    _stage("vad", "Time to find speech in a recording."),
    _stage("loudness", "Time to bring a recording to one loudness."),
    _stage("queue", "Time that a recording waited for a recognizer."),
    _stage("recognize", "Time of the batch in which a recording was recognized."),
    _stage("search", "Time to search for a transcript."),
    _stage("total", "Time from a request to its answer."),
    _share("error", "Requests that were tried and failed.", _failed),
    _share("shed", "Requests that were refused because the server was full or going away.", _shed),
    _share(
        "undecodable",
        "Recordings that could not be decoded.",
        _outcome("undecodable_audio", "unsupported_audio"),
    ),
    _gauge("rss_mib", "Memory that the server's processes hold."),
    _gauge("cpu_share", "Share of its processor cores that the server uses."),
    _gauge("queue_audio_s", "Seconds of audio that wait for a recognizer."),
    _gauge("busy_share", "Share of the recognizers that are at work."),
    _gauge("mean_batch_size", "Recordings that are recognized together.", Worse.EITHER),
    _gauge("throughput_per_s", "Requests that are answered each second.", Worse.EITHER),
    _gauge("pending_events", "Events on their way to the store."),
)
