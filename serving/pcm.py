"""Headerless sound in a form: what the fields `encoding`, `sample_rate` and `channels` say about it."""

from asr.decode import Encoding, PcmFormat
from serving.errors import BadField
from serving.uploads import UploadedForm

Fields = dict[str, list[str]]


def pcm_format(form: UploadedForm) -> tuple[PcmFormat | None, Fields]:
    """The format of raw samples, None where the file has a header of its own; and the form's other fields.

    Raises BadField.
    """
    rest = {name: values for name, values in form.fields.items() if name not in {"encoding", "sample_rate", "channels"}}
    encoding = _one(form.fields, "encoding")
    if encoding is None:
        for name in ("sample_rate", "channels"):
            if name in form.fields:
                raise BadField(f"{name} is for raw samples, which need `encoding` too", name)
        return None, rest
    encoding = encoding.removeprefix("pcm_")
    if encoding not in set(Encoding):
        raise BadField(f"encoding is none of {', '.join(Encoding)}", "encoding")
    rate, channels = _number(form.fields, "sample_rate"), _number(form.fields, "channels", 1)
    return PcmFormat(sample_rate_hz=rate, channels=channels, encoding=Encoding(encoding)), rest


def _one(fields: Fields, name: str) -> str | None:
    values = fields.get(name, [])
    if len(values) > 1:
        raise BadField(f"{name} stands {len(values)} times in the form", name)
    return values[0] if values else None


def _number(fields: Fields, name: str, default: int | None = None) -> int:
    text = _one(fields, name)
    if text is None and default is not None:
        return default
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadField(f"{name} must be a whole number", name)
    return int(text)
