#!/usr/bin/env python3
"""The tests of the library as it is built for another platform: `make test-windows`, `test-aarch64`, `test-musl`.

    platforms.py windows|aarch64|musl [--built] [--only PART]

tools/cross.py builds the library and installs what is missing (--built: it is as it was built before). The programs are
those of tests/c, tests/cpp and bindings, compiled for the platform, and run here: under Wine, under qemu, or as they
are. They talk to the simulator, a Linux program, over loopback. Lines and counts as in tests/support/report.py; the
simulator as in tests/support/artifacts.py.
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
SUPPORT = ROOT / 'tests' / 'support'
sys.path[:0] = [str(SUPPORT), str(ROOT / 'tools')]
import artifacts  # noqa: E402
import cross  # noqa: E402
import process  # noqa: E402
from report import Report  # noqa: E402
from wazo_auth import PASSWORD, Simulator, without_settings  # noqa: E402

C = ROOT / 'tests' / 'c'
STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Werror']
# The C tests by what they are given: nothing, the URL of a simulator over HTTP, or URL and certificate over HTTPS.
ALONE = ('every_symbol', 'json', 'access', 'handles', 'bad_input', 'questions')
OVER_HTTP = ('renewer', 'paging', 'interrupt', 'responses', 'logging')
OVER_HTTPS = ('against_simulator', 'verifier')
# The host tests that qemu can run: fork, threads, the queue, the cache that forked workers share. (Others are preloaded
# with a library of the test, or look at the system calls that are made, which are qemu's.)
HOST = {
    'fork-http': 'fork', 'fork-https': 'fork', 'fork-http2': 'http2', 'threads': 'threads', 'queue': 'queue',
    'verifier': 'verifier', 'idle': 'idle',
}
# What qemu cannot show, and why.
NOT_BY_QEMU = {
    'a decision that is known makes no system call': 'qemu-user has no seccomp',
    'queue: 10,000 in flight at once': 'its limit of time is for a real processor',
}
HOST_FLAGS = ['-std=gnu11', '-g', '-O1', '-Wall', '-Wextra', '-Wno-unused-function']
# What is a part of Windows; the libraries of the compiler (libgcc_s_seh-1, libwinpthread-1) are not.
OF_WINDOWS = re.compile(
    r'(advapi32|bcrypt|bcryptprimitives|crypt32|kernel32|msvcrt|ncrypt|ntdll|secur32|user32|userenv|ws2_32|'
    r'api-ms-win-core-[a-z0-9-]+)\.dll'
)


class Platform(Report):
    """What was found so far, and how programs of the platform are compiled and run."""

    def __init__(self, platform):
        super().__init__()
        self.platform = platform
        self.name = platform.name
        self.programs = platform.folder / 'tests'
        self.environment = without_settings(os.environ)
        self.suffix = ''
        if self.name == 'windows':
            self.suffix = '.exe'
            # A Windows of our own, which asks nothing and says nothing that is not the program's.
            self.environment.update(
                WINEPREFIX=str(ROOT / 'build' / 'platforms' / 'wine'), WINEDEBUG='-all', WINEDLLOVERRIDES='mscoree,mshtml='
            )

    def report(self, problem, promise):
        """One promise, held where there is no problem."""
        return self.promise(not problem, promise, problem)

    def path(self, path):
        """A path of this machine as the platform's programs are given it."""
        return 'Z:' + str(path).replace('/', '\\') if self.name == 'windows' else str(path)

    def run(self, program, *arguments, environment=None, seconds=process.LONGEST_SECONDS):
        """Runs a program of the platform; its exit status and what it said."""
        try:
            done = subprocess.run(
                [*self.platform.emulator, str(program), *arguments], env={**self.environment, **(environment or {})},
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds,
            )
        except subprocess.TimeoutExpired as expired:
            return 124, f'{(expired.stdout or b"").decode(errors="replace")}\nstill running after {seconds} s: ended'
        # Windows ends its lines in another way.
        return done.returncode, done.stdout.decode(errors='replace').replace('\r\n', '\n')

    def link(self, is_static):
        """What a program is linked with."""
        library = self.platform.folder / 'lib'
        if self.name == 'musl' and is_static:
            return ['-static', library / 'libwazo_auth_client.a', library / 'libunwind.a']
        if is_static:
            needed = (library / 'static-libraries.txt').read_text().split()
            # A program that is linked with all of glibc statically could not look up names.
            return [*([] if self.name == 'aarch64' else ['-static']), library / 'libwazo_auth_client.a', *needed]
        if self.name == 'windows':
            # -static: the compiler's own libraries are in the program, which then runs without them.
            return ['-static', library / 'libwazo_auth_client.dll.a', '-lws2_32']
        return ['-L', library, '-lwazo_auth_client', f'-Wl,-rpath,{library}']

    def compile(self, source, *flags, language='c', is_static=None, name=None):
        """A program of these sources; None where they do not compile, which is reported. For musl it is static if nothing is
        said."""
        is_static = self.name == 'musl' if is_static is None else is_static
        sources = source if isinstance(source, list) else [source]
        name = name or sources[0].stem
        program = self.programs / (name + self.suffix)
        compiler = [self.platform.cc, '-std=c99'] if language == 'c' else [self.platform.cxx, '-std=c++17']
        # Deprecated functions are called as well.
        compiler += [*STRICT, '-DWAZO_AUTH_NO_DEPRECATED', '-pthread', *(f'-I{folder}' for folder in (self.platform.folder / 'include', SUPPORT, self.programs))]
        objects = [self.programs / f'{name}-{path.stem}.o' for path in sources]
        steps = [[*compiler, '-c', path, '-o', made] for path, made in zip(sources, objects)]
        steps.append([*compiler, *objects, '-o', program, *flags, *self.link(is_static)])
        for step in steps:
            # A file of C++ takes half a minute, on a busy machine some.
            status, said = process.run(step, seconds=1200)
            if status:
                self.report(said, f'{program.name} compiles for {self.platform.about}')
                return None
        return program

    def test_program(self, program, *arguments, environment=None):
        """Runs a test program; takes over its lines and counts."""
        status, said = self.run(program, *arguments, environment=environment)
        self.program(said, status, program.name)


