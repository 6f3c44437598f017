"""No line of the log holds an address, a number or a key, wherever in it that stands."""

import json
import logging
import sys

import pytest

from serving.logs import JsonFormatter

SECRETS = ("ann@example.com", "415-555-0100", "4111 1111 1111 1111", "vs_0123456789ab_" + "a" * 43)


def line(text: object, *, redact: bool = True, **extra: object) -> str:
    record = logging.makeLogRecord({"msg": text, "name": "test", "levelname": "INFO", **extra})
    return JsonFormatter(redact=redact).format(record)


class Told:
    def __str__(self) -> str:
        return SECRETS[0]


@pytest.mark.parametrize("secret", SECRETS)
def test_nothing_stands_in_it(secret: str) -> None:
    try:
        raise ValueError(f"bad value {secret}")
    except ValueError:
        trace = sys.exc_info()
    written = line(f"hello {secret}", exc_info=trace, field=secret, nested={"a": [secret, 1], "b": (secret,)})
    assert secret not in written
    assert json.loads(written)["nested"]["a"][1] == 1


def test_what_is_no_json_is_redacted_as_it_is_written() -> None:
    assert SECRETS[0] not in line("x", thing=Told())


def test_arguments_are_part_of_the_message() -> None:
    assert SECRETS[0] not in line("from %s", args=(SECRETS[0],))


def test_numbers_stay_and_redaction_can_be_off() -> None:
    assert json.loads(line("x", at=1_700_000_000_123))["at"] == 1_700_000_000_123
    assert SECRETS[0] in line(SECRETS[0], redact=False)
