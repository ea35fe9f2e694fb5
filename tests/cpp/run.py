#!/usr/bin/env python3
"""The tests of the C++ headers: what must compile, what must not, and what runs against the simulator.

    tests/cpp/run.py

Needs a C++17 compiler; what needs valgrind, or a compiler's sanitizers, is skipped where they are not there. Lines and
counts as in tests/support/report.py; library and simulator as in tests/support/artifacts.py. CXX names the only compiler
to use.
"""
import os
import re
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
INCLUDE = ROOT / 'include'
SUPPORT = ROOT / 'tests' / 'support'
sys.path.insert(0, str(SUPPORT))

import artifacts  # noqa: E402
import process  # noqa: E402
from report import Report  # noqa: E402
from wazo_auth import Simulator, without_settings  # noqa: E402

STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Wconversion', '-Wnon-virtual-dtor', '-Werror']
SANITIZE = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all']
PARTS = sorted(f'wazo_auth_client/{path.name}' for path in INCLUDE.glob('wazo_auth_client/*.hpp'))
HEADERS = ['wazo_auth_client.hpp', *PARTS]

PRELUDE = '#include "check.hpp"\n'
PIECE = """
void piece(auth::Client client, auth::Options options, auth::Queue queue, auth::Dispatcher dispatcher,
           std::string text, std::optional<std::string> maybe);
void piece([[maybe_unused]] auth::Client client, [[maybe_unused]] auth::Options options,
           [[maybe_unused]] auth::Queue queue, [[maybe_unused]] auth::Dispatcher dispatcher,
           [[maybe_unused]] std::string text, [[maybe_unused]] std::optional<std::string> maybe) {
"""

report = Report()


def run(command, environment=None):
    """Runs a command; whether it went well, and the end of what it wrote."""
    status, said = process.run(command, environment)
    return status == 0, '\n'.join(said.splitlines()[-60:])


def compilers():
    """The compilers to test with: CXX alone, else those that are there."""
    if os.environ.get('CXX'):
        return [os.environ['CXX']]
    wanted = ('g++', 'clang++')
    for name in wanted:
        if not shutil.which(name):
            report.skip(f'{name}: the C++ tests', f'{name} is not installed')
    return [name for name in wanted if shutil.which(name)]


def has_sanitizers(compiler, folder):
    """Whether the compiler comes with the library of its sanitizers, which is a package of its own for some."""
    source, program = folder / 'nothing.cpp', folder / f'{compiler}-nothing'
    source.write_text('int main() {}\n')
    return run([compiler, *SANITIZE, source, '-o', program])[0] and run([program])[0]


def check_headers(pool, compiler, folder):
    """Every header stands alone, in every standard from C++17 on that the compiler knows."""

    def compiles(case):
        standard, header = case
        source = folder / f'{compiler}-{standard}-{header.replace("/", "-")}.cpp'
        source.write_text(f'#include <{header}>\nint main() {{}}\n')
        return run([compiler, f'-std={standard}', *STRICT, f'-I{INCLUDE}', '-fsyntax-only', source])

    all_of_them = ('c++17', 'c++20', 'c++23')
    known = [name for name in all_of_them if run([compiler, f'-std={name}', '-xc++', '-E', os.devnull])[0]]
    for standard in known:
        # The parts once; all together in each standard.
        headers = HEADERS if standard == 'c++17' else HEADERS[:1]
        results = list(pool.map(compiles, [(standard, header) for header in headers]))
        report.promise(all(good for good, _ in results), f'{compiler}, {standard}: the headers compile without a warning',
               ''.join(text for _, text in results))


def check_first_page(compiler, folder):
    """The program on the header's first page compiles as it stands."""
    text = (INCLUDE / 'wazo_auth_client.hpp').read_text()
    program = re.search(r'A complete program:\n((?: \*(?:     .*)?\n)+)', text).group(1)
    lines = [line[7:] for line in program.splitlines() if not line.endswith('-lwazo_auth_client')]
    source = folder / f'{compiler}-first-page.cpp'
    source.write_text('\n'.join(lines) + '\n')
    good, said = run([compiler, '-std=c++17', *STRICT, f'-I{INCLUDE}', '-fsyntax-only', source])
    report.promise(good and 'int main()' in source.read_text(), f'{compiler}: the program on the first page compiles', said)


def pieces():
    """(promise, what the compiler says, wrong code, right code) of each piece."""
    text = (HERE / 'must_not_compile.txt').read_text()
    found = re.findall(r'^= (.+)\n- ([^:]+): (.+)\n\+ (.+)$', text, re.M)
    if len(found) != len(re.findall('^= ', text, re.M)):
        sys.exit('must_not_compile.txt: a piece has not its three lines')
    return found


