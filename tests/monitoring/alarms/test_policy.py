"""Policy files: what they say, and every way to get one wrong."""

from pathlib import Path

import pytest

from monitoring.alarms.policy import ANY, POLICY_DETECTOR, Severity, read_policies, signal_names
from monitoring.alarms.thresholds import WindowStatistics
from monitoring.findings import FLEET
from monitoring.signals.voice import VOICE
from tests.monitoring.alarms.making import NOON, PHONE, PHONE_5, finding, policies

SIGNALS = set(signal_names(VOICE))
MINE = """
[policy.mine]
reason = "A policy of one's own."
signals = ["snr_db"]
slices = [["device_model"]]
threshold = { kind = "static", below = 5, clear = 8 }
severity = "info"
"""


def window(**fields: object) -> WindowStatistics:
    defaults: dict[str, object] = {
        "signal": "error",
        "slice": FLEET,
        "since": NOON - 300,
        "at": NOON,
        "requests": 1_000,
        "mean": 0.01,
        "reference_requests": 10_000,
        "reference_mean": 0.01,
        "quantiles": {0.95: 1.0},
        "reference_quantiles": {0.95: 1.0},
    }
    return WindowStatistics(**{**defaults, **fields})  # type: ignore[arg-type]


def test_the_packaged_policies_name_signals_that_exist_and_leave_none_out() -> None:
    named = {name for policy in read_policies(signals=SIGNALS).policy.values() for name in policy.signals}
    assert named - {ANY} == SIGNALS


def test_a_finding_goes_to_its_own_policy_or_to_the_first_statistical_one() -> None:
    packaged = read_policies()
    assert packaged.for_finding(finding("lead_silence_s")) == "silence_shift"
    assert packaged.for_finding(finding("error", PHONE)) == "rising_errors"
    assert packaged.for_finding(finding("brightness")) == "other_shift"
    assert packaged.for_finding(finding("error", detector=POLICY_DETECTOR + "failed_requests")) == "failed_requests"
    assert packaged.for_finding(finding("error", detector=POLICY_DETECTOR + "gone")) is None


def test_a_static_threshold_has_a_level_and_a_clear_level() -> None:
    packaged = read_policies()
    evidence = {mean: [one.evidence for one in packaged.evaluate([window(mean=mean)])] for mean in (0.02, 0.035, 0.05)}
    assert evidence == {0.02: [], 0.035: [0.5], 0.05: [1.0]}
    [found] = packaged.evaluate([window(mean=0.08)])
    assert (found.detector, found.evidence, found.after) == ("policy:failed_requests", 2.0, 0.08)
    assert list(packaged.evaluate([window(mean=0.9, slice=PHONE)])) == []


def test_an_adaptive_threshold_is_learnt_from_the_reference() -> None:
    packaged = read_policies()
    assert packaged.quantiles() == {0.95}

    def found(p95: float, usual: float, requests: int = 10_000) -> list[float]:
        one = window(
            signal="total_ms",
            quantiles={0.95: p95},
            reference_quantiles={0.95: usual},
            reference_requests=requests,
        )
        return [one.evidence for one in packaged.evaluate([one])]

    assert found(300, usual=200) == [1.0]
    assert found(300, usual=220) == [pytest.approx(25 / 55, abs=1e-6)]
    assert found(300, usual=300) == []
    assert found(70, usual=20) == [1.0], "the least change holds where the ratio asks for less"
    assert found(9_000, usual=100, requests=3) == [], "nothing is learnt from three rows"


def test_below_and_a_quantile_of_the_reference(tmp_path: Path) -> None:
    text = MINE.replace(
        '{ kind = "static", below = 5, clear = 8 }',
        '{ kind = "adaptive", side = "below", quantile = 0.05, least_change = 1, clear_share = 0.25 }',
    )
    mine = policies(tmp_path, text)
    low = window(signal="snr_db", slice=PHONE, mean=8.0, reference_mean=20.0, reference_quantiles={0.05: 12.0})
    [found] = mine.evaluate([low])
    assert found.evidence == pytest.approx(5 / 3, abs=1e-6)
    assert 0.05 in mine.quantiles()


@pytest.mark.parametrize("mean", [float("nan"), float("inf")])
def test_what_is_no_number_is_no_finding_without_a_clear_case(mean: float) -> None:
    found = list(read_policies().evaluate([window(mean=mean)]))
    assert [one.after for one in found] == ([] if mean != mean else [mean])


def test_without_a_reference_a_static_threshold_still_holds() -> None:
    [found] = read_policies().evaluate([window(mean=0.1, reference_mean=float("nan"), reference_requests=0)])
    assert (found.before, found.after) == (0.02, 0.1)


def test_all_equal_values_and_empty_windows_find_nothing() -> None:
    packaged = read_policies()
    same = window(signal="total_ms", quantiles={0.95: 0.0}, reference_quantiles={0.95: 0.0}, mean=0, reference_mean=0)
    assert list(packaged.evaluate([same, window(requests=0, mean=1.0)])) == []