def contents(tests):
    """What the library has and needs, as the platform's own tools read it."""
    binutils, library = tests.platform.binutils, tests.platform.library
    if tests.name == 'windows':
        status, said = process.run([f'{binutils}objdump', '-p', library])
        names = re.findall(r'^\s+\[ *\d+\] \+base\[ *\d+\]\s+[0-9a-f]+ (\S+)$', said, re.MULTILINE)
        names = set(names or re.findall(r'^\s*\[ *\d+\] (?:\+base\[ *\d+\] +[0-9a-f]+ )?(\w+)$', said, re.MULTILINE))
        needed = sorted({name.lower() for name in re.findall(r'DLL Name: (\S+)', said)})
        strange = [name for name in needed if not OF_WINDOWS.fullmatch(name)]
        tests.report('' if needed and not strange else f'it needs {strange or "nothing that could be read"}',
                     f'the DLL needs nothing that is not a part of Windows: {", ".join(needed)}')
    else:
        status, said = process.run([f'{binutils}nm', '-D', '--defined-only', library])
        # Where symbols have versions, they follow the name.
        names = {line.split()[-1].partition('@')[0] for line in said.splitlines() if line.split()[-2:-1] != ['A']}
        status_of_needed, dynamic = process.run([f'{binutils}readelf', '-d', library])
        needed = re.findall(r'\(NEEDED\).*\[(.*)\]', dynamic)
        allowed = r'(libc|libgcc_s|libm|libdl|libpthread|ld-linux-aarch64|ld-linux-x86-64)\.so(\.\d)?'
        strange = [name for name in needed if not re.fullmatch(allowed, name)]
        tests.report('' if needed and not strange and not status_of_needed else f'it needs {strange}\n{dynamic}',
                     f'the shared library needs nothing but the C library and the compiler\'s own: {", ".join(needed)}')
    listed = {line for line in cross.SYMBOLS.read_text().splitlines() if line and not line.startswith('#')}
    differences = [f'not listed: {name}' for name in sorted(names - listed)]
    differences += [f'not exported: {name}' for name in sorted(listed - names)]
    tests.report('\n'.join([*differences, said[-2000:] if status else '']).strip(),
                 f'the library exports the {len(listed)} listed functions and no other symbol')


