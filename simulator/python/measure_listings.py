"""Measures what a page of a long list costs: 50,000 users and 5,000 policies.

    WAZO_AUTH_SIMULATOR=target/release/wazo-auth-simulator python3 simulator/python/measure_listings.py
"""

import base64
import http.client
import json
import statistics
import time
import uuid

from wazo_auth_simulator import Simulator

USERS, POLICIES, ROUNDS = 50_000, 5_000, 20


def fill(state):
    """Adds users and policies to a state, in an order that is not that of their names."""
    tenant, group = state["tenants"][0]["uuid"], state["groups"][0]["uuid"]
    for number in range(USERS):
        state["users"].append({
            "uuid": str(uuid.uuid4()),
            "tenant_uuid": tenant,
            "username": f"user{number * 7919 % USERS:05}",
            "firstname": f"First{number % 977}",
            "lastname": f"Last{number % 1013}",
            "groups": [group],
            "emails": [{
                "uuid": str(uuid.uuid4()), "address": f"u{number}@example.com", "main": True, "confirmed": True,
            }],
        })
    for number in range(POLICIES):
        state["policies"].append({
            "uuid": str(uuid.uuid4()),
            "tenant_uuid": tenant,
            "name": f"policy{number * 7919 % POLICIES:04}",
            "slug": f"policy{number}",
            "acl": [f"confd.users.{number}.#"],
        })
    return group


def main():
    with Simulator(admin="admin:secret", tls=False, arguments=["--settings", '{"log_requests": false}']) as simulator:
        state = simulator.control("GET", "state")
        group = fill(state)
        simulator.control("PUT", "state", state)
        connection = http.client.HTTPConnection("127.0.0.1", simulator.port)

        def call(method, path, body=None, **headers):
            connection.request(method, "/0.1/" + path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

        basic = "Basic " + base64.b64encode(b"admin:secret").decode()
        token = json.loads(call("POST", "token", "{}", Authorization=basic)[1])["data"]["token"]
        for path in (
            "users?limit=25",
            "users?limit=25&order=username&offset=30000",
            "users?limit=25&order=lastname&direction=desc",
            "users?limit=25&search=user42",
            "users?limit=25&has_policy_slug=wazo-all-users-policy",
            f"groups/{group}/users?limit=25",
            "policies?limit=25",
            "policies?limit=25&order=description&offset=4000",
            "policies?limit=25&search=policy42",
        ):
            times = []
            for _ in range(ROUNDS):
                started = time.perf_counter()
                status, content = call("GET", path, **{"X-Auth-Token": token})
                times.append((time.perf_counter() - started) * 1000)
            assert status == 200, content
            print(f"{statistics.median(times):7.2f} ms median {max(times):7.2f} ms at most  {path}")


if __name__ == "__main__":
    main()
