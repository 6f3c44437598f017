"""The thin shell around alarms: load, step, keep, deliver; and what people do with them. Decides nothing itself."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from monitoring.alarms.actions import Action, act
from monitoring.alarms.alarm import Alarm, Notification
from monitoring.alarms.delivery import Delivery
from monitoring.alarms.lifecycle import Step, step
from monitoring.alarms.policy import Policies
from monitoring.alarms.store import AlarmStore
from monitoring.findings import Diagnosis

logger = logging.getLogger("voicesearch.alarms")


class Alarms:
    """The alarms of one service; any number of processes may hold one over the same database."""

    def __init__(self, store: AlarmStore, policies: Policies) -> None:
        self.store = store
        self.policies = policies

    def handle(self, diagnoses: Sequence[Diagnosis], now: float) -> Step:
        """Take in a check's diagnoses, then deliver; `now` in seconds since 1970 UTC. Not for an event loop.

        What could not be delivered waits for the next call. Raises StoreUnavailable or StoreUnusable, and then
        nothing has changed.
        """
        done = self.take(diagnoses, now)
        asyncio.run(self.deliver(now, done.open_alarms))
        return done

    def take(self, diagnoses: Sequence[Diagnosis], now: float) -> Step:
        """The same without delivery."""
        cool_down_s = max((policy.cool_down_s for policy in self.policies.policy.values()), default=0.0)
        with self.store.change() as change:
            before = change.current(resolved_since=now - cool_down_s)
            done = step(before, diagnoses, now, self.policies)
            known = {alarm.alarm_id: alarm for alarm in before}
            change.save([one for one in done.alarms if known.get(one.alarm_id) != one], done.entries)
            change.enqueue(self._by_receiver(done.notifications), now=now)
        return done

    def act(
        self, alarm_id: str, action: Action, *, by: str, now: float, note: str = "", until: float | None = None
    ) -> Alarm:
        """What a person does with an alarm. Raises UnknownAlarm, RefusedAction, and errors of the store."""
        with self.store.change() as change:
            alarm, entry, told = act(change.get(alarm_id), action, by=by, now=now, note=note, until=until)
            change.save([alarm], [entry])
            change.enqueue(self._by_receiver([told] if told else []), now=now)
        return alarm

    async def deliver(self, now: float, open_alarms: Sequence[Alarm] = (), *, within_s: float = 20.0) -> None:
        """Send what is due, and to Alertmanagers what goes on; what is not done in time is left for the next call."""
        delivery = Delivery(self.store.outbox, self.policies)
        try:
            async with asyncio.timeout(within_s):
                await asyncio.gather(delivery.send_due(now), delivery.send_again(open_alarms, now))
        except TimeoutError:
            logger.warning("receivers are slow; not all was delivered in %g s", within_s)

    def _by_receiver(self, notifications: Sequence[Notification]) -> Mapping[str, list[Notification]]:
        routed: dict[str, list[Notification]] = {}
        for one in notifications:
            for name in self.policies.receivers_of(one.alarm.policy):
                routed.setdefault(name, []).append(one)
        return routed
