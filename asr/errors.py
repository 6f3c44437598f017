"""Everything that `asr` raises on purpose.

    AsrError
    ├── AudioError (ValueError)       the sound cannot be used
    │   ├── UndecodableAudio          not sound, or broken
    │   ├── UnsupportedAudio          sound, but of a kind that is refused (rate, channels, encoding)
    │   ├── AudioTooLarge             more bytes than allowed
    │   └── AudioTooLong              more seconds than allowed
    ├── ModelError
    │   ├── UnknownModel (LookupError)
    │   ├── ModelUnavailable (OSError)    not in the cache and not to be fetched
    │   ├── CorruptModel (ValueError)     its bytes are not the registered ones
    │   └── InvalidRegistry (ValueError)  a registry file cannot be read
    ├── UnknownConvention (LookupError)
    └── RecognitionCancelled          nobody waits for the answer any more

Absence of speech is a result, not an error.
"""


class AsrError(Exception):
    """Root of the tree."""


class AudioError(AsrError, ValueError):
    """The sound cannot be used."""


class UndecodableAudio(AudioError):
    """Not sound, or broken."""


class UnsupportedAudio(AudioError):
    """Sound of a kind that is refused: rate, channels or encoding."""


class AudioTooLarge(AudioError):
    """More bytes than allowed."""


class AudioTooLong(AudioError):
    """More decoded seconds than allowed."""


class ModelError(AsrError):
    """A model cannot be used."""


class UnknownModel(ModelError, LookupError):
    """No model of that name is registered."""


class ModelUnavailable(ModelError, OSError):
    """The model is not in the cache and could not be fetched."""


class CorruptModel(ModelError, ValueError):
    """The bytes of a model file are not the registered ones."""


class InvalidRegistry(ModelError, ValueError):
    """A registry file is absent, malformed, or lacks something required, such as a licence."""


class UnknownConvention(AsrError, LookupError):
    """No transcript convention of that name is registered."""


class RecognitionCancelled(AsrError):
    """Nobody waits for the answer any more."""
