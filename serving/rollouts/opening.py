"""Makes the controller of rollouts that a configuration asks for. Connects to nothing yet, and loads nothing."""

import uuid
from functools import partial

from asr.registry import Registry
from monitoring.alarms.alarms import Alarms
from monitoring.store import EventStore
from serving.rollouts.alarm_objection import objection
from serving.rollouts.controller import Controller
from serving.rollouts.evidence_watch import EvidenceWatch
from serving.rollouts.follower import Follower, Loaded
from serving.rollouts.gathering import guardable
from serving.rollouts.layers import policy_of
from serving.rollouts.past import measured
from serving.rollouts.rollouts import Rollouts
from serving.rollouts.store import RolloutStore
from serving.settings import Settings
from serving.state.store import StateStore
from serving.traffic import Traffic
from serving.variants.fitness import check_fit
from serving.variants.loaded import champion_of
from serving.variants.variant import CHAMPION
from serving.watching import watched_of


def open_controller(
    settings: Settings, registry: Registry, lineup: Loaded, traffic: Traffic, alarms: Alarms, *, replica: str
) -> Controller:
    """Over the database of the events. Raises StoreUnusable for a bad address, ValueError for an impossible policy."""
    wanted, signals = settings.rollout, guardable(watched_of(settings.monitoring).signals)
    policy_of(wanted.policy, signals=signals)
    events, state = EventStore.open(settings.store.url), StateStore.open(settings.store.url)
    configured = {CHAMPION: champion_of(settings), **{variant.name: variant for variant in wanted.variants}}
    rollouts = Rollouts(RolloutStore(state), configured, newest_event=events.newest)
    follower = Follower(
        rollouts,
        lineup,
        traffic,
        keep=[wanted.degrade_to] if wanted.degrade_to else [],
        replica=replica,
        drain_s=settings.server.drain_s,
    )
    watch = EvidenceWatch(
        events,
        rollouts,
        owner=f"{replica}/{uuid.uuid4().hex}",
        check_every_s=wanted.check_every_s,
        objection=partial(objection, alarms.store) if wanted.heed_alarms else lambda rollout: None,
    )
    return Controller(
        rollouts,
        follower,
        watch,
        lineup,
        policy=wanted.policy,
        signals=signals,
        measured=lambda policy, champion: measured(policy, events, champion),
        check_fit=partial(check_fit, registry=registry),
        poll_s=wanted.poll_s,
        close=[events.close, state.close],
    )
