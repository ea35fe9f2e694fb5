"""The Asterisk module in the real Asterisk: good tokens are admitted, all others refused, however the caller writes them.

    run.py [ASPECT ...]      all aspects, or those named: documentation, calls, values, functions, together, outage, limits,
                             events, reloads, unloads, log

SIP calls go through the sample dialplan as it is; calls of a Local channel ask for everything else. `make test-asterisk`
runs it. It takes about half a minute, and is skipped where no Asterisk can be had: see bindings/c/asterisk/setup.sh.
"""
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import artifacts  # noqa: E402
import aspects  # noqa: E402
import hosts  # noqa: E402
from clients import Ami  # noqa: E402
from report import Report  # noqa: E402
from wazo_auth import Simulator  # noqa: E402


class World:
    """What every aspect uses: the simulator, Asterisk, a connection to AMI, and the tokens."""

    def __init__(self, report, installation, module, folder):
        self.report, self.installation, self.module, self.folder = report, installation, module, Path(folder)
        self.secrets = []
        self.simulator = Simulator().start()
        self.alice = self.user('alice', [aspects.ACCESS, 'confd.#'])
        # Bob has a phone as Alice has, but may not call; Carol may, but has no phone.
        self.bob = self.user('bob', ['confd.#'])
        self.carol = self.user('carol', [aspects.ACCESS])
        owners = {name: self.owner(token)['uuid'] for name, token in (('alice', self.alice), ('bob', self.bob))}
        self.owner_of_alice = owners['alice']
        self.general = f'url = {self.simulator.url}?prefix=\nca_file = {self.simulator.ca_file}\ntimeout_ms = 10000'
        self.asterisk = hosts.Asterisk(installation, module, self.folder, owners, self.general)
        self.ami = None

    def user(self, name, acl):
        self.simulator.user(name, acl)
        return self.log_in(name)

    def log_in(self, name='alice'):
        """A token that nobody has asked about."""
        token = self.simulator.log_in(name, 'password')
        self.secrets.append(token)
        return token

    def owner(self, token):
        """What wazo-auth says of a token."""
        data = self.simulator.ask('GET', f'/token/{token}')['data']
        return {**data['metadata'], 'session_uuid': data['session_uuid'], 'auth_id': data['auth_id']}

    def requests(self, token=''):
        """How many requests about tokens, or one token, wazo-auth has had."""
        asked = self.simulator.request('GET', '/_simulator/requests')['items']
        return sum(f'/token/{token}' in request['path'] for request in asked if request['method'] != 'POST')

    def asked_since(self, count, token=''):
        return self.requests(token) - count

    def check(self, name, is_right, seen=''):
        return self.report.promise(is_right, name, f'seen: {seen}')

    def __enter__(self):
        if self.asterisk.process.poll() is None:
            self.ami = Ami(self.asterisk.ami_port)
        return self

    def __exit__(self, *_):
        if self.ami:
            self.ami.__exit__()
        self.asterisk.end()
        self.simulator.stop()


def run(report, names=()):
    """Runs the aspects of these names; all without a name."""
    installation, reason = hosts.find()
    if not installation:
        report.skip('the Asterisk module in the real Asterisk', reason)
        return
    with tempfile.TemporaryDirectory(prefix='wazo-ast-') as folder:
        build = Path(folder) / 'build'
        problem = installation.build(build)
        version = installation.version()
        if not report.promise(not problem, f'the module compiles without a warning for {version}', problem or ''):
            return
        began = time.monotonic()
        with World(report, installation, build / 'res_wazo_auth.so', Path(folder) / 'a') as world:
            is_started = world.ami and 'Running' in world.asterisk.command('module show like res_wazo_auth.so')
            if report.promise(is_started, 'Asterisk starts with the module', world.asterisk.output()[-3000:]):
                report.note(f'Asterisk started in {time.monotonic() - began:.1f} s')
                for name, aspect in aspects.ALL.items():
                    if not names or name in names:
                        aspect(world)


def main(names):
    unknown = [name for name in names if name not in aspects.ALL]
    if unknown or '--help' in names:
        print(__doc__)
        return 0 if '--help' in names else 2
    artifacts.library()
    report = Report()
    run(report, names)
    return report.end()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
