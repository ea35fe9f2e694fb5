#!/usr/bin/env python3
"""Compiles and runs the C tests, with the real library and the real simulator. Run by `make test-c`.

    run.py [--library PATH] [--simulator PATH] [--only WORD]

A line for each promise, and `N passed, M failed` as the last one. What needs a tool that is not here (g++, valgrind) is
skipped, and counted as such; everything else that cannot run has failed. CC, CXX and CFLAGS are honoured.
"""
import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / 'tools'), str(ROOT / 'simulator' / 'python')]
import artifacts  # noqa: E402
from simulator_fixture import Simulator  # noqa: E402

BUILD = ROOT / 'build' / 'tests-c'
INCLUDE = ROOT / 'include'
SYMBOLS = ROOT / 'tests' / 'data' / 'abi-symbols.txt'
QUICKSTART = ROOT / 'bindings' / 'c' / 'quickstart.c'
STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Werror']
# What makes a test hang would hang whoever waits for it.
LONGEST_SECONDS = 300


class Run:
    """What was found so far, and the parts to find more with."""

    def __init__(self, library, simulator):
        self.library, self.simulator = library, simulator
        self.passed = self.failed = self.skipped = 0
        self.cc = shlex.split(os.environ.get('CC', 'cc'))
        self.cxx = shlex.split(os.environ.get('CXX', 'g++'))

    def report(self, problem, promise):
        """One promise, held or not."""
        if problem:
            print(*(f'#   {line}' for line in problem.strip().splitlines()), sep='\n')
            self.failed += 1
        else:
            self.passed += 1
        print(f'{"not ok" if problem else "ok"} - {promise}', flush=True)

    def missing(self, tool, promise):
        """Whether the tool is not here; if so, what it is for is skipped."""
        if shutil.which(tool):
            return False
        print(f'skipped - {promise} ({tool} is not installed: make setup)', flush=True)
        self.skipped += 1
        return True

    def command(self, command, environment=None):
        """Runs a command; gives its exit status and all that it said."""
        try:
            done = subprocess.run(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors='replace',
                timeout=LONGEST_SECONDS,
                env={**os.environ, **(environment or {})},
            )
        except subprocess.TimeoutExpired as expired:
            said = expired.stdout or b''
            said = said.decode(errors='replace') if isinstance(said, bytes) else said
            return 124, f'{said}\nstill running after {LONGEST_SECONDS} s: ended'
        except OSError as problem:
            return 127, str(problem)
        return done.returncode, done.stdout

    def compile(self, source, *flags, name=None, language='c'):
        """A program of that source; None where it does not compile, which is reported."""
        program = BUILD / (name or source.stem)
        compiler = self.cc + ['-std=c99'] if language == 'c' else self.cxx + ['-std=c++17', '-x', 'c++']
        command = [*compiler, *STRICT, '-g', *shlex.split(os.environ.get('CFLAGS', '')), '-I', INCLUDE, '-I', BUILD]
        # The program finds the library without an environment variable.
        link = ['-L', self.library.parent, '-lwazo_auth_client', f'-Wl,-rpath,{self.library.parent}']
        status, said = self.command([*command, source, '-o', program, *link, *flags])
        if status:
            self.report(said or f'exit status {status}', f'{source.name} compiles as {language}')
            return None
        return program

    def program(self, *command):
        """Runs a test program; takes over its lines and counts."""
        status, said = self.command(command)
        lines = said.splitlines()
        counts = re.fullmatch(r'(\d+) passed, (\d+) failed', lines[-1] if lines else '')
        print(*(lines[:-1] if counts else lines), sep='\n', flush=True)
        if counts:
            self.passed += int(counts.group(1))
            self.failed += int(counts.group(2))
        if not counts or (status == 0) != (counts.group(2) == '0'):
            self.report(f'exit status {status}', f'{Path(command[0]).name} runs to its end')

    def valgrind(self, promise, *command, environment=None, values=True, expected=0):
        """Runs a program under valgrind, which must have nothing to say. `expected` is its exit status; None: any."""
        if self.missing('valgrind', promise):
            return
        log = BUILD / 'valgrind.log'
        log.unlink(missing_ok=True)
        options = ['--quiet', '--leak-check=full', '--show-leak-kinds=definite,indirect,possible']
        options += ['--error-exitcode=99', f'--log-file={log}', f'--suppressions={HERE / "valgrind.supp"}']
        options += [] if values else ['--undef-value-errors=no']
        status, said = self.command(['valgrind', *options, *command], environment)
        spoken = log.read_text(errors='replace') if log.exists() else ''
        problem = spoken or ('' if expected in (None, status) else f'exit status {status}\n{said}')
        self.report(problem, promise)


