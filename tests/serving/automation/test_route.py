"""`/admin/automation` of a real server, and its commands."""

import json
from urllib.parse import quote

import httpx
import pytest

from serving.cli import main
from tests.serving.conftest import LiveServer


def admin(server: LiveServer, path: str = "") -> str:
    return f"{server.base_url}/admin/automation{path}"


def run(server: LiveServer, *arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["automation", *arguments, "--url", server.base_url])
    return int(ended.value.code or 0)


def put(server: LiveServer, name: str, **wanted: object) -> httpx.Response:
    return httpx.post(admin(server, f"/{quote(name)}"), json={"by": "ann", **wanted})


def test_a_server_that_nobody_has_told_anything_leaves_all_to_the_model(server: LiveServer) -> None:
    body = httpx.get(admin(server)).json()
    assert (body["classes"][0]["traffic_class"], body["classes"][0]["degree"]) == ("*", "full")
    assert body["variant"] == "champion"
    assert body["room"] == {
        "backlog": 0,
        "max_backlog": 50,
        "sent_today": 0,
        "daily_budget": 0,
        "cut": None,
        "is_left": False,
    }


def test_a_class_is_set_seen_and_kept_with_its_history(server: LiveServer) -> None:
    set_one = put(server, "tenant a", degree="partial", target_risk=0.1, note="a first week")
    assert set_one.status_code == 200
    body = httpx.get(admin(server, "/tenant%20a")).json()
    assert (body["degree"], body["target_risk"], body["threshold"], body["version"]) == ("partial", 0.1, None, 1)
    [line] = body["history"]
    assert (line["action"], line["by"], line["why"], line["degree_before"]) == ("set", "ann", "a first week", "full")
    assert body["shortfall"]["sentence"] == (
        "no queries are known so far that would fall to people; "
        "now they take none: nobody is there to listen (daily_budget is 0)"
    )
    assert body["why"].endswith("the model answers; nobody is there to listen (daily_budget is 0)")
    assert "tenant a" in [one["traffic_class"] for one in httpx.get(admin(server)).json()["classes"]]


def test_the_second_of_two_operators_is_told_what_the_first_did(server: LiveServer) -> None:
    assert put(server, "busy", degree="partial", version=0).status_code == 200
    late = put(server, "busy", degree="shadow", version=0)
    assert (late.status_code, late.json()["error"]["code"]) == (409, "conflict")
    assert "it is at version 1, partial, and not at 0" in late.json()["error"]["message"]
    assert httpx.get(admin(server, "/busy")).json()["degree"] == "partial"


def test_a_class_decides_who_answers(server: LiveServer, query_clip: object) -> None:
    """Nobody is there to listen (the budget is 0), and a speaker may not agree that anybody does."""
    assert put(server, "listened", degree="human_only").status_code == 200
    with open(str(query_clip), "rb") as file:
        sound = file.read()

    def ask(**fields: str) -> httpx.Response:
        return httpx.post(f"{server.base_url}/v1/search", files={"file": ("q.flac", sound)}, data=fields, timeout=60)

    refused = ask(tenant="listened")
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "consent_required")
    assert ask(tenant="listened", consent="true").status_code == 503
    assert put(server, "listened", degree="partial").status_code == 200
    answered = ask(tenant="listened", consent="true").json()
    assert (answered["automation"], answered["transcript"]) == ("partial", "what time is it")
    assert ask().json()["automation"] == "full"


def test_the_curve_without_reviews_is_empty_and_says_what_it_takes(server: LiveServer) -> None:
    body = httpx.get(admin(server, "/nobody/curve")).json()
    assert (body["points"], body["reviews"]) == ([], 0)
    assert [one["target_risk"] for one in body["thresholds"]] == [0.02, 0.05, 0.1]
    assert "too few reviews" in body["thresholds"][0]["why"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"degree": "some"},
        {"target_risk": 0},
        {"target_risk": 1e-6},
        {"confidence": 1},
        {"version": -1},
        {"by": ""},
        {"by": "\0"},
        {"threshold": 0.5, "degree": "shadow"},
        {},
        {"note": "nothing to set"},
        {"degree": None},
        {"version": 0},
    ],
)
def test_what_cannot_be_is_refused(server: LiveServer, wanted: dict[str, object]) -> None:
    answer = put(server, "refused", **wanted)
    assert answer.status_code == 422
    assert httpx.get(admin(server, "/refused")).json()["version"] == 0


@pytest.mark.parametrize("name", ["%00", "a%00b", "%20a", "x" * 201])
def test_names_that_cannot_be(server: LiveServer, name: str) -> None:
    assert httpx.post(admin(server, f"/{name}"), json={"by": "ann", "degree": "full"}).status_code == 422


def test_the_same_by_command(server: LiveServer, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (("set", "assist", "--class", "by/hand"), ("history", "by/hand"), ("curve", "by/hand")):
        assert run(server, *command) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert "'by/hand' is no class: a tenant's name without /" in line
    assert run(server, "set", "assist", "--class", "told", "--by", "ann", "--note", "new") == 0
    assert capsys.readouterr().out.startswith("told: assist, threshold -, version 1;")
    assert run(server, "set", "full", "--class", "told", "--version", "0") == 2
    assert "was changed meanwhile" in capsys.readouterr().err
    assert run(server, "status") == 0
    shown = capsys.readouterr().out
    assert "told" in shown
    assert "people: 0 of 50 wait, 0 of 0 sent today" in shown
    assert run(server, "history", "told") == 0
    assert "ann" in capsys.readouterr().out
    assert run(server, "curve", "told", "--json") == 0
    assert json.loads(capsys.readouterr().out)["reviews"] == 0
    assert run(server, "curve") == 0
    assert "too few reviews" in capsys.readouterr().out
