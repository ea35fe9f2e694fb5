#!/usr/bin/env python3
"""Compiles and runs the C tests, with the real library and the real simulator. Run by `make test-c`.

    run.py [--only WORD]

Lines and counts as in tests/support/report.py; library and simulator as in tests/support/artifacts.py. CC, CXX and CFLAGS
are honoured.
"""
import argparse
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SUPPORT = ROOT / 'tests' / 'support'
sys.path.insert(0, str(SUPPORT))
import artifacts  # noqa: E402
import process  # noqa: E402
from report import Report  # noqa: E402
from wazo_auth import Simulator  # noqa: E402

BUILD = ROOT / 'build' / 'tests-c'
INCLUDE = ROOT / 'include'
SYMBOLS = ROOT / 'tests' / 'data' / 'abi-symbols.txt'
VERSION_SCRIPT = ROOT / 'library' / 'wazo_auth_client.map'
QUICKSTART = ROOT / 'bindings' / 'c' / 'quickstart.c'
STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Werror']
# What changes a thing that belongs to the whole process: handlers of signals, the environment, children, its end.
# tokio's signals, which a build with other features would bring, take a pair of sockets and a handler.
NOT_OURS = {
    'socketpair', 'sigaction', 'signal', 'sigprocmask', 'signalfd', 'setenv', 'unsetenv', 'putenv', 'chdir', 'fork',
    'vfork', 'posix_spawn', 'posix_spawnp', 'execve', 'execvp', 'waitpid', 'atexit', 'exit', 'setlocale',
}

# The crates whose features decide what the library asks the system for. (The simulator adds the server's side to hyper,
# which the library never calls.)
TO_THE_SYSTEM = {
    'tokio', 'mio', 'socket2', 'libc', 'tokio-rustls', 'rustls', 'ring', 'getrandom', 'reqwest',
    'once_cell', 'arc-swap', 'log', 'tracing',
}


class Run(Report):
    """What was found so far, and the parts to find more with."""

    def __init__(self, library, pool):
        super().__init__()
        self.library, self.pool, self.under_valgrind = library, pool, []
        self.cc = shlex.split(os.environ.get('CC', 'cc'))
        self.cxx = shlex.split(os.environ.get('CXX', 'g++'))

    def report(self, problem, promise):
        """One promise, held where there is no problem."""
        self.promise(not problem, promise, problem)

    def compile(self, source, *flags, name=None, language='c'):
        """A program of that source; None where it does not compile, which is reported."""
        program = BUILD / (name or source.stem)
        compiler = self.cc + ['-std=c99'] if language == 'c' else self.cxx + ['-std=c++17', '-x', 'c++']
        command = [*compiler, *STRICT, '-g', *shlex.split(os.environ.get('CFLAGS', ''))]
        command += [f'-I{folder}' for folder in (INCLUDE, SUPPORT, BUILD)]
        # The program finds the library without an environment variable.
        link = ['-L', self.library.parent, '-lwazo_auth_client', f'-Wl,-rpath,{self.library.parent}']
        status, said = process.run([*command, source, '-o', program, *link, *flags])
        if status:
            self.report(said or f'exit status {status}', f'{source.name} compiles as {language}')
            return None
        return program

    def test_program(self, *command):
        """Runs a test program; takes over its lines and counts."""
        status, said = process.run(command)
        self.program(said, status, Path(command[0]).name)

    def valgrind(self, promise, *command, environment=None, values=True, expected=0):
        """Runs a program under valgrind, which must have nothing to say, while this goes on; `settle` tells what came of
        it. `expected` is its exit status; None: any."""
        if self.lacks('valgrind', promise):
            return
        options = ['--show-leak-kinds=definite,indirect,possible', f'--suppressions={HERE / "valgrind.supp"}']
        options += [] if values else ['--undef-value-errors=no']
        # A forked child leaves its parent's state as it is, which looks like a leak there.
        options += ['--child-silent-after-fork=yes']
        job = self.pool.submit(process.valgrind, options, command, environment)
        self.under_valgrind.append((promise, expected, job))

    def settle(self):
        """Reports on the programs under valgrind, when they have ended."""
        for promise, expected, job in self.under_valgrind:
            status, said, spoken = job.result()
            self.report(spoken or ('' if expected in (None, status) else f'exit status {status}\n{said}'), promise)
        self.under_valgrind = []


def header(run):
    """The header alone, as every kind of host compiles it."""
    source = BUILD / 'header_alone.c'
    source.write_text('#include <wazo_auth_client.h>\n')
    for standard in ('c99', 'c11', 'c17'):
        status, said = process.run(
            [*run.cc, f'-std={standard}', *STRICT, '-Wstrict-prototypes', '-fsyntax-only', '-I', INCLUDE, source]
        )
        run.report(said if status else '', f'the header compiles alone as {standard}, without a warning')
    for standard in ('c++11', 'c++17', 'c++20'):
        promise = f'the header compiles alone as {standard}, without a warning'
        if not run.lacks(run.cxx[0], promise):
            command = [*run.cxx, '-x', 'c++', f'-std={standard}', *STRICT, '-fsyntax-only', '-I', INCLUDE, source]
            status, said = process.run(command)
            run.report(said if status else '', promise)


