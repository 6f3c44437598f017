"""What load balancers ask, and how: with HEAD too."""

import socket

import httpx
import pytest

from tests.serving.conftest import LiveServer


@pytest.mark.parametrize("path", ["/", "/healthz", "/livez", "/health", "/readyz"])
def test_head_is_get_without_its_body(server: LiveServer, path: str) -> None:
    asked, got = (httpx.request(method, server.base_url + path) for method in ("HEAD", "GET"))
    assert asked.status_code == got.status_code == 200
    for header in ("content-type", "content-length"):
        assert asked.headers[header] == got.headers[header]


@pytest.mark.parametrize("path", ["/", "/readyz"])
def test_nothing_follows_the_head(server: LiveServer, path: str) -> None:
    address = httpx.URL(server.base_url)
    with socket.create_connection((address.host, address.port or 80), timeout=10) as connection:
        connection.sendall(f"HEAD {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n")


def test_programs_read_of_each_route_once(server: LiveServer) -> None:
    paths = httpx.get(server.base_url + "/openapi.json").json()["paths"]
    assert list(paths["/healthz"]) == list(paths["/readyz"]) == ["get"]
