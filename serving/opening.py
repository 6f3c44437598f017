"""Loads what a server is made of: variants, stores, and all that stands beside the requests. Starts nothing."""

import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from asr import convention
from asr.decode import DecodeLimits
from asr.loading import Detector, load_detector
from asr.registry import Registry, read_registry
from monitoring.alarms.alarms import Alarms
from monitoring.alarms.store import AlarmStore
from monitoring.event_log import EventLog
from monitoring.events import Event
from monitoring.redacted_events import redacted
from monitoring.redaction import redact
from serving.automation.degrees import Degrees
from serving.automation.record import EVERYONE, ClassState
from serving.automation.store import DegreeStore
from serving.automation.upkeep import Upkeep
from serving.dispatch import Dispatcher
from serving.heartbeat import Heartbeat, Machine
from serving.keys.identity import keys_are_wanted
from serving.keys.key_ring import KeyRing
from serving.keys.store import KeyStore
from serving.people import People, Waiting
from serving.privacy_settings import PrivacySettings
from serving.review.desk import ReviewDesk
from serving.review.sampler import Sampler
from serving.rollouts.opening import open_controller
from serving.routes.service import Service
from serving.second_vad import SecondVad
from serving.settings import Settings, available_cores
from serving.shadow import Shadow
from serving.state.store import StateStore
from serving.telemetry import Telemetry
from serving.traffic import Routing, Traffic
from serving.variants.lineup import Lineup
from serving.variants.listener import Queue
from serving.variants.loaded import LoadedVariant, champion_of, load_variant, open_variant
from serving.variants.search_backends import SearchBackends
from serving.variants.variant import CHAMPION, Variant
from serving.voice_search import Privacy, VoiceSearch
from serving.watching import policies_of

if TYPE_CHECKING:
    from serving.tracing import Traces

MEGABYTE: Final = 2**20
CANDIDATE_NICENESS: Final = 10
"""Of the processes in which candidates hear: the champion's users go first."""


def open_service(settings: Settings) -> Service:
    """Load model, catalogue and event store.

    Raises ValueError, LookupError or OSError in one line that says what is wrong, ModuleNotFoundError where traces are
    wanted and their library is not installed.
    """
    traces, registry, telemetry = _traces(settings), read_registry(), Telemetry()
    transcription_convention = convention.get(settings.convention.transcription)
    lineup, traffic = _lineup(settings, registry, telemetry), Traffic(Routing(champion=CHAMPION))
    dispatcher = Dispatcher(lineup, traffic, degrade_to=settings.rollout.degrade_to)
    log = _event_log(settings)
    _watch(telemetry, dispatcher, log)
    state = StateStore.open(settings.store.url)
    alarms = _alarms(settings)
    automation = _automation(settings, state, alarms, traffic)
    reviews = ReviewDesk(state, settings.review, publish=partial(log.append, known_new=True), keep=_redaction(settings))
    people = _people(settings, automation, reviews)
    telemetry.watch("voicesearch_reviews_waiting", "Users who wait for a person now", lambda: automation.room.backlog)
    voice_search = VoiceSearch(
        dispatcher=dispatcher,
        events=log,
        telemetry=telemetry,
        max_query_s=settings.limits.max_query_s,
        privacy=_privacy(settings),
        second_vad=_second_vad(settings, registry, log, telemetry),
        people=people,
        shadow=_shadow(settings, dispatcher, log, telemetry, people),
    )
    return Service(
        settings=settings,
        registry=registry,
        lineup=lineup,
        traffic=traffic,
        voice_search=voice_search,
        events=log,
        telemetry=telemetry,
        transcription_convention=transcription_convention,
        alarms=alarms,
        automation=automation,
        reviews=reviews,
        rollouts=open_controller(settings, registry, lineup, traffic, alarms, replica=replica_of(settings)),
        heartbeat=_heartbeat(settings, lineup.get(CHAMPION), log, telemetry),
        state=state,
        keys=_keys(settings, state),
        traces=traces,
    )


def _privacy(settings: Settings) -> Privacy:
    wanted = settings.privacy
    return Privacy(
        store_transcripts=wanted.store_transcripts,
        audio_folder=wanted.audio_folder if wanted.keep_audio else None,
        redact=wanted.redact,
    )


def _lineup(settings: Settings, registry: Registry, telemetry: Telemetry) -> Lineup:
    """The champion, and how others are loaded beside it: apart, so that they cannot harm it."""
    backends = SearchBackends()

    async def load(variant: Variant) -> LoadedVariant:
        return await load_variant(
            variant,
            settings,
            registry,
            isolated=True,
            niceness=CANDIDATE_NICENESS,
            backends=backends,
            observe=telemetry.batch,
        )

    champion = open_variant(
        champion_of(settings), settings, registry, isolated=False, backends=backends, observe=telemetry.batch
    )
    return Lineup(load, champion)