def deprecated(run):
    """A compiler warns of what goes, unless it is told not to."""
    source = BUILD / 'deprecated.c'
    source.write_text(
        '#include <wazo_auth_client.h>\nbool f(wazo_auth_client *c);\n'
        'bool f(wazo_auth_client *c) { return wazo_auth_tenants_add_policy(c, "t", "p", NULL); }\n'
    )
    command = [*run.cc, '-std=c99', *STRICT, '-fsyntax-only', '-I', INCLUDE, source]
    status, said = process.run(command)
    run.report('' if status and 'Servers have no policies' in said else said, 'a deprecated function is warned of, with the reason')
    status, said = process.run([*command, '-DWAZO_AUTH_NO_DEPRECATED'])
    run.report(said if status else '', 'and -DWAZO_AUTH_NO_DEPRECATED silences that')


def symbols(run):
    """What the library shows to a linker is what is listed, each name with its version, and nothing else."""
    promise = 'the library exports the listed functions, each with its version, and no other symbol'
    if run.lacks('nm', promise):
        return
    status, said = process.run(['nm', '-D', '--defined-only', '--with-symbol-versions', run.library])
    if status:
        run.report(said, promise)
        return
    # The versions themselves are absolute symbols.
    exported = {line.split()[-1] for line in said.splitlines() if line.strip() and line.split()[1] != 'A'}
    listed = set()
    for version, names in re.findall(r'^(WAZO_AUTH_\S+) \{\nglobal:\n(.*?)^(?:local|\})', VERSION_SCRIPT.read_text(), re.M | re.S):
        listed |= {f'{name}@@{version}' for name in re.findall(r'wazo_auth_\w+', names)}
    differences = [f'not listed: {name}' for name in sorted(exported - listed)]
    differences += [f'not exported: {name}' for name in sorted(listed - exported)]
    if not listed:
        differences += [f'{VERSION_SCRIPT} lists nothing']
    run.report('\n'.join(differences[:10]), promise)


def imports(run):
    """What the library, built as it is shipped, may do to a process shows in what it asks of the C library."""
    promise = 'the library imports nothing that changes handlers, environment or children of its process'
    if run.lacks('nm', promise):
        return
    status, said = process.run(['nm', '-D', '--undefined-only', run.library])
    imported = {line.split()[-1].partition('@')[0] for line in said.splitlines() if line.strip()}
    # None at all would mean that the list was read wrongly.
    is_read = status == 0 and 'malloc' in imported
    run.report('' if is_read and not imported & NOT_OURS else f'{sorted(imported & NOT_OURS)}\n{said}', promise)


def features(run):
    """What is tested is built with the features of what is shipped, where they decide what the system is asked for."""
    promise = 'a build of the checkout gives the library no other features of what speaks to the system'
    cargo = os.environ.get('CARGO', 'cargo')
    trees = []
    # The simulator is no default member: its clients of other servers want more of tokio.
    for packages in (['-p', 'wazo-auth-client'], []):
        command = [cargo, 'tree', '--locked', '--offline', '-e', 'normal', '--prefix', 'none', '-f', '{p} [{f}]', *packages]
        status, said = process.run(command)
        if status:
            run.report(said, promise)
            return
        found = {line.removesuffix(' (*)') for line in said.splitlines()}
        trees.append({line for line in found if line.partition(' ')[0] in TO_THE_SYSTEM})
    alone, together = trees
    # What a build of more has besides is none of the library's.
    changed = sorted(alone - together)
    run.report('\n'.join(changed) if alone else 'no crate was found', promise)


