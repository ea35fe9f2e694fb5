#!/usr/bin/env python3
"""Runs the C, C++ and host programs with the library under a sanitizer of the compiler. Run by `make test-sanitized`.

    sanitized.py [--sanitizer address|thread] [--plain] [--programs FOLDER] [NAME ...]

Library and programs are instrumented (--plain: the programs alone, whose memory the library's is all the same); the runtime is that of the nightly toolchain, which must be there. `thread` builds
Rust's standard library as well, which needs the toolchain's `rust-src`. Lines and counts as in tests/support/report.py.
"""
import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SUPPORT = ROOT / 'tests' / 'support'
sys.path.insert(0, str(SUPPORT))
import artifacts  # noqa: E402
import process  # noqa: E402
from report import Report  # noqa: E402
from wazo_auth import Simulator  # noqa: E402

TARGET = 'x86_64-unknown-linux-gnu'
HOST = ['fork', 'sigpipe', 'threads', 'queue', 'idle', 'deadline', 'verifier', 'exit', 'memory']
HOST_TESTS = ['fork-http', 'fork-https', 'sigpipe', 'threads', 'queue', 'idle', 'verifier', 'exit', 'short-life']
# Which of the C programs need which server.
ALONE = ['json', 'access', 'handles', 'bad_input', 'questions']
OVER_HTTP = ['renewer', 'paging', 'interrupt', 'verifier']


