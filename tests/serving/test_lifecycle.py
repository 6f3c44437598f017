"""How `voicesearch serve` starts, ends, and fails to start; and what it writes to its log."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from monitoring.store import EventStore
from serving.commands.serve import serve
from tests.conftest import Recording
from tests.serving.processes import PATIENT, serving, wait_until

pytestmark = pytest.mark.slow

SERVE = [sys.executable, "-c", "from serving.cli import main; main()", "serve", "--port", "0"]


def fail_to_serve(folder: Path, *options: str, **environment: str) -> str:
    """The one line on stderr of a server that does not start, after whatever it logged before."""
    done = subprocess.run(
        [*SERVE, *options], cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2, done.stderr
    *log, line = done.stderr.splitlines()
    assert all(json.loads(one)["level"] == "info" for one in log)
    assert line.startswith("voicesearch: error: ")
    return line


def test_sigterm_loses_no_answer(tmp_path: Path, query_clip: Path) -> None:
    """While it drains: not ready, still answering what came before, and then gone with 0."""
    settings = {"server.unready_s": "1", "model.workers": "1", "monitoring.second_vad_share": "0"}
    with serving(tmp_path, settings | PATIENT) as server:
        answers: list[httpx.Response] = []
        data = query_clip.read_bytes()

        def ask() -> None:
            answers.append(httpx.post(server.url + "/v1/search", files={"file": data}, timeout=60))

        crowd = [threading.Thread(target=ask) for _ in range(20)]
        for one in crowd:
            one.start()
        wait_until(lambda: server.metric("voicesearch_busy_workers") == 1)
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: httpx.get(server.url + "/readyz").status_code == 503)
        assert httpx.get(server.url + "/healthz").status_code == 200
        late = httpx.post(server.url + "/v1/search/text", json={"query": "what time is it"})
        assert late.status_code == 200
        for one in crowd:
            one.join()
        assert [answer.status_code for answer in answers] == [200] * 20
        assert server.process.wait(30) == 0
        store = EventStore.open(server.database)
        assert store.count() == 21
        store.close()


def test_a_request_in_flight_is_finished(tmp_path: Path, speech: list[Recording]) -> None:
    """Without a time of grace: the listening socket closes at once, the answer still comes."""
    longest = max(speech, key=lambda one: one.duration_s)
    with serving(tmp_path, {"model.workers": "1", **PATIENT}) as server:
        answers: list[httpx.Response] = []

        def ask() -> None:
            files = {"file": longest.path.read_bytes()}
            answers.append(httpx.post(server.url + "/v1/audio/transcriptions", files=files, timeout=60))

        asking = threading.Thread(target=ask)
        asking.start()
        wait_until(lambda: server.metric("voicesearch_busy_workers") == 1)
        assert server.terminate() == 0
        asking.join()
        assert answers[0].status_code == 200
        assert answers[0].json()["text"]
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.url + "/healthz")


def test_it_ends_with_a_connection_left_open(tmp_path: Path) -> None:
    with (
        serving(tmp_path, {"server.drain_s": "1"}) as server,
        socket.create_connection(("127.0.0.1", server.port)) as stuck,
        httpx.Client() as idle,
    ):
        idle.get(server.url + "/healthz")
        stuck.sendall(b"POST /v1/search HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nnever")
        assert server.terminate() == 0


def test_ctrl_c_ends_it(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.process.send_signal(signal.SIGINT)
        ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # inherited, where the tests run in the background
        assert server.process.wait(30) == (0 if ignored else 130)


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        line = fail_to_serve(tmp_path, "--port", str(port))
    assert f"127.0.0.1:{port}" in line
    assert "in use" in line


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("[server]\nport = 'many'\n", ["voicesearch.toml", "server.port"]),
        ("[server]\nprot = 1\n", ["server.prot"]),
        ("[severs]\nport = 1\n", ["[severs]", "server"]),
        ("[server\n", ["voicesearch.toml"]),
        ("[search]\ncatalog = 'nowhere.csv'\n", ["nowhere.csv"]),
        ("[model]\nid = 'gpt-9'\n", ["gpt-9"]),
        ("[convention]\nsearch = 'klingon'\n", ["klingon"]),
        ("[convention]\ntranscription = 'klingon'\n", ["klingon"]),
        ("[store]\nurl = 'sqlite:////proc/nowhere/a.db'\n", ["/proc/nowhere/a.db"]),
        ("[store]\nurl = 'oracle://here'\n", ["oracle"]),
        ("[store]\njournal = '/proc/nowhere'\n", ["/proc/nowhere"]),
    ],
)
def test_a_bad_configuration(tmp_path: Path, config: str, words: list[str]) -> None:
    path = tmp_path / "voicesearch.toml"
    path.write_text(config)
    line = fail_to_serve(tmp_path, "--config", str(path))
    for word in words:
        assert word in line


def test_a_receiver_without_its_key_is_said_before_anything_is_loaded(tmp_path: Path) -> None:
    policies = tmp_path / "policies.toml"
    policies.write_text('[receiver.on_call]\nkind = "webhook"\nurl = "http://a"\nsecret_env = "ABSENT_SECRET"\n')
    line = fail_to_serve(tmp_path, VOICESEARCH_MONITORING__POLICIES=str(policies), VOICESEARCH_CACHE=str(tmp_path))
    assert "receiver.on_call: the variable ABSENT_SECRET of a webhook's secret is not set" in line


def test_a_model_that_was_not_fetched(tmp_path: Path) -> None:
    line = fail_to_serve(tmp_path, VOICESEARCH_CACHE=str(tmp_path / "empty"))
    assert "voicesearch models pull" in line


def test_a_misspelt_variable_is_told_at_the_start(tmp_path: Path) -> None:
    with serving(tmp_path, {"server_port": "tcp://10.0.0.1:80"}) as server:
        warnings = [line["message"] for line in server.log_lines() if line["level"] == "warning"]
    assert warnings == ["VOICESEARCH_SERVER_PORT is not read; did you mean VOICESEARCH_SERVER__PORT?"]


def test_the_log_is_json_with_the_answers_request_id_and_no_word_that_was_said(
    tmp_path: Path, query_clip: Path
) -> None:
    with serving(tmp_path, {"server.log_level": "debug", **PATIENT}) as server:
        files = {"file": query_clip.read_bytes()}
        spoken = httpx.post(server.url + "/v1/search", files=files, data={"user_id": "ann-4711"})
        words = ["what time", "What time", "ann-4711", "zebra crossing"]
        assert spoken.json()["transcript"] == "what time is it"
        answers = [
            spoken,
            httpx.post(server.url + "/v1/audio/transcriptions", files=files),
            httpx.post(server.url + "/v1/search/text", json={"query": "zebra crossing"}),
            httpx.post(server.url + "/v1/audio/transcriptions", files={"file": b"no sound"}),
            httpx.get(server.url + "/nowhere"),
        ]
        assert server.terminate() == 0
        lines = server.log_lines()
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    for answer in answers:
        (line,) = [line for line in lines if line.get("request_id") == answer.headers["x-request-id"]]
        assert (line["logger"], line["status"]) == ("voicesearch.access", answer.status_code)
    log = (tmp_path / "log").read_text()
    assert not [word for word in words if word in log]


def test_an_empty_host_does_not_listen_everywhere() -> None:
    result = CliRunner().invoke(serve, ["--host", "", "--port", "0"])
    assert result.exit_code == 2
    assert "0.0.0.0" in result.output
