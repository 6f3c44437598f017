"""Findings, diagnoses and policies for the tests of alarms."""

from pathlib import Path

from monitoring.alarms.policy import Policies, read_policies
from monitoring.findings import Cause, Diagnosis, Finding, Slice

NOON = 1_700_000_000.0
PHONE: Slice = (("device_model", "phone"),)
TABLET: Slice = (("device_model", "tablet"),)
PHONE_5: Slice = (("app_version", "5"), ("device_model", "phone"))


def finding(signal: str = "lead_silence_s", which: Slice = PHONE, **fields: object) -> Finding:
    defaults: dict[str, object] = {
        "detector": "shift",
        "at": NOON,
        "since": NOON - 600,
        "before": 0.2,
        "after": 0.1,
        "requests": 60,
        "evidence": 1.5,
        "examples": (f"req-{signal}",),
    }
    return Finding(signal=signal, slice=which, **{**defaults, **fields})  # type: ignore[arg-type]


def diagnosis(*findings: Finding) -> Diagnosis:
    """One cause: the slice of the first finding."""
    return Diagnosis(findings=findings, causes=(Cause(slice=findings[0].slice, explained=0.9),))


def policies(folder: Path, text: str) -> Policies:
    """The packaged ones with such a file over them."""
    path = folder / "policies.toml"
    path.write_text(text)
    return read_policies(path)
