"""The admin API of a running server, as commands ask it: JSON in, JSON out, and one clear line for whatever fails."""

import os
from typing import Final

import click
import httpx
from pydantic import JsonValue

KEY_VARIABLE: Final = "VOICESEARCH_API_KEY"
LIMIT_S: Final = 120.0
"""A variant may take that long to load."""

Document = dict[str, JsonValue]


class AdminClient:
    """Asks one server, with the key of the environment where there is one."""

    def __init__(self, url: str) -> None:
        """`url` is the server's, such as `http://127.0.0.1:8000`. Raises ClickException for what cannot be a key."""
        self._url = url.rstrip("/")
        key = os.environ.get(KEY_VARIABLE, "").strip()
        if not key.isascii() or not key.isprintable():
            raise click.ClickException(f"the environment variable {KEY_VARIABLE} holds no API key")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def get(self, path: str, **query: str | int) -> Document:
        """What the server says. Raises ClickException in one line."""
        return self._document(self._send("GET", path, params=query))

    def post(self, path: str, body: Document) -> Document:
        """What the server says to that. Raises ClickException in one line."""
        return self._document(self._send("POST", path, json=body))

    def content(self, path: str, **query: str | int) -> bytes:
        """What lies there, as it is. Raises ClickException in one line."""
        answer = self._send("GET", path, params=query)
        if answer.is_error:
            self._document(answer)
        return answer.content

    def _send(
        self, method: str, path: str, *, params: dict[str, str | int] | None = None, json: Document | None = None
    ) -> httpx.Response:
        try:
            return httpx.request(
                method, self._url + path, params=params, json=json, headers=self._headers, timeout=LIMIT_S
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise click.ClickException(f"no answer from {self._url}: {error or type(error).__name__}") from None

    def _document(self, answer: httpx.Response) -> Document:
        try:
            document = answer.json()
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise click.ClickException(f"{self._url} is no voicesearch server: {answer.status_code} without JSON")
        if answer.is_error:
            problem = document.get("error")
            message = problem.get("message") if isinstance(problem, dict) else None
            raise click.ClickException(f"{message or 'refused'} ({answer.status_code})")
        return document