def _watch(telemetry: Telemetry, dispatcher: Dispatcher, log: EventLog) -> None:
    lineup, traffic = dispatcher.lineup, dispatcher.traffic

    def queues() -> list[Queue]:
        return [lineup.get(name).queue for name in lineup.names]

    waiting, busy = (lambda: sum(one.waiting_audio_s for one in queues())), (lambda: sum(one.busy for one in queues()))
    telemetry.watch("voicesearch_queue_audio_seconds", "Audio that waits", waiting)
    telemetry.watch("voicesearch_busy_workers", "Workers that recognize", busy)
    telemetry.watch("voicesearch_workers", "Workers that there are", lambda: sum(one.workers for one in queues()))
    telemetry.watch("voicesearch_variants", "Variants that are loaded", lambda: len(lineup.names))
    telemetry.watch("voicesearch_candidate_share", "Of users, those of a candidate", lambda: traffic.routing.share)
    telemetry.watch("voicesearch_shadow_share", "Of queries, those shadowed", lambda: traffic.routing.shadow_share)
    telemetry.watch("voicesearch_pending_events", "Events on their way to the store", lambda: log.pending)
    telemetry.watch("voicesearch_event_store_up", "Whether the database takes events", lambda: log.healthy)
    telemetry.watch("voicesearch_bad_journal_lines", "Journal lines put aside as no events", lambda: log.bad_lines)
    telemetry.watch("voicesearch_nulled_signals", "Signals that were NaN or infinite", lambda: log.nulled_signals)


def _automation(settings: Settings, state: StateStore, alarms: Alarms, traffic: Traffic) -> Upkeep:
    wanted = settings.automation
    everyone = ClassState(
        traffic_class=EVERYONE, degree=wanted.degree, target_risk=wanted.target_risk, confidence=wanted.confidence
    )
    degrees = Degrees(DegreeStore(state), everyone, poll_s=wanted.poll_s)
    return Upkeep(degrees, state, alarms.store, wanted, champion=lambda: traffic.routing.champion)


def _people(settings: Settings, automation: Upkeep, reviews: ReviewDesk) -> People:
    limits = DecodeLimits(
        max_bytes=round(settings.limits.max_upload_mb * MEGABYTE), max_duration_s=settings.limits.max_query_s
    )
    waiting = Waiting(
        wait_s=settings.automation.wait_s,
        audio_folder=settings.privacy.audio_folder,
        limits=limits,
        kept=_kept(settings.privacy),
    )
    return People(automation.degrees, reviews, Sampler(settings.review), automation.places, waiting)


def _redaction(settings: Settings) -> Callable[[str], str]:
    return redact if settings.privacy.redact else str


def _kept(privacy: PrivacySettings) -> Callable[[str], str | None]:
    """What of a transcript may be written down."""
    if not privacy.store_transcripts:
        return lambda text: None
    return redact if privacy.redact else str


def _shadow(settings: Settings, dispatcher: Dispatcher, log: EventLog, telemetry: Telemetry, people: People) -> Shadow:
    def take(query: Event, shadow: Event) -> None:
        log.append(shadow, known_new=True)
        people.disagreed(query, shadow)

    return Shadow(
        dispatcher,
        take=take,
        is_idle=lambda: not telemetry.in_flight,
        max_query_s=settings.limits.max_query_s,
        keeps_text=settings.privacy.store_transcripts,
        observe=telemetry.shadow,
    )


def _second_vad(settings: Settings, registry: Registry, log: EventLog, telemetry: Telemetry) -> SecondVad | None:
    """The detector that is not on the request path, behind it."""
    if not (share := settings.monitoring.second_vad_share):
        return None
    (other,) = set(Detector) - {settings.frontend.vad}
    return SecondVad(
        load_detector(other, registry),
        settings.frontend.front_end().clipping,
        take=partial(log.append, known_new=True),
        is_idle=lambda: not telemetry.in_flight,
        observe=telemetry.second_vad,
        share=share,
    )


def _heartbeat(settings: Settings, champion: LoadedVariant, log: EventLog, telemetry: Telemetry) -> Heartbeat:
    return Heartbeat(
        telemetry.samples,
        partial(log.append, known_new=True),
        Machine(cores=available_cores(), workers=champion.queue.workers),
        slices={"model": champion.model_id, "variant": champion.variant.name, "replica": replica_of(settings)},
        interval_s=settings.monitoring.heartbeat_s,
    )


def replica_of(settings: Settings) -> str:
    """This server's name among others."""
    return settings.monitoring.replica or socket.gethostname()


def _traces(settings: Settings) -> "Traces | None":
    if not (endpoint := settings.monitoring.otlp_endpoint):
        return None
    from serving.tracing import open_traces

    return open_traces(endpoint, replica=replica_of(settings))


def _event_log(settings: Settings) -> EventLog:
    store = settings.store
    return EventLog.open(
        store.url,
        store.journal,
        max_bytes=round(store.journal_max_mb * MEGABYTE),
        fsync=store.fsync,
        clean=redacted if settings.privacy.redact else lambda event: event,
    )


def _keys(settings: Settings, state: StateStore) -> KeyRing | None:
    if not keys_are_wanted(settings.server):
        return None
    return KeyRing(KeyStore(state), per_s=settings.limits.key_requests_per_s, burst=settings.limits.key_burst)


def _alarms(settings: Settings) -> Alarms:
    return Alarms(AlarmStore.open(settings.store.url), policies_of(settings.monitoring))
