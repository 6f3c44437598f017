"""What a variant is: model, front end, convention and search settings under one name, for good.

Whoever wants another setting takes another name; so a name in an event, an alarm or a review always means the same.
Knows nothing of how it is loaded or of who gets it.
"""

import hashlib
from pathlib import Path
from typing import Annotated, Final

import orjson
from pydantic import Field

from serving.front_end_settings import FrontEndSettings
from serving.section import Section

VariantName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
"""Lower case, so that names that look alike are the same."""

CHAMPION: Final = "champion"
"""Name of the variant that the configuration itself describes."""


class Variant(Section):
    """One version of voice search."""

    name: VariantName
    model: str | None = None
    """Registry id; absent: the registry's default."""
    frontend: FrontEndSettings = FrontEndSettings()
    """Voice activity detection, clipping and loudness."""
    convention: str = "search"
    """How transcripts are written."""
    catalog: Path | None = None
    """What is searched; absent: the catalogue that comes with voicesearch."""
    url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")] | None = None
    """Of an older system that takes part: the base of OpenAI's API, such as `http://127.0.0.1:9000/v1`; it gets the
    recording as it came, and `model`."""
    key_variable: str | None = None
    """Environment variable that holds the older system's API key."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 2.0
    """How long one recognition may take, a minute at most, before the variant is given up for this query."""

    @property
    def fingerprint(self) -> str:
        """The same for the same settings, whatever their name."""
        document = self.model_dump(mode="json", exclude={"name"})
        return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]

    @property
    def is_external(self) -> bool:
        """Is it somebody else's recognizer?"""
        return self.url is not None
