"""Everything that `data_pipeline` raises on purpose.

    DataError
    ├── InvalidManifest (ValueError)      names the file, the line and the reason
    ├── InvalidHypotheses (ValueError)    another system's transcripts do not fit the manifest
    ├── InvalidVariant (ValueError)       a setting of the front end that does not exist or does not parse
    ├── NothingToEvaluate (ValueError)    no utterance is left
    ├── InvalidSlicing (ValueError)       a field to part results by that no row has, or that does not parse
    ├── InvalidTraffic (ValueError)       weights of the traffic that cannot be read, or that a row lacks
    ├── InvalidEvaluation (ValueError)    a saved evaluation cannot be read
    ├── InvalidCard (ValueError)          a dataset's card cannot be read, or does not belong to its manifest
    ├── OtherDataset (ValueError)         the folder holds a dataset that was made in another way
    ├── NotReproduced (ValueError)        a dataset that was made again has other content
    ├── InvalidCorpus (ValueError)        what is to be taken in or converted is not of the form that it should have
    ├── MissingTerms (ValueError)         nothing says on what terms any of the recordings may be used
    ├── InvalidProfile (ValueError)       a device profile cannot be used; names the file, the profile and the field
    ├── CannotSimulate (ValueError)       a device would send nothing of this recording
    ├── InvalidSplit (ValueError)         shares, dates or other settings of a split do not fit each other
    └── WorkerDied (ChildProcessError)    a worker process was killed

A recording that cannot be used is no exception here: it is reported and skipped.
"""


def reason_of(error: Exception) -> str:
    """What is wrong, without the name of the file, which stands beside it."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


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


class InvalidSlicing(DataError, ValueError):
    """Results cannot be parted that way."""


class InvalidTraffic(DataError, ValueError):
    """The weights of the traffic cannot be read, or a row has none."""


class InvalidEvaluation(DataError, ValueError):
    """A folder holds no complete evaluation."""


class InvalidCard(DataError, ValueError):
    """A dataset's card cannot be read, or its manifest is not the one that the card describes."""


class OtherDataset(DataError, ValueError):
    """The folder to write to holds another dataset."""


class NotReproduced(DataError, ValueError):
    """A dataset that was made again from its card came out otherwise."""


class InvalidCorpus(DataError, ValueError):
    """What is to be taken in or converted has no known layout, or lacks what its layout must have."""


class MissingTerms(DataError, ValueError):
    """Source, licence or consent is known for none of the recordings."""


class WorkerDied(DataError, ChildProcessError):
    """A worker process was killed, likely for lack of memory."""


class InvalidProfile(DataError, ValueError):
    """A device profile that cannot be read, or that does not exist."""


class CannotSimulate(DataError, ValueError):
    """A device would send nothing of this recording, or a noise or room to be heard in it cannot be used."""


class InvalidSplit(DataError, ValueError):
    """Settings of a split that do not fit each other."""
