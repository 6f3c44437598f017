"""What receivers get: a notification as JSON for webhooks, alarms in the form of Alertmanager's API v2. Pure functions.

Alertmanager's form: POST /api/v2/alerts takes a list of `{labels, annotations, startsAt, endsAt, generatorURL}`; labels
are the identity of an alert (https://github.com/prometheus/alertmanager, api/v2/openapi.yaml).
"""

import hashlib
import hmac
import re
from datetime import UTC, datetime
from typing import Final

import orjson

from monitoring.alarms.alarm import Alarm, Change, Notification
from monitoring.findings import Slice, slice_name

SIGNATURE_HEADER: Final = "x-voicesearch-signature"
MAX_EXAMPLES: Final = 10

_RESERVED: Final = frozenset({"alertname", "alarm_id", "severity"})

Json = dict[str, object]
Alert = dict[str, str | dict[str, str]]


def webhook_body(notification: Notification, *, runbook_link: str, key: str) -> bytes:
    """A notification as JSON; `id` is the same at every attempt."""
    return orjson.dumps(
        {
            "id": key,
            "change": notification.change,
            "at": rfc3339(notification.at),
            "alarm": alarm_json(notification.alarm, runbook_link=runbook_link),
        }
    )


def alarm_json(alarm: Alarm, *, runbook_link: str) -> Json:
    """An alarm as webhooks and the admin API show it; slices are dictionaries, times in seconds since 1970 UTC."""
    diagnosis = alarm.diagnosis
    return {
        "id": alarm.alarm_id,
        "policy": alarm.policy,
        "severity": alarm.severity,
        "state": alarm.state,
        "summary": alarm.summary,
        "runbook": runbook_link,
        "slice": dict(alarm.slice),
        "since": diagnosis.since,
        "opened_at": alarm.opened_at,
        "last_seen_at": alarm.last_seen_at,
        "resolved_at": alarm.resolved_at,
        "resolved_by": alarm.resolved_by,
        "silenced_until": alarm.silenced_until,
        "merged_into": alarm.merged_into,
        "reopened": alarm.reopened,
        "verdict": alarm.verdict,
        "drift": diagnosis.drift,
        "findings": [
            {
                "signal": one.signal,
                "slice": dict(one.slice),
                "detector": one.detector,
                "since": one.since,
                "before": one.before,
                "after": one.after,
                "requests": one.requests,
                "evidence": one.evidence,
                "pace": one.pace,
            }
            for one in diagnosis.findings
        ],
        "causes": [{"slice": dict(one.slice), "explained": one.explained} for one in diagnosis.causes],
        "costs": list(diagnosis.costs),
        "remarks": list(diagnosis.remarks),
        "examples": list(diagnosis.examples[:MAX_EXAMPLES]),
    }


def signature(body: bytes, secret: bytes, sent_at: float) -> str:
    """`t=<seconds>,v1=<HMAC-SHA256 in hexadecimal of "<seconds>.<body>">`; the time lets receivers refuse old copies.

    >>> signature(b"{}", b"key", 1.0)[:12]
    't=1,v1=1ba6b'
    """
    stamp = str(int(sent_at))
    return f"t={stamp},v1={hmac.new(secret, stamp.encode() + b'.' + body, hashlib.sha256).hexdigest()}"


def alertmanager_body(notification: Notification, *, runbook_link: str, now: float, valid_s: float) -> bytes:
    """The alert as of `now`; where severity or slice changed, also the end of the one with the old labels."""
    alarm, previous = notification.alarm, notification.previous
    ended = notification.change is Change.RESOLVED
    ends_at = notification.at if ended else now + valid_s
    alerts = [alert(alarm, runbook_link=runbook_link, ends_at=ends_at)]
    if previous is not None and labels(previous) != labels(alarm):
        alerts.append(alert(previous, runbook_link=runbook_link, ends_at=notification.at))
    return orjson.dumps(alerts)


def alert(alarm: Alarm, *, runbook_link: str, ends_at: float) -> Alert:
    """One alert of Alertmanager's `postableAlert`."""
    return {
        "labels": labels(alarm),
        "annotations": {
            "summary": alarm.summary,
            "runbook_url": runbook_link,
            "slice": slice_name(alarm.slice),
            "drift": alarm.diagnosis.drift.value,
            "examples": ", ".join(alarm.diagnosis.examples[:MAX_EXAMPLES]),
            "description": " ".join(alarm.diagnosis.remarks),
        },
        "startsAt": rfc3339(alarm.opened_at),
        "endsAt": rfc3339(ends_at),
    }


def labels(alarm: Alarm) -> dict[str, str]:
    """Identity of an alert: its name, severity, id, and the fields of its slice as far as they make labels."""
    own = {"alertname": alarm.policy, "severity": alarm.severity.value, "alarm_id": alarm.alarm_id}
    return _slice_labels(alarm.slice) | own


def rfc3339(at: float) -> str:
    """Seconds since 1970 UTC as text; what no calendar holds is its nearest end.

    >>> rfc3339(0.5)
    '1970-01-01T00:00:00.500Z'
    """
    moment = datetime.fromtimestamp(min(max(at, 0.0), 253402300799.0), UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _slice_labels(which: Slice) -> dict[str, str]:
    """Label names are `[a-zA-Z_][a-zA-Z0-9_]*`; a field that is named like one of our labels gets a line before."""
    named = ((re.sub(r"\W", "_", field, flags=re.ASCII), value) for field, value in which)
    return {f"slice_{name}" if name in _RESERVED or not re.match("[A-Za-z_]", name) else name: v for name, v in named}
