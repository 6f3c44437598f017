"""One real server for all tests of this folder that only need an answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from serving.bench.server_process import own_server, running_server

CONFIG = """
[store]
url = "sqlite:///{folder}/voicesearch.db"
journal = "{folder}/journal"

[limits]
deadline_s = 20  # a busy test machine is no reason to refuse
"""


@dataclass(frozen=True)
class LiveServer:
    """`voicesearch serve` with its defaults, in a process of its own."""

    base_url: str
    """Without a slash at the end."""
    database: Path
    """Its event store, an SQLite file that may be read meanwhile."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("server")
    config = folder / "voicesearch.toml"
    config.write_text(CONFIG.format(folder=folder.as_posix()))
    with running_server(own_server(config), ready_path="/readyz") as running:
        yield LiveServer(running.url, folder / "voicesearch.db")
