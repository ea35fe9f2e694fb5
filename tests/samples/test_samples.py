"""The samples of bindings/c build without a warning, and answer rightly: good tokens, bad ones, and no server at all.

`make test-samples` runs it. What needs libevent-dev, librabbitmq-dev or valgrind is skipped where they are missing.
"""
import contextlib
import os
import pathlib
import random
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import programs
from programs import ALL, LONG, QUESTIONS, READER, SLOW, UNKNOWN, Lines, Program, Unreachable, ask_by_udp, in_threads

VALGRIND = ['valgrind', '-q', '--error-exitcode=9', '--leak-check=full', '--errors-for-leak-kinds=definite,possible',
            f'--suppressions={programs.ROOT / "tests" / "c" / "valgrind.supp"}']


def setUpModule():
    global folder, path, built, plain, tls
    folder = tempfile.TemporaryDirectory(prefix='samples-')
    unittest.addModuleCleanup(folder.cleanup)
    path = pathlib.Path(folder.name)
    built = programs.build(path)
    plain, tls = programs.wazo_auth(tls=False), programs.wazo_auth(tls=True)
    unittest.addModuleCleanup(plain.stop)
    unittest.addModuleCleanup(tls.stop)


def start(name, *arguments, simulator=None, under=(), **more):
    """A running server, on a free port."""
    command = [*under, str(path / name), '--listen', '0', *arguments]
    return Program(command, programs.environment(simulator, **more), path / f'{name}.errors')


def run(*command, env=None, text=''):
    return subprocess.run([str(part) for part in command], env=env or programs.environment(), input=text, text=True,
                          capture_output=True, timeout=5 * LONG if command[0] == 'valgrind' else LONG)


class EveryProgram(unittest.TestCase):
    def programs(self):
        return sorted(built - {'module.so'})

    def test_says_how_it_is_used(self):
        for name in self.programs():
            with self.subTest(name):
                done = run(path / name, '--help')
                self.assertEqual((done.returncode, done.stderr), (0, ''))
                for word in ('--help', 'WAZO_AUTH_URL', 'WAZO_AUTH_CA_FILE'):
                    self.assertIn(word, done.stdout)

    def test_refuses_a_command_line_that_it_does_not_understand(self):
        for name in self.programs():
            for arguments in (['--colour', 'red'], ['--listen'], ['--channels', '8x'], ['--checks', '8x'], ['--listen', '65536'],
                              ['--channels', '-1'], ['--workers', ''], ['help']):
                with self.subTest(name, arguments=arguments):
                    done = run(path / name, *arguments)
                    self.assertEqual((done.returncode, done.stdout), (2, ''))
                    self.assertIn('--help', done.stderr)

    def test_says_what_is_missing_where_no_wazo_auth_is_named(self):
        for name in self.programs():
            with self.subTest(name):
                arguments = {'module_host': ['--module', path / 'module.so'], 'revocation_listener': []}
                arguments = arguments.get(name, ['--listen', '0'])
                done = run(path / name, *arguments)
                self.assertIn(done.returncode, (1, 2))
                self.assertIn('host', done.stderr)


class Readme(unittest.TestCase):
    def test_its_commands_compile_the_samples(self):
        text = (programs.SOURCES / 'README.md').read_text(encoding='utf-8')
        (block,) = re.findall(r'^    LINK=.*?(?=^\S)', text, re.DOTALL | re.MULTILINE)
        for name, package in (('libevent_server', 'libevent'), ('revocation_listener', 'librabbitmq')):
            if name not in built or not shutil.which('pkg-config'):
                block = ''.join(line for line in block.splitlines(True) if package not in line)
        library = str(programs.artifacts.library().parent)
        block = block.replace('$PWD/target/debug', library).replace('target/debug', library)
        root = path / 'readme'
        root.mkdir()
        for name in ('include', 'bindings'):
            (root / name).symlink_to(programs.ROOT / name)
        done = subprocess.run(['sh', '-e', '-c', block], cwd=root, text=True, capture_output=True, timeout=LONG)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        for name in re.findall(r'-o (\S+)', block):
            if name != 'module.so':
                self.assertEqual(run(root / name, '--help').returncode, 0)


