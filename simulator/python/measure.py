"""Measures the simulator: from its start to the first answer, the processor time of a token check, and what a page of a long
list costs (50,000 users and 5,000 policies).

    cargo build --release -p wazo-auth-simulator
    WAZO_AUTH_SIMULATOR=target/release/wazo-auth-simulator python3 simulator/python/measure.py

Token checks are counted in the processor time that the simulator uses, so that neither the client nor other programs on the
machine count.
"""

import base64
import contextlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import time
import uuid

from wazo_auth_simulator import Simulator

USERS, POLICIES, ROUNDS = 50_000, 5_000, 20
STARTS, CHECKS, CONNECTIONS = 30, 40_000, 8
BASIC = "Basic " + base64.b64encode(b"admin:secret").decode()


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


@contextlib.contextmanager
def running(*options):
    """A simulator: its process, and where it is reached."""
    program = os.environ.get("WAZO_AUTH_SIMULATOR", "wazo-auth-simulator")
    command = [program, "--port", "0", "--admin", "admin:secret", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process, process.stdout.readline().split("//")[1].strip()
        process.terminate()


def measure_starts():
    """The time from the start of the process to the end of the first answer, over HTTP and over HTTPS."""
    for name, options in ("HTTP", []), ("HTTP and HTTPS", ["--tls-port", "0"]):
        times = []
        for _ in range(STARTS):
            started = time.perf_counter()
            with running(*options) as (_, address):
                connection = http.client.HTTPConnection(address)
                connection.request("HEAD", "/0.1/status")
                assert connection.getresponse().status == 200
                times.append((time.perf_counter() - started) * 1000)
        print(f"{statistics.median(times):7.2f} ms median {max(times):7.2f} ms at most  start to first answer, {name}")


def processor_seconds(pid):
    """What a process has used of the processors."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def read_answer(connection, left):
    """The first answer of a connection that is whole, and what comes behind it."""
    while b"\r\n\r\n" not in left:
        left += connection.recv(65536)
    head, left = left.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 20"), head
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(left) < length:
        left += connection.recv(65536)
    return left[length:]


def measure_checks():
    """The processor time of a check (HEAD) and of a token as JSON (GET), on connections that stay open."""
    with running() as (process, address):
        connection = http.client.HTTPConnection(address)
        connection.request("POST", "/0.1/token", "{}", {"Authorization": BASIC})
        token = json.loads(connection.getresponse().read())["data"]["token"]
        for method, query in ("HEAD", "?scope=auth.users.read"), ("GET", ""):
            request = f"{method} /0.1/token/{token}{query} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode()
            connections = [socket.create_connection(address.split(":")) for _ in range(CONNECTIONS)]
            before = processor_seconds(process.pid)
            for _ in range(CHECKS // CONNECTIONS):
                for connection in connections:
                    connection.sendall(request)
                for connection in connections:
                    # Of an answer to HEAD there is no body; this server says no length of it either.
                    read_answer(connection, b"")
            used = processor_seconds(process.pid) - before
            for connection in connections:
                connection.close()
            print(f"{used / CHECKS * 1e6:7.1f} us of processor time, {CHECKS / used:7.0f} a second of one core  {method} /token")


def main():
    measure_starts()
    measure_checks()
    measure_listings()


def measure_listings():
    """A page of a long list."""
    with Simulator(admin="admin:secret", tls=False, arguments=["--settings", '{"log_requests": false}']) as simulator:
        state = simulator.control("GET", "state")
        group = fill(state)
        simulator.control("PUT", "state", state)
        connection = http.client.HTTPConnection("127.0.0.1", simulator.port)

        def call(method, path, body=None, **headers):
            connection.request(method, "/0.1/" + path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

        token = json.loads(call("POST", "token", "{}", Authorization=BASIC)[1])["data"]["token"]
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
