"""Real databases for the tests of the event store, and events to put there."""

import contextlib
import os
import resource
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from monitoring.events import Event
from monitoring.store import EventStore


def postgres_binaries() -> Path | None:
    on_path = shutil.which("postgres")
    if on_path:
        return Path(on_path).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


class PostgresServer:
    """A PostgreSQL of its own, in a temporary folder, that tests may stop and start."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder
        # PostgreSQL refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        self._port = 0
        if self._user:
            shutil.chown(folder, self._user)
        self._run("initdb", "--encoding=UTF8", "--locale=C", "--auth=trust", "--username=tester")

    def start(self) -> None:
        """On the port that it had; the first time on any free one, which somebody else may take meanwhile."""
        for _ in range(0 if self._port else 5):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self._port = free.getsockname()[1]
            with contextlib.suppress(subprocess.CalledProcessError):
                return self._start()
        self._start()

    def _start(self) -> None:
        options = f"-p {self._port} -h 127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._run("pg_ctl", "start", "--wait", f"--log={self._folder}/log", f"--options={options}")

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "--wait", "--mode=immediate")

    def address(self, database: str) -> str:
        return f"postgresql://tester@127.0.0.1:{self._port}/{database}"

    def new_database(self) -> str:
        name = f"test_{uuid.uuid4().hex}"
        engine = create_engine(self.address("postgres").replace("://", "+psycopg://"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        return self.address(name)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), f"--pgdata={self._folder}/data", *arguments]
        subprocess.run(command, user=self._user, cwd="/", check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL; absent where it is not installed."""
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    with tempfile.TemporaryDirectory() as folder:
        server = PostgresServer(binaries, Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a new, empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/events.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def store(address: str) -> Iterator[EventStore]:
    """An empty store in each kind of database."""
    store = EventStore.open(address)
    yield store
    store.close()


@pytest.fixture
def nowhere() -> Iterator[str]:
    """The address of a database that is away: nothing listens on that port, and nobody else can take it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"postgresql://tester@127.0.0.1:{taken.getsockname()[1]}/events"


@pytest.fixture
def make_event() -> Callable[..., Event]:
    """Makes the event of request number `n`; fields may be given."""

    def make(n: int = 0, **fields: object) -> Event:
        request_id = f"req-{n:06d}"
        defaults: dict[str, object] = {
            "event_id": request_id,
            "request_id": request_id,
            "at": 1_700_000_000.0 + n,
            "kind": "voice",
        }
        return Event(**{**defaults, **fields})  # type: ignore[arg-type]

    return make


@pytest.fixture
def largest_file() -> Callable[[int], contextlib.AbstractContextManager[None]]:
    """Limits files to some bytes: as on a full disk, the kernel writes the part that fits and then refuses."""

    @contextlib.contextmanager
    def limited(size: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited
