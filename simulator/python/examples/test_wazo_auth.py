"""Tests of a program that uses wazo-auth: what the fixtures of the package wazo-auth-simulator are for.

    pip install wazo-auth-simulator pytest
    pytest test_wazo_auth.py

Here the program is Python's own HTTP client.
"""

import base64
import json
import urllib.error
import urllib.request

import pytest


def call(simulator, method, path, body=None, **headers):
    """The status of an answer, and the JSON of one that is no error."""
    data = None if body is None else json.dumps(body).encode()
    headers["Content-Type"] = "application/json"
    request = urllib.request.Request(simulator.url + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, context=simulator.trust(), timeout=10) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as refused:
        return refused.code, None


def log_in(simulator):
    """A token of the administrator."""
    login = base64.b64encode(f"{simulator.username}:{simulator.password}".encode()).decode()
    status, answer = call(simulator, "POST", "/0.1/token", {}, Authorization=f"Basic {login}")
    assert status == 200
    return answer["data"]["token"]


def test_a_token_is_valid_until_it_is_deleted(wazo_auth_simulator):
    token = log_in(wazo_auth_simulator)
    assert call(wazo_auth_simulator, "HEAD", f"/0.1/token/{token}")[0] == 204
    # As a session that an administrator ends, behind the back of the program.
    wazo_auth_simulator.control("DELETE", f"tokens/{token}")
    assert call(wazo_auth_simulator, "HEAD", f"/0.1/token/{token}")[0] == 404


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_each_test_has_a_wazo_auth_of_its_own(wazo_auth_simulator, name):
    headers = {"X-Auth-Token": log_in(wazo_auth_simulator)}
    call(wazo_auth_simulator, "POST", "/0.1/users", {"username": name, "password": "Pa55word"}, **headers)
    _, users = call(wazo_auth_simulator, "GET", "/0.1/users", **headers)
    assert {user["username"] for user in users["items"]} == {"admin", name}


@pytest.mark.wazo_auth_simulator(tls=False, state={"users": [{"username": "carol", "password": "Pa55word"}]})
def test_a_marker_gives_the_arguments_of_the_simulator(wazo_auth_simulator):
    assert wazo_auth_simulator.url.startswith("http://")
    state = wazo_auth_simulator.control("GET", "state")
    assert "carol" in {user["username"] for user in state["users"]}


@pytest.mark.wazo_auth_simulator(faults=[{"fault": "bad_gateway", "times": 1}])
def test_a_server_that_fails_once(wazo_auth_simulator):
    assert call(wazo_auth_simulator, "GET", "/0.1/backends")[0] == 502
    assert call(wazo_auth_simulator, "GET", "/0.1/backends")[0] == 200


def test_the_mock_knows_the_tokens_that_a_test_sets(wazo_auth_mock):
    token = {"token": "my-token", "auth_id": "me", "acl": ["calld.calls.read"], "metadata": {}}
    assert call(wazo_auth_mock, "POST", "/_set_token", token)[0] == 204
    assert call(wazo_auth_mock, "HEAD", "/0.1/token/my-token?scope=calld.calls.read")[0] == 204
    assert call(wazo_auth_mock, "HEAD", "/0.1/token/my-token?scope=calld.calls.write")[0] == 403
