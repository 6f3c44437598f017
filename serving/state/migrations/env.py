"""Run by Alembic: applies the revisions over the connection that `monitoring.database.migrate` has opened."""

from alembic import context

from serving.state.tables import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
