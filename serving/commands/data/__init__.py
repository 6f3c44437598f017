"""`voicesearch data`: the data pipeline, manifest in, manifest out; one file for each command."""

import click

from serving.commands.lazy_group import lazy_group

COMMANDS = {
    "ingest": "serving.commands.data.ingest:ingest",
    "validate": "serving.commands.data.validate:validate",
    "clip": "serving.commands.data.clip:clip",
    "normalize": "serving.commands.data.normalize:normalize",
    "clean": "serving.commands.data.clean:clean",
    "audit": "serving.commands.data.audit:audit",
    "split": "serving.commands.data.split:split",
    "simulate": "serving.commands.data.simulate:simulate",
    "report": "serving.commands.data.report:report",
    "rebuild": "serving.commands.data.rebuild:rebuild",
    "convert": "serving.commands.data.convert:convert",
}


@click.group(cls=lazy_group(COMMANDS))
def data() -> None:
    """Build data sets: each command reads a manifest and writes a folder with manifest, card and failures."""
