"""Whether keys are wanted at all."""

import pytest

from serving.keys.identity import keys_are_wanted
from serving.settings import ServerSettings


@pytest.mark.parametrize(
    ("host", "keys", "wanted"),
    [
        ("127.0.0.1", "auto", False),
        ("127.8.0.1", "auto", False),
        ("::1", "auto", False),
        ("localhost", "auto", False),
        ("0.0.0.0", "auto", True),
        ("::", "auto", True),
        ("192.168.1.7", "auto", True),
        ("voice.example.com", "auto", True),
        ("127.0.0.1.example.com", "auto", True),
        ("127.0.0.1", "on", True),
        ("0.0.0.0", "off", False),
    ],
)
def test_by_default_where_others_can_reach_the_server(host: str, keys: str, wanted: bool) -> None:
    assert keys_are_wanted(ServerSettings.model_validate({"host": host, "keys": keys})) is wanted
