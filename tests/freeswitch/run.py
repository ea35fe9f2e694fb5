"""The FreeSWITCH module with stand-ins for FreeSWITCH's functions, against the simulator over HTTPS.

It shows that mod_wazo_auth.c compiles against the names that it uses, and what its functions do. It does not show that it
compiles against FreeSWITCH's own headers, nor that FreeSWITCH loads it. `make test-freeswitch` runs it.
"""
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
import artifacts  # noqa: E402
import process  # noqa: E402
from report import Report  # noqa: E402
from wazo_auth import Simulator  # noqa: E402

MISTAKES = [
    ([], 'wazo_auth.conf is missing'),
    (['settings.timeout_ms=500'], 'host'),
    (['settings.url=https://localhost', 'settings.timeout=5'], 'unknown option "timeout"'),
    (['settings.url=https://localhost', 'verifier.ttl=5'], 'option "ttl"'),
    (['settings.url=https://localhost', f'verifier.ttl_ms={"1" * 2000}'], 'a parameter is wrong'),
]


class Host:
    """The stand-in for FreeSWITCH, with the module."""

    def __init__(self, folder, *settings, under=()):
        self.log_file = Path(folder) / 'log'
        with open(self.log_file, 'w') as log:
            self.process = subprocess.Popen(
                [*under, Path(folder) / 'stand_ins', Path(folder) / 'mod_wazo_auth.so', *settings], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=log, text=True, env=environment())
        self.greeting = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def tell(self, line):
        self.process.stdin.write(f'{line}\n')
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def variables(self, data):
        """The channel variables wazo_auth_* after the application."""
        return dict(pair.split('=', 1) for pair in self.tell(f'app wazo_auth {data}').split())

    def end(self):
        said = self.tell('end')
        return said, self.process.wait(30)

    def log(self):
        return self.log_file.read_text()


def environment():
    return {**os.environ, 'LD_LIBRARY_PATH': str(artifacts.library().parent)}


def build(folder):
    """Compiles the module by its own Makefile, and the stand-ins. Gives the status and what was said."""
    minimal = f'-I{HERE}/minimal'
    made = process.run(['make', '-s', '-C', ROOT / 'bindings' / 'c' / 'freeswitch', f'BUILD={folder}',
                        f'FREESWITCH_CFLAGS={minimal}', f'LIBRARY_DIR={artifacts.library().parent}'])
    if made[0]:
        return made
    compiler = [*shlex.split(os.environ.get('CC', 'cc')), '-std=gnu11', '-g', '-Wall', '-Wextra', '-Werror', '-pthread']
    return process.run([*compiler, minimal, '-rdynamic', '-o', Path(folder) / 'stand_ins', HERE / 'stand_ins.c', '-ldl'])


def verdicts(promise, simulator, host):
    simulator.user('alice', ['sip.alice.call'])
    token, unknown = simulator.log_in('alice', 'password'), str(uuid.uuid4())
    known = simulator.ask('GET', f'/token/{token}')['data']
    cases = [
        (f'{token} sip.alice.call', 'allowed'), (f'{token} -', 'allowed'), (f'{token} sip.bob.call', 'missing_access'),
        (f'{unknown} sip.alice.call', 'invalid_token'), (f'{token} sip.alice.call {uuid.uuid4()}', 'wrong_tenant'),
        (f'{token} sip.alice.call {known["metadata"]["tenant_uuid"]}', 'allowed'), ('.. sip.alice.call', 'invalid_token'),
    ]
    seen = [(text, wanted, host.tell(f'{verb} wazo_auth {text}')) for text, wanted in cases for verb in ('api', 'call-api')]
    wrong = [each for each in seen if each[1] != each[2]]
    promise(not wrong, 'the API command prints the verdict', wrong)
    wrong = [text for text in ('', token, f' {token}', 'a b c d') if not host.tell(f'api wazo_auth {text}').startswith('-USAGE')]
    promise(not wrong, 'where a word is missing, it prints how it is used and never `allowed`', wrong)
    return token, known


def application(promise, host, token, known):
    whose = {'user_uuid': known['metadata']['uuid'], 'tenant_uuid': known['metadata']['tenant_uuid'],
             'session_uuid': known['session_uuid'], 'auth_id': known['auth_id'], 'is_stale': 'false'}
    host.tell(f'set sip_h_X-Wazo-Token {token}')
    yes = host.variables('sip_h_X-Wazo-Token sip.alice.call')
    no = host.variables('sip_h_X-Wazo-Token sip.bob.call')
    promise(yes == {'status': 'allowed', **whose} and no == {'status': 'missing_access', **whose},
            'the application sets the verdict, and whose the token is', (yes, no))
    missing = host.variables('sip_h_X-Nothing sip.alice.call')
    mistake = host.variables('sip_h_X-Wazo-Token')
    promise(missing == {'status': 'no_token'} and mistake == {'status': 'unknown', 'error': 'invalid_argument'},
            'nothing of an earlier check is left in the variables', (missing, mistake))


