"""A wazo-auth for a test: the simulator, started as every user of it may start it (simulator/python)."""
import base64
import json
import sys
import urllib.request

import artifacts

sys.path.insert(0, str(artifacts.ROOT / 'simulator' / 'python'))
import wazo_auth_simulator  # noqa: E402

USERNAME, PASSWORD = 'admin', 'secret'


class Simulator(wazo_auth_simulator.Simulator):
    """The fixture, with the simulator of this checkout, and calls of the administrator's."""

    def __init__(self, **settings):
        super().__init__(**{'program': str(artifacts.simulator()), 'admin': f'{USERNAME}:{PASSWORD}', **settings})
        self._token = None

    def request(self, method, path, body=None, **headers):
        """A request beside the client that is tested; gives the JSON of the answer, None where there is none."""
        if body is not None:
            body = json.dumps(body).encode()
            headers['Content-Type'] = 'application/json'
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        with urllib.request.urlopen(request, context=self.trust(), timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def log_in(self, username=USERNAME, password=PASSWORD, **options):
        """A token."""
        credentials = base64.b64encode(f'{username}:{password}'.encode()).decode()
        answer = self.request('POST', '/0.1/token', options, Authorization=f'Basic {credentials}')
        return answer['data']['token']

    def ask(self, method, path, body=None):
        """A request of the administrator's, whose token is made with the first one."""
        self._token = self._token or self.log_in()
        return self.request(method, f'/0.1{path}', body, **{'X-Auth-Token': self._token})

    def user(self, username, acl=None):
        """Makes a user, with a policy of that access list where one is given."""
        user = self.ask('POST', '/users', {'username': username, 'password': 'password'})
        if acl:
            policy = self.ask('POST', '/policies', {'name': username, 'acl': acl})
            self.ask('PUT', f'/users/{user["uuid"]}/policies/{policy["uuid"]}')

    def faults(self, *faults):
        """What goes wrong from now on, in place of what did."""
        self.control('PUT', 'faults', list(faults))

    def settings(self, base=''):
        """The environment variables that make a client a client of this one, logged in by their names."""
        found = {
            'WAZO_AUTH_URL': self.url + base, 'WAZO_AUTH_USERNAME': USERNAME, 'WAZO_AUTH_PASSWORD': PASSWORD,
        }
        return {**found, 'WAZO_AUTH_CA_FILE': self.ca_file} if self.tls else found


def without_settings(environment):
    """An environment without settings of the caller's for another server."""
    return {name: value for name, value in environment.items() if not name.startswith('WAZO_AUTH_')}