def check_pieces(pool, compiler, folder):
    """What must not compile does not, for the reason that it should; its right counterpart does."""
    # Parsed once, for all pieces.
    prelude = folder / compiler / 'prelude.hpp'
    prelude.parent.mkdir()
    prelude.write_text(PRELUDE)
    flags = ['-std=c++17', '-Wall', '-Wextra', '-Werror', f'-I{INCLUDE}', f'-I{SUPPORT}']
    clang = 'clang' in compiler
    if not clang:
        run([compiler, *flags, '-xc++-header', prelude, '-o', f'{prelude}.gch'])

    def compiles(case):
        number, code = case
        source = prelude.parent / f'{number}.cpp'
        source.write_text(f'#include "prelude.hpp"\n{PIECE}    {code}\n}}\n')
        return run([compiler, *flags, '-fsyntax-only', source], {'LC_ALL': 'C'})

    found = pieces()
    wrong = pool.map(compiles, [(f'wrong{number}', piece[2]) for number, piece in enumerate(found)])
    right = pool.map(compiles, [(f'right{number}', piece[3]) for number, piece in enumerate(found)])
    for (promise, says, _, _), (accepted, refusal), (good, warning) in zip(found, wrong, right):
        # Compilers have words of their own: g++'s are the ones that are known here.
        refused = not accepted and (clang or says in refusal)
        why = 'what is wrong compiles' if accepted else warning if not good else refusal
        report.promise(refused and good, f'{compiler}: {promise}', why)


def build(compiler, program, sources, *flags):
    """Compiles and links a program; whether that went well, and what the compiler said."""
    library = artifacts.library()
    return run([compiler, '-std=c++17', '-g', *STRICT, *flags, f'-I{INCLUDE}', f'-I{SUPPORT}', *sources, library,
                '-pthread', f'-Wl,-rpath,{library.parent}', '-o', program])


def with_simulator(do, *arguments, tls=True):
    """Does that with the environment of a simulator that nobody else uses: programs look at what it was asked."""
    # A call that is still running when it is to be ended: the answers to /backends wait for a minute.
    slow = ['--fault', 'delay,ms=60000,path=*/backends']
    with Simulator(tls=tls, arguments=slow) as simulator:
        return do(*arguments, simulator.settings('/api/auth'))


def check_programs(pool, compiler, folder):
    """The tests and the first program run; the same under valgrind and under the compiler's sanitizers."""
    sources = sorted(HERE.glob('*.cpp'))
    quickstart = [ROOT / 'bindings' / 'cpp' / 'quickstart.cpp']
    tests, clean, first = (folder / f'{compiler}-{name}' for name in ('tests', 'sanitized', 'quickstart'))
    wanted = [(tests, sources), (first, quickstart)]
    if sanitizers := has_sanitizers(compiler, folder):
        wanted.append((clean, sources, *SANITIZE))
    for (program, *_), (good, said) in zip(wanted, pool.map(lambda case: build(compiler, *case), wanted)):
        if not good:
            report.promise(False, f'{compiler}: {program.name} compiles', said)
            return

    ran = pool.submit(with_simulator, process.run, [tests])
    showed = pool.submit(with_simulator, run, [first])
    checked = pool.submit(with_simulator, run, [clean]) if sanitizers else None
    under = []
    # What ring's assembler writes is taken for uninitialised by valgrind: over HTTPS it is not asked about values.
    for scheme, more in (('https', ['--undef-value-errors=no']), ('http', [])):
        for program, name in ((tests, 'tests'), (first, 'first program')):
            promise = f'{compiler}: the same {name} under valgrind, over {scheme}: no error, no leak'
            if not report.lacks('valgrind', promise):
                kinds = ['--errors-for-leak-kinds=definite,indirect', '--show-leak-kinds=definite,indirect']
                command = (process.valgrind, [*kinds, *more], [program])
                under.append((promise, pool.submit(with_simulator, *command, tls=scheme == 'https')))

    status, said = ran.result()
    report.program(said, status, 'the program of tests', prefix=f'{compiler}: ')
    good, said = showed.result()
    ends = 'false: the server said no' in said and '20 of 20' in said and 'not found, HTTP status 404' in said
    report.promise(good and ends, f'{compiler}: the first program logs in, asks, lists, makes, deletes and logs out', said)
    promise = f'{compiler}: the same tests, under the sanitizers of addresses and undefined behaviour'
    if checked:
        report.promise(*checked.result()[:1], promise, checked.result()[1])
    else:
        report.skip(promise, f'the sanitizers of {compiler} are missing: make setup')
    for promise, job in under:
        status, said, spoken = job.result()
        report.promise(status == 0 and not spoken, promise, spoken or said)


def main():
    # Found, or built, before threads ask for them.
    artifacts.library()
    artifacts.simulator()
    # What is set for another server must not reach the programs.
    for name in os.environ.keys() - without_settings(os.environ).keys() - set(artifacts.VARIABLES.values()):
        del os.environ[name]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        for compiler in compilers():
            check_headers(pool, compiler, Path(folder))
            check_first_page(compiler, Path(folder))
            check_pieces(pool, compiler, Path(folder))
            check_programs(pool, compiler, Path(folder))
    return report.end()


if __name__ == '__main__':
    sys.exit(main())