class Servers:
    """What a server over TCP must do; once for each of them."""

    name = None

    def setUp(self):
        if self.name not in built:
            self.skipTest('libevent-dev is missing: make setup')

    def start(self, *arguments, **more):
        return start(self.name, *arguments, **more)

    def test_answers_each_line_in_its_order(self):
        for simulator in (plain, tls):
            with self.start(simulator=simulator) as server, Lines(server.port) as client:
                client.send(*QUESTIONS)
                self.assertEqual([client.answer() for _ in QUESTIONS], list(QUESTIONS.values()))

    def test_takes_lines_in_pieces_and_from_dos(self):
        with self.start(simulator=plain) as server, Lines(server.port) as client:
            for piece in (READER[:7], READER[7:] + ' auth.', 'users.create'):
                client.send(piece.encode())
            client.send(b'\r\n' + ALL.encode() + b'\r\n')
            self.assertEqual([client.answer(), client.answer()], ['DENY', 'ALLOW'])

    def test_denies_what_hides_a_part_of_the_question(self):
        with self.start(simulator=plain) as server, Lines(server.port) as client:
            client.send(READER.encode() + b'\0 auth.users.create\n', b'\xff\xfe\n', READER)
            self.assertEqual([client.answer() for _ in range(3)], ['DENY', 'DENY', 'ALLOW'])

    def test_answers_a_client_that_has_finished_sending(self):
        with self.start(simulator=plain) as server, Lines(server.port) as client:
            client.send(ALL, UNKNOWN, b'no line')
            client.socket.shutdown(1)
            self.assertEqual([client.answer() for _ in range(3)], ['ALLOW', 'DENY', ''])

    def test_hangs_up_on_who_sends_no_lines(self):
        with self.start(simulator=plain) as server, Lines(server.port) as client:
            try:
                for _ in range(1000):
                    client.send(b'x' * 5000)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has hung up already
            self.assertEqual(client.answer(), '')
            with Lines(server.port) as other:
                self.assertEqual(other.ask(ALL), 'ALLOW')

    def test_gives_many_clients_their_own_answers(self):
        with self.start(simulator=plain) as server:
            def work(index):
                chosen = random.Random(index).choices(list(QUESTIONS), k=20)
                with Lines(server.port) as client:
                    client.send(*chosen)
                    for question in chosen:
                        self.assertEqual(client.answer(), QUESTIONS[question], question)
            in_threads(30, work)

    def test_lets_nobody_wait_for_another(self):
        with self.start(simulator=plain) as server, Lines(server.port) as slow, Lines(server.port) as silent:
            slow.send(SLOW)
            silent.send(ALL[:5].encode())
            with Lines(server.port) as quick:
                self.assertEqual([quick.ask(ALL), quick.ask(UNKNOWN)], ['ALLOW', 'DENY'])
            # A check that takes a minute holds up neither the end of the server, which is seen here, nor is it allowed.
            server.end()
            self.assertEqual([slow.answer(), silent.answer()], ['', ''])

    def test_says_retry_when_the_queue_is_full_and_takes_the_place_of_who_has_gone(self):
        with self.start('--checks', '2', simulator=plain) as server, Lines(server.port) as other, \
                Lines(server.port) as first, Lines(server.port) as second:
            first.send(SLOW)
            second.send(SLOW)
            self.until(other, 'RETRY quota', slow=[first, second])
            first.reset()
            self.until(other, 'ALLOW', slow=[second])

    def until(self, client, wanted, slow=(), others=('ALLOW', 'RETRY quota')):
        """Asks until the answer is the wanted one: the server sees other clients in its own time, and a slow one may have
        found the queue full itself."""
        end = time.monotonic() + LONG / 2
        while (answer := client.ask(ALL)) != wanted and time.monotonic() < end:
            self.assertIn(answer, others)
            for one in select.select([one.socket for one in slow], [], [], 0)[0]:
                (again,) = (client for client in slow if client.socket is one)
                self.assertEqual(again.answer(), 'RETRY quota')
                again.send(SLOW)
        self.assertEqual(answer, wanted)

    def test_says_retry_when_wazo_auth_is_away_and_goes_on_when_it_is_back(self):
        with Unreachable(refusing=True) as away, self.start(WAZO_AUTH_URL=away.url) as server:
            def work(_):
                with Lines(server.port) as client:
                    self.assertEqual([client.ask(ALL), client.ask('')], ['RETRY connect', 'DENY'])
            in_threads(8, work)
        with Unreachable(refusing=False) as hanging, \
                self.start(WAZO_AUTH_URL=hanging.url, WAZO_AUTH_TIMEOUT_MS='200') as server, Lines(server.port) as client:
            self.assertEqual(client.ask(ALL), 'RETRY timeout')
        simulator = programs.wazo_auth(tls=False)
        try:
            with self.start(simulator=simulator) as server, Lines(server.port) as client:
                for faults, answer in (([{'fault': 'bad_gateway', 'status': 503}], 'RETRY unavailable'), ([], 'ALLOW')):
                    simulator.control('PUT', 'faults', faults)
                    self.assertEqual(client.ask(ALL), answer)
        finally:
            simulator.stop()

    def test_survives_more_clients_than_descriptors(self):
        with contextlib.ExitStack() as many:
            server = many.enter_context(self.start(simulator=plain, under=['prlimit', '--nofile=24']))
            clients = [many.enter_context(Lines(server.port)) for _ in range(40)]
            self.assertEqual(clients[0].ask(''), 'DENY')
            # A loop that spins takes all the time there is; on a busy machine that may be little, but not this little.
            before = server.processor_seconds()
            time.sleep(0.5)
            self.assertLess(server.processor_seconds() - before, 0.1)
            for client in clients[:-1]:
                client.close()
            self.until(clients[-1], 'ALLOW', others=('RETRY connect',))  # no descriptor for a call, at first
            server.end()
            self.assertLess(len(server.errors().splitlines()), 100)

    def test_loses_no_descriptor(self):
        with self.start(simulator=plain) as server:
            descriptors = pathlib.Path(f'/proc/{server.process.pid}/fd')

            def round_of_clients():
                for _ in range(20):
                    with Lines(server.port) as client:
                        self.assertEqual(client.ask(ALL), 'ALLOW')
                    with Lines(server.port) as gone:
                        gone.send(SLOW)
                        gone.reset()
                return len(list(descriptors.iterdir()))
            first = round_of_clients()
            end = time.monotonic() + LONG / 2
            while (last := round_of_clients()) > first + 10 and time.monotonic() < end:
                pass
            # Some are just on their way out; a round that lost those who had gone would lose twenty.
            self.assertLessEqual(last, first + 10)


