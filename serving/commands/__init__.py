"""One file for each subcommand of `voicesearch`."""
