"""Segments as subtitles: SubRip and WebVTT. Pure functions; a segment without text gives no cue."""

from collections.abc import Sequence

from asr.pipeline import Segment


def srt(segments: Sequence[Segment]) -> str:
    """SubRip: numbered cues, times as 00:00:01,500."""
    cues = [
        f"{i}\n{_clock(s.span.start_s, ',')} --> {_clock(s.span.end_s, ',')}\n{s.text}\n"
        for i, s in enumerate((s for s in segments if s.text), start=1)
    ]
    return "\n".join(cues)


def vtt(segments: Sequence[Segment]) -> str:
    """WebVTT (W3C): times as 00:00:01.500; `&`, `<` and `>` are escaped."""
    cues = [
        f"{_clock(s.span.start_s, '.')} --> {_clock(s.span.end_s, '.')}\n{_escaped(s.text)}\n"
        for s in segments
        if s.text
    ]
    return "\n".join(["WEBVTT\n", *cues])


def _clock(time_s: float, mark: str) -> str:
    milliseconds = round(time_s * 1000)
    seconds, thousandths = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{thousandths:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
