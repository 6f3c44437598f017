"""The page's files as the server sends them."""

import re

import httpx
import pytest

from serving.routes.pages import PAGES
from tests.serving.conftest import LiveServer


@pytest.mark.parametrize("name", sorted(path.name for path in PAGES.iterdir() if path.is_file()))
def test_every_file_is_sent_under_the_strict_policy_and_asks_nobody_else(server: LiveServer, name: str) -> None:
    answer = httpx.get(f"{server.base_url}/pages/{name}")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    foreign = set(re.findall(r"(?:https?:)?//[\w.]+\.\w+", answer.text)) - {"http://www.w3.org"}
    assert foreign == set()


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fcli.py", "..%2Froutes%2Fpages.py", "%00.js"])
def test_only_page_files_are_sent(server: LiveServer, name: str) -> None:
    answer = httpx.get(f"{server.base_url}/pages/{name}")
    assert answer.status_code == 404
    assert "import" not in answer.text