def answer(command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    return done.stdout.strip() if done.returncode == 0 else None


class Sanitized(Report):
    def __init__(self, kind, folder):
        super().__init__()
        self.kind, self.folder = kind, folder
        root = answer(['rustc', '+nightly', '--print', 'sysroot']) or ''
        self.runtime = next(Path(root).glob(f'lib/rustlib/{TARGET}/lib/librustc*_rt.{kind[0]}san.a'), None)
        self.library = None

    def lacks_tools(self):
        """Whether what builds under a sanitizer is missing; says what."""
        what = f'C, C++ and host programs under the {self.kind} sanitizer'
        if self.runtime is None:
            self.skip(what, f'a nightly toolchain for {TARGET} with its runtime is missing: rustup toolchain install nightly')
        elif self.kind == 'thread' and not (self.runtime.parents[2] / 'src' / 'rust').exists():
            self.skip(what, 'rust-src is missing: rustup component add --toolchain nightly rust-src')
        return bool(self.skipped)

    def build_library(self):
        target = self.folder / 'cargo'
        flags = f'-Zsanitizer={self.kind} -Cforce-frame-pointers=yes'
        command = ['cargo', '+nightly', 'build', '--locked', '--target', TARGET, '-p', 'wazo-auth-client', '--lib']
        command += ['-Zbuild-std'] if self.kind == 'thread' else []
        environment = {**os.environ, 'CARGO_TARGET_DIR': str(target), 'RUSTFLAGS': flags}
        for name in ('CARGO', 'RUSTC', 'RUSTUP_TOOLCHAIN'):
            environment.pop(name, None)
        done = subprocess.run(command, cwd=ROOT, env=environment)
        self.library = target / TARGET / 'debug' / 'libwazo_auth_client.so'
        return self.promise(done.returncode == 0 and self.library.exists(), f'the library builds with -Zsanitizer={self.kind}')

    def compile(self, sources, name, *flags, compiler='cc'):
        """A program whose code and library are instrumented; None where it does not compile, which is reported."""
        program = self.folder / name
        standard = '-std=c++17' if compiler != 'cc' else '-std=gnu11'
        code = [f'-fsanitize={self.kind}', '-fno-omit-frame-pointer', standard, '-g', '-O1', '-w', f'-I{ROOT}/include', f'-I{SUPPORT}']
        objects = []
        for source in sources:
            objects.append(self.folder / f'{name}-{source.stem}.o')
            status, said = process.run([compiler, *code, '-c', source, '-o', objects[-1]])
            if status:
                self.promise(False, f'{source.name} compiles', said)
                return None
        # Not the compiler's own runtime: there must be one, and the library's is newer.
        runtime = ['-Wl,--whole-archive', self.runtime, '-Wl,--no-whole-archive', '-rdynamic']
        link = [self.library, f'-Wl,-rpath,{self.library.parent}', '-lpthread', '-ldl', '-lm', '-lrt', '-lresolv']
        status, said = process.run([compiler, *objects, *runtime, *link, *flags, '-o', program])
        if status:
            self.promise(False, f'{name} links', said)
            return None
        return program

    def see(self, name, command, environment=None, is_slow=False):
        """Runs a program, and says whether the sanitizer had something to say. `is_slow`: promises of the program that are
        about time need not hold, as everything takes longer; it must come to its end."""
        started = time.monotonic()
        status, said = process.run(command, environment, seconds=600)
        found = [line for line in said.splitlines() if 'Sanitizer' in line]
        ends = [line for line in said.splitlines() if line.startswith('not ok - ')]
        is_ended = re.search(r'^\d+ passed, \d+ failed', said, re.MULTILINE) if is_slow else status == 0
        if ends and is_slow:
            self.note('\n'.join(['without the sanitizer these are to hold:', *ends]))
        self.promise(
            not found and is_ended,
            f'{name}: the {self.kind} sanitizer has nothing to say',
            f'exit status {status}\n' + (said[-6000:] if found or not ends else '\n'.join(ends)),
        )
        print(f'# {name}: {time.monotonic() - started:.1f} s', flush=True)

    def programs_of_c(self):
        for name in ALONE:
            if program := self.compile([ROOT / 'tests' / 'c' / f'{name}.c'], f'c-{name}'):
                self.see(f'c/{name}', [program])
        for name in OVER_HTTP:
            if program := self.compile([ROOT / 'tests' / 'c' / f'{name}.c'], f'c-{name}'):
                with Simulator(tls=False) as simulator:
                    self.see(f'c/{name}', [program, simulator.url])
        if program := self.compile([ROOT / 'tests' / 'c' / 'against_simulator.c'], 'c-against_simulator'):
            with Simulator(arguments=['--fault', 'delay,ms=5000,path=*/backends']) as simulator:
                self.see('c/against_simulator, over HTTPS', [program, simulator.url, simulator.ca_file])

    def programs_of_cpp(self):
        sources = sorted((ROOT / 'tests' / 'cpp').glob('*.cpp'))
        if program := self.compile(sources, 'cpp-tests', compiler='g++'):
            with Simulator(arguments=['--fault', 'delay,ms=60000,path=*/backends']) as simulator:
                self.see('cpp, all programs', [program], simulator.settings('/api/auth'))

    def programs_of_host(self, names):
        for name in HOST:
            if not self.compile([HERE / f'{name}.c'], name):
                return
        spy = ['cc', '-fPIC', '-shared', '-w', f'-I{SUPPORT}', HERE / 'spy.c', '-o', self.folder / 'spy.so', '-ldl']
        self.promise(process.run(spy)[0] == 0, 'spy.c compiles')
        environment = {'WAZO_AUTH_CLIENT_LIBRARY': str(self.library), 'SLOWER': '5'}
        # A child leaves its parent's state where it is, and the programs their own: leaks are looked for in a short life.
        silent = {'ASAN_OPTIONS': os.environ['ASAN_OPTIONS'] + ':detect_leaks=0'}
        for name in names:
            command = [sys.executable, HERE / 'run.py', '--programs', self.folder, name]
            more = {} if name == 'short-life' else silent
            self.see(f'host/{name}', command, {**environment, **more}, is_slow=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--sanitizer', choices=['address', 'thread'], default='address')
    parser.add_argument('--plain', action='store_true', help='the library as other tests have it')
    parser.add_argument('--programs', type=Path, default=ROOT / 'build' / 'sanitized')
    parser.add_argument('names', nargs='*', help='c, cpp, or a test of the host; all where there is none')
    arguments = parser.parse_args()
    folder = arguments.programs.resolve() / arguments.sanitizer
    folder.mkdir(parents=True, exist_ok=True)
    run, wanted, started = Sanitized(arguments.sanitizer, folder), arguments.names, time.monotonic()
    if not run.lacks_tools():
        artifacts.simulator()
        # A fault ends the program. A child leaves its parent's state where it is, and says so by ending with _exit.
        os.environ.setdefault('ASAN_OPTIONS', 'exitcode=86:detect_stack_use_after_return=1')
        os.environ.setdefault('TSAN_OPTIONS', f'exitcode=86:suppressions={HERE / "tsan.supp"}:die_after_fork=0')
        if arguments.plain:
            run.library = artifacts.library()
        if arguments.plain or run.build_library():
            if not wanted or 'c' in wanted:
                run.programs_of_c()
            if not wanted or 'cpp' in wanted:
                run.programs_of_cpp()
            if names := [name for name in wanted or HOST_TESTS if name not in ('c', 'cpp')]:
                run.programs_of_host(names)
    print(f'# {time.monotonic() - started:.0f} s in all')
    return run.end()


if __name__ == '__main__':
    sys.exit(main())