class EpollServer(Servers, unittest.TestCase):
    name = 'epoll_server'

    def test_logs_an_outage_once_and_shows_no_token(self):
        with Unreachable(refusing=True) as away, self.start(WAZO_AUTH_URL=away.url) as server:
            with Lines(server.port) as client:
                for _ in range(5):
                    self.assertEqual(client.ask(ALL), 'RETRY connect')
            server.end()
            self.assertEqual(len(server.errors().splitlines()), 1)
            self.assertNotIn(ALL, server.errors())

    @unittest.skipUnless(shutil.which('valgrind'), 'valgrind is missing: make setup')
    def test_uses_memory_rightly(self):
        with self.start('--checks', '3', simulator=plain, under=VALGRIND) as server, Lines(server.port) as waiting, \
                Lines(server.port) as gone:
            waiting.send(SLOW)
            gone.send(SLOW, ALL, ALL)
            with Lines(server.port) as client:
                client.send(*QUESTIONS)
                self.assertEqual([client.answer() for _ in QUESTIONS], list(QUESTIONS.values()))
                gone.reset()
                client.send(b'x' * 2000)
                self.assertEqual(client.answer(), '')
            with Lines(server.port) as client:
                self.assertEqual(client.ask(ALL), 'ALLOW')


class Admission(unittest.TestCase):
    """A token admits its own user, and nobody else."""

    def start(self, simulator, under=(), **more):
        return start('admission', simulator=simulator, under=under,
                     WAZO_AUTH_USERNAME='admin', WAZO_AUTH_PASSWORD='secret', **more)

    def test_admits_the_user_whose_the_token_is_and_nobody_else(self):
        user = plain.control('GET', 'state')['users'][0]['uuid']
        with self.start(tls) as server:
            def ask(who, token):
                return ask_by_udp(server.port, f'REGISTER {who} {token}').rstrip()

            for _ in range(3):
                own = tls.control('GET', 'state')['users'][0]['uuid']
                self.assertEqual(ask(own, ALL), '200 OK admin')
                self.assertEqual(ask(user if user != own else 'bob', ALL), '403 Forbidden')
                self.assertEqual(ask(own, READER), '403 Forbidden')
                self.assertEqual(ask(own, UNKNOWN), '403 Forbidden')
            self.assertEqual(ask_by_udp(server.port, 'nonsense').rstrip(), '400 Bad Request')
        asked = [one for one in tls.control('GET', 'requests')['items'] if f'/token/{ALL}' in one['path']
                 and one['method'] == 'GET']
        self.assertEqual(len(asked), 1)

    def test_says_so_where_nobody_can_be_asked(self):
        with Unreachable(refusing=True) as away, self.start(None, WAZO_AUTH_URL=away.url) as server:
            self.assertEqual(ask_by_udp(server.port, f'REGISTER bob {ALL}').rstrip(), '503 Service Unavailable')

    @unittest.skipUnless(shutil.which('valgrind'), 'valgrind is missing: make setup')
    def test_uses_memory_rightly(self):
        own = plain.control('GET', 'state')['users'][0]['uuid']
        with self.start(plain, under=VALGRIND) as server:
            self.assertEqual(ask_by_udp(server.port, f'REGISTER {own} {ALL}').rstrip(), '200 OK admin')
            self.assertEqual(ask_by_udp(server.port, f'REGISTER {own} {UNKNOWN}').rstrip(), '403 Forbidden')

    def test_is_short(self):
        self.assertLess(len((programs.SOURCES / 'admission.c').read_text().splitlines()), 120)