def header(run):
    """The header alone, as every kind of host compiles it."""
    source = BUILD / 'header_alone.c'
    source.write_text('#include <wazo_auth_client.h>\n')
    for standard in ('c99', 'c11', 'c17'):
        status, said = run.command(
            [*run.cc, f'-std={standard}', *STRICT, '-Wstrict-prototypes', '-fsyntax-only', '-I', INCLUDE, source]
        )
        run.report(said if status else '', f'the header compiles alone as {standard}, without a warning')
    for standard in ('c++11', 'c++17', 'c++20'):
        promise = f'the header compiles alone as {standard}, without a warning'
        if not run.missing(run.cxx[0], promise):
            command = [*run.cxx, '-x', 'c++', f'-std={standard}', *STRICT, '-fsyntax-only', '-I', INCLUDE, source]
            status, said = run.command(command)
            run.report(said if status else '', promise)


def symbols(run):
    """What the library shows to a linker is what is listed, and nothing else."""
    promise = 'the library exports the listed functions and no other symbol'
    if run.missing('nm', promise):
        return
    status, said = run.command(['nm', '-D', '--defined-only', run.library])
    if status:
        run.report(said, promise)
        return
    exported = {line.split()[-1] for line in said.splitlines() if line.strip()}
    listed = {line for line in SYMBOLS.read_text().splitlines() if line and not line.startswith('#')}
    differences = [f'not listed: {name}' for name in sorted(exported - listed)]
    differences += [f'not exported: {name}' for name in sorted(listed - exported)]
    run.report('\n'.join(differences), promise)


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
    for name in ('every_symbol', 'json', 'handles', 'bad_input', 'questions'):
        if program := run.compile(HERE / f'{name}.c'):
            run.program(program)
            # What it found wrong itself has been reported above.
            run.valgrind(f'valgrind has nothing to say about {name}', program, expected=None)


def against_simulator(run):
    """Programs that talk to the simulator, over HTTPS with the certificate checked."""
    with Simulator(program=run.simulator, arguments=['--fault', 'delay,ms=5000,path=*/backends']) as simulator:
        if program := run.compile(HERE / 'against_simulator.c'):
            run.program(program, simulator.url, simulator.ca_file)
        if program := run.compile(HERE / 'loading.c', '-rdynamic', '-ldl', '-pthread'):
            run.program(program, run.library, f'https://127.0.0.1:{simulator.port}', simulator.ca_file)


def quickstart(run):
    """The sample does what it says, in C and in C++, and leaves nothing behind."""
    secret = {'WAZO_AUTH_PASSWORD': 'secret'}
    program = run.compile(QUICKSTART)
    if not program:
        return
    with Simulator(program=run.simulator) as simulator:
        where = ['--url', simulator.url, '--ca-file', simulator.ca_file, '--username', 'admin']
        status, said = run.command([program, *where], secret)
        run.report(quickstart_problem(status, said), 'the C sample runs over HTTPS and shows calls and answers')
        promise = 'the C sample runs as C++ too'
        if not run.missing(run.cxx[0], promise):
            if as_cpp := run.compile(QUICKSTART, name='quickstart_cpp', language='c++'):
                status, said = run.command([as_cpp, *where], secret)
                run.report(quickstart_problem(status, said), promise)
        status, said = run.command([program, *where], {'WAZO_AUTH_PASSWORD': 'wrong'})
        wrong = status != 1 or 'authentication_failed, HTTP status: 401' not in said or 'wrong' in said
        run.report(said if wrong else '', 'the C sample says that the password is wrong, without showing it')
        status, said = run.command([program, '--help'])
        run.report(said if status or '--ca-file' not in said else '', 'the C sample explains itself')
        status, said = run.command([program, '--urll', 'x'])
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
    with Simulator(program=run.simulator, tls=False) as simulator:
        run.valgrind(
            'over HTTP, valgrind has nothing to say about the C sample',
            program,
            '--url',
            simulator.url,
            '--username',
            'admin',
            environment=secret,
        )


def quickstart_problem(status, said):
    """What is wrong with a run of the sample that should have gone well; empty where nothing is."""
    shown = ('wazo_auth_token_new', 'wazo_auth_users_list', '"username": "admin"', 'not_found', 'the server said no')
    absent = [text for text in shown if text not in said]
    return f'exit status {status}, not shown: {absent}\n{said}' if status or absent else ''


PARTS = (header, symbols, arguments, against_simulator, quickstart)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--library', type=Path, help='the shared library; built where not given')
    parser.add_argument('--simulator', type=Path, help='the simulator; built where not given')
    parser.add_argument('--only', default='', metavar='WORD', help=f'only one part: {", ".join(p.__name__ for p in PARTS)}')
    options = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    library = (options.library or artifacts.build('library')).resolve()
    simulator = (options.simulator or artifacts.build('simulator')).resolve()
    run = Run(library, simulator)
    for part in PARTS:
        if options.only in part.__name__:
            part(run)
    print(f'{run.passed} passed, {run.failed} failed' + (f', {run.skipped} skipped' if run.skipped else ''))
    sys.exit(1 if run.failed or not run.passed else 0)


if __name__ == '__main__':
    main()