def control(promise, simulator, host, token, known):
    simulator.ask('DELETE', f'/token/{token}')
    kept = host.tell(f'api wazo_auth {token} -')
    event = f'{{"name": "auth_session_deleted", "data": {{"uuid": "{known["session_uuid"]}", "user_uuid": "", "tenant_uuid": ""}}}}'
    told = host.tell(f'api wazo_auth_control event {event}')
    after = host.tell(f'api wazo_auth {token} -')
    promise((kept, told, after) == ('allowed', '+OK applied', 'invalid_token'), 'a message of the bus ends a token',
            (kept, told, after))
    answers = [host.tell(f'api wazo_auth_control {text}') for text in
               ('invalidate all', f'invalidate token {token}', 'invalidate x y', 'invalidate', 'event {', 'stats')]
    promise([answer[:4] for answer in answers] == ['+OK ', '+OK ', '-ERR', '-USA', '-ERR', '+OK '],
            'the control command answers, and says what was wrong', answers)


def trouble(promise, simulator, host):
    simulator.user('bob', ['sip.bob.call'])
    host.tell(f"set token {simulator.log_in('bob', 'password')}")
    simulator.faults({'fault': 'delay', 'ms': 60_000, 'path': '*/token/*'})
    host.tell('hangup-in 100')
    began = time.monotonic()
    left = host.variables('token sip.bob.call')
    took_s = time.monotonic() - began
    promise(left == {'status': 'unknown', 'error': 'cancelled'} and took_s < 2.5, 'a caller who hangs up ends the check',
            (left, took_s))
    late = host.variables('token sip.bob.call')
    promise(late == {'status': 'unknown', 'error': 'timeout'} and 'no answer (timeout)' in host.log(),
            'a wazo-auth that stalls is neither yes nor no, and is logged', (late, host.log()))
    simulator.faults()


def main():
    report = Report()

    def promise(holds, text, why=''):
        return report.promise(holds, text, str(why))

    with tempfile.TemporaryDirectory() as folder, Simulator() as simulator:
        status, said = build(folder)
        if not promise(status == 0, 'the module compiles against the minimal declarations', said):
            return report.end()
        wrong = []
        for settings, wanted in MISTAKES:
            with Host(folder, *settings) as host:
                if host.greeting != 'not loaded' or wanted not in host.log():
                    wrong.append((settings, host.greeting, host.log()))
        promise(not wrong, 'a mistake in wazo_auth.conf keeps it from being loaded, and is named', wrong)
        settings = [f'settings.url={simulator.url}', f'settings.ca_file={simulator.ca_file}', 'settings.timeout_ms=3000',
                    'verifier.ttl_ms=60000']
        with Host(folder, *settings) as host:
            promise(host.greeting == 'loaded', 'it is loaded', host.log())
            token, known = verdicts(promise, simulator, host)
            application(promise, host, token, known)
            control(promise, simulator, host, token, known)
            trouble(promise, simulator, host)
            promise(host.end() == ('unloaded', 0), 'it is unloaded')
            promise(token not in host.log(), 'no token is in the log', host.log())
        valgrind(report, promise, simulator, folder, settings)
    return report.end()


def valgrind(report, promise, simulator, folder, settings):
    name = 'no invalid access and no leak (valgrind)'
    if report.lacks('valgrind', name):
        return
    log = Path(folder) / 'valgrind.log'
    command = [shutil.which('valgrind'), '-q', '--leak-check=full', '--keep-debuginfo=yes', '--show-leak-kinds=definite',
               '--errors-for-leak-kinds=definite',
               '--error-exitcode=99', f'--log-file={log}',
               f'--suppressions={ROOT}/tests/host/valgrind.supp']
    simulator.user('carol', ['sip.carol.call'])
    token = simulator.log_in('carol', 'password')
    with Host(folder, *settings, 'settings.timeout_ms=60000', under=command) as host:
        host.tell(f'set token {token}')
        answers = [host.tell(f'api wazo_auth {token} sip.carol.call'), host.variables('token sip.carol.call')['status'],
                   host.tell('api wazo_auth x'), host.tell('api wazo_auth_control stats')[:3]]
        ended = host.end()
        is_right = answers[:2] == ['allowed', 'allowed'] and ended == ('unloaded', 0)
        promise(is_right and not log.read_text().strip(), name, (answers, ended, log.read_text()[-2000:]))


if __name__ == '__main__':
    sys.exit(main())
