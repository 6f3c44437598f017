"""Revisions of the tables in `serving.state.tables`, for Alembic."""
