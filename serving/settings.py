"""`voicesearch.toml`, with every key's default; the environment overrides it.

    [server]                      VOICESEARCH_SERVER__PORT=9000
    port = 9000

What each key means stands here and, by test, in docs/configuration.md. Knows no component that it configures.
"""

import os
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from serving import environment
from serving.automation_settings import AutomationSettings
from serving.front_end_settings import FrontEndSettings
from serving.monitoring_settings import MonitoringSettings
from serving.privacy_settings import PrivacySettings
from serving.review.settings import ReviewSettings
from serving.rollout_settings import RolloutSettings
from serving.section import NotNegative, Positive, Section


class ServerSettings(Section):
    """Where and how the server listens."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Address to listen on."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """Port to listen on; 0 takes a free one."""
    drain_s: NotNegative = 10.0
    """On SIGTERM, how long requests in flight may take to finish."""
    unready_s: NotNegative = 0.0
    """On SIGTERM, how long new requests are still taken while `/readyz` already says no."""
    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"
    """Least severe log line that is written."""
    keys: Literal["auto", "on", "off"] = "auto"
    """Are API keys wanted ([security.md](security.md))? `auto`: unless `host` is this machine alone."""


class ModelSettings(Section):
    """Which recognizer answers, and on how many workers."""

    id: str | None = None
    """Registry id; absent: the registry's default."""
    aliases: tuple[str, ...] = ("whisper-1",)
    """Other names under which clients may ask for it."""
    workers: Annotated[int, Field(ge=0, le=256)] = 0
    """Recognizer threads; 0: one for each processor core that this process may use."""
    threads_per_worker: Annotated[int, Field(ge=1, le=64)] = 1
    """Threads inside one recognition; one is best for short queries."""
    max_batch: Annotated[int, Field(ge=1, le=256)] = 8
    """Most clips in one batch."""
    max_batch_audio_s: Positive = 40.0
    """Most seconds of audio in one batch."""


class ConventionSettings(Section):
    """How transcripts are written."""

    search: str = "search"
    """Convention of the transcripts of `/v1/search`; names of the catalogue are compared through it too."""
    transcription: str = "verbatim"
    """Convention of `/v1/audio/transcriptions`."""


class SearchSettings(Section):
    """What is searched."""

    catalog: Path | None = None
    """CSV or JSONL file of items; absent: the catalogue that comes with voicesearch."""
    limit: Annotated[int, Field(ge=1, le=100)] = 10
    """Results of a search that names no limit."""


class StoreSettings(Section):
    """Where events are kept."""

    url: str = "sqlite:///voicesearch.db"
    """SQLAlchemy URL of the event store: SQLite, or PostgreSQL with the extra `postgres`."""
    journal: Path = Path(".voicesearch/journal")
    """Folder for events on their way to the store."""
    journal_max_mb: Positive = 256.0
    """Most that may wait there while the store is away."""
    fsync: bool = False
    """Force every event to the disk, so that it survives a power cut too."""


class LimitSettings(Section):
    """What is refused, and when one gives up."""

    max_upload_mb: Positive = 128.0
    """Longest request body."""
    max_uploads_mb: Positive = 512.0
    """Bytes of all requests together that may be in memory."""
    upload_timeout_s: Positive = 30.0
    """Time for a request body to arrive."""
    max_audio_s: Positive = 3600.0
    """Longest recording on `/v1/audio/transcriptions`."""
    max_query_s: Positive = 60.0
    """Longest recording on `/v1/search`."""
    deadline_s: Positive = 0.35
    """Time for front end and recognition of a query; what cannot be done in time is refused at once."""
    deadline_per_audio_s: NotNegative = 0.05
    """Added to it for each second of audio."""
    max_queue_audio_s: Positive = 60.0
    """Seconds of audio that may wait for recognition."""
    key_requests_per_s: Positive = 50.0
    """Requests per second for each API key that has no rate of its own, on each replica."""
    key_burst: Annotated[int, Field(ge=1, le=100_000)] = 100
    """So many of them may come at once."""


class Settings(BaseSettings):
    """The whole file."""

    model_config = SettingsConfigDict(
        env_prefix=environment.PREFIX, env_nested_delimiter=environment.DELIMITER, extra="ignore", frozen=True
    )

    server: ServerSettings = ServerSettings()
    model: ModelSettings = ModelSettings()
    frontend: FrontEndSettings = FrontEndSettings()
    convention: ConventionSettings = ConventionSettings()
    search: SearchSettings = SearchSettings()
    store: StoreSettings = StoreSettings()
    privacy: PrivacySettings = PrivacySettings()
    rollout: RolloutSettings = RolloutSettings()
    review: ReviewSettings = ReviewSettings()
    automation: AutomationSettings = AutomationSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    limits: LimitSettings = LimitSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment over the file, which is passed in as keywords."""
        return env_settings, init_settings


def read_settings(path: Path | None) -> Settings:
    """The settings of a file, or the defaults; the environment over both.

    Raises ValueError in one line that names the key, OSError where the file cannot be read.
    """
    tables: dict[str, dict[str, object]] = {}
    if path is not None:
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: {error}") from error
    if unknown := sorted(tables.keys() - Settings.model_fields.keys()):
        raise ValueError(f"{path}: unknown section [{unknown[0]}]; there are: {', '.join(Settings.model_fields)}")
    for name in sorted(os.environ):
        if (section := environment.section_of(name)) not in {None, *Settings.model_fields}:
            raise ValueError(f"{name}: unknown section [{section}]; there are: {', '.join(Settings.model_fields)}")
    try:
        return Settings(**tables)  # type: ignore[arg-type]  # pydantic checks the tables
    except ValidationError as error:
        raise ValueError(_complaint(error, path)) from error


def unread_variables() -> list[str]:
    """A line for each variable of the environment that looks like ours and is not; see `serving.environment`."""
    settings = [environment.variable_of(*name.split(".")) for name in setting_names()]
    return environment.unread(os.environ, settings, Settings.model_fields)


def setting_names() -> list[str]:
    """Every key there is, with its section: "server.port"."""
    sections = {name: field.default for name, field in Settings.model_fields.items()}
    return [f"{name}.{key}" for name, section in sections.items() for key in type(section).model_fields]


def _complaint(error: ValidationError, path: Path | None) -> str:
    """Who set what is wrong (a variable, which goes before the file), the key, and what is wrong with it."""
    first = error.errors()[0]
    section, key = (*map(str, first["loc"]), "")[:2]
    where = ".".join(map(str, first["loc"]))
    variables = {name.upper(): name for name in os.environ}
    source = variables.get(environment.variable_of(section, key)) or path or "environment"
    nearest = get_close_matches(where, setting_names(), 1) if first["type"] == "extra_forbidden" else []
    return f"{source}: {where}: {first['msg']}" + (f"; did you mean {nearest[0]}?" if nearest else "")


def available_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