def test_a_window_without_the_quantile_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"without the quantile 0\.95"):
        list(read_policies().evaluate([window(signal="total_ms", quantiles={})]))


def test_own_policies_go_first_and_packaged_ones_can_be_dropped(tmp_path: Path) -> None:
    mine = policies(tmp_path, 'disabled = ["other_shift"]\nrunbook = "https://wiki/run"\n' + MINE)
    assert next(iter(mine.policy)) == "mine"
    assert mine.for_finding(finding("brightness")) is None
    assert mine.for_finding(finding("redo")) == "users_try_again"
    assert mine.runbook_link("mine") == "https://wiki/run#mine"
    assert not mine.policy["mine"].applies("snr_db", PHONE_5)


def test_a_table_of_the_same_name_replaces_the_packaged_one(tmp_path: Path) -> None:
    mine = policies(tmp_path, MINE.replace("policy.mine", "policy.sound_level"))
    assert mine.policy["sound_level"].severity is Severity.INFO
    assert list(mine.policy).count("sound_level") == 1


@pytest.mark.parametrize(
    ("slices", "complaint"),
    [
        ('[["planet"]]', 'by ["planet"], only by [], ["device_model"], '),
        ('[["os"], ["os", "locale"]]', 'by ["os","locale"], only by '),
        ('[["app_version", "device_model"], [], ["os"]]', None),
        ("[]", "policy.mine.slices: "),
    ],
)
def test_slices_that_nobody_makes_are_refused(tmp_path: Path, slices: str, complaint: str | None) -> None:
    path = tmp_path / "policies.toml"
    path.write_text(MINE.replace('[["device_model"]]', slices))
    if complaint is None:
        assert "mine" in read_policies(path, combinations=VOICE.combinations).policy
        return
    with pytest.raises(ValueError) as error:  # noqa: PT011
        read_policies(path, combinations=VOICE.combinations)
    assert str(error.value).startswith(f"{path}: policy.mine")
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_a_key_that_is_not_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = '[receiver.on_call]\nkind = "webhook"\nurl = "http://a"\nsecret_env = "HOOK_SECRET"\n'
    mine = policies(tmp_path, receiver)
    monkeypatch.setenv("HOOK_SECRET", "")
    with pytest.raises(ValueError, match=r"receiver\.on_call: the variable HOOK_SECRET .* is not set$"):
        mine.check_secrets()
    monkeypatch.setenv("HOOK_SECRET", "s3cret")
    mine.check_secrets()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('severity = "info"', 'severity = "bad"'), "policy.mine.severity"),
        (('severity = "info"', 'severity = "info"\ncolour = "red"'), "policy.mine.colour: Extra inputs"),
        (
            ('severity = "info"', 'severity = "info"\nquiet_s = "60"'),
            "policy.mine.quiet_s: Input should be a valid number",
        ),
        (('severity = "info"', 'severity = "info"\nquiet_s = -1'), "policy.mine.quiet_s"),
        (('severity = "info"', 'severity = "info"\nquiet_s = nan'), "policy.mine.quiet_s"),
        (('severity = "info"', ""), "policy.mine.severity: Field required"),
        (("clear = 8", "clear = 4"), "good side"),
        (("clear = 8", "clear = 5"), "good side"),
        (("below = 5", "above = 9, below = 5"), "either above or below"),
        (('kind = "static", below = 5', 'kind = "static"'), "either above or below"),
        (('kind = "static"', 'kind = "magic"'), "policy.mine.threshold"),
        (('["snr_db"]', '["snr"]'), "policy.mine: there is no signal 'snr'"),
        (('["snr_db"]', "[]"), "policy.mine.signals"),
        (('severity = "info"', 'severity = "info"\nroute = ["nobody"]'), "there is no receiver 'nobody'"),
        (("[policy.mine]", '[policy."Mine!"]'), "policy.Mine!"),
        (("[policy.mine]", 'disabled = ["x"]\n[policy.mine]'), "no packaged policy 'x'"),
        (("[policy.mine]", "[[policy.mine]]"), "policy.mine"),
        (("[policy.mine]", "[receiver.a]\nkind = 'webhook'\nurl = 'ftp://a'\n[policy.mine]"), "receiver.a.webhook.url"),
        (("[policy.mine]", "[policy.mine"), "policies.toml: "),
        (('severity = "info"', 'severity = "info"\nsilences = [{ begins = "25:00", ends = "26:00" }]'), "begins"),
        (('severity = "info"', 'severity = "info"\nsilences = [{ begins = "02:00", ends = "02:00" }]'), "silences"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    path = tmp_path / "policies.toml"
    path.write_text(MINE.replace(*change))
    with pytest.raises(ValueError) as error:  # noqa: PT011
        read_policies(path, signals=SIGNALS)
    assert complaint in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_bytes_that_are_no_text_and_files_that_are_absent(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"p\.toml"):
        read_policies(tmp_path / "p.toml")
    with pytest.raises(OSError, match="absent"):
        read_policies(tmp_path / "absent.toml")
