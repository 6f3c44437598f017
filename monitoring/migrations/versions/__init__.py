"""One file for each change of the schema; a revision is never edited once it was released."""