def arguments(run):
    """Programs that need no server."""
    calls = subprocess.run(
        [sys.executable, HERE / 'every_symbol.py', INCLUDE / 'wazo_auth_client.h', SYMBOLS],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if calls.returncode:
        run.report(calls.stdout, 'the header declares the listed functions and no other')
    else:
        (BUILD / 'every_symbol_calls.h').write_text(calls.stdout)
    for name in ('every_symbol', 'json', 'access', 'handles', 'bad_input', 'questions'):
        # Deprecated functions are called as well.
        if program := run.compile(HERE / f'{name}.c', '-DWAZO_AUTH_NO_DEPRECATED'):
            run.test_program(program)
            # What it found wrong itself has been reported above.
            run.valgrind(f'valgrind has nothing to say about {name}', program, expected=None)


def against_simulator(run):
    """Programs that talk to the simulator, over HTTPS with the certificate checked."""
    with Simulator(arguments=['--fault', 'delay,ms=5000,path=*/backends']) as simulator:
        if program := run.compile(HERE / 'against_simulator.c'):
            run.test_program(program, simulator.url, simulator.ca_file)
        if program := run.compile(HERE / 'loading.c', '-rdynamic', '-ldl', '-pthread'):
            run.test_program(program, run.library, f'https://127.0.0.1:{simulator.port}', simulator.ca_file)


def renewer(run):
    """A program that logs in over HTTP, so that valgrind can watch it."""
    if program := run.compile(HERE / 'renewer.c', '-pthread'):
        with Simulator(tls=False) as simulator:
            run.test_program(program, simulator.url)
            run.valgrind('valgrind has nothing to say about renewer', program, simulator.url, expected=None)
            run.settle()


def verifier(run):
    """Verifiers, over HTTPS; and over HTTP under valgrind, to which what ring's assembly writes is uninitialised."""
    if not (program := run.compile(HERE / 'verifier.c')):
        return
    with Simulator() as simulator:
        run.test_program(program, simulator.url, simulator.ca_file)
    with Simulator(tls=False) as simulator:
        run.valgrind('valgrind has nothing to say about verifier', program, simulator.url, expected=None)
        run.settle()


def paging(run):
    """Listings, statistics, readiness and health."""
    over_http(run, 'paging')


def interrupt(run):
    """The interrupt check of a thread."""
    over_http(run, 'interrupt', '-pthread')


def responses(run):
    """Requests on a queue, and what it says of responses."""
    over_http(run, 'responses')


def logging(run):
    """The log callback."""
    over_http(run, 'logging', '-pthread')


def over_http(run, name, *flags):
    """A program that talks to the simulator over HTTP; under valgrind too."""
    if program := run.compile(HERE / f'{name}.c', *flags):
        with Simulator(tls=False) as simulator:
            run.test_program(program, simulator.url)
        with Simulator(tls=False) as simulator:
            run.valgrind(f'valgrind has nothing to say about {name}', program, simulator.url)
            run.settle()


def quickstart(run):
    """The sample does what it says, in C and in C++, and leaves nothing behind."""
    secret = {'WAZO_AUTH_PASSWORD': 'secret'}
    program = run.compile(QUICKSTART)
    if not program:
        return
    with Simulator() as simulator:
        where = ['--url', simulator.url, '--ca-file', simulator.ca_file, '--username', 'admin']
        status, said = process.run([program, *where], secret)
        run.report(quickstart_problem(status, said), 'the C sample runs over HTTPS and shows calls and answers')
        promise = 'the C sample runs as C++ too'
        if not run.lacks(run.cxx[0], promise):
            if as_cpp := run.compile(QUICKSTART, name='quickstart_cpp', language='c++'):
                status, said = process.run([as_cpp, *where], secret)
                run.report(quickstart_problem(status, said), promise)
        status, said = process.run([program, *where], {'WAZO_AUTH_PASSWORD': 'wrong'})
        wrong = status != 1 or 'authentication_failed, HTTP status: 401' not in said or 'wrong' in said
        run.report(said if wrong else '', 'the C sample says that the password is wrong, without showing it')
        status, said = process.run([program, '--help'])
        run.report(said if status or '--ca-file' not in said else '', 'the C sample explains itself')
        status, said = process.run([program, '--urll', 'x'])
        unclear = status != 2 or 'known ones' not in said
        run.report(said if unclear else '', 'the C sample refuses an unknown option and names the known ones')
        # What ring's assembly writes is taken for uninitialised by valgrind; those checks are made over HTTP, below.
        run.valgrind(
            'over HTTPS, valgrind finds no wrong access and no leak in the C sample',
            program,
            *where,
            environment=secret,
            values=False,
        )
        run.valgrind(
            'nor where its login is refused',
            program,
            *where,
            environment={'WAZO_AUTH_PASSWORD': 'wrong'},
            values=False,
            expected=1,
        )
        run.settle()
    with Simulator(tls=False) as simulator:
        run.valgrind(
            'over HTTP, valgrind has nothing to say about the C sample',
            program,
            '--url',
            simulator.url,
            '--username',
            'admin',
            environment=secret,
        )
        run.settle()


def quickstart_problem(status, said):
    """What is wrong with a run of the sample that should have gone well; empty where nothing is."""
    shown = ('wazo_auth_token_new', 'wazo_auth_users_list', '"username": "admin"', 'not_found', 'the server said no')
    absent = [text for text in shown if text not in said]
    return f'exit status {status}, not shown: {absent}\n{said}' if status or absent else ''


PARTS = (
    header, deprecated, symbols, imports, features, arguments, against_simulator, renewer, verifier, paging, interrupt, responses,
    logging, quickstart,
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--only', default='', metavar='WORD', help=f'only one part: {", ".join(p.__name__ for p in PARTS)}')
    options = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        run = Run(artifacts.library(), pool)
        for part in PARTS:
            if options.only in part.__name__:
                part(run)
        run.settle()
    sys.exit(run.end())


if __name__ == '__main__':
    main()
