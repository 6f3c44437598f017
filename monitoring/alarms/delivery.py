"""Sends what waits in the outbox to its receivers, all receivers at once. Never raises for what a receiver does.

A receiver gets `timeout_s` for the whole of a request; of its answer only the status is read. Redirects are not
followed: a receiver that moved is a fault to be mended in the policies.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Final

import httpx
import orjson

from monitoring.alarms.alarm import Alarm, State
from monitoring.alarms.outbox import Outbox, Outcome, Parcel, Status
from monitoring.alarms.payloads import SIGNATURE_HEADER, Alert, alert, alertmanager_body, signature, webhook_body
from monitoring.alarms.policy import Policies
from monitoring.alarms.receivers import Alertmanager, Webhook

logger = logging.getLogger("voicesearch.alarms")

WORTH_A_RETRY: Final = frozenset({408, 425, 429})
"""Beside every 5xx."""
MAX_ALERTS: Final = 100
"""Of one request to Alertmanager."""


class Delivery:
    """Sends to the receivers of the policies."""

    def __init__(self, outbox: Outbox, policies: Policies, *, chance: Random | None = None) -> None:
        self._outbox = outbox
        self._policies = policies
        self._chance = chance or Random()

    async def send_due(self, now: float) -> Counter[Status]:
        """Try every parcel that is due once, several if they wait for one another; how each ended."""
        ended: Counter[Status] = Counter()
        async with httpx.AsyncClient(follow_redirects=False) as client:
            while parcels := await asyncio.to_thread(self._outbox.claim, now):
                by_receiver: dict[str, list[Parcel]] = {}
                for parcel in parcels:
                    by_receiver.setdefault(parcel.receiver, []).append(parcel)
                for statuses in await asyncio.gather(
                    *(self._send_all(client, own, now) for own in by_receiver.values())
                ):
                    ended.update(statuses)
        return ended

    async def send_again(self, alarms: Sequence[Alarm], now: float) -> None:
        """Send Alertmanagers the alarms that go on, as they expect; the next check makes up for a failure."""
        async with httpx.AsyncClient(follow_redirects=False) as client:
            for name, receiver in self._policies.receiver.items():
                if not isinstance(receiver, Alertmanager):
                    continue
                alerts = self._alerts(name, alarms, ends_at=now + receiver.valid_s)
                for first in range(0, len(alerts), MAX_ALERTS):
                    body = orjson.dumps(alerts[first : first + MAX_ALERTS])
                    outcome = await _post(client, _alerts_url(receiver), body, {}, receiver.timeout_s)
                    if outcome.error:
                        logger.warning("alarms not sent again", extra={"receiver": name, "problem": outcome.error})
                        break

    def _alerts(self, receiver: str, alarms: Sequence[Alarm], *, ends_at: float) -> list[Alert]:
        return [
            alert(alarm, runbook_link=self._policies.runbook_link(alarm.policy), ends_at=ends_at)
            for alarm in alarms
            if _is_heard(alarm) and receiver in self._policies.receivers_of(alarm.policy)
        ]

    async def _send_all(self, client: httpx.AsyncClient, parcels: Sequence[Parcel], now: float) -> list[Status]:
        """One after the other; once the receiver does not answer, the others wait for another time without a try."""
        statuses = []
        failure: Outcome | None = None
        for parcel in parcels:
            outcome = failure or await self._send(client, parcel, now)
            status = await asyncio.to_thread(self._outbox.settle, parcel, outcome, now, self._chance)
            statuses.append(status)
            if status is Status.PENDING:
                failure = outcome
            if status is not Status.DELIVERED:
                logger.warning(
                    "notification not delivered",
                    extra={"receiver": parcel.receiver, "key": parcel.key, "status": status, "problem": outcome.error},
                )
        return statuses

    async def _send(self, client: httpx.AsyncClient, parcel: Parcel, now: float) -> Outcome:
        link = self._policies.runbook_link(parcel.notification.alarm.policy)
        receiver = self._policies.receiver.get(parcel.receiver)
        match receiver:
            case Webhook():
                body = webhook_body(parcel.notification, runbook_link=link, key=parcel.key)
                headers = {"idempotency-key": parcel.key}
                try:
                    secret = receiver.secret()
                except ValueError as error:
                    return Outcome(error=str(error))
                if secret:
                    headers[SIGNATURE_HEADER] = signature(body, secret, now)
                return await _post(client, receiver.url, body, headers, receiver.timeout_s)
            case Alertmanager():
                body = alertmanager_body(parcel.notification, runbook_link=link, now=now, valid_s=receiver.valid_s)
                return await _post(client, _alerts_url(receiver), body, {}, receiver.timeout_s)
            case None:
                return Outcome(error=f"there is no receiver {parcel.receiver} any more", is_final=True)


async def _post(client: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str], timeout_s: float) -> Outcome:
    headers = {"content-type": "application/json", "user-agent": "voicesearch-alarms", **headers}
    try:
        async with (
            asyncio.timeout(timeout_s),
            client.stream("POST", url, content=body, headers=headers, timeout=timeout_s) as answer,
        ):
            return _outcome(answer)
    except TimeoutError:
        return Outcome(error=f"no answer in {timeout_s:g} s")
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        return Outcome(error=f"{type(error).__name__}: {error}")


def _outcome(answer: httpx.Response) -> Outcome:
    status = answer.status_code
    if answer.is_success:
        return Outcome()
    if status < 500 and status not in WORTH_A_RETRY:
        return Outcome(error=f"status {status}", is_final=True)
    wish = answer.headers.get("retry-after", "")
    return Outcome(error=f"status {status}", retry_after_s=float(wish) if wish.isascii() and wish.isdigit() else 0.0)


def _alerts_url(receiver: Alertmanager) -> str:
    return receiver.url.rstrip("/") + "/api/v2/alerts"


def _is_heard(alarm: Alarm) -> bool:
    return alarm.state in (State.FIRING, State.ACKNOWLEDGED)