class LibeventServer(Servers, unittest.TestCase):
    name = 'libevent_server'


class PreforkWorkers(unittest.TestCase):
    def start(self, *arguments, **more):
        return start('prefork_workers', '--interval-ms', '50', *arguments, **more)

    def questions(self, server, clients=16, each=15):
        """Asks from many sockets at once; the workers that answered."""
        workers = set()

        def work(index):
            for question in random.Random(index).choices(list(QUESTIONS), k=each):
                word, _, worker = ask_by_udp(server.port, question).partition(' ')
                self.assertEqual(word, QUESTIONS[question], question)
                workers.add(int(worker))
        in_threads(clients, work)
        return workers

    def test_every_worker_answers_with_connections_of_its_own(self):
        for simulator in (plain, tls):
            with self.start('--workers', '4', simulator=simulator) as server:
                server.line('wazo-auth is well')
                workers = self.questions(server)
                self.assertLessEqual(workers, {1, 2, 3, 4})
                self.assertGreater(len(workers), 1)

    def test_denies_what_hides_a_part_of_the_question(self):
        with self.start(simulator=plain) as server:
            for question in (f'{READER}\0 auth.users.create', f'{READER} {"x" * 1100}', f'{READER}{" " * 1100}'):
                self.assertRegex(ask_by_udp(server.port, question), r'^DENY \d$')

    def test_a_worker_that_dies_gets_a_successor_and_the_others_go_on(self):
        with self.start('--workers', '2', simulator=tls) as server:
            pid = int(server.line(r'worker 2 is process (\d+)')[1])
            self.questions(server, clients=4)
            os.kill(pid, signal.SIGKILL)
            server.line(r'worker 2 ended \(signal 9\)')
            server.line(r'worker 2 is process \d+')
            self.questions(server, clients=4)

    def test_the_parent_sees_whether_wazo_auth_is_well(self):
        simulator = programs.wazo_auth(tls=False)
        try:
            with self.start(simulator=simulator) as server:
                for well, said in ((True, 'wazo-auth is well'), (False, 'wazo-auth .*503'), (True, 'wazo-auth is well')):
                    simulator.control('PUT', 'status', {'ok': well})
                    server.line(said)
                    self.questions(server, clients=2, each=5)
        finally:
            simulator.stop()

    def test_workers_do_not_outlive_a_parent_that_was_killed(self):
        with self.start(simulator=plain) as server:
            server.line(r'worker 4 is process \d+')
            server.process.kill()
            with self.assertRaisesRegex(AssertionError, 'no line'):
                server.line('a line that never comes')  # the output ends with the last process that has it

    def test_says_retry_when_wazo_auth_is_away(self):
        with Unreachable(refusing=True) as away, self.start(WAZO_AUTH_URL=away.url) as server:
            in_threads(8, lambda _: self.assertEqual(ask_by_udp(server.port, ALL), 'RETRY connect'))
        with Unreachable(refusing=False) as hanging, \
                self.start(WAZO_AUTH_URL=hanging.url, WAZO_AUTH_TIMEOUT_MS='200') as server:
            self.assertEqual(ask_by_udp(server.port, ALL), 'RETRY timeout')


