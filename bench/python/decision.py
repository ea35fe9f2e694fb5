"""A verifier that knows a token, for timeit: what a decision costs in Python.

    export WAZO_AUTH_CLIENT_LIBRARY=$PWD/target/release/libwazo_auth_client.so PYTHONPATH=bindings/python:bench/python
    python3 -m timeit -s 'from decision import verifier, token' 'verifier.decide(token, "confd.users.read")'
"""
import atexit
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / 'tests' / 'support'))
from wazo_auth import Simulator  # noqa: E402

from wazo_auth_client import Client  # noqa: E402
from wazo_auth_client.access import AccessCheck  # noqa: E402
from wazo_auth_client.verifier import Verifier  # noqa: E402

simulator = Simulator(tls=False).start()
atexit.register(simulator.stop)
client = Client('127.0.0.1', simulator.port, None, https=False)
token = simulator.log_in()
verifier = Verifier(client, ttl=3600)
assert verifier.decide(token, 'confd.users.read')
access = AccessCheck('123', 'session', ['confd.users.*'])
