"""Subtitles of a transcription, as SubRip and as WebVTT. Pure text; a segment without text gives no cue.

SubRip has no standard: this is what players agree on. WebVTT is the W3C's, https://www.w3.org/TR/webvtt1/.
"""

from collections.abc import Iterator, Sequence

from asr.pipeline import Segment


def srt(segments: Sequence[Segment]) -> str:
    """SubRip: numbered cues, times as 00:00:01,500; empty where nothing is said."""
    cues = enumerate(_cues(segments, decimal=","), 1)
    return "\n".join(f"{number}\n{times}\n{text}\n" for number, (times, text) in cues)


def vtt(segments: Sequence[Segment]) -> str:
    """WebVTT: times as 00:00:01.500, `&`, `<` and `>` escaped; only its header where nothing is said."""
    cues = (f"{times}\n{_escaped(text)}\n" for times, text in _cues(segments, decimal="."))
    return "\n".join(["WEBVTT\n", *cues])


def _cues(segments: Sequence[Segment], *, decimal: str) -> Iterator[tuple[str, str]]:
    """Times and text of each cue, the text on one line: an empty line would end the cue."""
    for segment in segments:
        if text := " ".join(segment.text.split()):
            start, end = (_clock(s, decimal) for s in (segment.span.start_s, segment.span.end_s))
            yield f"{start} --> {end}", text


def _clock(time_s: float, decimal: str) -> str:
    milliseconds = round(time_s * 1000)
    seconds, thousandths = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{decimal}{thousandths:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
