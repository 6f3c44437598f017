"""The `voicesearch` command: finds the subcommand, and turns every expected failure into one line and exit code 2.

Subcommands stand in `serving/commands`, one file each, and are imported only when called, so that `--help` and
the light commands never load a model runtime or a web framework.
"""

import sys
from collections.abc import Sequence

import click

from serving.commands.lazy_group import lazy_group

COMMANDS = {
    "serve": "serving.commands.serve:serve",
    "transcribe": "serving.commands.transcribe:transcribe",
    "evaluate": "serving.commands.evaluate:evaluate",
    "data": "serving.commands.data:data",
    "monitor": "serving.commands.monitor:monitor",
    "rollout": "serving.commands.rollout:rollout",
    "automation": "serving.commands.automation:automation",
    "review": "serving.commands.review:review",
    "models": "serving.commands.models:models",
    "keys": "serving.commands.keys:keys",
    "privacy": "serving.commands.privacy:privacy",
    "bench": "serving.commands.bench:bench",
}

EXTRAS = {
    "datasets": "datasets",
    "faster_whisper": "peers",
    "litserve": "peers",
    "matplotlib": "plot",
    "moonshine_voice": "peers",
    "pandas": "notebook",
    "opentelemetry": "tracing",
    "psycopg": "postgres",
    "pyarrow": "datasets",
    "river": "drift",
    "scipy": "fit",
}
"""Which extra of the distribution brings a module that the default installation lacks."""


@click.group(cls=lazy_group(COMMANDS), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="voicesearch")
def voicesearch() -> None:
    """Speech recognition for voice search, from a recording to a service that stays good."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit: 0 done, 2 anything the caller can mend, 130 interrupted."""
    try:
        code = voicesearch.main(args=arguments, prog_name="voicesearch", standalone_mode=False)
    except click.Abort:
        code = 130
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        code = 2
    except click.ClickException as error:
        _complain(error.format_message())
        code = 2
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        _complain(f"this needs {package}: pip install 'voicesearch[{EXTRAS[package]}]'")
        code = 2
    except (OSError, ValueError, LookupError) as error:
        _complain(str(error) or type(error).__name__)
        code = 2
    sys.exit(code if isinstance(code, int) else 0)


def _complain(message: str) -> None:
    print("voicesearch: error: " + " ".join(message.split()), file=sys.stderr)
