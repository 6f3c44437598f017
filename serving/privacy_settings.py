"""The table `[privacy]`: what is kept of what people say, and for how long. Knows nothing of how it is deleted."""

from pathlib import Path

from serving.section import NotNegative, Positive, Section


class PrivacySettings(Section):
    """What is kept of what people say, and for how long ([privacy.md](privacy.md)); 0 days: for ever."""

    store_transcripts: bool = True
    """Keep transcripts and typed queries in the event store."""
    log_transcripts: bool = False
    """Write transcripts and typed queries to the log."""
    redact: bool = True
    """In logs and stored texts put `[email]`, `[phone]`, `[card]` for what was typed or spoken of that kind."""
    keep_audio: bool = False
    """Keep the audio of requests that carry `consent=true`."""
    audio_folder: Path = Path(".voicesearch/audio")
    """Where such audio is kept."""
    transcripts_days: NotNegative = 90.0
    """After so many days texts are taken out of their events."""
    audio_days: NotNegative = 30.0
    """After so many days kept audio is deleted."""
    events_days: NotNegative = 395.0
    """After so many days events are deleted; 13 months compare a season with the last."""
    reviews_days: NotNegative = 395.0
    """After so many days items of the review queue are deleted, and what reviewers wrote."""
    alarms_days: NotNegative = 395.0
    """So many days after its end an alarm is deleted."""
    purge_every_h: Positive = 1.0
    """How often what is too old is looked for, the first time after so long."""
    datasets: tuple[Path, ...] = ()
    """Folders of data sets made from kept audio: the deletion of a user goes through all that lies in them."""
    models: tuple[Path, ...] = ()
    """Folders in which cards of models are looked for, to tell which were trained on what is deleted."""
