"""The key that commands send to a server."""

import click
import pytest

from serving.commands.admin_client import KEY_VARIABLE, AdminClient
from tests.serving.fake_server import FakeServer, serving


@pytest.mark.parametrize("key", ["vs_a\nSecret", "vs_a\r\nX-Secret: 1", "vs_Secrét", "\x1bSecret"])
def test_what_cannot_be_a_key_is_never_printed(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, key)
    with pytest.raises(click.ClickException) as refused:
        AdminClient("http://127.0.0.1:9")
    assert refused.value.message == "the environment variable VOICESEARCH_API_KEY holds no API key"


@pytest.mark.parametrize(("key", "sent"), [("vs_abc\n", ["Bearer vs_abc"]), ("", []), (" \n", [])])
def test_a_key_is_sent_where_there_is_one(key: str, sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, key)
    with serving(FakeServer()) as server:
        AdminClient(server.url).post("/admin/rollouts", {})
    lines = server.heads[0].splitlines()
    assert [line.split(": ", 1)[1] for line in lines if line.lower().startswith("authorization")] == sent
