"""Everything that `data_pipeline` raises on purpose.

    DataError
    ├── InvalidManifest (ValueError)      names the file, the line and the reason
    ├── InvalidHypotheses (ValueError)    another system's transcripts do not fit the manifest
    ├── InvalidVariant (ValueError)       a setting of the front end that does not exist or does not parse
    └── NothingToEvaluate (ValueError)    no utterance is left

A recording that cannot be used is no exception here: it is reported and skipped.
"""


class DataError(Exception):
    """Root of the tree."""


class InvalidManifest(DataError, ValueError):
    """A line of a manifest cannot be used."""


class InvalidHypotheses(DataError, ValueError):
    """Another system's transcripts cannot be read, or lack one that is needed."""


class InvalidVariant(DataError, ValueError):
    """A setting of the front end that does not exist, or a value that it does not take."""


class NothingToEvaluate(DataError, ValueError):
    """The manifest, after its filters and without unusable recordings, has no utterance."""
