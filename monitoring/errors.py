"""Everything that `monitoring` raises on purpose.

MonitoringError
├── InvalidEvent (ValueError)         the event cannot be stored as it is
├── JournalError (OSError)            the event was not taken
│   ├── JournalFull                   the database is behind and the bound is reached
│   ├── JournalUnwritable             the disk is full, or the folder cannot be used
│   └── JournalClosed                 the log is shutting down
├── UnreadableEvents (ValueError)     a file of events cannot be read, or not on from here
├── UnusableState (ValueError)        what a monitor kept of itself is damaged, or of another version
├── UnknownAlarm (LookupError)        no alarm of that id
├── RefusedAction (ValueError)        what somebody asks of an alarm cannot be done
└── StoreError
    ├── LeaseLost                     another replica watches by now
    ├── StoreUnavailable (OSError)    the database is away or busy; worth trying again
    └── StoreUnusable (ValueError)    no database, a newer schema, a bad address; a person must act
"""


class MonitoringError(Exception):
    """Root of the tree."""


class InvalidEvent(MonitoringError, ValueError):
    """The event cannot be stored as it is."""


class UnreadableEvents(MonitoringError, ValueError):
    """A file of events cannot be read, or not on from here."""


class UnusableState(MonitoringError, ValueError):
    """What a monitor kept of itself is damaged, or of another version."""


class UnknownAlarm(MonitoringError, LookupError):
    """No alarm of that id."""


class RefusedAction(MonitoringError, ValueError):
    """What somebody asks of an alarm cannot be done."""


class JournalError(MonitoringError, OSError):
    """The event was not taken; nothing of it is kept."""


class JournalFull(JournalError):
    """The database is behind and the journal has reached its bound."""


class JournalUnwritable(JournalError):
    """The disk is full, or the folder cannot be used."""


class JournalClosed(JournalError):
    """The log is shutting down."""


class StoreError(MonitoringError):
    """The database did not do what was asked."""


class LeaseLost(StoreError):
    """Another replica watches by now."""


class StoreUnavailable(StoreError, OSError):
    """The database is away or busy; worth trying again."""


class StoreUnusable(StoreError, ValueError):
    """Not a database, a newer schema or a bad address; a person must act."""