def c_tests(tests):
    """The programs of tests/c."""
    calls = subprocess.run(
        [sys.executable, C / 'every_symbol.py', ROOT / 'include' / 'wazo_auth_client.h', cross.SYMBOLS],
        stdout=subprocess.PIPE, text=True, check=True,
    )
    (tests.programs / 'every_symbol_calls.h').write_text(calls.stdout)
    for name in ALONE:
        if program := tests.compile(C / f'{name}.c'):
            tests.test_program(program)
    for name in OVER_HTTP:
        if program := tests.compile(C / f'{name}.c'):
            with Simulator(tls=False) as simulator:
                tests.test_program(program, simulator.url)
    slow = ['--fault', 'delay,ms=5000,path=*/backends']
    for name in OVER_HTTPS:
        if program := tests.compile(C / f'{name}.c'):
            with Simulator(arguments=slow if name == 'against_simulator' else []) as simulator:
                tests.test_program(program, simulator.url, tests.path(simulator.ca_file))


def samples(tests):
    """The first programs in C and C++, over HTTP and HTTPS; in C linked with the static library too."""
    languages = [('c', ROOT / 'bindings' / 'c' / 'quickstart.c', False), ('c', ROOT / 'bindings' / 'c' / 'quickstart.c', True)]
    if tests.platform.cxx:
        languages.append(('c++', ROOT / 'bindings' / 'cpp' / 'quickstart.cpp', False))
    for language, source, is_static in languages:
        name = f'quickstart_{language.replace("+", "p")}{"_static" if is_static else ""}'
        if not (program := tests.compile(source, language=language, is_static=is_static, name=name)):
            continue
        with Simulator(both=True) as simulator:
            for scheme in ('http', 'https'):
                tests.report(problem_of_sample(tests, program, language, simulator, scheme),
                             f'the {language.upper()} sample{", linked statically," if is_static else ""} runs over {scheme.upper()}')


def msvc(tests):
    """The import library for MSVC. There is no MSVC here; MinGW's linker reads its libraries too."""
    if tests.name != 'windows':
        return
    promise = 'the import library for MSVC has the functions that the C sample needs, which runs over HTTP'
    library = tests.platform.folder / 'lib' / 'wazo_auth_client.lib'
    if not library.exists():
        tests.skip(promise, 'llvm-dlltool is missing; as root: apt-get install llvm; then tools/cross.py windows')
        return
    program = tests.programs / 'quickstart_msvc.exe'
    command = [tests.platform.cc, '-std=c99', *STRICT, f'-I{ROOT / "include"}', ROOT / 'bindings' / 'c' / 'quickstart.c',
               library, '-static', '-o', program]
    status, said = process.run(command)
    if not status:
        with Simulator(both=True) as simulator:
            said = problem_of_sample(tests, program, 'c', simulator, 'http')
    tests.report(said, promise)


def problem_of_sample(tests, program, language, simulator, scheme):
    """What is wrong with a run of the first program; empty where nothing is."""
    settings = {
        'WAZO_AUTH_URL': simulator.urls[scheme], 'WAZO_AUTH_USERNAME': 'admin', 'WAZO_AUTH_PASSWORD': PASSWORD,
        'WAZO_AUTH_CA_FILE': tests.path(simulator.ca_file),
    }
    if language == 'c':
        arguments = ['--url', settings['WAZO_AUTH_URL'], '--username', 'admin', '--ca-file', settings['WAZO_AUTH_CA_FILE']]
        settings = {'WAZO_AUTH_PASSWORD': PASSWORD}
        shown = ('wazo_auth_token_new', '"username": "admin"', 'not_found', 'the server said no')
    else:
        arguments, shown = [], ('false: the server said no', '20 of 20', 'not found, HTTP status 404')
    status, said = tests.run(program, *arguments, environment=settings)
    absent = [text for text in shown if text not in said]
    return f'exit status {status}, not shown: {absent}\n{said[-3000:]}' if status or absent else ''


def loading(tests):
    """The DLL, loaded and unloaded by a program. (Of Linux, tests/host/load.c tells.)"""
    if tests.name == 'windows' and (program := tests.compile(HERE / 'loading.c')):
        with Simulator(tls=False) as simulator:
            tests.test_program(program, tests.path(tests.programs / tests.platform.shared), simulator.url)


def cpp_tests(tests):
    """The program of tests/cpp, over HTTPS."""
    promise = 'the C++ tests'
    if not tests.platform.cxx:
        tests.skip(promise, 'Debian has no C++ compiler for musl')
        return
    sources = sorted((ROOT / 'tests' / 'cpp').glob('*.cpp'))
    if program := tests.compile(sources, language='c++', name='cpp_tests'):
        # A call that is still running when it is to be ended: the answers to /backends wait for a minute.
        with Simulator(arguments=['--fault', 'delay,ms=60000,path=*/backends']) as simulator:
            settings = simulator.settings('/api/auth')
            settings['WAZO_AUTH_CA_FILE'] = tests.path(simulator.ca_file)
            tests.test_program(program, environment=settings)


