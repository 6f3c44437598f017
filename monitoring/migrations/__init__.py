"""How the schema of the event store came to be; `monitoring.database.migrate` runs it."""
