"""The nginx module in the real nginx, with four workers, against the simulator over HTTPS.

    tests/nginx/run.py --module-dir DIRECTORY [--only PART]

DIRECTORY holds ngx_http_wazo_auth_module.so; `make test-nginx` builds it and runs this. The parts are in the files
beside this one; each can be run alone.
"""
import argparse
import functools
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import answers  # noqa: E402
import configuration  # noqa: E402
import lifetime  # noqa: E402
import memory  # noqa: E402
import revocation  # noqa: E402
import waiting  # noqa: E402
from nginx import MODULE  # noqa: E402
from report import Report  # noqa: E402
from wazo_auth import Simulator  # noqa: E402

PARTS = {part.__name__: part for part in (answers, configuration, waiting, revocation, lifetime, memory)}


class Place:
    """What every part needs: the module, a wazo-auth, and how nginx is told of it."""

    def __init__(self, module_dir, simulator):
        self.module_dir, self.simulator = module_dir, simulator
        self.tokens = []
        self.users = 0

    def http(self, *lines):
        """The lines of http{}; an option of `lines` holds where it is given here too."""
        usual = ['wazo_auth_option timeout_ms 5000;', f'wazo_auth_option ca_file {self.simulator.ca_file};']
        return '\n'.join([f'wazo_auth_url {self.simulator.url};', *usual, *lines])

    def token(self, *access):
        """A token of a new user with that access."""
        self.users += 1
        name = f'nginx-{self.users}'
        self.simulator.user(name, list(access))
        return self.remember(self.simulator.log_in(name, 'password'))

    def remember(self, token):
        """A token that no log may contain."""
        self.tokens.append(token)
        return token

    def asked(self):
        """How often wazo-auth was asked about tokens since the last time."""
        requests = self.simulator.control('GET', 'requests')['items']
        self.simulator.control('DELETE', 'requests')
        return sum('/token/' in request['path'] and request['method'] in ('GET', 'HEAD') for request in requests)

    def check_logs(self, promise, nginx):
        """That nginx has nothing to complain of, and wrote no token."""
        problems = nginx.problems()
        promise(not problems, 'nothing is wrong in the error log', '\n'.join(problems[:5]))
        shown = [name for name in ('error.log', 'access.log', 'statuses.log', 'stderr')
                 for token in self.tokens if len(token) > 20 and token in nginx.log(name)]
        promise(not shown, 'no token is in a log', f'in {set(shown)}')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--module-dir', type=Path, required=True, metavar='DIRECTORY')
    parser.add_argument('--only', choices=PARTS, help='one part alone')
    arguments = parser.parse_args()
    report = Report()
    if not shutil.which('nginx') or not (arguments.module_dir / MODULE).exists():
        missing = 'nginx' if not shutil.which('nginx') else 'nginx-dev, with the headers of nginx,'
        report.skip('the nginx module', f'{missing} is missing; as root: bindings/c/nginx/setup.sh')
        return report.end()
    began = time.monotonic()
    for name, part in PARTS.items():
        if arguments.only not in (None, name):
            continue
        if name == 'memory' and report.lacks('valgrind', 'memory: no invalid access and no leak'):
            continue
        with Simulator() as simulator:
            place = Place(arguments.module_dir, simulator)
            promise = functools.partial(say, report, name)
            try:
                part.run(place, promise)
            except Exception as problem:  # what a part could not look at has failed
                report.promise(False, f'{name}: it comes to its end', repr(problem))
    report.note(f'{time.monotonic() - began:.0f} s')
    return report.end()


def say(report, part, holds, text, why=''):
    """The line of a promise; None for one that cannot be looked at, for the reason that is given."""
    if holds is None:
        return report.skip(f'{part}: {text}', why)
    return report.promise(holds, f'{part}: {text}', str(why))


if __name__ == '__main__':
    sys.exit(main())