def host(tests):
    """Host tests of docs/host.md on another processor: tests/host/run.py runs them, by scripts that start the emulator."""
    if tests.name != 'aarch64':
        return
    folder = tests.programs / 'host'
    folder.mkdir(exist_ok=True)
    for name in sorted(set(HOST.values())):
        include = [f'-I{ROOT / "include"}', f'-I{SUPPORT}']
        command = [tests.platform.cc, *HOST_FLAGS, *include, ROOT / 'tests' / 'host' / f'{name}.c', '-o',
                   folder / f'{name}.{tests.name}', *tests.link(False), '-lpthread', '-ldl']
        status, said = process.run(command)
        if status:
            tests.report(said, f'{name}.c compiles for {tests.platform.about}')
            continue
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec {shlex.join(tests.platform.emulator)} {shlex.quote(f"{script}.{tests.name}")} "$@"\n')
        script.chmod(0o755)
    # Emulated, everything takes longer.
    settings = {'WAZO_AUTH_CLIENT_LIBRARY': str(tests.platform.library), 'SLOWER': '10'}
    command = [sys.executable, ROOT / 'tests' / 'host' / 'run.py', '--programs', folder, *HOST]
    status, said = process.run(command, settings, seconds=3000)
    kept = []
    for line in said.splitlines():
        word, _, promise = line.partition(' - ')
        reason = next((why for begin, why in NOT_BY_QEMU.items() if promise.startswith(begin)), '')
        if reason:
            tests.skip(promise.rpartition(': ')[0], reason)
        elif not re.fullmatch(r'\d+ passed, \d+ failed.*', line):
            kept.append(line)
    failed = any(line.startswith('not ok - ') for line in kept)
    # With what cannot be shown taken away, it is the lines alone that say what was found.
    tests.program('\n'.join(kept), int(failed or status not in (0, 1)), 'tests/host/run.py')


def windows_folder(tests):
    """The DLL beside the programs, as an installed program has it, and what this Wine lacks of Windows."""
    shutil.copy2(tests.platform.library, tests.programs)
    wine = Path(shutil.which('wine')).resolve().parents[1]
    if not any(wine.glob('lib*/**/bcryptprimitives.dll')):
        tests.note('Wine has no bcryptprimitives.dll, of which one function is needed: tests/platforms/bcryptprimitives.c')
        command = [tests.platform.cc, *STRICT, '-shared', HERE / 'bcryptprimitives.c', '-static', '-o',
                   tests.programs / 'bcryptprimitives.dll', '-ladvapi32']
        status, said = process.run(command)
        if status:
            sys.exit(f'bcryptprimitives.c does not compile: {said}')


PARTS = {'contents': contents, 'samples': samples, 'msvc': msvc, 'c': c_tests, 'loading': loading, 'cpp': cpp_tests, 'host': host}


def prepare(tests, is_built=False):
    """Has the library built and the folder of the programs ready; false where that cannot be, which is reported."""
    platform = tests.platform
    if problem := cross.set_up(platform):
        tests.skip(f'the tests of {platform.about}', problem)
        return False
    # Found, or built, before a test waits for it.
    artifacts.simulator()
    if not is_built:
        cross.build(platform)
    tests.programs.mkdir(exist_ok=True)
    if platform.name == 'windows':
        windows_folder(tests)
    return True


def install(name, report):
    """The library of a platform as its users get it: what it exports and needs, and the samples. `report` counts."""
    tests = Platform(cross.PLATFORMS[name])
    tests.line = report.line
    if prepare(tests):
        contents(tests)
        samples(tests)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('platform', choices=cross.PLATFORMS)
    parser.add_argument('--built', action='store_true', help='take what tools/cross.py has built before')
    parser.add_argument('--only', choices=PARTS, help='one part of the tests')
    options = parser.parse_args()
    tests = Platform(cross.PLATFORMS[options.platform])
    if prepare(tests, options.built):
        for name, part in PARTS.items():
            if options.only in (None, name):
                part(tests)
    return tests.end()


if __name__ == '__main__':
    sys.exit(main())