class ModuleHost(unittest.TestCase):
    def host(self, *arguments, questions=QUESTIONS, under=(), **environment):
        text = ''.join(f'{question}\n' for question in questions)
        return run(*under, path / 'module_host', '--module', path / 'module.so', *arguments,
                   env=programs.environment(**environment), text=text)

    def verdicts(self, done):
        """The verdicts by question and way: {'ALLOW': 24}."""
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = re.findall(r'^question \d+, (?:waited|told later): (.*)$', done.stdout, re.MULTILINE)
        return [{word: int(n) for word, n in (part.split() for part in row.split(', ')) if n != '0'} for row in rows]

    def test_both_ways_give_every_channel_its_verdict(self):
        for simulator in (plain, tls):
            verdicts = self.verdicts(self.host('--rounds', '3', '--channels', '8', simulator=simulator))
            self.assertEqual(verdicts, [{word: 24} for word in QUESTIONS.values() for _ in range(2)])

    def test_unloading_gives_back_what_loading_took(self):
        done = self.host('--rounds', '8', '--channels', '4', simulator=tls, questions=[ALL, UNKNOWN])
        rounds = re.findall(r'threads: (\d+), descriptors: (\d+)$', done.stdout, re.MULTILINE)
        self.assertEqual((done.returncode, len(rounds)), (0, 8), done.stderr)
        self.assertEqual({int(descriptors) for _, descriptors in rounds}, {3})
        # A thread that was joined is listed for a moment more; one that was left in each round would make nine.
        self.assertLessEqual(int(rounds[-1][0]), 3)

    def test_unloading_does_not_wait_for_a_slow_server(self):
        began = time.monotonic()
        self.verdicts(self.host('--rounds', '2', '--channels', '0', simulator=plain, questions=[SLOW] * 20))
        self.assertLess(time.monotonic() - began, 20)  # where each check may take 50 s

    def test_says_retry_when_wazo_auth_is_away(self):
        with Unreachable(refusing=True) as away:
            self.assertEqual(self.verdicts(self.host('--rounds', '2', questions=[ALL, ''], WAZO_AUTH_URL=away.url)),
                             [{'RETRY': 16}, {'RETRY': 16}, {'DENY': 16}, {'DENY': 16}])
        with Unreachable(refusing=False) as hanging:
            done = self.host('--rounds', '1', questions=[ALL], WAZO_AUTH_URL=hanging.url, WAZO_AUTH_TIMEOUT_MS='200')
            self.assertEqual(self.verdicts(done), [{'RETRY': 8}, {'RETRY': 8}])

    def test_a_module_that_cannot_be_loaded_is_said(self):
        done = self.host(WAZO_AUTH_URL='ftp://nowhere')
        self.assertEqual(done.returncode, 1)
        self.assertIn('declined', done.stderr)
        done = run(path / 'module_host', '--module', path / 'absent.so')
        self.assertEqual(done.returncode, 1)
        self.assertIn('absent.so', done.stderr)

    @unittest.skipUnless(shutil.which('valgrind'), 'valgrind is missing: make setup')
    def test_uses_memory_rightly(self):
        done = self.host('--rounds', '2', '--channels', '2', simulator=plain, questions=[ALL, UNKNOWN, ''], under=VALGRIND)
        self.assertEqual(self.verdicts(done), [{word: 4} for word in ('ALLOW', 'DENY', 'DENY') for _ in range(2)])


if __name__ == '__main__':
    unittest.main()
