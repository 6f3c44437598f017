"""`voicesearch serve`: the HTTP server."""

import gc
import logging
import signal
import socket
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from serving.settings import Settings

logger = logging.getLogger("voicesearch")


@click.command()
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A voicesearch.toml.")
@click.option("--host", help="Address to listen on.  [default: server.host, 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: server.port, 8000]")
@click.option(
    "--catalog", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="CSV or JSONL file of items."
)
def serve(config: Path | None, host: str | None, port: int | None, catalog: Path | None) -> None:
    """Serve voice search over HTTP, with its pages.

    \b
    Example:
      voicesearch serve --port 8000 --catalog products.csv
    """
    import uvicorn

    from serving.app import create_app
    from serving.http_protocol import BoundedHttp
    from serving.logs import configure
    from serving.opening import open_service
    from serving.settings import unread_variables
    from serving.watching import policies_of

    settings = _settings(config, host, port, catalog)
    configure(settings.server.log_level, redact=settings.privacy.redact)
    for line in unread_variables():
        logger.warning(line)
    policies_of(settings.monitoring).check_secrets()  # here, since the model takes its time
    listener = _listener(settings.server.host, settings.server.port)
    service = open_service(settings)
    logger.info("voice search at http://%s:%d", settings.server.host, listener.getsockname()[1])
    gc.freeze()  # what is loaded now stays: no collection need look at it

    class Server(uvicorn.Server):
        """Says "not ready" for a while before it stops to listen, so that a load balancer can look away."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            service.ready = False
            if sig == signal.SIGTERM:  # asked for, so that the process ends with 0, not by the signal
                threading.Timer(settings.server.unready_s, setattr, (self, "should_exit", True)).start()
            else:
                super().handle_exit(sig, frame)

    Server(
        uvicorn.Config(
            create_app(service),
            http=BoundedHttp,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=max(1, round(settings.server.drain_s)),
        )
    ).run(sockets=[listener])


def _settings(config: Path | None, host: str | None, port: int | None, catalog: Path | None) -> "Settings":
    """The file's and the environment's settings, the command's options over them."""
    from serving.settings import read_settings

    if host == "":
        raise click.BadParameter("an empty host would listen everywhere: say 0.0.0.0", param_hint="--host")
    settings = read_settings(config)
    listen = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    server = settings.server.model_copy(update=listen)
    search = settings.search.model_copy(update={"catalog": catalog} if catalog else {})
    return settings.model_copy(update={"server": server, "search": search})


def _listener(host: str, port: int) -> socket.socket:
    """A socket with that address. Raises OSError in one line where it is taken or not ours."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return listener
